"""What the columns of a table are: numbers, categories, dates, ids, positions; understood from names and values.

Everything that is guessed is said: `Column.note` has a sentence where a reader would ask.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.words import counted, listed
from closeup.documents.form import file_bytes
from closeup.tables.strict_csv import MAX_BYTES, Table, parse_table

Kind = Literal["number", "category", "date", "id", "latitude", "longitude", "text", "constant"]
Floats = NDArray[np.float64]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "--", "#n/a", "missing", "unknown", "없음"})
"""What people write where there is nothing, in lower case."""

MOST_LEVELS = 400
"""A column of words with more different values is text, and is set aside; so is one where nearly all differ."""

MOSTLY = 0.98
"""So much of a column must be of a kind for it to be that; the rest counts as missing, and is counted."""

_WORDS = """
id: id pid uid uuid key index no number listing_id 번호 아이디
latitude: lat latitude y_lat 위도
longitude: long lon lng longitude x_long 경도
code: zip zipcode zip_code postcode postal_code postalcode plz 우편번호
year: yr year built renovated 연도 건축년도 준공
renewed: renovated renovation renewed remodeled remodelled remodel refurbished 리모델링
room: bed beds bedroom bedrooms bath baths bathroom bathrooms room rooms 방 화장실
unit: sqft sqm m2 ft2 sf area acres ft feet km miles usd eur krw kg mm cm 면적 평
"""
SYNONYMS = {line.split(":")[0]: frozenset(line.split()[1:]) for line in _WORDS.strip().splitlines()}
"""Words in the names of columns that say what they are; a name is cut at "_", spaces and before capital letters."""

LARGEST = 1e30
"""Numbers beyond are none: their squares would be infinite."""

_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MONEY = re.compile(r"([-+]?)\s*[$€£₩¥]?\s*([-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*[%€₩원]?")
_EPOCH = date(1970, 1, 1).toordinal()
_DATES = (
    "%Y%m%dT%H%M%S",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y-%m",
    "%d %b %Y",
    "%b %d, %Y",
    "%Y년 %m월 %d일",
)


@dataclass(frozen=True, slots=True)
class Column:
    """What one column is.

    Attributes:
        name: As in the table.
        kind: What it is taken for; text and constants are set aside, ids serve to keep rows together.
        form: Of dates: how they are written, as `strptime` has it.
        levels: Of categories: the different values, sorted.
        code: Whether a column of numbers is a code, such as a zipcode, that is looked at as a category too.
        missing: Cells without a value.
        note: What was guessed or set aside, a sentence; "" where nothing was.
    """

    name: str
    kind: Kind
    form: str = ""
    levels: tuple[str, ...] = ()
    code: bool = False
    missing: int = 0
    note: str = ""

    def says(self, word: str) -> bool:
        """Whether the name has one of the words of `SYNONYMS[word]`."""
        return self.name.casefold() in SYNONYMS[word] or bool(name_words(self.name) & SYNONYMS[word])


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose columns are understood.

    Attributes:
        name: What complaints call it.
        columns: What each is.
        numbers: Shape (N,), float64, NaN where missing, by name: numbers, positions, and dates as days since 1970.
        words: Shape (N,), text, "" where missing, by name: categories, codes and ids.
        lines: Shape (N,): the line of the file that each row ends on.
    """

    name: str
    columns: tuple[Column, ...]
    numbers: Mapping[str, Floats]
    words: Mapping[str, NDArray[np.str_]]
    lines: NDArray[np.int64]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.lines)

    def of(self, *kinds: Kind) -> list[Column]:
        """The columns of some kinds, in order."""
        return [column for column in self.columns if column.kind in kinds]

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> "Rows":
        """Some of the rows, by (M,) indices or (N,) truth."""
        numbers = {name: values[chosen] for name, values in self.numbers.items()}
        words = {name: values[chosen] for name, values in self.words.items()}
        return replace(self, numbers=numbers, words=words, lines=self.lines[chosen])


def read_rows_table(path: Path) -> Table:
    """Read a table; a file that is too large is refused unread.

    Raises:
        InputError: If it cannot be read, is too large, is no table or has no row.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    if size > MAX_BYTES:
        raise InputError(
            f"{path} has {size / 1e6:,.0f} MB, and tables up to {MAX_BYTES / 1e6:,.0f} MB are read: all of it is held "
            "in memory, about ten times that.",
            "Leave out columns, or draw some of the rows.",
        )
    table = parse_table(file_bytes(path), str(path))
    if not table.rows:
        raise InputError(f"{path} has a header and no rows.")
    return table


def name_words(name: str) -> frozenset[str]:
    """The words of a column's name, in lower case: "sqft_living15" is sqft and living."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return frozenset(filter(None, (word.strip("0123456789") for word in re.split(r"[\W_]+", apart.casefold()))))


