import copy
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.core.types import Cast
from closeup.documents.cast import CAST_JSON
from documents.cast_strategies import casts, small_cast

VALIDATOR = jsonschema.Draft202012Validator(CAST_JSON.schema())
SMALL = CAST_JSON.encode(small_cast())
Place = tuple[str | int, ...]


def changed(place: Place, value: Any) -> Any:
    data = json.loads(SMALL)
    here = data
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = value
    return data


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*place, key))


PLACES = list(places(json.loads(SMALL)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(CAST_JSON.schema())


@given(casts())
@settings(max_examples=60)
def test_round_trip(cast: Cast) -> None:
    content = CAST_JSON.encode(cast)
    VALIDATOR.validate(json.loads(content))
    back = CAST_JSON.decode(content)
    assert CAST_JSON.encode(back) == content
    assert replace(back, tracks=(), models={}) == replace(cast, tracks=(), models={})
    for one, other in zip(back.tracks, cast.tracks, strict=True):
        assert replace(one, faces=()) == replace(other, faces=())
        for a, b in zip(one.faces, other.faces, strict=True):
            assert (a.frame, a.time_s, a.score, a.quality) == (b.frame, b.time_s, b.score, b.quality)
            np.testing.assert_array_equal(a.box_xyxy, b.box_xyxy)
            np.testing.assert_array_equal(a.landmarks_xy, b.landmarks_xy)


def test_numbers_are_rounded_and_faces_stand_on_lines_of_their_own() -> None:
    assert b'   "' not in SMALL
    line = next(line for line in SMALL.decode().splitlines() if line.lstrip().startswith('{"frame"'))
    face = json.loads(line.rstrip(","))
    assert face["box"] == [100.0, 50.13, 180.0, 150.0]
    assert face["score"] == 0.9877
    shot = replace(small_cast().shots[1], end_s=1 / 3 + 4)
    assert (
        CAST_JSON.to_data(replace(small_cast(), shots=(small_cast().shots[0], shot)))["shots"][1]["end_s"] == 4.333333
    )


def test_the_order_of_options_does_not_change_the_file() -> None:
    cast = small_cast()
    turned = replace(cast, options=dict(reversed(cast.options.items())), models=dict(reversed(cast.models.items())))
    assert CAST_JSON.encode(turned) == SMALL


def test_a_file_name_that_is_not_utf8_can_be_written() -> None:
    cast = small_cast()
    odd = replace(cast, video=replace(cast.video, path="caf\udce9.mp4"))
    assert CAST_JSON.decode(CAST_JSON.encode(odd)).video.path == "caf\ufffd.mp4"


def test_fields_that_may_be_absent() -> None:
    data = json.loads(SMALL)
    for person in data.pop("hidden"):
        for track in data["tracks"]:
            if track["person"] == person["id"]:
                track["person"] = None
    del data["timings_s"], data["video"]["notes"]
    VALIDATOR.validate(data)
    assert CAST_JSON.from_data(data).hidden == ()


@pytest.mark.parametrize("bad", [math.nan, math.inf, 2.0])
def test_a_cast_that_could_not_be_read_back_is_not_written(bad: float) -> None:
    cast = small_cast()
    with pytest.raises(FormatError, match=r"people\[0\]\.quality must be a number"):
        CAST_JSON.encode(replace(cast, people=(replace(cast.people[0], quality=bad),)))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("people", 0, "tracks", 0), "t99", r"people[0].tracks[0] must be the id of a track, not 't99'."),
        (("people", 0, "tracks", 0), "t3", r"people[0].tracks[0] must be a track whose person is p1"),
        (("people", 0, "tracks"), ["t1", "t1", "t2"], r"people[0].tracks[1] must be a track whose person is p1"),
        (("people", 0, "tracks"), ["t1"], r"people[0].shots must be the shots of this person's tracks"),
        (("people", 0, "tracks"), [], r"people[0].tracks must be a list of at least 1"),
        (("people", 0, "shots"), [1, 0], r"people[0].shots must be the shots"),
        (("people", 0, "id"), "p2", r"people[0].tracks[0] must be a track whose person is p2"),
        (("passers_by", 0, "id"), "p1", r"passers_by[0].id must be an id that no other person has"),
        (("people", 0, "portrait"), "../../etc/passwd", r"people[0].portrait must be a path such as"),
        (("people", 0, "name"), "two\nlines", r"people[0].name must be one line of up to 200 characters"),
        (("people", 0, "quality"), True, r"people[0].quality must be a number from 0 to 1, not true."),
        (("tracks", 0, "shot"), 2, r"tracks[0].shot must be the index of one of the 2 shots, not 2."),
        (("tracks", 4, "person"), "p1", r"tracks[4].person must be null or the id of a person who has this track"),
        (("tracks", 1, "id"), "t1", r"tracks must have different ids"),
        (("tracks", 0, "start_frame"), 50, r"tracks[0].start_frame must be a whole number from 0 to 49, not 50."),
        (("tracks", 0, "end_frame"), 51, r"tracks[0].end_frame must be a whole number from 1 to 50, not 51."),
        (("tracks", 1, "end_s"), 1, r"tracks[1].end_s must be a number from 2 up, not 1.0."),
        (("tracks", 0, "faces", 1, "frame"), 0, r"tracks[0].faces[1].frame must be from 1 to 39, ascending"),
        (("tracks", 0, "faces", 7, "frame"), 40, r"tracks[0].faces[7].frame must be from 31 to 39, ascending"),
        (("tracks", 0, "faces", 3, "box"), [9, 0, 5, 5], r"tracks[0].faces[3].box must be [x0, y0, x1, y1]"),
        (("tracks", 0, "faces", 0, "box", 2), 10**400, r"box[2] must be a number from -1000000 to 1000000"),
        (("shots", 1, "start_frame"), 51, r"shots[1].start_frame must be 50, where the shot before it ends"),
        (("shots", 1, "end_frame"), 50, r"shots[1].end_frame must be a whole number from 51 up"),
        (("shots", 1, "end_frame"), 99, r"shots must end at the video's 100 frames, not at 99"),
        (("shots", 1, "end_s"), 1, r"shots[1].end_s must be a number from 2 up"),
        (("video", "fps"), "25/0", r"video.fps must be a rate such as"),
        (("video", "sha256"), "AB" * 32, r"video.sha256 must be 64 hexadecimal digits"),
        (("options", "detect_fps"), [5], r"options.detect_fps must be true or false, a whole number, a number or text"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(place: Place, value: Any, message: str) -> None:
    with pytest.raises(FormatError, match=re.escape(message)):
        CAST_JSON.from_data(changed(place, value))


def test_complaints_name_the_file_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "cast.json"
    with pytest.raises(InputError, match=r"Cannot read .*cast\.json: No such file"):
        CAST_JSON.read(path)
    path.write_bytes(SMALL[:-20])
    with pytest.raises(FormatError, match=r"cast\.json: The file is not valid JSON: .* line") as caught:
        CAST_JSON.read(path)
    assert caught.value.code == "cast.damaged"
    path.write_bytes(SMALL)
    assert CAST_JSON.encode(CAST_JSON.read(path)) == SMALL


JUNK = st.sampled_from(
    [None, True, 0, 1, -1, 3, 1.5, 1e300, -0.0, 10**30, "", "p1", "t1", "x" * 300, "\x00", [], [1], [[]], {}, {"a": 1}]
)
ACTIONS = st.sampled_from(["put", "remove", "double"])


@st.composite
def mutations(draw: st.DrawFn) -> Any:
    """The small cast with one to three of its values replaced, removed or doubled."""
    data = json.loads(SMALL)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(PLACES))
        here, last = data, place[-1]
        try:
            for key in place[:-1]:
                here = here[key]
            old = here[last]
        except (KeyError, IndexError, TypeError):
            continue
        action = draw(ACTIONS)
        if action == "put":
            here[last] = draw(JUNK)
        elif action == "remove":
            del here[last]
        elif isinstance(here, list):
            here.append(copy.deepcopy(old))
        else:
            here[f"{last}_"] = copy.deepcopy(old)
    return data


@given(mutations())
@settings(max_examples=400)
def test_a_changed_document_is_read_or_refused_and_never_accepted_against_the_schema(data: Any) -> None:
    try:
        cast = CAST_JSON.from_data(data)
    except FormatError:
        return
    VALIDATOR.validate(data)
    assert CAST_JSON.decode(CAST_JSON.encode(cast)) is not None
