"""Agglomerative clustering under constraints: average linkage, a bound on diameters, and pairs that never join.

Strict by design: one person in two clusters is mended by merging, two people in one cluster are a fault. Whatever
is ambiguous therefore stays apart.

Average linkage on cosine distance needs no matrix of all pairs: the mean distance between the members of two
clusters is 1 minus the product of their mean unit vectors. And it is reducible (joining two clusters never brings
them nearer to a third), so in each round all pairs that are each other's nearest may join at once, with the
result of joining them one by one, nearest first. From: F. Murtagh, "A survey of recent advances in hierarchical
clustering algorithms", The Computer Journal 26(4), 1983; in rounds: B. Sumengen and others, "Scaling hierarchical
agglomerative clustering to billion-sized datasets", arXiv 2105.11653, 2021. The constraints keep it reducible:
a pair that may not join counts as infinitely far, and so does everything that either of the two becomes part of.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.clustering.partition import (
    TIE,
    Pair,
    cannot_link_pairs,
    canonical_labels,
    positive_weights,
    settle_ties,
)
from closeup.algorithms.clustering.similarity import l2_normalise

_BLOCK = 2**22
"""Distances held at one time, 32 MB."""


def cluster(
    vectors: ArrayLike,
    threshold: float,
    cannot_link: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    *,
    diameter: float | None = None,
) -> NDArray[np.int64]:
    """Group vectors so that no two groups could still be joined.

    Two clusters may join when the weighted mean cosine distance between their members is at most `threshold`,
    no two members are farther apart than `diameter`, and no two are a pair of `cannot_link`. Nearest clusters join
    first. Where a cluster is equally near to two that may not be together, it joins neither, then or later.
    The grouping depends neither on the order of the items nor on that of the pairs.

    Memory grows with N * D, time with N^2 * D.

    Args:
        vectors: Shape (N, D), finite, no row all zero; compared at float32 precision and unit length. N may be 0.
        threshold: Largest mean cosine distance between two clusters that join, 0 to 2.
        cannot_link: Shape (K, 2), int: items that are never in one cluster. None or (0, 2) for none.
        weights: Shape (N,), positive, how much each item counts in a mean. None: all alike.
        diameter: Largest cosine distance between any two members of a cluster, 0 to 2; None for no bound.

    Returns:
        Shape (N,), int64: labels from 0, in the order in which the clusters first appear.

    Raises:
        ValueError: A shape is wrong, a weight is not positive, a threshold lies outside 0 to 2, or a pair names an
            item that does not exist or an item and itself.
    """
    units = l2_normalise(vectors).astype(np.float32) + np.float32(0)  # -0 becomes 0
    pairs = cannot_link_pairs(cannot_link, len(units))
    heavy = positive_weights(weights, len(units))
    for limit in (threshold, 2.0 if diameter is None else diameter):
        if not 0 <= limit <= 2:
            raise ValueError(f"a cosine distance lies between 0 and 2: {limit} is no threshold")
    if not len(units):
        return np.empty(0, dtype=np.int64)
    node_of, same = _nodes(units, pairs)
    growing = _Clusters(_weighted_means(units, heavy, node_of), threshold, diameter)
    for a, b in [*same, *node_of[pairs].tolist()]:
        growing.bar(a, b)
    while growing.join_nearest():
        pass
    return canonical_labels(growing.labels()[node_of])


def _nodes(units: NDArray[np.float32], pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[Pair]]:
    """Items (N,) to nodes, in an order that depends on the vectors (N, D) alone: what is identical is one node.

    Identical items of which some may not be together are the simplest tie: those that are in such a pair stay nodes
    of their own, barred from each other and from the rest.
    """
    group = np.unique(units, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    contested = np.unique(pairs[group[pairs[:, 0]] == group[pairs[:, 1]]])
    alone = np.zeros(len(units), dtype=np.int64)
    alone[contested] = 1 + np.arange(len(contested))
    node_of = np.unique(np.stack([group, alone], axis=1), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    barred = []
    for number in np.unique(group[contested]):
        nodes = np.unique(node_of[group == number]).tolist()
        barred += [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]
    return node_of, barred


def _weighted_means(
    units: NDArray[np.float32], weights: NDArray[np.float64], node_of: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors (n, D) and total weights (n,) of nodes; members of a node are identical."""
    order = np.lexsort((weights, node_of))  # a sum must not depend on the order of its terms
    _, first = np.unique(node_of[order], return_index=True)
    return l2_normalise(units[order][first]), np.add.reduceat(weights[order], first)


