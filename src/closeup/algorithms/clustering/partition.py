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


def settle_ties(
    tied: Iterable[Pair], joinable: Callable[[list[int]], NDArray[np.bool_]]
) -> tuple[list[list[int]], list[Pair]]:
    """Which of several equally good joins are made, whatever order they come in.

    A tied pair is contested when one of the two is also tied to a third cluster that the other may not be with:
    then the tie would have to be broken by chance, and the pair stays apart. What is uncontested joins, unless
    that would bring together two that are contested or may not be together; then that group stays apart too.

    Args:
        tied: Pairs of clusters that are equally good, each of which alone may join.
        joinable: Of clusters n_1 to n_S, which may be together: a symmetric array (S, S); its diagonal is ignored.

    Returns:
        Groups of clusters to be joined, each ascending, by their first; and pairs that must stay apart for good.
    """
    ordered = sorted(tied)
    if len(ordered) == 1:  # by far the most frequent case
        return [list(ordered[0])], []
    groups, apart = [], []
    pairs = np.array(ordered, dtype=np.int64).reshape(-1, 2)
    for numbers, ties in _components(pairs):
        allowed = joinable(numbers.tolist()) | np.eye(len(numbers), dtype=bool)
        # (S, S): how many clusters that are tied to one may not be with the other
        rivals = ties.astype(np.float32) @ (~allowed).astype(np.float32)
        contested = ties & ((rivals > 0) | (rivals.T > 0))
        calm = np.argwhere(np.triu(ties & ~contested))
        for members, _ in _components(calm):
            if (allowed & ~contested)[np.ix_(members, members)].all():
                groups.append(numbers[members].tolist())
            else:
                contested[np.ix_(members, members)] |= ties[np.ix_(members, members)]
        apart += [(int(a), int(b)) for a, b in numbers[np.argwhere(np.triu(contested))]]
    return sorted(groups), sorted(apart)


def _components(pairs: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Connected parts of a graph given by its edges (P, 2): numbers (S,), ascending, and adjacency (S, S) of each."""
    if not len(pairs):
        return []
    from scipy.sparse import coo_array  # slow to load, and hardly ever needed
    from scipy.sparse.csgraph import connected_components

    numbers, places = np.unique(pairs, return_inverse=True)
    a, b = places.reshape(-1, 2).T
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(numbers), len(numbers)))
    count, part = connected_components(graph, directed=False)
    parts = []
    for k in range(count):
        inside = np.flatnonzero(part == k)
        edges = part[a] == k
        adjacency = np.zeros((len(inside), len(inside)), dtype=bool)
        rows, columns = np.searchsorted(inside, a[edges]), np.searchsorted(inside, b[edges])
        adjacency[rows, columns] = adjacency[columns, rows] = True
        parts.append((numbers[inside], adjacency))
    return parts
