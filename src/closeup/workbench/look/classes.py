"""The labels of a dataset: how many pictures of what, and on which side of a split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from closeup.workbench.datasets.items import Dataset, Field, Label

PARTS = 8
"""A number's range is cut into so many parts with about as many pictures each, to be shown like classes."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelClass:
    """Pictures with one label, or with a number in one range.

    Attributes:
        name: The label, or the range, "20 to 29".
        indices: Which pictures, (K,) int64, rising.
        sides: How many lie on each side of the split.
    """

    name: str
    indices: NDArray[np.int64]
    sides: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many pictures."""
        return len(self.indices)


@dataclass(frozen=True, slots=True, eq=False)
class LabelField:
    """One field of labels.

    Attributes:
        field: Its name and kind.
        classes: By name; ranges by value.
        unlabelled: Pictures without a label.
        values: For numbers: min, mean, median, max; else empty.
    """

    field: Field
    classes: tuple[LabelClass, ...]
    unlabelled: int
    values: Mapping[str, float]

    @property
    def imbalance(self) -> float:
        """How many times as large as the smallest class the largest is; 1 for fewer than two."""
        counts = [each.count for each in self.classes]
        return max(counts) / min(counts) if len(counts) > 1 else 1.0

    def among(self, kept: Sequence[int], total: int, sides: Sequence[str | None]) -> "LabelField":
        """The field with only some pictures: those at `kept` of `total`, counted anew; `sides` are of those."""
        place = np.full(total, -1, np.int64)
        place[np.asarray(kept, np.int64)] = np.arange(len(kept))
        classes = []
        for each in self.classes:
            indices = place[each.indices]
            if (indices >= 0).any():
                classes.append(_one_class(each.name, indices[indices >= 0].tolist(), sides))
        labelled = sum(each.count for each in classes)
        return replace(self, classes=tuple(classes), unlabelled=len(kept) - labelled)


def label_text(label: Label | None) -> str:
    """A label as it is written in tables and on pages; "" for none."""
    if label is None:
        return ""
    return f"{label:g}" if isinstance(label, float) else label


def label_fields(dataset: Dataset, sides: Sequence[str | None]) -> tuple[LabelField, ...]:
    """Count the labels of every field; `sides` says for each picture the side of the split that it lies on."""
    return tuple(_one_field(dataset, field, sides) for field in dataset.fields)


def _one_field(dataset: Dataset, field: Field, sides: Sequence[str | None]) -> LabelField:
    labels = dataset.labels(field.name)
    known = [index for index, label in enumerate(labels) if label is not None]
    values: dict[str, float] = {}
    if field.kind == "value" and known:
        numbers = np.array([labels[index] for index in known], np.float64)
        values = {"min": float(numbers.min()), "mean": float(numbers.mean())}
        values |= {"median": float(np.median(numbers)), "max": float(numbers.max())}
        names = _ranges(numbers)
    else:
        names = [str(labels[index]) for index in known]
    order = list(dict.fromkeys(names)) if values else sorted(set(names))
    by_name: dict[str, list[int]] = {name: [] for name in order}
    for index, name in zip(known, names, strict=True):
        by_name[name].append(index)
    if values:
        order.sort(key=lambda name: float(str(labels[by_name[name][0]])))
    classes = tuple(_one_class(name, by_name[name], sides) for name in order)
    return LabelField(field, classes, len(labels) - len(known), values)


def _one_class(name: str, indices: list[int], sides: Sequence[str | None]) -> LabelClass:
    on = Counter(side for index in indices if (side := sides[index]) is not None)
    return LabelClass(name, np.array(indices, np.int64), dict(on))


def _ranges(numbers: NDArray[np.float64]) -> list[str]:
    """For each number (N,) the name of the part of the range that it lies in."""
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, PARTS + 1)[1:-1]))
    part = np.searchsorted(edges, numbers, side="right")
    names = {}
    for each in np.unique(part).tolist():
        inside = numbers[part == each]
        low, high = float(inside.min()), float(inside.max())
        names[each] = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return [names[each] for each in part.tolist()]
