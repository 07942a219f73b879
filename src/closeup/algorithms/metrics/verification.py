"""How well similarities tell pairs of one person from pairs of two: error rates, the ROC curve, and how sure they are.

A pair is accepted (taken for one person) from a threshold of similarity on. FAR, the false-accept rate, is the share of
the pairs of two people that are accepted; TAR, the true-accept rate, that of the pairs of one person. Definitions as in
ISO/IEC 19795-1; the protocol over folds: Huang, Ramesh, Berg, Learned-Miller, "Labeled Faces in the Wild", 2007.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Similarities = NDArray[np.float64]
Judgement = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """The error rates at every threshold that makes a difference, from the strictest to the most lenient.

    Attributes:
        thresholds: Shape (T,), falling; the first is infinite and accepts nothing.
        far: Shape (T,), rising from 0 to 1.
        tar: Shape (T,), rising from 0 to 1.
    """

    thresholds: NDArray[np.float64]
    far: NDArray[np.float64]
    tar: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FoldAccuracy:
    """The share of pairs that are judged rightly, fold by fold, each with the threshold that is best on the others.

    Attributes:
        accuracies: Shape (F,), 0 to 1.
        thresholds: Shape (F,).
        right: Shape (N,): whether each pair was judged rightly in its fold.
    """

    accuracies: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    right: Judgement

    @property
    def mean(self) -> float:
        """The mean over the folds."""
        return float(self.accuracies.mean())

    @property
    def deviation(self) -> float:
        """The standard deviation over the folds (of a sample); the mean's standard error is this over sqrt(F)."""
        return float(self.accuracies.std(ddof=1))


def roc_curve(similarities: ArrayLike, same: ArrayLike) -> RocCurve:
    """The ROC curve of pairs.

    Args:
        similarities: Shape (N,), finite; higher is more alike.
        same: Shape (N,), bool: whether a pair is of one person. There has to be one of each kind.

    Raises:
        ValueError: If the shapes differ, a value is not finite, or one kind of pair is missing.
    """
    scores, ones = _checked(similarities, same)
    order = np.argsort(-scores, kind="stable")
    scores, ones = scores[order], ones[order]
    last = np.flatnonzero(np.append(scores[1:] < scores[:-1], True))  # equal similarities are accepted together
    far, tar = np.cumsum(~ones)[last] / np.sum(~ones), np.cumsum(ones)[last] / np.sum(ones)
    return RocCurve(np.append(np.inf, scores[last]), np.append(0.0, far), np.append(0.0, tar))


def tar_at_far(similarities: ArrayLike, same: ArrayLike, far: float) -> tuple[float, float]:
    """The true-accept rate, and the threshold, at which at most the share `far` of the pairs of two people is accepted.

    Args:
        similarities: Shape (N,), as for `roc_curve`.
        same: Shape (N,), likewise.
        far: 0 to 1. With fewer pairs of two people than 1 / far, none is accepted.

    Raises:
        ValueError: As `roc_curve`, or if `far` is not 0 to 1.
    """
    if not 0 <= far <= 1:
        raise ValueError(f"a false-accept rate lies in 0 to 1, not at {far}")
    curve = roc_curve(similarities, same)
    # Rates are counts over a whole number: a hair more than `far` is `far`.
    row = int(np.searchsorted(curve.far, far * (1 + 1e-12), side="right")) - 1
    return float(curve.tar[row]), float(curve.thresholds[row])


def equal_error_rate(similarities: ArrayLike, same: ArrayLike) -> float:
    """The rate at which as large a share of pairs (N,) of two people is accepted as of one person refused, 0 to 1.

    Where no threshold makes them equal: on the straight line between the two thresholds around it.

    Raises:
        ValueError: As `roc_curve`.
    """
    curve = roc_curve(similarities, same)
    gap = curve.far - (1 - curve.tar)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(curve.far[after - 1] + share * (curve.far[after] - curve.far[after - 1]))


