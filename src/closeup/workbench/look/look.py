"""Looking at a dataset: every picture measured once, copies found, labels counted."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.in_order import in_order
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.media.image import decode_image
from closeup.workbench.datasets.items import Dataset, Item
from closeup.workbench.look.classes import LabelField, label_fields
from closeup.workbench.look.duplicates import Copies, find_copies
from closeup.workbench.look.leakage import Leak, find_leaks
from closeup.workbench.look.measure import MEAN_PX, MEASURES, PictureMeasures, measure

MOST_MEANS = 60
"""Mean pictures of so many classes of a field are made, of the largest."""

_NOTHING = np.zeros((0, 0, 3), np.uint8)

EVERYTHING = ("", "")
"""What the mean of all pictures goes by."""


@dataclass(frozen=True, slots=True, eq=False)
class DatasetProfile:
    """All that is known of a dataset by looking at it.

    Attributes:
        dataset: The pictures that could be read, N of them.
        unreadable: Key of each that could not, and why.
        sides: The side of a split that each of the N lies on, or None.
        values: Shape (N, 7), float64: what was measured, in the order of `measure.MEASURES`.
        fields: The labels.
        copies: What is there twice.
        leaks: How well measures tell classes, best first.
        means: Mean pictures, uint8 (64, 64, 3), by field and class; `EVERYTHING` for all.
    """

    dataset: Dataset
    unreadable: tuple[tuple[str, str], ...]
    sides: tuple[str | None, ...]
    values: NDArray[np.float64]
    fields: tuple[LabelField, ...]
    copies: tuple[Copies, ...]
    leaks: tuple[Leak, ...]
    means: Mapping[tuple[str, str], Image]

    @property
    def side_counts(self) -> dict[str, int]:
        """How many pictures lie on each side of the split; empty where there is none."""
        return dict(Counter(side for side in self.sides if side is not None))

    def column(self, name: str) -> NDArray[np.float64]:
        """One measure of all pictures, (N,)."""
        return self.values[:, [each.name for each in MEASURES].index(name)]


def look_at(
    dataset: Dataset,
    sides: Mapping[str, str] | None = None,
    *,
    threads: int = 0,
    progress: ProgressCallback = ignore,
) -> DatasetProfile:
    """Look at a dataset: read every picture once, measure it, and compare all with each other.

    Args:
        sides: The side of a split by key; without it, what the data itself says.
        threads: How many pictures at a time; 0 for as many as there are cores.

    Raises:
        InputError: If there is no picture that can be read.
    """
    all_sides = [item.split if sides is None else sides.get(item.key) for item in dataset.items]
    fields = label_fields(dataset, all_sides)
    means = _Means(fields)
    measured, unreadable = _read_all(dataset, means, threads or os.cpu_count() or 1, progress)
    kept = list(measured)
    if not kept:
        why = f" {unreadable[0][1]}" if unreadable else ""
        raise InputError(f"{dataset.name} has no picture that can be read.{why}", "Check the path to the pictures.")
    readable = dataset.select(kept)
    lies_on = tuple(all_sides[index] for index in kept)

    def compared(done: int, total: int) -> None:
        progress(Progress("Comparing pictures", done, total, "pictures"))

    hashes, outlines = [each.pixel_hash for each in measured.values()], [each.outline for each in measured.values()]
    copies = find_copies(readable, hashes, np.stack(outlines), lies_on, compared)
    values = np.stack([each.values for each in measured.values()])
    fields = tuple(each.among(kept, len(dataset), lies_on) for each in fields)
    leaks = find_leaks(fields, values)
    return DatasetProfile(readable, tuple(unreadable), lies_on, values, fields, copies, leaks, means.pictures())


class _Means:
    """Mean pictures of everything and of each field's largest classes, while pictures come in."""

    def __init__(self, fields: Sequence[LabelField]) -> None:
        self._sums: dict[tuple[str, str], NDArray[np.int64]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._of: dict[int, list[tuple[str, str]]] = {}
        for each in fields:
            for one in sorted(each.classes, key=lambda one: -one.count)[:MOST_MEANS]:
                for index in one.indices.tolist():
                    self._of.setdefault(index, []).append((each.name, one.name))

    def add(self, index: int, small: Image) -> None:
        """Take in the picture (64, 64, 3) of one index."""
        for name in [EVERYTHING, *self._of.get(index, ())]:
            if name not in self._sums:
                self._sums[name] = np.zeros((MEAN_PX, MEAN_PX, 3), np.int64)
            self._sums[name] += small
            self._counts[name] += 1

    def pictures(self) -> dict[tuple[str, str], Image]:
        """The means, uint8 (64, 64, 3)."""
        means = {name: np.round(total / self._counts[name]) for name, total in self._sums.items()}
        return {name: np.asarray(mean, np.uint8) for name, mean in means.items()}


def _read_all(
    dataset: Dataset, means: _Means, threads: int, progress: ProgressCallback
) -> tuple[dict[int, PictureMeasures], list[tuple[str, str]]]:
    """What was measured of each picture that can be read, by its index; and keys and reasons of those that cannot."""
    found: dict[int, PictureMeasures] = {}
    unreadable: list[tuple[str, str]] = []

    def read(item: Item) -> PictureMeasures | str:
        try:
            content = dataset.read_bytes(item)
            return measure(decode_image(content, item.path), content)
        except InputError as error:
            return error.message

    with closing(in_order(read, dataset.items, threads)) as batches:
        index = 0
        for batch in batches:
            for measured in batch:
                if isinstance(measured, str):
                    unreadable.append((dataset.items[index].key, measured))
                else:
                    means.add(index, measured.small)
                    found[index] = replace(measured, small=_NOTHING)  # the mean has it: not all are held
                index += 1
            progress(Progress("Reading pictures", index, len(dataset), "pictures"))
    return found, unreadable
