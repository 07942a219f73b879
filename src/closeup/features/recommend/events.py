"""Who took what, how often and when, read from a table of events; and what items are called."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from closeup.algorithms.ranking.factors import Floats, Interactions, pairs_of
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import LeftOut, counted
from closeup.tables.strict_csv import Table, parse_table, table_content

COLUMNS = {
    "user": ("user", "userid", "customer", "customerid", "visitor", "visitorid", "session", "account"),
    "item": (
        "item",
        "itemid",
        "artist",
        "artistid",
        "product",
        "productid",
        "movieid",
        "movie",
        "track",
        "song",
        "sku",
    ),
    "weight": ("weight", "plays", "playcount", "listens", "count", "quantity", "qty", "times", "rating"),
    "time": ("time", "timestamp", "date", "datetime", "invoicedate", "boughtat", "createdat"),
}
"""What columns are often called, without capitals and marks, by what they hold."""

FORMS = ("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%b %d, %Y")
"""How people write dates, beside ISO 8601; a time of day may follow."""

_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_NOTHING = frozenset({"", "nan", "na", "n/a", "null", "none"})


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """What was taken, each pair of a user and an item once.

    Attributes:
        name: Of the file.
        sha256: Of its bytes.
        rows: How many rows it has.
        users: Ids of the users, sorted.
        items: Ids of the items, sorted: numbers by size, others by their letters.
        pairs: By user: items and the sum of the weights.
        times: Shape (N,), as the pairs: seconds since 1970 of the last event; None without a column of times.
        notes: What was guessed, left out and summed.
    """

    name: str
    sha256: str
    rows: int
    users: tuple[str, ...]
    items: tuple[str, ...]
    pairs: Interactions
    times: Floats | None
    notes: tuple[str, ...]

    def kept(self, which: "np.ndarray[tuple[int], np.dtype[np.bool_]]", note: str = "") -> "Events":
        """The same with some of its pairs, those of `which` (N,), and with all its users and items."""
        rows = np.repeat(np.arange(len(self.users)), self.pairs.counts)[which]
        pairs = pairs_of(rows, self.pairs.columns[which], self.pairs.weights[which], (len(self.users), len(self.items)))
        times = None if self.times is None else self.times[which]
        return replace(self, pairs=pairs, times=times, notes=(*self.notes, note) if note else self.notes)


def read_events(
    path: Path,
    columns: Mapping[str, str] | None = None,
    *,
    minimum: float = 0.0,
    catalogue: Sequence[str] = (),
    progress: ProgressCallback = ignore,
) -> Events:
    """Read a table of events.

    Args:
        path: CSV with a header: a column of users, one of items, perhaps one of weights and one of times.
        columns: What those are called, by "user", "item", "weight" and "time"; what is not said is guessed from their
            names, and the guess is noted.
        minimum: Pairs whose weights add up to less are left out, and counted.
        catalogue: Ids of items that there are beside those of the events.
        progress: Is called while it is read.

    Raises:
        InputError: If it cannot be read, lacks a column, has no event, or a weight or time is none.
    """
    progress(Progress("Reading", 0, None, "rows"))
    content = table_content(path)
    table = parse_table(content, str(path))
    chosen, notes = _columns(table, dict(columns or {}))
    users, items = (_ids(table, chosen[what], what, notes) for what in ("user", "item"))
    weights = _numbers(table, chosen["weight"]) if "weight" in chosen else np.ones(len(table.rows))
    times = _times(table, chosen["time"], notes) if "time" in chosen else None
    progress(Progress("Reading", len(table.rows), len(table.rows), "rows"))
    named = np.array([bool(user) and bool(item) for user, item in zip(users, items, strict=True)], np.bool_)
    _say(notes, len(named) - int(named.sum()), "without a user or an item")
    taken = named & (weights > 0)
    _say(notes, int((named & ~taken).sum()), "whose weight is zero, negative or empty")
    kept = np.flatnonzero(taken)
    if not len(kept):
        raise InputError(f"{path} has no event with a user, an item and a weight above 0.", *notes[-1:])
    known = _sorted({users[k] for k in kept.tolist()}), _sorted({items[k] for k in kept.tolist()} | set(catalogue))
    pairs, last = _summed(
        ([users[k] for k in kept.tolist()], [items[k] for k in kept.tolist()]),
        known,
        weights[kept],
        None if times is None else times[kept],
    )
    if (twice := len(kept) - len(pairs.columns)) > 0:
        notes.append(f"{counted(twice, 'row')} repeated a user and an item; their weights were added up.")
    digest = hashlib.sha256(content).hexdigest()
    events = Events(path.name, digest, len(table.rows), *known, pairs, last, tuple(notes))
    rare = pairs.weights < minimum
    if rare.any():
        note = f"{counted(int(rare.sum()), 'pair')} with a weight below {minimum:g} were left out."
        events = events.kept(~rare, note)
    if not len(events.pairs.columns):
        raise InputError(f"Every pair of {path} has a weight below {minimum:g}.", "Ask for a lower minimum.")
    return events


def read_names(path: Path) -> dict[str, str]:
    """What items are called: a table with a column of ids and one of names, the first two or "id" and "name".

    Raises:
        InputError: If it is no such table, or an id is there twice with two names.
    """
    table = parse_table(table_content(path), str(path))
    if len(table.columns) < 2:
        raise InputError(f"{path} has one column; names need two, id and name.")
    spelt = {_plain(column): column for column in table.columns}
    name_column = next((spelt[word] for word in ("name", "title") if word in spelt), table.columns[1])
    id_column = next((spelt[word] for word in ("id", *COLUMNS["item"]) if word in spelt), table.columns[0])
    notes: list[str] = []
    names: dict[str, str] = {}
    for (line, row), item in zip(table.rows, _ids(table, id_column, "item", notes), strict=True):
        if names.setdefault(item, row[name_column]) != row[name_column]:
            raise InputError(f"{path}, line {line}: {item!r} has two names.")
    return names


def _columns(table: Table, said: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """What each column is, and notes on what was guessed."""
    chosen, notes = {}, list(table.notes)
    for what, column in said.items():
        if column:
            table.need(column)
            chosen[what] = column
    spelt = {_plain(column): column for column in table.columns}
    guessed = []
    for what, words in COLUMNS.items():
        column = next((spelt[word] for word in words if word in spelt and spelt[word] not in chosen.values()), "")
        if what not in chosen and column:
            chosen[what] = column
            guessed.append(f"{what} is the column {column!r}")
    for what in ("user", "item"):
        if what not in chosen:
            raise InputError(
                f"{table.name} does not say which column holds the {what}s.",
                f"Its columns are: {', '.join(table.columns)}.",
                code="recommend.column",
                what=what,
                columns=", ".join(table.columns),
            )
    if guessed:
        notes.append(f"Guessed from the header: {', '.join(guessed)}.")
    if "weight" not in chosen:
        notes.append("There is no column of weights: every row counts 1.")
    return chosen, notes


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "", word).casefold()


def _ids(table: Table, column: str, what: str, notes: list[str]) -> list[str]:
    """A column of ids; where all are numbers, "12.0", as spreadsheets and pandas write 12, is 12."""
    values = [row[column] for _, row in table.rows]
    found = [_WHOLE.fullmatch(value) for value in values]
    others = [value for match, value in zip(found, values, strict=True) if not match and value]
    if shortened := next(filter(_SHORTENED.fullmatch, others), ""):
        notes.append(
            f"Ids of {what}s such as {shortened} look as if a spreadsheet had shortened them: different ones may have "
            "become one."
        )
    if any(found) and all(value.lstrip("+-").isdigit() for value in others):
        notes.append(f"Ids of {what}s such as {next(filter(None, found))[0]} were read as whole numbers.")
        return [match[1] if match else value for match, value in zip(found, values, strict=True)]
    return values


def _sorted(ids: set[str]) -> tuple[str, ...]:
    """Ids in their order: numbers by size, all others by their letters."""
    if all(each.isascii() and each.isdigit() for each in ids):
        return tuple(sorted(ids, key=lambda each: (int(each), each)))
    return tuple(sorted(ids))


def _numbers(table: Table, column: str) -> Floats:
    found = np.zeros(len(table.rows))
    for place, (line, row) in enumerate(table.rows):
        text = row[column]
        try:
            found[place] = 0.0 if text.casefold() in _NOTHING else float(text)
        except ValueError:
            found[place] = np.nan
        if not np.isfinite(found[place]):
            raise InputError(f"{table.name}, line {line}: the weight {text!r} is no number.")
    return found


def _times(table: Table, column: str, notes: list[str]) -> Floats:
    """A column of times as seconds since 1970; one way of writing must fit all of it."""
    texts = [row[column] for _, row in table.rows]
    ways: list[tuple[str, Callable[[str], float]]] = [("numbers", _epoch), ("ISO 8601", _iso)]
    ways += [(form, lambda text, form=form: _by_form(text, form)) for form in FORMS]  # type: ignore[misc]
    furthest, fits = 0, list[tuple[str, Floats]]()
    for name, way in ways:
        values = []
        for text in texts:
            try:
                values.append(way(text) if text else np.nan)
            except (ValueError, OverflowError):
                break
        furthest = max(furthest, len(values))
        if len(values) == len(texts):
            fits.append((name, np.array(values)))
    if not fits:
        line, row = table.rows[furthest]
        wrong = "is not written as those before it" if any(texts[:furthest]) else "is in no form that is known here"
        raise InputError(
            f"{table.name}, line {line}: the time {row[column]!r} {wrong}.",
            "Write all as 2024-05-03 or 2024-05-03 14:30:00, or as seconds since 1970.",
        )
    if len(fits) > 1 and any((other != fits[0][1]).any() for _, other in fits[1:]):
        notes.append(f"Times may be {' or '.join(name for name, _ in fits)}; they were read as {fits[0][0]}.")
    if empty := int(np.isnan(fits[0][1]).sum()):
        notes.append(f"{counted(empty, 'row')} without a time count as the earliest.")
    return np.nan_to_num(fits[0][1], nan=-np.inf, neginf=-np.inf)


def _epoch(text: str) -> float:
    """Seconds, milliseconds and so on since 1970, by how large they are; a year or a day as 20240131 is none."""
    value = float(text)
    if len(text) == 8 and text.isdigit():
        return _by_form(text, "%Y%m%d")
    while abs(value) > 1e11:
        value /= 1000
    return value


def _iso(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=_UTC)).timestamp()


_UTC = datetime.fromisoformat("2000-01-01T00:00:00+00:00").tzinfo


def _by_form(text: str, form: str) -> float:
    for ending in ("", " %H:%M", " %H:%M:%S", " %I:%M %p"):
        try:
            return datetime.strptime(text, form + ending).replace(tzinfo=_UTC).timestamp()
        except ValueError:
            continue
    raise ValueError(text)


def _summed(
    taken: tuple[Sequence[str], Sequence[str]],
    known: tuple[Sequence[str], Sequence[str]],
    weights: Floats,
    times: Floats | None,
) -> tuple[Interactions, Floats | None]:
    """Pairs with the sums of their weights and their last times (N,), of users and items among those known."""
    places = [{each: place for place, each in enumerate(ids)} for ids in known]
    rows, columns = (
        np.array([place[each] for each in ids], np.int64) for place, ids in zip(places, taken, strict=True)
    )
    shape = len(known[0]), len(known[1])
    keys, inverse = np.unique(rows * shape[1] + columns, return_inverse=True)
    pairs = pairs_of(keys // shape[1], keys % shape[1], np.bincount(inverse, weights).astype(np.float64), shape)
    if times is None:
        return pairs, None
    last = np.full(len(keys), -np.inf)
    np.maximum.at(last, inverse, times)
    return pairs, last


def _say(notes: list[str], number: int, which: str) -> None:
    if number:
        notes.append(LeftOut(f"{counted(number, 'row')} {which} were left out."))
