import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import CloseupError, FormatError, InputError
from closeup.learning.runs.record import RunRecord, plain, read_record, with_facts, write_record

STATE = RunRecord(
    "faces",
    "failed",
    "2026-11-21T13:28:36.828+00:00",
    "2026-11-21T14:00:00.000+00:00",
    "There is no space.",
    ("2026-11-21T13:40:00.000+00:00",),
    {"seed": 3, "environment": {"python": "3.11"}, "classes": ["a", "b"]},
    {"val": {"mood": {"accuracy": 0.5}}},
)


def test_it_reads_back_equal(tmp_path: Path) -> None:
    write_record(tmp_path, STATE)
    assert read_record(tmp_path) == STATE


def test_facts_are_added_and_replaced() -> None:
    assert with_facts(STATE, {"seed": 4, "new": 1}).facts == {**STATE.facts, "seed": 4, "new": 1}


def test_plain_values() -> None:
    given = {
        "a": (1, 2.5),
        "b": np.float32(0.5),
        "c": np.array([1, 2]),
        "d": float("nan"),
        "e": Path("x/y"),
        "g": "a\udc80",
        "f": np.bool_(True),
        3: None,
    }
    assert plain(given) == {
        "a": [1, 2.5],
        "b": 0.5,
        "c": [1, 2],
        "d": None,
        "e": "x/y",
        "g": "a?",
        "f": True,
        "3": None,
    }
    with pytest.raises(TypeError, match="object"):
        plain([object()])


def test_a_folder_without_one_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a run"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "done"}, "state must be 'running', 'interrupted', 'failed' or 'finished'"),
        ({"created_at": "yesterday"}, "must be a date and time"),
        ({"created_at": "2026-11-21T13:28:36"}, "must be a date and time"),
        ({"facts": []}, "facts must be an object"),
        ({"extra": 1}, "not known: 'extra'"),
        ({"schema_version": 2}, "a later closeup wrote it"),
        ({"name": None}, "name must be text"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_record(tmp_path, STATE)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(FormatError, match=message) as caught:
        read_record(tmp_path)
    assert str(path) in caught.value.message


@settings(max_examples=40)
@given(content=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_no_bytes_bring_the_reader_down(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / "run.json").write_bytes(content)
    with pytest.raises(CloseupError):
        read_record(folder)
