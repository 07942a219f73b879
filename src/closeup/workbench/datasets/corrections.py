"""Label corrections as data: a table beside the pictures, applied when they are read, undone by removing a line."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn, get_args

from closeup.core.errors import InputError
from closeup.core.file_lock import one_at_a_time
from closeup.core.types import FileName
from closeup.core.whole import write_whole
from closeup.documents.form import Form
from closeup.media.files import unreadable
from closeup.tables.strict_csv import parse_table, table_bytes
from closeup.workbench.datasets.items import AppliedCorrection, Correction, Dataset, DatasetSource, Field, Item, Label
from closeup.workbench.datasets.labels import composed, label_of, number_of

COLUMNS = ("kind", "which", "field", "old", "new", "who", "when", "why")
"""Of a corrections file; the first five must be there."""

RECORD_COLUMNS = ("source", "pictures", "kind", "which", "field", "old", "new", "who", "when", "why", "line")
"""Of the corrections that a run's data was read with; `pictures` is how many labels a line changed."""

KINDS: tuple[str, ...] = get_args(Correction.__annotations__["kind"])
_LOOK_HINT = "Look at the pictures, then correct the line or remove it."

_MOST_LOOKED_AT = 5000
"""Among more names than this, the nearest to a wrong one is not looked for: it would take seconds."""

