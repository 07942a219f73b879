import json
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import FormatError, InputError
from closeup.documents.baseline import BASELINE_JSON, Baseline, PersonRule, read_baseline
from features.cast.fake_cast import fake_tracks

TRACKS = fake_tracks()
PEOPLE = ["p1", "p2", "p1", "p2", "p3", "p1", "p4", None]
BASELINE = Baseline(
    9, PersonRule(min_faces=7, min_quality=0.25), dict(zip((track.id for track in TRACKS), PEOPLE, strict=True))
)
CONTENT = BASELINE_JSON.encode(BASELINE)


def test_round_trip() -> None:
    assert BASELINE_JSON.decode(CONTENT) == BASELINE
    assert BASELINE.person_of(TRACKS) == PEOPLE


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("next_person", 4, "next_person must be above the number of every person"),
        ("tracks", {"t1": "p1"}, "It has other tracks than the cast"),
        ("tracks", {track.id: 5 for track in TRACKS}, r"tracks\.t1 must be a person's id"),
        ("rule", {"min_faces": -1}, "rule.min_faces must be a whole number from 0 up"),
    ],
)
def test_what_is_wrong_is_said(field: str, value: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(json.loads(CONTENT) | {field: value}))
    with pytest.raises(FormatError, match=message) as caught:
        read_baseline(path, TRACKS)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        read_baseline(tmp_path / "baseline.json", TRACKS)