def best_threshold(similarities: ArrayLike, same: ArrayLike) -> float:
    """The threshold that judges most of the pairs (N,) rightly; of several, in the middle of the middle one's gap.

    Raises:
        ValueError: As `roc_curve`.
    """
    scores, ones = _checked(similarities, same)
    curve = roc_curve(scores, ones)
    right = curve.tar * ones.sum() - curve.far * (~ones).sum()
    best = np.flatnonzero(right >= right.max() - 0.5)  # counts, so half a pair is rounding
    row = int(best[len(best) // 2])
    if row == 0:
        return float(np.nextafter(curve.thresholds[1], np.inf))
    if row == len(curve.thresholds) - 1:
        return float(curve.thresholds[row])
    return float((curve.thresholds[row] + curve.thresholds[row + 1]) / 2)


def accuracy_over_folds(similarities: ArrayLike, same: ArrayLike, folds: ArrayLike) -> FoldAccuracy:
    """Judge each fold's pairs with the threshold that is best on all other folds together.

    Args:
        similarities: Shape (N,), as for `roc_curve`.
        same: Shape (N,), likewise.
        folds: Shape (N,), int: the fold of each pair; two or more folds.

    Raises:
        ValueError: As `roc_curve` for the pairs outside of any fold, or if there is one fold only.
    """
    scores, ones = _checked(similarities, same)
    places = np.asarray(folds)
    names = np.unique(places)
    if places.shape != scores.shape or len(names) < 2:
        raise ValueError(f"expected a fold for each of {len(scores)} pairs, and two folds at least")
    thresholds = np.array([best_threshold(scores[places != name], ones[places != name]) for name in names])
    right = (scores >= thresholds[np.searchsorted(names, places)]) == ones
    accuracies = np.array([right[places == name].mean() for name in names])
    return FoldAccuracy(accuracies, thresholds, right)


def by_pair(count: int, resamples: int, seed: int = 0) -> Iterator[NDArray[np.intp]]:
    """Draws of `count` pairs out of `count`, with replacement: indices (count,) each. Efron, 1979.

    Right where no two pairs share a person; else the intervals come out too narrow, and `by_person` is the honest way.
    """
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield rng.integers(0, count, count)


def by_person(people: ArrayLike, resamples: int, seed: int = 0) -> Iterator[NDArray[np.intp]]:
    """Draws of people, with replacement, and the pairs among those who were drawn: indices of varying length.

    A pair of one person counts as often as that person was drawn, and a pair of two as often as both together, the one
    number times the other, as in Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007.

    Args:
        people: Shape (N, 2), the two people of each pair, any type that can be compared.
        resamples: How many draws.
        seed: The same seed gives the same draws.
    """
    names, places = np.unique(np.asarray(people), return_inverse=True)
    places = places.reshape(-1, 2)
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
        times = np.where(places[:, 0] == places[:, 1], drawn[places[:, 0]], drawn[places].prod(axis=1))
        yield np.repeat(np.arange(len(places)), times)


def bootstrap_interval(
    statistic: Callable[[NDArray[np.intp]], float], draws: Iterator[NDArray[np.intp]], level: float = 0.95
) -> tuple[float, float]:
    """The percentile interval of a figure over draws of pairs.

    Args:
        statistic: From indices of pairs (M,) to the figure; a ValueError (a draw without pairs of one kind) leaves the
            draw out.
        draws: From `by_pair` or `by_person`.
        level: The interval's share, 0 to 1.

    Raises:
        ValueError: If no draw gives a figure.
    """
    values = []
    for drawn in draws:
        try:
            values.append(statistic(drawn))
        except ValueError:
            continue
    if not values:
        raise ValueError("no draw has pairs of both kinds")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _checked(similarities: ArrayLike, same: ArrayLike) -> tuple[Similarities, Judgement]:
    scores, ones = np.asarray(similarities, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    if scores.ndim != 1 or scores.shape != ones.shape:
        raise ValueError(f"expected two arrays of shape (N,), got {scores.shape} and {ones.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("similarities must be finite; at least one is NaN or infinite")
    if ones.all() or not ones.any():
        raise ValueError("there have to be pairs of one person and pairs of two people")
    return scores, ones
