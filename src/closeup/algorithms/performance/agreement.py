"""How far one performance is another: agreement of expression curves, by concordance, and what chance would give.

Curves are (T, K), float64, of two performances on one clock, each less its own median; a row of NaN where no face is
seen. A correlation would forgive a face that hardly moves, and a mean difference a face that does not move at all.
Concordance forgives neither (Lin, Biometrics 45, 1989): 1 where both are the same, 0 where one of them is still or
they have nothing to do with each other.
"""

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.classification import interval
from closeup.algorithms.performance.alignment import BAND_S, Curves, at_lag, find_lag, warped, warping_path

STILL = 1e-4
"""An original whose curves vary by less than this together (sum of variances) does nothing that could be played."""

BLOCK_S = 2.0
"""Blocks of time that are shuffled, and that intervals are drawn by: a smile or a word lasts about as long."""

DRAWS = 12
"""Orders that an attempt is shuffled into."""

OFTEN = 0.75
"""Chance is what so many of the shuffled orders stay below: by their mean alone every other stranger would score
something. Of simulated strangers' 15 s a fifth score above 20 by the mean, and none by this."""

SHORTEST_S = 12.0
"""Of a shorter original no other scene can be taken that is farther away than a lag may be."""


def concordance(first: Curves, second: Curves) -> NDArray[np.float64]:
    """The concordance correlation coefficient of each curve of two sets (T, K), over what both know: (K,), -1 to 1.

    0 where neither moves.
    """
    both = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if not both.any():
        return np.zeros(first.shape[1])
    x, y = first[both], second[both]
    apart = x.var(axis=0) + y.var(axis=0) + (x.mean(axis=0) - y.mean(axis=0)) ** 2
    together = 2 * ((x - x.mean(axis=0)) * (y - y.mean(axis=0))).mean(axis=0)
    return np.asarray(np.divide(together, apart, out=np.zeros(len(apart)), where=apart > 1e-12), np.float64)


def shares(original: Curves) -> NDArray[np.float64]:
    """How much of what a face does (T, K) is each expression: variances (K,) that sum to 1; all 0 for a still face."""
    known = original[np.isfinite(original).all(axis=1)]
    variances = known.var(axis=0) if len(known) else np.zeros(original.shape[1])
    return np.asarray(variances / variances.sum() if variances.sum() >= STILL else np.zeros(len(variances)), np.float64)


def agreement(original: Curves, attempt: Curves) -> float:
    """Concordance of the expressions of two performances (T, K), weighed by the original's shares: -1 to 1."""
    return float(shares(original) @ concordance(original, attempt))


def probability_overlap(original: Curves, attempt: Curves) -> float | None:
    """The part of two sets of probabilities (T, K) that is the same: 1 less half the mean sum of differences, 0 to 1.

    None where they are never known together. A still face scores high by it, since most of most scenes is alike.
    """
    apart = np.abs(original - attempt).sum(axis=1)
    return float(1 - apart[np.isfinite(apart)].mean() / 2) if np.isfinite(apart).any() else None


def calibrated(value: float, chance: float) -> float:
    """An agreement as a score from 0, what chance gives or less, to 100, the same performance."""
    return 100 * min(max((value - chance) / (1 - chance), 0.0), 1.0) if chance < 1 else 0.0


def best_agreement(original: Curves, attempt: Curves, rate_hz: float) -> float:
    """The agreement of an attempt (U, K) with an original (T, K), brought to its time as well as may be."""
    lag_s, rate = find_lag([(original, attempt)], rate_hz)
    moved = at_lag(attempt, len(original), rate_hz, lag_s, rate)
    path = warping_path(original, moved, round(BAND_S * rate_hz))
    return agreement(original, warped(moved, path)[0])


def shuffled_agreement(original: Curves, attempt: Curves, rate_hz: float, seed: int = 0) -> float:
    """The agreement that `OFTEN` of an attempt's (U, K) shuffled orders, in blocks, stay below; each is aligned."""
    size = max(round(BLOCK_S * rate_hz), 1)
    starts = np.arange(0, len(attempt), size)
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(DRAWS):
        order = generator.permutation(starts)
        found.append(best_agreement(original, np.concatenate([attempt[at : at + size] for at in order]), rate_hz))
    return float(np.quantile(found, OFTEN))


def other_scene_agreement(original: Curves, rate_hz: float) -> float | None:
    """The mean agreement of an original (T, K) with other moments of itself, aligned as an attempt is.

    None where it is too short to have any.
    """
    length = len(original)
    if length < SHORTEST_S * rate_hz:
        return None
    turned = [np.roll(original, round(part * length), axis=0) for part in (0.35, 0.5, 0.65)]
    return float(np.mean([best_agreement(original, other, rate_hz) for other in turned]))


def score_interval(
    original: Curves, attempt: Curves, chance: float, rate_hz: float, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of the score of two performances (T, K) on one clock, by bootstrap over blocks of time."""
    blocks = (np.arange(len(original)) / (BLOCK_S * rate_hz)).astype(np.intp).tolist()

    def score(drawn: NDArray[np.intp]) -> float:
        return calibrated(agreement(original[drawn], attempt[drawn]), chance)

    return interval(score, len(original), groups=blocks, seed=seed)
