"""Tables of text as people and spreadsheets save them: strict CSV whose every complaint says the line."""

import csv
import io
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from closeup.core.code_pages import decode_code_page, guess_code_page
from closeup.core.errors import InputError

_LOG = logging.getLogger("closeup.tables")

MAX_BYTES = 256 * 1024 * 1024
"""A table above this is refused unread: ten million pictures stay below it."""

Cell = str | int | float | bool | None

_SPECIAL = re.compile('[",\r\n]')
_DELIMITERS = (",", ";", "\t")
_EXCEL = re.compile(r"sep=([,;\t|])")
"""Excel's own first line, which says what is between the columns."""

_DECIMAL = re.compile(r"[+-]?\d+(,\d+)?")


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header.

    Attributes:
        name: What complaints call it, its path.
        columns: Names of the columns, in order.
        rows: Number of the line that each row ends on, from 1 (the header), and its values by column.
        notes: What was made of it that it does not say itself, one sentence each.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    notes: tuple[str, ...] = ()

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
    """Read a table of comma-separated values (RFC 4180), with a header, as people, pandas and spreadsheets write it.

    UTF-8, UTF-16 with a mark, and old code pages of the Far East where they leave no doubt. Semicolons or tabs between
    the columns are understood where the header has them and no comma, or where Excel's own first line says so
    ("sep=;"); then numbers may have decimal commas. pandas' index, a first column without a name, is left out. Empty
    lines say nothing; white space around a value is not part of it. `Table.notes` says what was understood.

    Args:
        content: The bytes of the file.
        name: What to call it in a complaint.
        comments: Whether lines that begin with "#" say nothing.

    Raises:
        InputError: If it is no such table; it says in which line.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 2**20} MB.")
    text, notes = _text(content, name)
    if "\0" in text:
        raise InputError(f"{name} holds zero characters, so it is no table.", "Save it as CSV in UTF-8.")
    delimiter = _delimiter(text, comments)
    rows = list(_rows(text, name, delimiter, comments))
    if rows and delimiter != "," and _EXCEL.fullmatch(delimiter.join(rows[0][1])):
        rows = rows[1:]
    if not rows:
        raise InputError(f"{name} has no header.", "Name its columns in the first line.")
    if rows[0][1][0] == "" and len(rows[0][1]) > 1:
        notes.append(f"The first column of {name} has no name, as pandas writes its index, and was left out.")
        rows = [(line, values[1:]) for line, values in rows]
    columns = _header(rows[0][1], name)
    values = [_values(row, columns, name) for row in rows[1:]]
    if delimiter != ",":
        for column in columns:
            if _has_decimal_commas([row[column] for _, row in values]):
                notes.append(f"The numbers in {column!r} have decimal commas.")
                for _, row in values:
                    row[column] = row[column].replace(",", ".")
    _LOG.info("%s has %d rows of %d columns", name, len(values), len(columns))
    return Table(name, columns, tuple(values), tuple(notes))


def table_content(path: Path) -> bytes:
    """The bytes of a table, whose size is looked at before it is read.

    Raises:
        InputError: If it is not there, no file, larger than `MAX_BYTES`, or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES and path.is_file():
            raise InputError(
                f"{path} has {size / 1e9:,.1f} GB, and a table may have {MAX_BYTES / 1e9:.2f} GB: it was not read.",
                "Take a part of it, or only the columns that are needed.",
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error


def _text(content: bytes, name: str) -> tuple[str, list[str]]:
    """The letters of a table, and a note where the encoding had to be found out."""
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        if content.startswith(mark):
            try:
                return content.decode("utf-16"), []
            except UnicodeDecodeError as error:
                raise InputError(f"{name} begins as UTF-16 text, and is damaged further on.") from error
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        if found := decode_code_page(content):
            return found[0], [f"{name} was read as {found[1]}, since it is not UTF-8."]
        if guessed := guess_code_page(content):
            return guessed[0], [f"{name} was read as {guessed[1]}, which is a guess: it is not UTF-8."]
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{name}, line {line}, is not UTF-8 text.", "Save it as CSV in UTF-8.") from error


def _delimiter(text: str, comments: bool) -> str:
    lines = (line for line in text.splitlines() if line.strip() and not (comments and line.startswith("#")))
    header = next(lines, "")
    if said := _EXCEL.fullmatch(header.strip()):
        return said[1]
    return next((mark for mark in _DELIMITERS if mark in header), ",")


def _has_decimal_commas(values: Sequence[str]) -> bool:
    """Whether values are numbers, some of them with a decimal comma; empty ones say nothing."""
    known = [value for value in values if value]
    return any("," in value for value in known) and all(_DECIMAL.fullmatch(value) for value in known)


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


def _rows(text: str, name: str, delimiter: str, comments: bool) -> Iterator[tuple[int, list[str]]]:
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