class _Clusters:
    """Clusters on their way from single nodes to the result. A cluster goes by the number of its first node."""

    def __init__(
        self, weighted: tuple[NDArray[np.float64], NDArray[np.float64]], threshold: float, diameter: float | None
    ) -> None:
        self._units, self._totals = weighted[0], weighted[1].copy()
        self._means = self._units.copy()  # (n, D): of clusters; rows of absorbed nodes are dead
        self._threshold, self._diameter = threshold + TIE, None if diameter is None else diameter + TIE
        count = len(self._units)
        self._members: dict[int, list[int]] = {i: [i] for i in range(count)}
        self._barred: dict[int, set[int]] = {}
        self._open = np.ones(count, dtype=bool)  # alive, and some other cluster is still within reach
        self._nearest = np.full(count, -1)
        self._tied: dict[int, list[int]] = {}  # clusters with more than one nearest
        self._stale = np.ones(count, dtype=bool)  # the nearest must be looked for anew

    def bar(self, a: int, b: int) -> None:
        """Keep two clusters, and all that they become part of, apart for good."""
        self._barred.setdefault(a, set()).add(b)
        self._barred.setdefault(b, set()).add(a)

    def labels(self) -> NDArray[np.int64]:
        """The cluster of every node (n,)."""
        labels = np.empty(len(self._units), dtype=np.int64)
        for number, members in self._members.items():
            labels[members] = number
        return labels

    def join_nearest(self) -> bool:
        """One round: join all clusters that are each other's nearest. False when nothing is left to do."""
        closed = self._find_nearest()
        groups, apart = self._mutual()
        for a, b in apart:
            self.bar(a, b)
        for group in groups:
            self._join(group)
        changed = np.array(
            [*closed, *(i for group in groups for i in group), *(i for pair in apart for i in pair)], int
        )
        self._stale = self._open & np.isin(self._nearest, changed)
        self._stale[changed] = self._open[changed]
        for number, nearest in self._tied.items():
            self._stale[number] |= self._open[number] and not np.isin(changed, nearest, invert=True).all()
        return bool(self._stale.any())

    def _find_nearest(self) -> list[int]:
        """Find the nearest of every stale cluster; those that have none within reach close, and are returned."""
        stale, columns = np.flatnonzero(self._stale), np.flatnonzero(self._open)
        step = max(1, _BLOCK // max(1, len(columns)))
        closed = []
        for start in range(0, len(stale), step):
            rows = stale[start : start + step]
            apart = 1.0 - self._means[rows] @ self._means[columns].T
            apart[np.arange(len(rows)), np.searchsorted(columns, rows)] = np.inf
            for number, distances in zip(rows.tolist(), apart, strict=True):
                self._mask_barred(number, distances, columns)
                nearest = self._reachable(number, distances, columns)
                self._tied.pop(number, None)
                if not nearest:
                    closed.append(number)
                    continue
                self._nearest[number] = nearest[0]
                if len(nearest) > 1:
                    self._tied[number] = nearest
        self._open[closed] = False
        self._nearest[closed] = -1
        return closed

    def _mask_barred(self, number: int, distances: NDArray[np.float64], columns: NDArray[np.int64]) -> None:
        """Put everything that a cluster may not join infinitely far off: distances (C,) to clusters (C,)."""
        barred = self._barred.get(number)
        if barred:
            others = np.fromiter(barred, dtype=np.int64, count=len(barred))
            distances[np.searchsorted(columns, others[self._open[others]])] = np.inf

    def _reachable(self, number: int, distances: NDArray[np.float64], columns: NDArray[np.int64]) -> list[int]:
        """The nearest clusters that one may join, more than one if tied; distances (C,) to clusters (C,)."""
        while (least := distances.min()) <= self._threshold:
            places = np.flatnonzero(distances <= min(least + TIE, self._threshold))
            nearest: list[int] = columns[places].tolist()
            wide = [not self._fits(number, other) for other in nearest]
            if not any(wide):
                return nearest
            for other, too_wide in zip(nearest, wide, strict=True):
                if too_wide:
                    self.bar(number, other)
            distances[places[wide]] = np.inf
        return []

    def _fits(self, a: int, b: int) -> bool:
        """Whether two clusters together keep to the diameter."""
        if self._diameter is None:
            return True
        return float((self._units[self._members[a]] @ self._units[self._members[b]].T).min()) >= 1 - self._diameter

    def _joinable(self, numbers: list[int]) -> NDArray[np.bool_]:
        """Which of some clusters may be together: (S, S)."""
        allowed = 1.0 - self._means[numbers] @ self._means[numbers].T <= self._threshold
        for i, a in enumerate(numbers):
            for j, b in enumerate(numbers[:i]):
                allowed[i, j] &= b not in self._barred.get(a, ()) and self._fits(a, b)
                allowed[j, i] = allowed[i, j]
        return np.asarray(allowed)

    def _mutual(self) -> tuple[list[list[int]], list[Pair]]:
        """Groups of clusters that are each other's nearest, and pairs that an undecidable tie keeps apart."""
        single = self._open.copy()
        single[list(self._tied)] = False
        here = np.flatnonzero(single)
        there = self._nearest[here]
        paired = (self._nearest[there] == here) & single[there] & (here < there)
        groups = [[a, b] for a, b in zip(here[paired].tolist(), there[paired].tolist(), strict=True)]
        tied: set[Pair] = set()
        for a, nearest in self._tied.items():
            tied |= {(min(a, b), max(a, b)) for b in nearest if a in self._tied.get(b, [self._nearest[b]])}
        more, apart = settle_ties(tied, self._joinable)
        return groups + more, apart

    def _join(self, group: list[int]) -> None:
        """Make one cluster of several; it goes by the first."""
        keep, *rest = group
        totals = self._totals[group]
        self._means[keep] = totals @ self._means[group] / totals.sum()
        self._totals[keep] = totals.sum()
        for gone in rest:
            self._members[keep] += self._members.pop(gone)
            for other in self._barred.pop(gone, ()):
                self._barred[other].discard(gone)
                self.bar(keep, other)
            self._open[gone] = False
            self._tied.pop(gone, None)
        self._tied.pop(keep, None)