def understand(table: Table, target: str) -> tuple[Column, ...]:
    """What each column but the target is.

    Raises:
        InputError: If there is no column `target`.
    """
    table.need(target)
    columns = [_understood(name, [row[name] for _, row in table.rows]) for name in table.columns if name != target]
    kinds = Counter(column.kind for column in columns)
    if kinds["latitude"] != 1 or kinds["longitude"] != 1:  # half a position is a number like any other
        columns = [replace(each, kind="number") if "itude" in each.kind else each for each in columns]
    return tuple(columns)


def typed(table: Table, columns: Sequence[Column]) -> Rows:
    """The rows of a table by what its columns are known to be.

    Raises:
        InputError: If columns that an answer rests on are missing, or hold something else.
    """
    used = [column for column in columns if column.kind not in ("text", "constant")]
    lacking = [column.name for column in used if column.kind != "id" and column.name not in table.columns]
    if lacking:
        raise InputError(
            f"{table.name} lacks {counted(len(lacking), 'column')} that the model rests on: {listed(lacking)}.",
            "Add them; a cell without a value may stay empty.",
        )
    numbers: dict[str, Floats] = {}
    words: dict[str, NDArray[np.str_]] = {}
    for column in used:
        if column.name not in table.columns:
            continue
        cells = [row[column.name] for _, row in table.rows]
        if column.kind == "date":
            numbers[column.name] = np.array([_day(cell, column.form) for cell in cells])
        elif column.kind not in ("category", "id"):
            numbers[column.name] = values = np.array([as_number(cell) for cell in cells])
            said = sum(cell.casefold() not in MISSING for cell in cells)
            if said and np.isnan(values).all():
                raise InputError(f"{table.name}: the column {column.name!r} holds no numbers, and the model's did.")
        if column.kind in ("category", "id") or column.code:
            words[column.name] = np.array([_word(cell) for cell in cells], np.str_)
    lines = np.array([line for line, _ in table.rows], np.int64)
    return Rows(table.name, tuple(columns), numbers, words, lines)


def target_values(table: Table, target: str) -> Floats:
    """The target of each row, (N,), NaN where it is missing.

    Raises:
        InputError: If there is no such column, it holds text, or all of it is missing or the same.
    """
    table.need(target)
    cells = [(line, row[target]) for line, row in table.rows]
    values = np.array([as_number(cell) for _, cell in cells])
    for (line, cell), value in zip(cells, values.tolist(), strict=True):
        if np.isnan(value) and cell.casefold() not in MISSING:
            raise InputError(f"{table.name}, line {line}: {target} is {cell[:40]!r}, and must be a number up to 1e30.")
    known = values[np.isfinite(values)]
    if not len(known):
        raise InputError(f"{table.name}: no row has a {target}.")
    return values


def groups_of(rows: Rows, column: str = "") -> tuple[NDArray[np.int64], str]:
    """What keeps rows of one thing together: a number for each row, (N,), the same in every table; and by what.

    Without a column it is an id that repeats; else rows alike in position, in all sizes and in all years; else rows
    that are alike in everything.

    Raises:
        InputError: If there is no such column.
    """
    if column:
        if column not in rows.words and column not in rows.numbers:
            known = [*rows.words, *(name for name in rows.numbers if name not in rows.words)]
            raise InputError(
                f"{rows.name} has no column {column!r} that rows can be kept together by.",
                f"There are {listed(known)}.",
            )
        return _hashed([rows.words.get(column, rows.numbers.get(column))]), column
    for each in rows.of("id"):
        words = rows.words.get(each.name)
        if words is not None and len(np.unique(words)) < len(words):
            return _hashed([words]), each.name
    place = [each.name for each in rows.of("latitude", "longitude")]
    if place:
        place += [each.name for each in rows.of("number") if each.says("unit") or each.says("year")]
        return _hashed([rows.numbers[name] for name in place]), listed(place)
    every = [*rows.numbers.values(), *(rows.words[each.name] for each in rows.of("category"))]
    return _hashed(every), "rows that are alike"


def shares_of(groups: NDArray[np.int64], count: int = 5) -> NDArray[np.intp]:
    """Deal groups (N,) out to folds, (N,) from 0 to `count` - 1; the order of the rows does not matter."""
    names, place = np.unique(groups, return_inverse=True)
    digests = [hashlib.md5(f"fold:{name}".encode(), usedforsecurity=False).digest() for name in names.tolist()]
    order = sorted(range(len(names)), key=digests.__getitem__)
    fold = np.empty(len(names), np.intp)
    fold[order] = np.arange(len(names)) % count
    return fold[place]


