"""The labels of a dataset: how many pictures of what, and on which side of a split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from closeup.core.fields import Rounded
from closeup.workbench.datasets.items import Dataset, Field, Label

PARTS = 8
"""A number's range is cut into so many parts with about as many pictures each, to be shown like classes."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelClass:
    """How many pictures have one label, or a number in one range.

    Attributes:
        name: The label, or the range, "20 to 29".
        count: How many.
        sides: How many lie on each side of a split.
        indices: Which they are, (K,) int64, rising; in no report.
    """

    name: str
    count: int = field(metadata={"alias": "pictures"})
    sides: Mapping[str, int] = field(metadata={"alias": "splits"})
    indices: Any = field(default=(), metadata={"exclude": True})


@dataclass(frozen=True, slots=True, eq=False)
class LabelField:
    """One field of labels.

    Attributes:
        name: Its.
        kind: Classes by name, or a number.
        classes: By name; ranges by value.
        unlabelled: Pictures without a label.
        values: For numbers: min, mean, median, max; else empty.
        imbalance: How many times as large as the smallest class the largest is, 1 for fewer than two; None for numbers.
    """

    name: str
    kind: Literal["classes", "value"]
    classes: tuple[LabelClass, ...]
    unlabelled: int
    values: Mapping[str, float]
    imbalance: Annotated[float, Rounded(2)] | None = None

    def __post_init__(self) -> None:
        counts = [each.count for each in self.classes]
        ratio = max(counts) / min(counts) if len(counts) > 1 else 1.0
        object.__setattr__(self, "imbalance", ratio if self.kind == "classes" else None)

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
    return tuple(_one_field(dataset, each, sides) for each in dataset.fields)


def _one_field(dataset: Dataset, known_field: Field, sides: Sequence[str | None]) -> LabelField:
    labels = dataset.labels(known_field.name)
    known = [index for index, label in enumerate(labels) if label is not None]
    values: dict[str, float] = {}
    if known_field.kind == "value" and known:
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
    return LabelField(known_field.name, known_field.kind, classes, len(labels) - len(known), values)


def _one_class(name: str, indices: list[int], sides: Sequence[str | None]) -> LabelClass:
    on = Counter(side for index in indices if (side := sides[index]) is not None)
    return LabelClass(name, len(indices), dict(on), np.array(indices, np.int64))


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
