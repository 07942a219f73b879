"""shorts.json: true to what was rendered, the camera to 0.05 pixel, and read by a reader that trusts nothing."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.features.shorts.finished import FramedPiece, time_in_short
from closeup.features.shorts.framing import Framing
from closeup.features.shorts.shorts_json import encode_shorts, read_shorts, shorts_from_json, shorts_schema

from .finished_shorts import SIZE_WH, framed, make_handover, piece

HANDOVER = make_handover(title="끝")


def document() -> dict:
    return json.loads(encode_shorts(HANDOVER, ["Another."]))


def test_what_is_written_is_what_was_rendered():
    record = shorts_from_json(document())
    assert (record.person, record.person_name, record.size_wh) == ("p1", "유나", SIZE_WH)
    assert record.video == HANDOVER.plan.video
    assert (record.weights, record.absent) == (HANDOVER.plan.weights, HANDOVER.plan.absent)
    assert record.notes == ("A note.", "Another.")
    first, second = record.shorts
    assert (first.id, first.title, first.layout, first.reason) == ("s1", "끝", "follow", "Seen large and clearly.")
    assert (first.length_s, first.frames, first.interest, first.parts["motion"]) == (13.0, 130, 0.6, 0.105)
    assert first.sound is not None
    assert (first.sound.loudness_lufs_in, first.sound.gain_db) == (-23.46, 9.46)
    assert first.files == {"video": "s1.mp4", "poster": "s1.jpg", "srt": "s1.srt", "vtt": "s1.vtt"}
    assert [(one.piece, one.at_s, one.layout) for one in first.pieces] == [
        (piece(20, 80), 0.0, "split"),
        (piece(120, 190), 6.0, "follow"),
    ]
    assert len(second.pieces) == 1


def test_without_captions_and_sound_there_are_none():
    (first, _) = shorts_from_json(json.loads(encode_shorts(make_handover(captions=False, sound=False)))).shorts
    assert first.files == {"video": "s1.mp4", "poster": "s1.jpg"}
    assert first.sound is None


def test_a_short_that_nobody_judged_has_no_interest():
    handover = make_handover()
    shorts = tuple(replace(short, parts={}, interest=0.0) for short in handover.plan.shorts)
    finished = tuple(replace(one, short=short) for one, short in zip(handover.shorts, shorts, strict=True))
    bare = replace(handover, plan=replace(handover.plan, shorts=shorts), shorts=finished)
    assert shorts_from_json(json.loads(encode_shorts(bare))).shorts[0].interest is None


def test_the_camera_comes_back_within_a_twentieth_of_a_pixel_from_few_keys():
    for record, finished in zip(shorts_from_json(document()).shorts, HANDOVER.shorts, strict=True):
        for one, source in zip(record.pieces, finished.framed, strict=True):
            for path, crops in zip(one.camera, source.framing.panels, strict=True):
                assert path.crops().shape == crops.shape
                assert np.abs(path.crops() - crops).max() <= 0.05
                assert len(path.frames) < len(crops) / 2


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2), min_size=1, max_size=30),
    st.floats(1, 3000),
)
def test_any_camera_comes_back(corners, size):
    corner = np.array(corners)
    crops = np.concatenate([corner, corner + size], axis=1)
    short = replace(HANDOVER.plan.shorts[0], pieces=(piece(10, 10 + len(crops)),))
    one = FramedPiece(short.pieces[0], Framing((crops,), "follow"))
    rendered = replace(HANDOVER.shorts[0].rendered, frames=len(crops))
    finished = replace(HANDOVER.shorts[0], short=short, framed=(one,), rendered=rendered)
    handover = replace(HANDOVER, plan=replace(HANDOVER.plan, shorts=(short,)), shorts=(finished,))
    (record,) = shorts_from_json(json.loads(encode_shorts(handover))).shorts
    assert np.abs(record.pieces[0].camera[0].crops() - crops).max() <= 0.05


def test_key_frames_stand_on_a_line_each():
    text = encode_shorts(HANDOVER).decode()
    assert "[20, -3.0, 10.0, 87.0, 170.0],\n" in text
    assert encode_shorts(HANDOVER) == encode_shorts(make_handover(title="끝"))


def test_the_schema_takes_what_is_written():
    jsonschema.Draft202012Validator.check_schema(shorts_schema())
    validator = jsonschema.Draft202012Validator(shorts_schema())
    validator.validate(document())
    validator.validate(json.loads(encode_shorts(make_handover(captions=False, sound=False, name=None))))


def test_what_is_only_planned_is_not_written():
    with pytest.raises(ValueError, match="s1 is not rendered"):
        encode_shorts(make_handover(rendered=False))


CHANGES = [
    (("shorts", 0, "frames"), 131, r"shorts\[0\]\.frames must be 130, as many as its pieces have"),
    (("shorts", 0, "files", "video"), "../s1.mp4", r'shorts\[0\]\.files\.video must be "s1\.mp4"'),
    (("shorts", 1, "id"), "s1", r"s1\.(mp4|jpg)"),
    (("shorts", 0, "pieces", 0, "end_frame"), 401, r"pieces\[0\]\.end_frame must be a whole number from 21 to 400"),
    (("shorts", 0, "pieces", 0, "layout"), "follow", r"pieces\[0\]\.camera must be a list of 1"),
    (("shorts", 0, "pieces", 1, "camera", 0, 0, 0), 121, r"camera\[0\] must be key frames .* from frame 120 to 189"),
    (("shorts", 0, "pieces", 1, "camera", 0, 0, 3), -100, r"camera\[0\] must be key frames .* x0 < x1"),
    (("shorts", 0, "pieces", 1, "camera", 0, 0, 3), "wide", r"camera\[0\]\[0\]\[3\] must be a number"),
    (("shorts", 0, "sound", "gain_db"), None, r"sound\.gain_db must be a number"),
    (("picture", "width"), 0, r"picture\.width must be a whole number from 1 up"),
    (("schema_version",), 7, r"schema_version 7"),
]


@pytest.mark.parametrize(("place", "value", "message"), CHANGES)
def test_complaints_name_the_place(place, value, message):
    data = document()
    *way, last = place
    inner = data
    for key in way:
        inner = inner[key]
    inner[last] = value
    with pytest.raises(FormatError, match=message):
        shorts_from_json(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, way: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, item in inner for found in places(item, (*way, key)))]


WAYS = [way for way in places(document()) if way]


@settings(deadline=None)
@given(st.sampled_from(WAYS), JSON)
def test_what_the_reader_takes_the_schema_takes_too(way, value):
    data = document()
    inner = data
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    try:
        shorts_from_json(data)
    except FormatError:
        return
    jsonschema.Draft202012Validator(shorts_schema()).validate(data)


def test_reading_a_file(tmp_path):
    path = tmp_path / "shorts.json"
    path.write_bytes(encode_shorts(HANDOVER))
    assert len(read_shorts(path).shorts) == 2
    path.write_bytes(b"{}")
    with pytest.raises(FormatError, match=r"shorts\.json: The document lacks"):
        read_shorts(path)
    with pytest.raises(InputError, match="Cannot read"):
        read_shorts(tmp_path / "none.json")


def test_when_a_moment_is_seen():
    pieces = (piece(20, 80), piece(120, 190))
    assert [time_in_short(pieces, t) for t in (0.0, 2.0, 5.5, 8.0, 10.0, 12.0, 18.9, 25.0)] == pytest.approx(
        [0.0, 0.0, 3.5, 6.0, 6.0, 6.0, 12.9, 13.0]
    )


def test_a_handover_must_fit_its_plan():
    with pytest.raises(ValueError, match="others than s1"):
        replace(HANDOVER, shorts=HANDOVER.shorts[:1])
    mixed = (HANDOVER.shorts[0], replace(HANDOVER.shorts[1], rendered=None))
    with pytest.raises(ValueError, match="others are not"):
        replace(HANDOVER, shorts=mixed)
    assert framed(piece(0, 10), 2).framing.layout == "split"
