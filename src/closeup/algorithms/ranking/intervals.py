"""The best few of many intervals that must not overlap and had better not be alike.

The value of a set is the sum of its scores less a penalty for each pair. Without penalties this is weighted interval
scheduling with a limit on the count, which dynamic programming solves exactly (Kleinberg and Tardos, Algorithm Design,
2006, section 6.1). With them it is a search by branch and bound: an interval's penalties that are not counted yet
are at least as high as its lowest one, so that the schedule with those is a bound on what can still be reached.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

NODES = 500
"""Sets that are looked into before the search settles for the best one found."""

_EPSILON = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A set of intervals.

    Attributes:
        indices: Of the intervals, by start.
        value: The set's value.
        bound: No set has a value above this; equal to `value` where the set is proven to be the best.
    """

    indices: tuple[int, ...]
    value: float
    bound: float


def without_beaten(starts: NDArray[np.int64], ends: NDArray[np.int64], scores: Floats) -> NDArray[np.bool_]:
    """Say which intervals hold no other that scores as much or more: (N,) bool for starts, ends and scores (N,).

    The others can be left out of a choice: the interval inside such a one serves at least as well and takes less room.
    Of equal intervals the first one stays.
    """
    places, end_place = np.unique(ends, return_inverse=True)
    best = np.full(len(places) + 1, -np.inf)  # best[e]: highest score of what starts later and ends by places[e]
    stays = np.zeros(len(starts), dtype=np.bool_)
    order = np.lexsort((np.arange(len(starts)), -scores, ends, -starts))
    for group in np.split(order, np.flatnonzero(np.diff(starts[order])) + 1) if len(order) else ():
        at, value = end_place[group], scores[group]
        inside = np.concatenate([[-np.inf], np.maximum.accumulate(value)[:-1]])
        stays[group] = value > np.maximum(inside, best[at])
        low = at[0]
        running = np.full(len(places) + 1 - low, -np.inf)
        np.maximum.at(running, at - low, value)
        np.maximum(best[low:], np.maximum.accumulate(running), out=best[low:])
    return stays


@dataclass(frozen=True, slots=True)
class Penalties:
    """What it costs to have two intervals in one set.

    Attributes:
        beside: Gives for interval i what it costs beside each of the N: (N,), 0 and up, symmetric.
        lowest: Shape (N,): an interval costs at least this beside any other.
    """

    beside: Callable[[int], Floats]
    lowest: Floats


def best_apart(
    starts: NDArray[np.int64], ends: NDArray[np.int64], scores: Floats, penalties: Penalties, count: int
) -> Chosen:
    """Choose up to `count` intervals that do not overlap, of the highest value; the same set every time.

    Args:
        starts: Shape (N,), ascending.
        ends: Shape (N,), exclusive, each above its start.
        scores: Shape (N,); an interval whose score is below 0 is never worth choosing.
        penalties: What pairs cost.
    """
    scores = np.asarray(scores, np.float64)
    search = _Search(np.searchsorted(starts, ends), penalties)
    bound = search.look(scores, 0, count)
    best = search.best
    if bound > search.value + _EPSILON:
        best = _swapped(best, (starts, ends), scores, penalties)
    value = _value(best, scores, penalties)
    return Chosen(best, value, max(bound, value))


def _value(chosen: tuple[int, ...], scores: Floats, penalties: Penalties) -> float:
    pairs = sum(float(penalties.beside(index)[list(chosen[:place])].sum()) for place, index in enumerate(chosen))
    return float(scores[list(chosen)].sum()) - pairs


def _swapped(
    chosen: tuple[int, ...], spans: tuple[NDArray[np.int64], NDArray[np.int64]], scores: Floats, penalties: Penalties
) -> tuple[int, ...]:
    """Exchange one interval of a set for a better one until none is: what a search that was broken off has missed."""
    starts, ends = spans
    best = list(chosen)
    beside = {index: penalties.beside(index) for index in best}
    place, kept = 0, 0
    while kept < len(best):  # how many places in a row have kept their interval
        index = best[place % len(best)]
        others = [other for other in best if other != index]
        gains = scores - sum((beside[other] for other in others), np.zeros_like(scores))
        for other in others:
            gains[(starts < ends[other]) & (starts[other] < ends)] = -np.inf
        better = int(np.argmax(gains))
        if gains[better] > gains[index] + _EPSILON:
            best[place % len(best)], kept = better, 0
            beside[better] = penalties.beside(better)
        place, kept = place + 1, kept + 1
    return tuple(sorted(best))


@dataclass(slots=True)
class _Search:
    """Depth first, the most promising first; `following` (N,) is the first interval that starts after each ends."""

    following: NDArray[np.intp]
    penalties: Penalties
    best: tuple[int, ...] = ()
    value: float = 0.0
    nodes: int = 0
    _path: list[int] = field(default_factory=list)

    def look(self, gains: Floats, start: int, count: int, value: float = 0.0) -> float:
        """Extend the path by up to `count` intervals from index `start` on; return a bound on what that can reach.

        Args:
            gains: Shape (N,): scores less the penalties beside the intervals of the path.
            start: The first interval that may be taken.
            value: Of the path.
        """
        self.nodes += 1
        if value > self.value + _EPSILON:
            self.best, self.value = tuple(self._path), value
        if count == 0 or start == len(gains):
            return value
        reach = value + self._reach(gains, start, count)
        bound = value
        for index in np.argsort(-reach, kind="stable").tolist():
            if reach[index] <= self.value + _EPSILON:
                break
            if self.nodes >= NODES:
                return max(bound, float(reach[index]))
            taken = start + index
            self._path.append(taken)
            rest = gains - self.penalties.beside(taken) if count > 1 else gains
            found = self.look(rest, int(self.following[taken]), count - 1, value + float(gains[taken]))
            self._path.pop()
            bound = max(bound, found)
        return bound

    def _reach(self, gains: Floats, start: int, count: int) -> Floats:
        """At most what sets can gain whose first interval is each of those from `start` on (M,)."""
        size, following = len(gains), self.following[start:]
        reach = np.full(size - start, -np.inf)
        for exactly in range(1, count + 1):
            # A pair costs at least half of what is lowest for each of the two.
            each = gains[start:] - self.penalties.lowest[start:] * (exactly - 1) / 2
            first = each
            for _ in range(exactly - 1):
                later = np.full(size + 1, -np.inf)  # later[i]: with the first of these at i or behind it
                later[start:size] = np.maximum.accumulate(first[::-1])[::-1]
                first = each + later[following]
            np.maximum(reach, first, out=reach)
        return reach
