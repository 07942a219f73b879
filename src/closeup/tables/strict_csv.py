"""Tables of text as people and spreadsheets save them: strict CSV whose every complaint says the line."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from closeup.core.errors import InputError

MAX_BYTES = 256 * 1024 * 1024
"""A table above this is refused unread: ten million pictures stay below it."""

Cell = str | int | float | bool | None

_SPECIAL = re.compile('[",\r\n]')
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header.

    Attributes:
        name: What complaints call it, its path.
        columns: Names of the columns, in order.
        rows: Number of the line that each row ends on, from 1 (the header), and its values by column.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]

    def need(self, column: str, hint: str = "") -> None:
        """Make sure that there is a column of that name.

        Raises:
            InputError: If not; it names the nearest.
        """
        if column not in self.columns:
            near = get_close_matches(column, self.columns, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"{self.name} has no column {column!r}.{meant}",
                hint or f"Its columns are: {', '.join(self.columns)}.",
            )


def parse_table(content: bytes, name: str, *, comments: bool = False) -> Table:
    """Read a table of comma-separated values (RFC 4180), UTF-8, with a header.

    Semicolons or tabs between the columns are understood where the header has them and no comma. Empty lines say
    nothing; white space around a value is not part of it.

    Args:
        name: What to call it in a complaint.
        comments: Whether lines that begin with "#" say nothing.

    Raises:
        InputError: If it is no such table; it says in which line.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 2**20} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{name}, line {line}, is not UTF-8 text.", "Save it as CSV in UTF-8.") from error
    if "\0" in text:
        raise InputError(f"{name} holds zero characters, so it is no table.", "Save it as CSV in UTF-8.")
    rows = _rows(text, name, comments)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{name} has no header.", "Name the columns in its first line: path,label")
    columns = _header(first[1], name)
    return Table(name, columns, tuple(_values(row, columns, name) for row in rows))


class _CsvLines:
    """Lines for a csv.reader; a remark is passed on as an empty line, which says nothing but still counts."""

    def __init__(self, lines: Iterable[str], comments: bool) -> None:
        self._lines = iter(lines)
        self._comments = comments
        self.at_start = True

    def __iter__(self) -> "_CsvLines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        # Inside a quoted value that goes on over several lines, "#" is part of the value.
        is_comment = self._comments and self.at_start and line.startswith("#")
        self.at_start = False
        return "\n" if is_comment else line


def _rows(text: str, name: str, comments: bool) -> Iterator[tuple[int, list[str]]]:
    lines = text.splitlines(keepends=True)
    header = next((line for line in lines if line.strip() and not (comments and line.startswith("#"))), "")
    delimiter = next((mark for mark in _DELIMITERS if mark in header), ",")
    source = _CsvLines(io.StringIO(text, newline=""), comments)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.at_start = True
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{name}, line {reader.line_num}, is not valid CSV: {error}.") from error
        if any(value.strip() for value in row):
            yield reader.line_num, [value.strip() for value in row]


def _header(names: list[str], table: str) -> tuple[str, ...]:
    if "" in names:
        raise InputError(f"{table}: column {names.index('') + 1} has no name.", "Name every column in the first line.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{table} has two columns called {twice[0]!r}.", "Give each column a name of its own.")
    return tuple(names)


def _values(row: tuple[int, list[str]], columns: tuple[str, ...], table: str) -> tuple[int, dict[str, str]]:
    line, values = row
    if len(values) != len(columns):
        raise InputError(
            f"{table}, line {line}, has {len(values)} values, and there are {len(columns)} columns.",
            'A value with a comma in it stands in double quotes: "a, b".',
        )
    return line, dict(zip(columns, values, strict=True))


def table_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> bytes:
    """A table of comma-separated values that `parse_table` reads back; cells that a row lacks stay empty.

    UTF-8, lines end with a newline only, numbers are written so that they read back equal. What no UTF-8 file can hold
    (names of files that are no text) becomes "?".
    """
    lines = [csv_line(columns), *(csv_line([cell_text(row.get(name)) for name in columns]) for row in rows)]
    return "".join(lines).encode("utf-8", "replace")


def csv_line(cells: Sequence[str]) -> str:
    """A line as RFC 4180 has it, but for its end; csv.writer would not quote a lone carriage return (Python 3.11)."""
    if len(cells) == 1 and not cells[0]:
        return '""\n'  # an empty line would be none
    return ",".join(_quoted(cell) for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell


def cell_text(cell: Cell) -> str:
    """A cell as it stands in a table: "" for None, "true", numbers so that they read back equal."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return repr(cell)  # the shortest that reads back equal; nan and inf too
    return str(cell)
