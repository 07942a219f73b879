"""Sharing items out among sides so that groups stay whole and every side has its share of every stratum."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from closeup.workbench.datasets.items import Item, Label

Codes = NDArray[np.int64]
Counts = NDArray[np.float64]

VALUE_STRATA = 10
"""A field of numbers is cut into so many ranges of about equally many items."""


def share_out(groups: Codes, strata: Codes, targets: Counts, seed: int) -> Codes:
    """Give each item a side, groups whole, as near to `targets` as they let it be.

    Groups of several items come first, the largest ones before the others, each to the side that then still lacks
    most, as a share of what it should have (for folds of equal size much as scikit-learn's StratifiedGroupKFold).
    Single items then fill up what is missing, exactly but for rounding.

    Args:
        groups: (N,) number of each item's group, from 0.
        strata: (N,) number of each item's stratum, from 0.
        targets: (K, S) how many items of each stratum each side should have; the columns sum to what there is.
        seed: Another one, another choice.

    Returns:
        (N,) int64, the side of each item, 0 to K - 1.

    Raises:
        ValueError: If the shapes do not fit.
    """
    if groups.shape != strata.shape or groups.ndim != 1 or targets.ndim != 2:
        raise ValueError(f"groups {groups.shape}, strata {strata.shape} and targets {targets.shape} do not fit")
    rng = np.random.default_rng(seed)
    lacking = targets.astype(np.float64)
    sides = np.zeros(len(groups), dtype=np.int64)
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, dtype=np.int64)
    _share_groups((groups, strata, sides), sizes, lacking, rng)
    single = np.flatnonzero(sizes[groups] == 1)
    single = single[rng.permutation(len(single))]
    for stratum in np.unique(strata[single]):
        members = single[strata[single] == stratum]
        counts = _rounded(lacking[:, stratum], len(members), lacking.sum(axis=1))
        sides[members] = np.repeat(np.arange(len(targets)), counts)
        lacking[:, stratum] -= counts
    return sides


def _share_groups(columns: tuple[Codes, Codes, Codes], sizes: Codes, lacking: Counts, rng: np.random.Generator) -> None:
    """Place the groups of more than one item: writes into the third column and into `lacking`."""
    groups, strata, sides = columns
    several = np.flatnonzero(sizes > 1)
    if not len(several):
        return
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(len(sizes) + 1))
    several = several[rng.permutation(len(several))]
    targets = lacking.copy()
    totals, wholes = np.maximum(targets.sum(axis=0), 1.0), np.maximum(targets.sum(axis=1), 1e-9)
    for group in several[np.argsort(-sizes[several], kind="stable")]:
        members = order[starts[group] : starts[group + 1]]
        found, counts = np.unique(strata[members], return_counts=True)
        # What would be lacking afterwards, as a share of the side's target: a small side gets groups of every size,
        # not only what is left over. Rare strata weigh as much as common ones, the size in all as much as one of them.
        after = (lacking[:, found] - counts) / np.maximum(targets[:, found], 1e-9)
        need = after @ (counts / totals[found])
        need += (lacking.sum(axis=1) - len(members)) / wholes * (len(members) / wholes.sum())
        side = int(np.argmax(need))
        sides[members] = side
        lacking[side, found] -= counts


def _rounded(lacking: Counts, count: int, lacking_in_all: Counts) -> Codes:
    """Whole numbers that sum to `count`, in proportion to what is lacking; ties go where most is lacking in all."""
    wanted = np.maximum(lacking, 0.0)
    wanted = wanted * (count / wanted.sum()) if wanted.sum() > 0 else np.full(len(lacking), count / len(lacking))
    floor = np.floor(wanted + 1e-9)
    rest = np.round(wanted - floor, 9)
    first = np.lexsort((-lacking_in_all, -rest))[: count - int(floor.sum())]
    floor[first] += 1
    return np.asarray(floor, dtype=np.int64)


def group_codes(items: Sequence[Item]) -> Codes:
    """(N,) number of each item's group, in the order in which they appear."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(item.group, len(known)) for item in items], dtype=np.int64)


def strata_codes(items: Sequence[Item], field: str) -> Codes:
    """(N,) number of each item's stratum: its source and its label, numbers by range; no label is one of its own.

    Args:
        field: The label field; "" for the source alone.
    """
    labels = _ranges([item.labels.get(field) if field else None for item in items])
    pairs = [(item.source, label) for item, label in zip(items, labels, strict=True)]
    known = {pair: code for code, pair in enumerate(sorted(set(pairs)))}
    return np.array([known[pair] for pair in pairs], dtype=np.int64)


def _ranges(labels: Sequence[Label | None]) -> list[str]:
    numbers = sorted(label for label in labels if isinstance(label, float))
    edges = np.quantile(numbers, np.linspace(0, 1, VALUE_STRATA + 1)[1:-1]) if numbers else np.zeros(0)
    edges = np.unique(edges)
    return [
        "" if label is None else str(int(np.searchsorted(edges, label, "right"))) if isinstance(label, float) else label
        for label in labels
    ]