def as_number(cell: str) -> float:
    """A cell as a number: "1,234.5" and "$ 1,200" too; NaN where it is none, or one beyond `LARGEST`."""
    if _PLAIN.fullmatch(cell):
        return value if abs(value := float(cell)) <= LARGEST else float("nan")
    if cell.casefold() in ("true", "yes", "false", "no"):
        return float(cell.casefold() in ("true", "yes"))
    found = _MONEY.fullmatch(cell)
    return float(found[1] + found[2].replace(",", "")) if found else float("nan")


def _understood(name: str, cells: Sequence[str]) -> Column:
    known = [cell for cell in cells if cell.casefold() not in MISSING]
    missing = len(cells) - len(known)
    bare = Column(name, "text", missing=missing)
    different = set(known)
    if len(different) < 2:
        return replace(bare, kind="constant", note="It says the same in every row, and was set aside.")
    if form := _date_form(known):
        clash = form == "%m/%d/%Y" and all(_day(cell, "%d/%m/%Y") == _day(cell, "%d/%m/%Y") for cell in known)
        note = "Dates such as 3/4/2015 were read with the month first." if clash else ""
        return replace(bare, kind="date", form=form, note=note)
    numbers = np.array([as_number(cell) for cell in known])
    fits = np.isfinite(numbers)
    if bare.says("id") and len(different) > 0.5 * len(known) and (not fits.all() or (numbers % 1 == 0).all()):
        return replace(bare, kind="id", note="Its name and values say that it is an id: nothing is learnt from it.")
    if fits.mean() >= MOSTLY:
        return _number_column(bare, numbers[fits], int((~fits).sum()))
    dates = np.mean([any(not np.isnan(_day(cell, form)) for form in _DATES) for cell in known[:200]]) > 0.5
    odd = "Most cells are dates, but not all in one form, so it was not read as such. " if dates else ""
    if not odd and fits.mean() > 0.5:
        odd = f"{counted(int((~fits).sum()), 'cell is', 'cells are')} no number, too many to count as missing. "
    if len(different) > min(MOST_LEVELS, 0.5 * len(known)):
        return replace(bare, note=f"{odd}It holds text ({len(different):,} different values), and was set aside.")
    return replace(bare, kind="category", levels=tuple(sorted({_word(cell) for cell in known})), note=odd.strip())


def _number_column(bare: Column, numbers: Floats, odd: int) -> Column:
    note = f"{counted(odd, 'cell is', 'cells are')} no number, and count as missing." if odd else ""
    found = replace(bare, kind="number", missing=bare.missing + odd, note=note)
    low, high = numbers.min(), numbers.max()
    if found.says("latitude") and low >= -90 and high <= 90:
        return replace(found, kind="latitude")
    if found.says("longitude") and low >= -180 and high <= 180:
        return replace(found, kind="longitude")
    if found.says("code") and (numbers % 1 == 0).all():
        levels = tuple(sorted({_word(repr(value)) for value in np.unique(numbers).tolist()}))
        return replace(found, code=True, levels=levels)
    return found


def _date_form(known: Sequence[str]) -> str:
    sample = known[:: max(1, len(known) // 200)]
    for form in _DATES:
        # Eight digits are a date where they name days of the last or the next century only.
        if all(_PLAIN.fullmatch(cell) for cell in sample[:20]) and form != "%Y%m%d":
            continue
        if all(not np.isnan(_day(cell, form)) for cell in sample[:20]):
            days = np.array([_day(cell, form) for cell in known])
            if np.isfinite(days).mean() >= MOSTLY and (form != "%Y%m%d" or np.isfinite(days).all()):
                return form
    return ""


def _day(cell: str, form: str) -> float:
    try:
        found = datetime.strptime(cell.removesuffix(".0"), form)
    except ValueError:
        return float("nan")
    return float(found.toordinal() - _EPOCH) if 1850 <= found.year <= 2150 else float("nan")


def _word(cell: str) -> str:
    """A category or an id as it is compared: 98178.0 and 98178 are one."""
    if cell.casefold() in MISSING:
        return ""
    return cell[:-2] if cell.endswith(".0") and cell[:-2].isdigit() else cell


def _hashed(columns: Sequence[Callable[..., object] | NDArray[np.generic] | None]) -> NDArray[np.int64]:
    parts = [np.asarray(column).tolist() for column in columns if column is not None]
    texts = ["\x1f".join(map(str, row)) for row in zip(*parts, strict=True)]
    digests = {text: hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8] for text in set(texts)}
    return np.array([int.from_bytes(digests[text], "big", signed=True) for text in texts], np.int64)
