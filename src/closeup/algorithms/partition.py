"""What every way of grouping needs: checked constraints and weights, labels in a fixed order, and fair ties."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

TIE = 1e-9
"""Distances that differ by less than this are tied: rounding must not choose between two people."""

Pair = tuple[int, int]
"""Numbers of two clusters, the smaller first."""


def cannot_link_pairs(cannot_link: ArrayLike | None, count: int) -> NDArray[np.int64]:
    """Checked pairs (K, 2), int64, of items that are never together, for `count` items; None gives (0, 2).

    Raises:
        ValueError: The shape is wrong, or a pair names an item that does not exist or an item and itself.
    """
    pairs = np.asarray([] if cannot_link is None else cannot_link)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise ValueError(f"cannot_link must hold whole numbers in the shape (K, 2), not {pairs.dtype} {pairs.shape}")
    if pairs.min() < 0 or pairs.max() >= count:
        raise ValueError(f"cannot_link names an item outside 0 to {count - 1}")
    if (pairs[:, 0] == pairs[:, 1]).any():
        raise ValueError("cannot_link keeps an item from itself")
    return np.asarray(pairs, dtype=np.int64)


def positive_weights(weights: ArrayLike | None, count: int) -> NDArray[np.float64]:
    """Checked weights (count,), float64; None gives ones.

    Raises:
        ValueError: The shape is wrong, or a weight is not a positive finite number.
    """
    heavy = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    if heavy.shape != (count,):
        raise ValueError(f"weights must have the shape ({count},), not {heavy.shape}")
    if not (np.isfinite(heavy) & (heavy > 0)).all():
        raise ValueError("every weight must be a positive finite number")
    return heavy


def canonical_labels(labels: ArrayLike) -> NDArray[np.int64]:
    """Any labels (N,) numbered anew from 0 in the order of their first appearance: (N,), int64."""
    _, first, inverse = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)


def settle_ties(tied: Iterable[Pair], joinable: Callable[[int, int], bool]) -> tuple[list[list[int]], list[Pair]]:
    """Which of several equally good joins are made, whatever order they come in.

    A tied pair is contested when one of the two is also tied to a third cluster that the other may not be with:
    then the tie would have to be broken by chance, and the pair stays apart. What is uncontested joins, unless
    that would bring together two that are contested or may not be together; then that group stays apart too.

    Args:
        tied: Pairs of clusters that are equally good, each of which alone may join.
        joinable: Whether two clusters may be together; symmetric.

    Returns:
        Groups of clusters to be joined, each ascending, by their first; and pairs that must stay apart for good.
    """
    pairs = sorted(set(tied))
    rivals: dict[int, set[int]] = {}
    for a, b in pairs:
        rivals.setdefault(a, set()).add(b)
        rivals.setdefault(b, set()).add(a)

    def contested(a: int, b: int) -> bool:
        return not all(joinable(b, c) for c in rivals[a] - {b}) or not all(joinable(a, c) for c in rivals[b] - {a})

    apart = [pair for pair in pairs if contested(*pair)]
    disputed = set(apart)
    calm = [pair for pair in pairs if pair not in disputed]
    groups = []
    for group in _connected(calm):
        if all((a, b) not in disputed and joinable(a, b) for i, a in enumerate(group) for b in group[i + 1 :]):
            groups.append(group)
        else:
            apart += [pair for pair in calm if pair[0] in group]
    return groups, apart


def _connected(pairs: list[Pair]) -> list[list[int]]:
    """The connected groups of a graph, each ascending, by their first member."""
    group_of: dict[int, set[int]] = {}
    for a, b in pairs:
        joined = group_of.get(a, {a}) | group_of.get(b, {b})
        group_of.update(dict.fromkeys(joined, joined))
    return sorted(sorted(group) for group in {id(g): g for g in group_of.values()}.values())
