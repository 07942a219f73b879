"""CSV tables that grow row by row while a run goes on, survive whatever stops it, and are read back."""

import csv
import io
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.interrupts import held_back
from closeup.core.whole import output_error, write_whole
from closeup.tables.strict_csv import Cell, cell_text, csv_line, table_bytes

_EVERY_S = 5.0
"""Rows wait so long at most before others can read them."""


@dataclass(frozen=True)
class GrownTable:
    """A table as it stands in its file.

    Attributes:
        columns: Their names.
        rows: Text by column.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def text(self, column: str) -> list[str]:
        """A column; "" in every row where there is no such column."""
        return [row.get(column, "") for row in self.rows]

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column (N,) as numbers; NaN where there is none."""
        return np.array([_as_number(cell) for cell in self.text(column)], np.float64)


def read_table(path: Path) -> GrownTable:
    """Read a table, also while another process adds to it: a last line that is not whole yet does not count.

    Returns:
        The table; an empty one where there is no file yet.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return GrownTable((), ())
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    lines = csv.reader(io.StringIO(_whole_lines(content).decode("utf-8", "replace"), newline=""))
    try:
        columns = tuple(next(lines, ()))
        rows = tuple(dict(zip(columns, line, strict=False)) for line in lines if line)
    except csv.Error as error:
        raise InputError(f"{path} is not a table: {error}.") from error
    return GrownTable(columns, rows)


class GrowingTable:
    """A CSV file with a header, to which rows are appended.

    A file whose last line was torn by a crash is mended when it is opened: the torn line goes.

    Attributes:
        path: The file; it is made with the first row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[str] = []
        self._written_s = time.monotonic()
        self._columns: tuple[str, ...] = _mended_columns(path)

    def add(self, row: Mapping[str, Cell]) -> None:
        """Add a row; columns that were never seen before widen the table, those that are missing stay empty.

        Raises:
            OutputError: If the file cannot be written.
        """
        with held_back():
            new = [name for name in row if name not in self._columns]
            if new:
                self._widen((*self._columns, *new))
            self._waiting.append(csv_line([cell_text(row.get(name)) for name in self._columns]))
        if time.monotonic() - self._written_s > _EVERY_S:
            self.flush()

    def flush(self, *, durable: bool = False) -> None:
        """Write what waits; with `durable` it is on the disk when this returns.

        Raises:
            OutputError: If the file cannot be written.
        """
        with held_back():
            try:
                self._append("".join(self._waiting), durable)
            except OSError as error:
                raise output_error(self.path, error) from error
            self._waiting.clear()
            self._written_s = time.monotonic()

    def keep(self, wanted: Callable[[Mapping[str, str]], bool]) -> None:
        """Drop the rows that are not wanted, in one step.

        Args:
            wanted: Says of a row, as text by column, whether it stays.

        Raises:
            OutputError: If the file cannot be written.
        """
        with held_back():
            self.flush()
            if self.path.exists():
                rows = [row for row in read_table(self.path).rows if wanted(row)]
                write_whole(self.path, table_bytes(self._columns, rows))

    def _widen(self, columns: tuple[str, ...]) -> None:
        self.flush()
        rows = read_table(self.path).rows
        self._columns = columns
        write_whole(self.path, table_bytes(columns, rows))

    def _append(self, text: str, durable: bool) -> None:
        if not (text or durable) or not self.path.exists():
            return
        with self.path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            rest = memoryview(text.encode("utf-8", "replace"))
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(before)  # no half a row, so that what waits may be written again
                raise
            if durable:
                os.fsync(file.fileno())


def _mended_columns(path: Path) -> tuple[str, ...]:
    """The columns of the table at `path`, which loses a torn last line; none where there is no table yet."""
    if not path.exists():
        return ()
    content = path.read_bytes()
    whole = _whole_lines(content)
    if whole != content:
        write_whole(path, whole)
    return read_table(path).columns


def _whole_lines(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def _as_number(cell: str) -> float:
    if cell in ("true", "false"):
        return float(cell == "true")
    try:
        return float(cell)
    except ValueError:
        return float("nan")
