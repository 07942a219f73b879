from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError, OutputError
from closeup.tables import growing as table
from closeup.tables.growing import GrowingTable, read_table
from closeup.tables.strict_csv import table_bytes

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


def test_rows_wait_until_they_are_flushed(tmp_path: Path) -> None:
    growing = GrowingTable(tmp_path / "steps.csv")
    growing.add({"step": 1, "loss": 0.5})
    growing.add({"step": 2, "loss": 0.25})
    assert len(read_table(growing.path)) == 0
    growing.flush(durable=True)
    growing.flush()
    assert growing.path.read_text() == "step,loss\n1,0.5\n2,0.25\n"


def test_rows_that_waited_long_are_written_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_EVERY_S", -1.0)
    growing = GrowingTable(tmp_path / "steps.csv")
    growing.add({"step": 1})
    assert len(read_table(growing.path)) == 1


def test_a_new_column_widens_the_table_and_a_missing_one_stays_empty(tmp_path: Path) -> None:
    growing = GrowingTable(tmp_path / "epochs.csv")
    growing.add({"epoch": 1, "loss": 0.5})
    growing.add({"epoch": 2, "accuracy": 0.75})
    growing.flush()
    assert growing.path.read_text() == "epoch,loss,accuracy\n1,0.5,\n2,,0.75\n"


def test_a_torn_last_line_is_mended_when_the_table_is_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("step,loss\n1,0.5\n2,0.")
    assert read_table(path).numbers("step").tolist() == [1]
    growing = GrowingTable(path)
    growing.add({"step": 2, "loss": 0.25})
    growing.flush()
    assert path.read_text() == "step,loss\n1,0.5\n2,0.25\n"


@pytest.mark.parametrize("torn", ["", "ste", "step,loss"])
def test_a_table_torn_in_its_head_begins_anew(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(torn)
    growing = GrowingTable(path)
    growing.add({"step": 1})
    growing.flush()
    assert path.read_text() == "step\n1\n"


def test_rows_that_are_not_wanted_go(tmp_path: Path) -> None:
    growing = GrowingTable(tmp_path / "steps.csv")
    growing.keep(lambda row: False)
    assert not growing.path.exists()
    for step in range(1, 6):
        growing.add({"step": step})
    growing.keep(lambda row: int(row["step"]) <= 3)
    growing.add({"step": 4})
    growing.flush()
    assert read_table(growing.path).numbers("step").tolist() == [1, 2, 3, 4]


def test_a_full_disk_leaves_no_half_row_and_forgets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    growing = GrowingTable(tmp_path / "steps.csv")
    growing.add({"step": 1, "loss": 1.0})
    growing.flush()
    growing.add({"step": 2, "loss": 2.0})
    real = Path.open

    class Full:
        """Writes three bytes, then there is no space."""

        def __init__(self, file: object) -> None:
            self._file, self._written = file, False

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, content: memoryview) -> int:
            if self._written:
                raise OSError(28, "No space left on device")
            self._written = True
            return self._file.write(content[:3])

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda self, *a, **k: Full(real(self, *a, **k)))
        with pytest.raises(OutputError, match="No space left"):
            growing.flush()
    assert growing.path.read_text() == "step,loss\n1,1.0\n"
    growing.flush()
    assert growing.path.read_text() == "step,loss\n1,1.0\n2,2.0\n"


@settings(max_examples=40)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["a", "b", "c,d"]), CELLS, min_size=1), max_size=6))
def test_what_is_added_reads_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    growing = GrowingTable(tmp_path_factory.mktemp("table") / "t.csv")
    for row in rows:
        growing.add(row)
        growing.flush()
    found = read_table(growing.path)
    assert len(found) == len(rows)
    for name in found.columns:
        assert found.text(name) == [_said(row.get(name)) for row in rows]


def _said(cell: object) -> str:
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def test_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    values = [0.1, 1 / 3, 1e-30, float("nan"), float("inf"), np.float32(0.1), np.int64(7), np.True_, True, None]
    path.write_bytes(table_bytes(["x"], [{"x": value} for value in values[:-1]]))
    wanted = [0.1, 1 / 3, 1e-30, np.nan, np.inf, float(np.float32(0.1)), 7, 1, 1]
    assert np.array_equal(read_table(path).numbers("x"), wanted, equal_nan=True)
    assert np.isnan(read_table(path).numbers("no such column")).all()


@settings(max_examples=40)
@given(content=st.binary(max_size=60))
def test_no_bytes_bring_the_reader_down(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_bytes(content)
    try:
        found = read_table(path)
    except InputError:
        return
    for name in found.columns:
        assert len(found.numbers(name)) == len(found)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        read_table(tmp_path)
