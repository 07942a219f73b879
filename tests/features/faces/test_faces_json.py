"""The JSON of found faces: what is written can be read, fits the schema, and nothing else is believed."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.features.faces.faces_json import decode_faces, encode_faces, faces_schema, faces_to_json, read_faces
from closeup.features.faces.found import FoundFaces, Look
from features.faces.made_up import classes, face, film, photo, quality

PHOTO = photo(face(), face(100, answers={}), notes=("Odd.",))
PARTLY = photo(
    face(answers={"expression": classes(happy=1.0)}),
    models={"detector": "made-up", "expression": "expression"},
    absent={"attributes": "Not there."},
)
FILM = film(Look(0, 0.0, (face(track=1), face(100, track=2))), Look(5, 0.2, ()), cuts_s=(0.1, 3.0))


@pytest.mark.parametrize("found", [PHOTO, PARTLY, FILM, photo(), film()])
def test_what_is_written_is_read_again(found: FoundFaces, tmp_path: Path) -> None:
    path = tmp_path / "a.faces.json"
    path.write_bytes(encode_faces(found))
    again = read_faces(path)
    assert encode_faces(again) == path.read_bytes()
    assert (again.source, again.size_wh, again.models, again.absent) == (
        found.source,
        found.size_wh,
        found.models,
        found.absent,
    )
    assert (again.video, again.notes) == (found.video, found.notes)
    assert [(look.frame, look.time_s) for look in again.looks] == [(look.frame, look.time_s) for look in found.looks]
    for there, here in zip(again.faces, found.faces, strict=True):
        np.testing.assert_allclose(there.box_xyxy, here.box_xyxy, atol=0.01)
        np.testing.assert_allclose(there.landmarks_xy, here.landmarks_xy, atol=0.01)
        assert (there.track, there.quality, there.answers) == (here.track, here.quality, here.answers)


@pytest.mark.parametrize("found", [PHOTO, PARTLY, FILM, photo(), film()])
def test_every_line_fits_the_schema(found: FoundFaces) -> None:
    schema = faces_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for line in encode_faces(found).splitlines():
        jsonschema.Draft202012Validator(schema).validate(json.loads(line))


def changed(found: FoundFaces, line: int, *keys: str | int, value: Any) -> bytes:
    """What is written, with one value replaced."""
    lines = list(faces_to_json(found))
    node: Any = lines[line]
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    return b"\n".join(json.dumps(each).encode() for each in lines)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (changed(PHOTO, 0, "schema_version", value=2), "a later closeup"),
        (changed(PHOTO, 0, "more", value=1), "not known"),
        (changed(PHOTO, 0, "width", value=0), "width must be"),
        (changed(PHOTO, 0, "models", value={}), "an object with detector"),
        (changed(PHOTO, 0, "absent", value={"attributes": "Gone."}), "absent must be"),
        (changed(PHOTO, 0, "faces", 1, "box", value=[9, 0, 5, 5]), r"faces\[1\].box must be"),
        (changed(PHOTO, 0, "faces", 0, "track", value=1), "null in a photo"),
        (changed(PHOTO, 0, "faces", 0, "quality", "pose", value=1.5), "quality.pose must be"),
        (changed(PHOTO, 0, "faces", 0, "landmarks", value=[[1, 2]]), "a list of 5"),
        (changed(PHOTO, 0, "faces", 0, "answers", "age", "value", value="old"), "a number"),
        (changed(PHOTO, 0, "faces", 0, "answers", "mask", "class", value="mask"), "the likeliest"),
        (changed(PHOTO, 0, "faces", 0, "answers", "height", value={}), "not known"),
        (changed(FILM, 1, "faces", 1, "track", value=1), "line 2: faces must be faces of different tracks"),
        (changed(FILM, 1, "faces", 1, "track", value=None), "line 2"),
        (changed(FILM, 2, "time_s", value=0), "comes after"),
        (changed(FILM, 0, "looks", value=3), "not whole"),
        (changed(FILM, 0, "cuts_s", value=[2, 1]), "ascend"),
        (changed(FILM, 0, "cuts_s", value=[5]), "cuts_s"),
        (encode_faces(PHOTO) * 2, "one line only"),
        (encode_faces(FILM)[:-40], "line 3"),
        (b"", "not valid JSON"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(content: bytes, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint) as told:
        decode_faces(content, "a.faces.json")
    assert told.value.message.startswith("a.faces.json")
    assert told.value.code in {"faces.damaged", "file.newer"}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_is_in_a_file_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(encode_faces(data.draw(st.sampled_from([PHOTO, FILM, PARTLY]))))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 12, len(content))))
        put = st.sampled_from(
            [b"", b"1e999", b"-1", b"null", b"{}", b"[", b'"', b"\n", b"\xff", b"99999999999999999999"]
        )
        content[start:end] = data.draw(put | st.binary(max_size=4))
    try:
        found = decode_faces(bytes(content), "fuzz")
    except FormatError:
        return
    assert encode_faces(decode_faces(encode_faces(found), "again")) == encode_faces(found)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


@given(
    st.sampled_from([(PHOTO, 0), (FILM, 0), (FILM, 1)]),
    st.sampled_from(["source", "width", "models", "absent", "notes", "faces", "cuts_s", "looks", "frame", "time_s"]),
    values,
)
@settings(max_examples=150, deadline=None)
def test_any_value_in_any_place_is_read_or_refused(where: tuple[FoundFaces, int], key: str, value: Any) -> None:
    with suppress(FormatError):
        encode_faces(decode_faces(changed(*where, key, value=value), "fuzz"))


def test_numbers_that_json_cannot_hold_are_not_written() -> None:
    with pytest.raises(FormatError, match="number that is none"):
        encode_faces(photo(face(quality=quality(float("nan")))))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        read_faces(tmp_path / "gone.json")
