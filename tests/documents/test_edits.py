import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import FormatError, InputError
from closeup.documents.edits import EDITS_JSON, Edits, Operation, PersonAnchor, TrackAnchor, read_edits

AT, SHA = "2026-01-31T12:00:00Z", "5e" * 32
T1 = TrackAnchor("t1", ((0, 1.0, 2.0, 30.25, 40.5), (5, 1.5, 2.0, 31.0, 40.0)))
T2 = TrackAnchor("t2", ((100, 1.0, 2.0, 30.0, 40.0),))
P1, P2 = PersonAnchor("p1", (T1, T2)), PersonAnchor("p2", (replace(T1, id="t3"),))
OPERATIONS = (
    Operation("name", AT, SHA, (P1,), name="Grace Hopper, née Murray"),
    Operation("name", AT, SHA, (P1,)),
    Operation("merge", AT, SHA, (P1, P2)),
    Operation("split", AT, SHA, (P1,), tracks=("t2",), new_person="p3"),
    Operation("hide", AT, SHA, (P2,)),
    Operation("unhide", AT, SHA, (P2,)),
    Operation("not", AT, SHA, (P1,), tracks=("t1",)),
    Operation("different", AT, SHA, (P1, P2)),
    Operation("portrait", AT, SHA, (P2,), tracks=("t3",), joined=True),
)
EDITS = Edits(OPERATIONS, 4)
CONTENT = EDITS_JSON.encode(EDITS)


def test_round_trip() -> None:
    assert EDITS_JSON.decode(CONTENT) == EDITS
    assert EDITS_JSON.encode(EDITS_JSON.decode(CONTENT)) == CONTENT
    assert EDITS_JSON.decode(EDITS_JSON.encode(Edits())) == Edits()
    assert len(CONTENT.splitlines()) == len(OPERATIONS) + 6


def test_a_file_that_is_not_there_is_no_edits(tmp_path: Path) -> None:
    assert read_edits(tmp_path / "edits.json") == Edits()
    with pytest.raises(InputError, match="Cannot read"):
        read_edits(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("next_person",), 3, r"next_person must be above the number of every person"),
        ((0, "op"), "rename", r"operations\[0\]\.op must be 'name', 'merge', 'different'"),
        ((0, "op"), "hide", r"operations\[0\]\.name must be left out of hide"),
        ((0, "at"), "yesterday", r"operations\[0\]\.at must be a time"),
        ((0, "people"), [], r"operations\[0\]\.people must be a list of one"),
        ((2, "people", 1, "id"), "p1", r"operations\[2\]\.people must be a list in which every id stands once"),
        ((2, "op"), "hide", r"operations\[2\]\.people must be a list of one"),
        ((3, "tracks"), [], r"operations\[3\]\.tracks must be some of the tracks of p1"),
        ((3, "tracks"), ["t1", "t2"], r"operations\[3\]\.tracks must be some of the tracks of p1, and not all"),
        ((3, "tracks", 0), "t9", r"operations\[3\]\.tracks\[0\] must be the id of a track of p1"),
        ((7, "people"), [], r"operations\[7\]\.people must be a list of two"),
        ((8, "tracks"), [], r"operations\[8\]\.tracks must be a list of one"),
        ((0, "joined"), True, r"operations\[0\]\.joined must be false"),
        ((3, "new_person"), None, r"operations\[3\]\.new_person must be a person's id"),
        ((0, "people", 0, "tracks"), [], r"people\[0\]\.tracks must be a list of at least 1"),
        ((0, "people", 0, "tracks", 0, "faces", 0), [0, 1, 2, 3], r"faces\[0\] must be a longer list"),
        ((0, "people", 0, "tracks", 0, "faces", 0), [0, 1, 2, 1, 3], r"faces\[0\] must be \[frame, x0, y0, x1, y1\]"),
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


def test_a_file_of_the_first_version_is_read() -> None:
    data = json.loads(CONTENT)
    old = {**data, "schema_version": 1, "operations": data["operations"][:7]}
    assert EDITS_JSON.decode(json.dumps(old).encode()) == Edits(OPERATIONS[:7], 4)


def test_edits_that_could_not_be_read_back_are_not_written() -> None:
    for name in ("\ud800", "a\nb", ""):
        with pytest.raises(FormatError):
            EDITS_JSON.encode(Edits((replace(OPERATIONS[0], name=name),), 4))
