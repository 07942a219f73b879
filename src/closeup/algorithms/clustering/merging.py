"""Merging clusters into persons by face and clothing, under four thresholds and two kinds of veto.

The published idea (thresholds 0.18 and 0.12 alone, 0.19 and 0.15 together, Euclidean distance of mean vectors, for
another pair of features): clusters whose faces are very near are one person; so are clusters whose clothes are very
near; and so are those whose faces and clothes are both fairly near, each under a softer, that is larger, threshold.
Means are taken anew after each merge, until nothing changes.

Three things are ours. A fixed order: the best supported merge comes first, and a choice that nothing decides is not
made. Constraints: clusters with members in one frame never merge. And a veto: clothes alone convince only where the
faces do not contradict, since two people may wear the same suit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal

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
from closeup.algorithms.clustering.similarity import ROUNDING

Metric = Literal["cosine", "euclidean"]
Rule = Literal["face", "both", "clothing"]
_RULES: tuple[Rule, ...] = ("face", "both", "clothing")

_ALL = slice(None)
_BLOCK = 2**17
"""Distances that are worked out at one time, 1 MB, so that memory holds little beside the result."""

FloatMatrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MergeThresholds:
    """How near two clusters must be to merge: by one of three rules.

    A distance at its threshold still passes. None switches off the rule that the threshold belongs to.

    Attributes:
        face_hard: Rule "face": faces at most this far apart.
        clothing_hard: Rule "clothing": clothes at most this far apart.
        face_soft: Rule "both": faces at most this far apart and
        clothing_soft: clothes at most this far apart. Softer means larger: where `face_soft` is not over
            `face_hard` the rule finds nothing that "face" has not found.
        face_veto: Rule "clothing" also needs faces at most this far apart. None: no veto, as published.
        metric: "cosine": 1 - cos of the angle between mean vectors, 0 to 2. "euclidean": length of their difference.
            Thresholds of one metric mean nothing in the other.
    """

    face_hard: float | None
    clothing_hard: float | None
    face_soft: float | None
    clothing_soft: float | None
    face_veto: float | None = None
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        if self.metric not in ("cosine", "euclidean"):
            raise ValueError(f"the metric is 'cosine' or 'euclidean', not {self.metric!r}")
        for name in (field.name for field in fields(self) if field.name != "metric"):
            limit = getattr(self, name)
            if limit is not None and not 0 <= limit < np.inf:
                raise ValueError(f"{name} must be None, or finite and not negative, not {limit}")


PUBLISHED = MergeThresholds(0.18, 0.12, 0.19, 0.15, metric="euclidean")
"""The published starting point. For another pair of features: read your own off data."""


@dataclass(frozen=True, eq=False)
class MergeItems:
    """What may be merged.

    Attributes:
        face: Shape (N, D), mean face vectors, finite; not all zero with the metric "cosine".
        clothing: Shape (N, C), mean clothing vectors, likewise; a row of NaN where the clothing is unknown: such
            an item merges by face alone.
        weights: Shape (N,), positive, how much each counts in a common mean. None: all alike.
        cannot_link: Shape (K, 2), int, items that are never one person. None or (0, 2): no such pair.
    """

    face: NDArray[np.floating]
    clothing: NDArray[np.floating]
    weights: NDArray[np.floating] | None = None
    cannot_link: NDArray[np.integer] | None = None


@dataclass(frozen=True, slots=True)
class MergeStep:
    """One merge, and why.

    Attributes:
        a: The first cluster, named by the lowest item in it at that moment; lower than `b`.
        b: The second cluster, likewise.
        rule: The rule with the most room to spare.
        face_distance: Between the mean vectors before the round (several pairs may tie in one).
        clothing_distance: Likewise; None where the clothing of one is unknown.
    """

    a: int
    b: int
    rule: Rule
    face_distance: float
    clothing_distance: float | None


@dataclass(frozen=True, eq=False)
class MergeResult:
    """The persons.

    Attributes:
        labels: Shape (N,), int64, from 0 in the order in which the persons first appear.
        steps: The merges in the order in which they were made: one fewer for each person than it had items.
        apart: Pairs of clusters, each named by one item in it, that were near enough but kept apart, since nothing
            decided which of several to merge.
    """

    labels: NDArray[np.int64]
    steps: tuple[MergeStep, ...]
    apart: tuple[Pair, ...] = ()


def merge(items: MergeItems, thresholds: MergeThresholds) -> MergeResult:
    """Merge clusters until no two are near enough.

    In each round the pair with the most room to spare merges: for each rule the largest of its distances over their
    thresholds, for each pair its best rule, and of all pairs the smallest. Then the mean vectors are taken anew.
    Pairs that tie (`partition.TIE`) merge together where they do not exclude one another, and otherwise stay
    apart, then and later. So neither the order of the items nor that of the constraints changes the persons.

    Memory grows with the pairs that are near enough, and with one byte for each pair of items; time with N^2 and the
    number of merges.

    Args:
        items: What may be merged, N of them; N may be 0.
        thresholds: How near is near enough.

    Raises:
        ValueError: A shape is wrong, a face is not finite or has no direction, clothing is neither finite nor all
            NaN, a weight is not positive, or a pair names an item that does not exist or an item and itself.
    """
    face, clothing = _vectors(items.face, "face"), _vectors(items.clothing, "clothing")
    if len(face) != len(clothing):
        raise ValueError(f"there are {len(face)} faces and {len(clothing)} clothing vectors")
    pairs = cannot_link_pairs(items.cannot_link, len(face))
    weights = positive_weights(items.weights, len(face))
    known = _known(clothing)
    if not np.isfinite(face).all() or not np.isnan(clothing[~known]).all():
        raise ValueError("face vectors must be finite, and clothing vectors finite or NaN throughout")
    if thresholds.metric == "cosine" and not (face.any(axis=1).all() and clothing[known].any(axis=1).all()):
        raise ValueError("a vector that is all zero has no direction, and so no cosine distance")
    order = _canonical_order(face, clothing, weights)
    place = np.argsort(order)
    merging = _Merging(face[order], clothing[order], weights[order], thresholds)
    merging.bar(place[pairs])
    while merging.round():
        pass
    return _named(merging, order)


def _vectors(vectors: ArrayLike, name: str) -> FloatMatrix:
    """Float64 vectors (N, D)."""
    matrix = np.asarray(vectors, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"{name} must have the shape (N, D), not {matrix.shape}")
    return matrix


def _canonical_order(face: FloatMatrix, clothing: FloatMatrix, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """An order (N,) that depends on the items alone, so that sums are rounded alike in whatever order they came."""
    columns = np.concatenate([face, np.nan_to_num(clothing), np.isnan(clothing[:, :1]), weights[:, None]], axis=1)
    return np.lexsort(columns.T[::-1]).astype(np.int64) if len(face) else np.empty(0, np.int64)


def _known(vectors: FloatMatrix) -> NDArray[np.bool_]:
    """Which rows of vectors (N, D) say anything: (N,)."""
    return np.asarray(np.isfinite(vectors).all(axis=1) & (vectors.shape[1] > 0))


class _Mean:
    """Weighted mean vectors of clusters (N, D); rows of NaN, of weight 0, where nothing is known."""

    def __init__(self, vectors: FloatMatrix, weights: NDArray[np.float64], metric: Metric) -> None:
        self._rows, self._metric = vectors.copy(), metric
        self._totals = np.where(_known(vectors), weights, 0.0)
        self._places = self._placed(self._rows)
        # A mean of equal vectors may be off by rounding: relative to the vectors, that is no distance.
        self._nothing = ROUNDING * float(np.nanmax(np.abs(self._places), initial=0.0))

    def join(self, group: list[int]) -> None:
        """Make the first of some clusters the mean of them all."""
        keep, known = group[0], [i for i in group if self._totals[i] > 0]
        if known:
            totals = self._totals[known]
            self._rows[keep] = totals @ self._rows[known] / totals.sum()
            self._totals[keep] = totals.sum()
            self._places[keep] = self._placed(self._rows[[keep]])[0]

    def distances(self, of: list[int] | slice, to: list[int] | slice) -> FloatMatrix:
        """Distances (R, S) of some clusters to others; NaN where unknown."""
        a, b = self._places[of], self._places[to]
        if self._metric == "cosine":
            apart = np.clip(1.0 - a @ b.T, 0.0, 2.0)
        else:
            from scipy.spatial.distance import cdist  # slow to load, and a cast needs cosines alone

            apart = cdist(a, b)
        apart[apart <= self._nothing] = 0.0
        return np.asarray(apart)

    def _placed(self, rows: FloatMatrix) -> FloatMatrix:
        """The points (R, D) between which distances are taken: at length 1 for cosines."""
        if self._metric == "euclidean":
            return rows.copy()
        # Means of opposite vectors can vanish; what points nowhere is at right angles to everything.
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny))


class _Merging:
    """Clusters on their way to persons. A cluster goes by the number of its first item in the canonical order."""

    def __init__(
        self, face: FloatMatrix, clothing: FloatMatrix, weights: NDArray[np.float64], thresholds: MergeThresholds
    ) -> None:
        self._face, self._clothing = (_Mean(rows, weights, thresholds.metric) for rows in (face, clothing))
        self._thresholds = thresholds
        count = len(face)
        self._cluster = np.arange(count)  # of each item
        self._barred = np.eye(count, dtype=bool)  # (N, N): never merge; what has been absorbed is barred from all
        self._near, self._room = self._all_near(
            count
        )  # of each cluster: which others may merge, distance over threshold
        self._nearest, self._least = np.zeros(count, dtype=np.int64), np.full(count, np.inf)
        self.steps: list[tuple[int, int, Rule, float, float | None]] = []
        self.apart: list[Pair] = []
        self._look(range(count))

    def _all_near(self, count: int) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float64]]]:
        """Of each cluster, those that are near enough, ascending, and how near they are."""
        lower, upper, rooms = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        step = max(1, _BLOCK // max(1, count))
        for start in range(0, count, step):
            room = self._ratios(slice(start, start + step), slice(start, None)).min(axis=0)
            rows, columns = np.nonzero(np.triu(np.isfinite(room), k=1))
            lower.append(rows + start)
            upper.append(columns + start)
            rooms.append(room[rows, columns])
        a, b, room = np.concatenate(lower), np.concatenate(upper), np.concatenate(rooms)
        of, to, room = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([room, room])
        order = np.lexsort((to, of))
        edges = np.searchsorted(of[order], np.arange(1, count))
        return np.split(to[order], edges) if count else [], np.split(room[order], edges) if count else []

    def bar(self, pairs: NDArray[np.int64]) -> None:
        """Keep pairs (K, 2) of clusters apart for good."""
        a, b = pairs[:, 0], pairs[:, 1]
        self._barred[a, b] = self._barred[b, a] = True
        touched = np.unique(pairs)
        for number in touched.tolist():
            self._keep(number, ~self._barred[number, self._near[number]])
        self._look(touched.tolist())

    def _keep(self, number: int, kept: NDArray[np.bool_]) -> None:
        """Of the clusters that are near to one, let the others go."""
        self._near[number], self._room[number] = self._near[number][kept], self._room[number][kept]

    def round(self) -> bool:
        """Merge the best pair, or all that tie for it. False when no pair is near enough."""
        best = self._least.min(initial=np.inf)
        if not np.isfinite(best):
            return False
        tied = {
            (min(row, other), max(row, other))
            for row in np.flatnonzero(self._least <= best + TIE).tolist()
            for other in self._near[row][self._room[row] <= best + TIE].tolist()
        }
        groups, apart = settle_ties(tied, lambda numbers: np.array([np.isin(numbers, self._near[n]) for n in numbers]))
        self.apart += apart
        self.bar(np.array(apart, dtype=np.int64).reshape(-1, 2))
        self.steps += [self._explain(keep, gone) for keep, *rest in groups for gone in rest]
        for group in groups:
            self._join(group)
        return True

    def labels(self) -> NDArray[np.int64]:
        """The cluster of each item (N,)."""
        return self._cluster

    def _look(self, rows: Iterable[int]) -> None:
        """Find the nearest of some clusters anew."""
        for row in rows:
            self._least[row] = self._room[row].min(initial=np.inf)
            self._nearest[row] = self._near[row][self._room[row].argmin()] if len(self._near[row]) else 0

    def _ratios(self, of: list[int] | slice, to: list[int] | slice) -> FloatMatrix:
        """For each rule, distance over threshold of some clusters to others (3, R, S); inf where the rule fails."""
        face, clothing, limits = self._face.distances(of, to), self._clothing.distances(of, to), self._thresholds
        veto = 0.0 if limits.face_veto is None else _ratio(face, limits.face_veto)
        return np.stack(
            [
                _ratio(face, limits.face_hard),
                np.maximum(_ratio(face, limits.face_soft), _ratio(clothing, limits.clothing_soft)),
                np.maximum(_ratio(clothing, limits.clothing_hard), veto),
            ]
        )

    def _explain(self, keep: int, gone: int) -> tuple[int, int, Rule, float, float | None]:
        """A merge that is about to be made."""
        rule = _RULES[int(self._ratios([keep], [gone])[:, 0, 0].argmin())]
        face, worn = (float(mean.distances([keep], [gone])[0, 0]) for mean in (self._face, self._clothing))
        return keep, gone, rule, face, None if np.isnan(worn) else worn

    def _join(self, group: list[int]) -> None:
        """Make one cluster of several; it goes by the first."""
        keep, rest = group[0], group[1:]
        self._face.join(group)
        self._clothing.join(group)
        self._cluster[np.isin(self._cluster, rest)] = keep
        self._barred[keep] |= self._barred[rest].any(axis=0)
        self._barred[rest] = self._barred[:, rest] = True
        self._barred[:, keep] = self._barred[keep]
        for number in group:
            for other in self._near[number].tolist():
                self._keep(other, ~np.isin(self._near[other], group))
            self._keep(number, np.zeros(len(self._near[number]), dtype=bool))
        room = np.where(self._barred[keep], np.inf, self._ratios([keep], _ALL).min(axis=0)[0])
        self._near[keep] = np.flatnonzero(np.isfinite(room))
        self._room[keep] = room[self._near[keep]]
        for other, ratio in zip(self._near[keep].tolist(), self._room[keep].tolist(), strict=True):
            self._near[other], self._room[other] = (
                np.append(self._near[other], keep),
                np.append(self._room[other], ratio),
            )
        # A row to which this has come nearer than its nearest need not know: the pair is found from the row of `keep`.
        self._look([*group, *np.flatnonzero(np.isin(self._nearest, group)).tolist()])


def _ratio(distances: FloatMatrix, limit: float | None) -> FloatMatrix:
    """Distances (R, N) over their threshold; inf where they exceed it or are unknown, or where there is none."""
    if limit is None:
        return np.full(distances.shape, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(distances > 0, distances / limit, distances)
    return np.where(ratios <= 1 + TIE, ratios, np.inf)


def _named(merging: _Merging, order: NDArray[np.int64]) -> MergeResult:
    """The result in terms of the items as they were given; `order` (N,) says which item stands where."""
    name = order.copy()  # of a cluster: the lowest item in it
    steps = []
    for keep, gone, rule, face, clothing in merging.steps:
        a, b = sorted((int(name[keep]), int(name[gone])))
        steps.append(MergeStep(a, b, rule, face, clothing))
        name[keep] = a
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = merging.labels()
    apart = {(min(a, b), max(a, b)) for a, b in order[np.array(merging.apart, dtype=np.int64).reshape(-1, 2)].tolist()}
    return MergeResult(canonical_labels(labels), tuple(steps), tuple(sorted(apart)))
