import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.features.cast.baseline import Baseline, PersonRule, decode_baseline, encode_baseline, read_baseline
from features.cast.fake_cast import fake_tracks

TRACKS = fake_tracks()
BASELINE = Baseline(("p1", "p2", "p1", "p2", "p3", "p1", "p4", None), PersonRule(min_faces=7, min_quality=0.25), 9)
CONTENT = encode_baseline(BASELINE, TRACKS)


def test_round_trip() -> None:
    assert decode_baseline(CONTENT, TRACKS) == BASELINE
    assert encode_baseline(decode_baseline(CONTENT, TRACKS), TRACKS) == CONTENT


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("schema_version", 2, "schema_version 2, and this closeup reads 1"),
        ("next_person", 4, "next_person must be above the number of every person"),
        ("next_person", "9", "next_person must be a whole number"),
        ("tracks", {"t1": "p1"}, r"tracks lacks the field 't2'"),
        ("tracks", {track.id: 5 for track in TRACKS}, r"tracks\.t1 must be null or a person's id"),
        ("rule", {}, "rule lacks the field 'founding_faces'"),
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


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_changed_bytes_are_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(CONTENT)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place : place + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=3))
    with suppress(FormatError):
        decode_baseline(bytes(content), TRACKS)
