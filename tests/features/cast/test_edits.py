import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.features.cast.edits import (
    Edits,
    FaceAnchor,
    Operation,
    PersonAnchor,
    TrackAnchor,
    decode_edits,
    encode_edits,
    read_edits,
    undo,
)

AT, SHA = "2026-01-31T12:00:00Z", "5e" * 32
T1 = TrackAnchor("t1", (FaceAnchor(0, (1.0, 2.0, 30.25, 40.5)), FaceAnchor(5, (1.5, 2.0, 31.0, 40.0))))
T2 = TrackAnchor("t2", (FaceAnchor(100, (1.0, 2.0, 30.0, 40.0)),))
P1, P2 = PersonAnchor("p1", (T1, T2)), PersonAnchor("p2", (replace(T1, id="t3"),))
OPERATIONS = (
    Operation("name", AT, SHA, (P1,), name="Grace Hopper, née Murray"),
    Operation("name", AT, SHA, (P1,)),
    Operation("merge", AT, SHA, (P1, P2)),
    Operation("split", AT, SHA, (P1,), tracks=("t2",), new_person="p3"),
    Operation("hide", AT, SHA, (P2,)),
    Operation("unhide", AT, SHA, (P2,)),
    Operation("not", AT, SHA, (P1,), tracks=("t1",)),
)
EDITS = Edits(OPERATIONS, 4)
CONTENT = encode_edits(EDITS)


def test_round_trip() -> None:
    assert decode_edits(CONTENT) == EDITS
    assert encode_edits(decode_edits(CONTENT)) == CONTENT
    assert decode_edits(encode_edits(Edits())) == Edits()
    assert len(CONTENT.splitlines()) == len(OPERATIONS) + 6


def test_undo_takes_the_last_one_and_keeps_the_number() -> None:
    left, gone = undo(EDITS)
    assert (left, gone) == (Edits(OPERATIONS[:-1], 4), OPERATIONS[-1])
    with pytest.raises(InputError, match="no edit to undo"):
        undo(Edits())


def test_a_file_that_is_not_there_is_no_edits(tmp_path: Path) -> None:
    assert read_edits(tmp_path / "edits.json") == Edits()
    with pytest.raises(InputError, match="Cannot read"):
        read_edits(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("schema_version",), 2, "schema_version 2, and this closeup reads 1"),
        (("next_person",), 3, "next_person must be above the number of every person"),
        (("next_person",), 0, "next_person must be a whole number from 1"),
        ((0, "op"), "rename", r"operations\[0\]\.op must be one of name, merge"),
        ((0, "op"), ["name"], r"operations\[0\]\.op must be one of name, merge"),
        ((0, "op"), "hide", r"operations\[0\] has a field that is not known: 'name'"),
        ((0, "name"), "a\nb", r"operations\[0\]\.name must be null or one line"),
        ((0, "at"), "yesterday", r"operations\[0\]\.at must be a time"),
        ((0, "video_sha256"), "", r"operations\[0\]\.video_sha256 must be 64 hex"),
        ((0, "people"), [], r"operations\[0\]\.people must be a list of one"),
        ((2, "people", 1, "id"), "p1", r"operations\[2\]\.people must be a list in which every id stands once"),
        ((2, "op"), "hide", r"operations\[2\]\.people must be a list of one"),
        ((3, "tracks"), [], r"operations\[3\]\.tracks must be some of the tracks of p1"),
        ((3, "tracks"), ["t1", "t2"], r"operations\[3\]\.tracks must be some of the tracks of p1, and not all"),
        ((3, "tracks", 0), "t9", r"operations\[3\]\.tracks\[0\] must be the id of a track of p1"),
        ((3, "new_person"), None, r"operations\[3\]\.new_person must be a person's id"),
        ((0, "people", 0, "tracks"), [], r"people\[0\]\.tracks must be a list of at least one track"),
        ((0, "people", 0, "tracks", 0, "faces"), [], r"faces must be a list of at least one face"),
        ((0, "people", 0, "tracks", 0, "faces", 0), [0, 1, 2, 3], r"faces\[0\] must be a list of 5"),
        ((0, "people", 0, "tracks", 0, "faces", 0), [0, 1, 2, 1, 3], r"faces\[0\]\.box must be \[x0, y0, x1, y1\]"),
        ((0, "people", 0, "tracks", 0, "faces", 0), [-1, 1, 2, 3, 4], r"faces\[0\]\[0\] must be a whole number"),
    ],
)
def test_what_is_wrong_is_said(place: tuple[str | int, ...], value: Any, message: str, tmp_path: Path) -> None:
    data = json.loads(CONTENT)
    here = data if isinstance(place[0], str) else data["operations"]
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = value
    path = tmp_path / "edits.json"
    path.write_text(json.dumps(data))
    with pytest.raises(FormatError, match=message) as caught:
        read_edits(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_edits_that_could_not_be_read_back_are_not_written() -> None:
    for name in ("\ud800", "a\nb", ""):
        with pytest.raises(FormatError):
            encode_edits(Edits((replace(OPERATIONS[0], name=name),), 4))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_changed_bytes_are_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(CONTENT)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(max_size=3) | st.sampled_from([b"NaN", b"null", b"[]", b"{}", b"1e999", b'"p1"']))
        content[place : place + data.draw(st.integers(0, 8))] = piece
    with suppress(FormatError):
        encode_edits(decode_edits(bytes(content)))
