"""Looking at a dataset: every picture measured once, copies found, labels counted."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.in_order import in_order
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray, Image
from closeup.media.image import decode_image
from closeup.workbench.datasets.items import Dataset, Item
from closeup.workbench.look.classes import LabelField, label_fields
from closeup.workbench.look.duplicates import Copies, find_copies
from closeup.workbench.look.giveaways import Giveaway, giveaways
from closeup.workbench.look.measure import MEAN_PX, MEASURES, PictureMeasures, measure

MOST_MEANS = 60
"""Mean pictures of so many classes of a field are made, of the largest."""

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
        giveaways: How well measures tell classes, best first.
        means: Mean pictures, uint8 (64, 64, 3), by field and class; `EVERYTHING` for all.
    """

    dataset: Dataset
    unreadable: tuple[tuple[str, str], ...]
    sides: tuple[str | None, ...]
    values: NDArray[np.float64]
    fields: tuple[LabelField, ...]
    copies: tuple[Copies, ...]
    giveaways: tuple[Giveaway, ...]
    means: Mapping[tuple[str, str], Image]

    @property
    def side_counts(self) -> dict[str, int]:
        """How many pictures lie on each side of the split; empty where there is none."""
        return dict(Counter(side for side in self.sides if side is not None))

    def column(self, name: str) -> NDArray[np.float64]:
        """One measure of all pictures, (N,)."""
        return self.values[:, [each.name for each in MEASURES].index(name)]


@dataclass(slots=True)
class _Gathered:
    """What is kept of each picture while the others are read."""

    kept: list[int] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    outlines: list[FloatArray] = field(default_factory=list)

    def take(self, index: int, measured: PictureMeasures) -> None:
        """Keep what is needed of the picture at `index`."""
        self.kept.append(index)
        self.values.append(measured.values)
        self.hashes.append(measured.pixel_hash)
        self.outlines.append(measured.outline)


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
    gathered = _read_all(dataset, means, threads or os.cpu_count() or 1, progress)
    if not gathered.kept:
        why = f" {gathered.unreadable[0][1]}" if gathered.unreadable else ""
        raise InputError(f"{dataset.name} has no picture that can be read.{why}", "Check the path to the pictures.")
    readable = dataset.select(gathered.kept)
    lies_on = tuple(all_sides[index] for index in gathered.kept)

    def compared(done: int, total: int) -> None:
        progress(Progress("Comparing pictures", done, total, "pictures"))

    copies = find_copies(readable, gathered.hashes, np.stack(gathered.outlines), lies_on, compared)
    values = np.stack(gathered.values)
    fields = tuple(each.among(gathered.kept, len(dataset), lies_on) for each in fields)
    told = giveaways(fields, values)
    return DatasetProfile(readable, tuple(gathered.unreadable), lies_on, values, fields, copies, told, means.pictures())


class _Means:
    """Mean pictures of everything and of each field's largest classes, while pictures come in."""

    def __init__(self, fields: Sequence[LabelField]) -> None:
        self._sums: dict[tuple[str, str], NDArray[np.int64]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._of: dict[int, list[tuple[str, str]]] = {}
        for each in fields:
            for one in sorted(each.classes, key=lambda one: -one.count)[:MOST_MEANS]:
                for index in one.indices.tolist():
                    self._of.setdefault(index, []).append((each.field.name, one.name))

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


def _read_all(dataset: Dataset, means: _Means, threads: int, progress: ProgressCallback) -> _Gathered:
    gathered, total = _Gathered(), len(dataset)

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
                    gathered.unreadable.append((dataset.items[index].key, measured))
                else:
                    means.add(index, measured.small)
                    gathered.take(index, measured)
                index += 1
            progress(Progress("Reading pictures", index, total, "pictures"))
    return gathered
