"""Label corrections at work: each line checked against what is there, then applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import NoReturn

from closeup.core.errors import InputError
from closeup.workbench.datasets.corrections import HASH_MARK
from closeup.workbench.datasets.items import AppliedCorrection, Correction, Dataset, Field, Item, Label, Source
from closeup.workbench.datasets.labels import label_of, number_of


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
            for path in {item.path, item.key}:
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
                self._refuse(correction, f"no picture of the group {correction.which!r} is {missing!r}")
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
        if not which.startswith(HASH_MARK):
            if which not in self._paths:
                self._missing(correction, f"there is no picture {which!r}", list(self._paths))
            return self._paths[which]
        if not self._hashes:
            self._hashes = self._dataset.hashes()
        digits = which.removeprefix(HASH_MARK)
        found = [index for index, digest in enumerate(self._hashes) if digest.startswith(digits)]
        if not found:
            self._missing(correction, "there is no picture of this hash", [])
        if len({self._hashes[index] for index in found}) > 1:
            self._refuse(correction, "several pictures have a hash that begins so", "Write more of its digits.")
        return found

    def _group(self, correction: Correction) -> list[int]:
        if correction.which not in self._groups:
            self._missing(correction, f"there is no group {correction.which!r}", list(self._groups))
        return self._groups[correction.which]

    def _slot(self, correction: Correction, item: Item) -> "_Slot":
        source = self._dataset.source(item.source)
        column = source.columns.get(correction.field, correction.field if correction.field in item.columns else None)
        names = {name for name, read in source.columns.items() if read == column}
        if column is None and correction.field in source.recipe.constant:
            names = {correction.field}
        if column is None and not names:
            self._missing(
                correction, f"{source.name} has no field {correction.field!r}", [*source.columns, *item.columns]
            )
        return _Slot(column, tuple(known for known in self._dataset.fields if known.name in names), source)

    def _not_old(self, correction: Correction, index: int, slots: Mapping[int, "_Slot"]) -> NoReturn:
        there = slots[index].text(self.items[index])
        if slots[index].says(self.items[index], correction.new):
            what, hint = f"is {there!r} already", "Remove the line; somebody has corrected the data itself."
        else:
            what = f"is {there!r}, not {correction.old!r}" if there else f"has no label, not {correction.old!r}"
            hint = "Look at the picture, then correct the line or remove it."
        self._refuse(correction, f"{correction.field} of {self.items[index].path} {what}", hint)

    def _missing(self, correction: Correction, what: str, known: list[str]) -> NoReturn:
        looked = correction.field if "field" in what else correction.which
        near = get_close_matches(looked, known, n=1) if len(known) < 50_000 else []
        self._refuse(correction, what, f"Did you mean {near[0]}?" if near else "Correct the line or remove it.")

    def _refuse(self, correction: Correction, what: str, hint: str = "Correct the line or remove it.") -> NoReturn:
        raise InputError(f"{self._name}, line {correction.line}: {what}.", hint)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a label stands: a column and the fields that are read from it, or a field that all pictures share."""

    column: str | None
    fields: tuple[Field, ...]
    source: Source

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
