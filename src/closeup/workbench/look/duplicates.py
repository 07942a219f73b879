"""Pictures that a dataset has twice: the same file, the same picture in two files, or nearly the same picture."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np

from closeup.algorithms.clustering.near_duplicates import linked_groups, near_pairs
from closeup.core.fields import Rounded
from closeup.core.types import FileName, FloatArray
from closeup.workbench.datasets.items import Dataset, Item, Label

NEAR = 0.92
"""Cosine of two outlines from which on pictures count as nearly the same. Of 36 pairs of FER2013 between 0.90 and 0.94,
looked at by eye, 34 are the same photo; between 0.88 and 0.90, 14 of 18."""

Kind = Literal["same", "near"]


@dataclass(frozen=True, slots=True)
class Copies:
    """Pictures of one dataset that are the same, or nearly.

    Attributes:
        kind: "same": equal pixel by pixel; "near": alike, each to at least one other.
        pictures: Their keys.
        similarity: Cosine of the two that are least alike of those that were linked; 1 for "same".
        splits: The sides of a split that they lie on, sorted; empty where there is none.
        groups: How many groups (persons, scenes) they belong to, where the dataset has groups; else 0.
        conflicts: Fields in which their labels differ.
        indices: Which pictures, rising; in no report.
    """

    kind: Kind
    pictures: tuple[FileName, ...]
    similarity: Annotated[float, Rounded(4)]
    splits: tuple[str, ...]
    groups: int
    conflicts: tuple[str, ...]
    indices: tuple[int, ...] = field(default=(), metadata={"exclude": True})


def find_copies(
    dataset: Dataset,
    pixel_hashes: Sequence[str],
    outlines: FloatArray,
    sides: Sequence[str | None],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Copies, ...]:
    """Find what a dataset has twice; each picture that has a copy is in one "same" or one "near" group, or in both.

    Args:
        dataset: N pictures, all readable.
        pixel_hashes: Of each; equal for equal pictures.
        outlines: Shape (N, D), of length 1 or zero; see `measure.outline`.
        sides: The side of the split that each lies on.
    """
    same: dict[str, list[int]] = defaultdict(list)
    for index, digest in enumerate(pixel_hashes):
        same[digest].append(index)
    firsts = np.array([group[0] for group in same.values()], np.int64)
    near, similarities = near_pairs(outlines[firsts], NEAR, lambda done: progress(done, len(firsts)))
    pairs = firsts[near]
    lowest: dict[int, float] = {}
    groups = linked_groups(pairs, len(pixel_hashes))
    of = {index: number for number, group in enumerate(groups) for index in group}
    for (first, _), similarity in zip(pairs.tolist(), similarities.tolist(), strict=True):
        number = of[first]
        lowest[number] = min(similarity, lowest.get(number, 1.0))
    whole = [sorted(i for first in group for i in same[pixel_hashes[first]]) for group in groups]
    describe = _Describer(dataset, sides)
    named = [describe("same", group, 1.0) for group in same.values() if len(group) > 1]
    named += [describe("near", group, lowest[number]) for number, group in enumerate(whole)]
    return tuple(sorted(named, key=lambda copies: (copies.kind == "near", copies.indices)))


class _Describer:
    """Says of pictures that are alike what else there is to know."""

    def __init__(self, dataset: Dataset, sides: Sequence[str | None]) -> None:
        self._items = dataset.items
        self._sides = sides
        self._has_groups = any(item.group != item.key for item in dataset.items)

    def __call__(self, kind: Kind, indices: Sequence[int], similarity: float) -> Copies:
        items = [self._items[index] for index in indices]
        names = sorted({name for item in items for name in item.labels})
        return Copies(
            kind=kind,
            pictures=tuple(item.key for item in items),
            indices=tuple(indices),
            similarity=similarity,
            splits=tuple(sorted({side for index in indices if (side := self._sides[index]) is not None})),
            groups=len({item.group for item in items}) if self._has_groups else 0,
            conflicts=tuple(name for name in names if len(_labels(items, name)) > 1),
        )


def _labels(items: Sequence[Item], name: str) -> set[Label]:
    return {item.labels[name] for item in items if name in item.labels}