HASH_MARK = "sha256:"
_HASH = re.compile(r"sha256:[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True)
class FittingCorrection:
    """A correction that fits a dataset: the number of its line, and keys of the pictures that it changes."""

    line: int
    keys: tuple[FileName, ...]


CORRECTION = Form(Correction, "correction")
FITTING = Form(FittingCorrection, "fitting correction")


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Read a corrections file: CSV with the columns `COLUMNS`; lines that begin with "#" are remarks.

    Raises:
        InputError: If it cannot be read, or a line is none that could be applied or says what one before it says; the
            message has the number of the line.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", "Check the spelling and the folder that you are in.") from error
    except OSError as error:
        raise unreadable(path, error) from error
    return parse_corrections(content, str(path))


def parse_corrections(content: bytes, name: str) -> tuple[Correction, ...]:
    """Read the bytes of a corrections file, which complaints call `name`.

    Raises:
        InputError: As `read_corrections`.
    """
    table = parse_table(content, name, comments=True)
    for column in COLUMNS[:5]:
        table.need(column, f"A corrections file begins with: {','.join(COLUMNS)}")
    for column in table.columns:
        if column not in COLUMNS:
            near = get_close_matches(column, COLUMNS, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{name} has a column that is not known: {column!r}.{meant}", f"{','.join(COLUMNS)}")
    lines = tuple(_correction(values, line, name) for line, values in table.rows)
    _check_twins(lines, name)
    return lines


def _correction(values: Mapping[str, str], line: int, name: str) -> Correction:
    where = f"{name}, line {line}"
    if values["kind"] not in KINDS:
        near = get_close_matches(values["kind"], KINDS, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"{where}: a correction of the kind {values['kind']!r} is not known.{meant}", _KIND_HINT)
    correction = Correction(**dict(values), line=line)  # type: ignore[arg-type] # the kind has been looked at
    check_correction(correction, where)
    return correction


_KIND_HINT = 'Write "picture" for one picture, "group" for all of one group, "swap" to exchange two labels in a group.'


def check_correction(correction: Correction, where: str) -> None:
    """Make sure that a correction could be applied to some data.

    Raises:
        InputError: If something in it is missing or contradicts itself; it begins with `where`.
    """
    for column in COLUMNS:
        if any(not character.isprintable() for character in getattr(correction, column)):
            raise InputError(f"{where}: {column!r} holds a line break or another sign that cannot be seen.")
    for column in ("which", "field"):
        if not getattr(correction, column):
            raise InputError(f"{where}: {column!r} is empty.", f"A line says: {','.join(COLUMNS)}")
    if correction.old == correction.new:
        raise InputError(f"{where}: old and new are the same, {correction.old!r}.", "Remove the line.")
    if correction.kind == "swap" and not (correction.old and correction.new):
        raise InputError(f"{where}: to swap, both old and new must be labels.")
    if (
        correction.kind == "picture"
        and correction.which.startswith(HASH_MARK)
        and not _HASH.fullmatch(correction.which)
    ):
        raise InputError(f"{where}: {correction.which!r} is no hash.", "Write sha256: and 12 to 64 digits 0-9a-f.")
    if correction.when:
        try:
            datetime.fromisoformat(correction.when)
        except ValueError:
            raise InputError(f"{where}: {correction.when!r} is no date.", "Write it as 2026-11-21.") from None


def _said(correction: Correction) -> tuple[str, ...]:
    """What a correction does, whoever said it; a swap is the same both ways round."""
    labels = (correction.old, correction.new)
    if correction.kind == "swap":
        labels = (min(labels), max(labels))
    return (correction.kind, correction.which, correction.field, *labels)


def _check_twins(lines: Iterable[Correction], name: str) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for correction in lines:
        said = _said(correction)
        if said in seen:
            raise InputError(
                f"{name}, line {correction.line}, says the same as line {seen[said]}.", "Remove one of the two."
            )
        seen[said] = correction.line


def record_bytes(applied: Iterable[AppliedCorrection]) -> bytes:
    """Corrections and what they changed, as CSV with RECORD_COLUMNS: a run's corrections.csv."""
    rows = (
        {"source": one.source, "pictures": str(len(one.keys))}
        | {name: str(getattr(one.correction, name)) for name in RECORD_COLUMNS[2:]}
        for one in applied
    )
    return table_bytes(RECORD_COLUMNS, rows)


def append_corrections(path: Path, corrections: Sequence[Correction]) -> None:
    """Add lines at the end of a corrections file, all or none of them; the file is made where it is missing.

    What is there already stays as it is, byte for byte, remarks too.

    Raises:
        InputError: If the file is no corrections file, a line could not be applied, or says what is there already.
        OutputError: If it cannot be written.
    """
    with one_at_a_time(path):
        write_whole(path, _with_lines(path, corrections))


def _with_lines(path: Path, corrections: Sequence[Correction]) -> bytes:
    """What the corrections file at `path` holds, and these lines at its end."""
    old = b""
    if path.exists():
        read_corrections(path)
        old = path.read_bytes()
        if not old.endswith(b"\n"):
            old += b"\n"
    for number, correction in enumerate(corrections, start=1):
        check_correction(correction, f"correction {number}")
    header = parse_table(old, str(path), comments=True).columns if old else COLUMNS
    rows = [{name: getattr(line, name) for name in COLUMNS} for line in corrections]
    lost = [name for name in COLUMNS if name not in header and any(row[name] for row in rows)]
    if lost:
        raise InputError(f"{path} has no column {lost[0]!r}.", f"Make its first line: {','.join(COLUMNS)}")
    added = table_bytes(header, ({name: row[name] for name in header} for row in rows))
    new = old + (added.split(b"\n", 1)[1] if old else added)
    parse_corrections(new, str(path))  # the twins
    return new


def remove_correction(path: Path, line: int) -> Correction:
    """Take one line out of a corrections file, which undoes it; everything else stays, byte for byte.

    Returns:
        What the line said.

    Raises:
        InputError: If there is no correction in that line.
        OutputError: If the file cannot be written.
    """
    read_corrections(path)  # where there is no such file, none is locked
    with one_at_a_time(path):
        before = read_corrections(path)
        found = next((correction for correction in before if correction.line == line), None)
        if found is None:
            numbers = ", ".join(str(correction.line) for correction in before[:10])
            raise InputError(f"{path} has no correction in line {line}.", f"There are some in the lines {numbers}.")
        lines = path.read_bytes().splitlines(keepends=True)
        new = b"".join(lines[: line - 1] + lines[line:])
        after = parse_corrections(new, str(path))
        if [_said(c) for c in after] != [_said(c) for c in before if c is not found]:
            raise InputError(
                f"{path}: the correction in line {line} goes over several lines.", "Remove it with an editor."
            )
        write_whole(path, new)
        return found


def apply_corrections(
    dataset: Dataset, corrections: Sequence[Correction], name: str = "The corrections"
) -> tuple[Dataset, tuple[AppliedCorrection, ...]]:
    """Correct labels, line after line: a later line sees what the earlier ones left.

    `old` and `new` may be written as in the data or, where the recipe renames labels, as in the recipe; `field` may
    be the recipe's field or the table's column.

    Args:
        dataset: What to correct; it stays as it is.
        corrections: The lines, as `read_corrections` gives them.
        name: What complaints call the file.

    Returns:
        The corrected dataset, and what each line changed.

    Raises:
        InputError: If a line names a picture, group, field or label that is not there, or `old` is not the label; the
            message has the number of the line, and nothing is corrected.
    """
    work = _Work(dataset, name)
    applied = tuple(work.apply(correction) for correction in corrections)
    fields = tuple(_field_after(known, work.items) for known in dataset.fields)
    corrected = replace(dataset, items=tuple(work.items), fields=fields, corrections=dataset.corrections + applied)
    return corrected, applied


def _field_after(known: Field, items: Sequence[Item]) -> Field:
    if known.kind == "value":
        return known
    return replace(known, classes=tuple(sorted({str(i.labels[known.name]) for i in items if known.name in i.labels})))


class _Work:
    """The items under correction, found by path, hash and group."""

    def __init__(self, dataset: Dataset, name: str) -> None:
        self.items = list(dataset.items)
        self._dataset = dataset
        self._name = name
        self._paths: dict[str, list[int]] = {}
        self._groups: dict[str, list[int]] = {}
        for index, item in enumerate(self.items):
            for path in {composed(item.path), item.key}:
                self._paths.setdefault(path, []).append(index)
            self._groups.setdefault(item.group, []).append(index)
        self._hashes: list[str] = []

    def apply(self, correction: Correction) -> AppliedCorrection:
        """Apply one line.

        Raises:
            InputError: If it does not fit.
        """
        found = self._pictures(correction) if correction.kind == "picture" else self._group(correction)
        slots = {index: self._slot(correction, self.items[index]) for index in found}
        is_old = {index: slot.says(self.items[index], correction.old) for index, slot in slots.items()}
        is_new = {index: slot.says(self.items[index], correction.new) for index, slot in slots.items()}
        change = {index: correction.new for index in found if is_old[index]}
        if correction.kind == "swap":
            back = {index: correction.old for index in found if is_new[index]}
            if not change or not back:
                missing = correction.new if change else correction.old
                self._refuse(correction, f"no picture of the group {correction.which!r} is {missing!r}", _LOOK_HINT)
            change |= back
        else:
            others = [index for index in found if not is_old[index] and not is_new[index]]
            if others or not change:
                self._not_old(correction, (others or found)[0], slots)
        for index, label in change.items():
            try:
                self.items[index] = slots[index].put(self.items[index], label)
            except InputError as error:
                self._refuse(correction, error.message.rstrip("."), error.hint)
        source = self.items[found[0]].source
        return AppliedCorrection(correction, source, tuple(self.items[index].key for index in change))

    def _pictures(self, correction: Correction) -> list[int]:
        which = correction.which
        if which.startswith(HASH_MARK):
            return self._alike(correction, which.removeprefix(HASH_MARK))
        found = self._paths.get(composed(which), [])
        if not found:
            self._missing(correction, f"there is no picture {which!r}", which, self._paths)
        sources = {self.items[index].source for index in found}
        if len(sources) > 1:
            self._refuse(correction, f"{which!r} is in several sources", f"Write {min(sources)}/{which}, for instance.")
        return found

    def _alike(self, correction: Correction, digits: str) -> list[int]:
        """The pictures of one hash: a file that is there twice is one picture."""
        if not self._hashes:
            self._hashes = self._dataset.hashes()
        found = [index for index, digest in enumerate(self._hashes) if digest.startswith(digits)]
        if not found:
            self._refuse(correction, "there is no picture of this hash", "Correct the line or remove it.")
        if len({self._hashes[index] for index in found}) > 1:
            self._refuse(correction, "several pictures have a hash that begins so", "Write more of its digits.")
        return found

    def _group(self, correction: Correction) -> list[int]:
        found = self._groups.get(correction.which, [])
        if not found:
            self._missing(correction, f"there is no group {correction.which!r}", correction.which, self._groups)
        return found

    def _slot(self, correction: Correction, item: Item) -> "_Slot":
        source = self._dataset.source(item.source)
        column = source.columns.get(correction.field, correction.field if correction.field in item.columns else None)
        names = {name for name, read in source.columns.items() if read == column}
        if column is None and correction.field in source.recipe.constant:
            names = {correction.field}
        if column is None and not names:
            known = [*source.columns, *item.columns]
            self._missing(correction, f"{source.name} has no field {correction.field!r}", correction.field, known)
        return _Slot(column, tuple(known for known in self._dataset.fields if known.name in names), source)

    def _not_old(self, correction: Correction, index: int, slots: Mapping[int, "_Slot"]) -> NoReturn:
        there = slots[index].text(self.items[index])
        if slots[index].says(self.items[index], correction.new):
            what, hint = f"is {there!r} already", "Remove the line; somebody has corrected the data itself."
        else:
            what = f"is {there!r}, not {correction.old!r}" if there else f"has no label, not {correction.old!r}"
            hint = _LOOK_HINT
        self._refuse(correction, f"{correction.field} of {self.items[index].path} {what}", hint)

    def _missing(self, correction: Correction, what: str, looked_for: str, known: Collection[str]) -> NoReturn:
        near = get_close_matches(looked_for, known, n=1) if len(known) < _MOST_LOOKED_AT else []
        self._refuse(correction, what, f"Did you mean {near[0]}?" if near else "Correct the line or remove it.")

    def _refuse(self, correction: Correction, what: str, hint: str) -> NoReturn:
        at = f"line {correction.line}" if correction.line else f"the one for {correction.which!r}"
        raise InputError(f"{self._name}, {at}: {what}.", hint)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a label stands: a column and the fields that are read from it, or a field that all pictures share."""

    column: str | None
    fields: tuple[Field, ...]
    source: DatasetSource

    def text(self, item: Item) -> str:
        if self.column is not None:
            return item.columns.get(self.column, "")
        return _text(item.labels.get(self.fields[0].name)) if self.fields else ""

    def says(self, item: Item, label: str) -> bool:
        """Whether `label` is what stands there, as the data or as the recipe calls it."""
        there = self.text(item)
        if there == label:
            return True
        for known in self.fields:
            text = self.source.recipe.rename.get(known.name, {}).get(there, there)
            if text == label:
                return True
            if known.kind == "value" and text and label and number_of(text) == number_of(label) is not None:
                return True
        return False

    def put(self, item: Item, label: str) -> Item:
        labels, columns = dict(item.labels), dict(item.columns)
        if self.column is not None:
            columns[self.column] = label
        for known in self.fields:
            rename = self.source.recipe.rename.get(known.name, {})
            value = label_of(label, is_value=known.kind == "value", rename=rename)
            labels.pop(known.name, None)
            if value is not None:
                labels[known.name] = value
        return replace(item, labels=labels, columns=columns)


def _text(label: Label | None) -> str:
    if label is None:
        return ""
    return f"{label:g}" if isinstance(label, float) else label
