"""Two performances compared: timing first, then how far the expressions are the same, with what chance would give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.performance.agreement import (
    STILL,
    agreement,
    calibrated,
    concordance,
    other_scene_agreement,
    probability_overlap,
    score_interval,
    shares,
    shuffled_agreement,
)
from closeup.algorithms.performance.alignment import (
    BAND_S,
    Curves,
    at_lag,
    find_lag,
    sampled_at,
    warped,
    warping_path,
)
from closeup.core.errors import InputError
from closeup.core.words import about
from closeup.documents.act import ActResult, ActSide, ActTiming, ExpressionAgreement, Performance
from closeup.features.act.moments import find_moments
from closeup.features.act.performing import LONGEST_MISS_S, RATE_HZ

LEAST_COVERAGE = 0.5
"""With less of the original's time in common there is no score."""

SHORTEST_S = 3.0
"""Less than this in common is no performance."""

SMOOTH = np.array([0.25, 0.5, 0.25])
"""Each moment with a half of its neighbours: a face that speaks or blinks is taken for many things."""

ON_TIME_S = 0.15
"""What is moved by no more than this is in time."""

UNMEASURED = 4
"""The first moments of a sound: loudness is that of 0.4 s, and before these are full it is told as silence."""

QUIET_LU = 20.0
"""Sound that is so much softer than the loudest is silence."""


@dataclass(frozen=True, slots=True, eq=False)
class ActComparison:
    """What comparing two performances gives, for the report.

    Attributes:
        result: What is kept.
        original: Its curves (T, K), probabilities on an even clock, NaN where no face is seen.
        attempt: Those of the attempt (T, K), brought to the original's lag and drift.
        lag_s: What is taken out of the attempt's time; so is `rate`, by which it is slower.
    """

    result: ActResult
    original: Curves
    attempt: Curves
    lag_s: float
    rate: float


def compare(original: Performance, attempt: Performance) -> ActComparison:
    """Compare an attempt with the performance that it is of.

    Raises:
        InputError: If they were not judged by the same model.
    """
    if (original.model, original.expressions) != (attempt.model, attempt.expressions):
        raise InputError(
            f"One performance was judged by {original.model}, the other by {attempt.model}: they cannot be compared.",
            "Read both from their videos anew.",
        )
    first, second = curves(original), curves(attempt)
    x, y = centred_curves(first), centred_curves(second)
    sounds = _sounds(original, attempt)
    lag_s, rate = find_lag([(x, y), *sounds], RATE_HZ)
    moved = at_lag(y, len(x), RATE_HZ, lag_s, rate)
    both = _seen(x) & _seen(moved)
    if both.any():  # what only one of them shows says nothing of how the other's face is at rest
        x, moved = (side - np.median(side[both], axis=0) for side in (x, moved))
    coverage = {
        "original": float(_seen(x).mean()),
        "attempt": float(_seen(moved).mean()),
        "both": float(both.mean()),
    }
    plain = at_lag(second, len(first), RATE_HZ, lag_s, rate)
    unscored = _unscored(x, both, coverage)
    result = _result((original, attempt), (x, y, moved), (lag_s, rate), coverage, unscored, (first, plain))
    return ActComparison(result, first, plain, lag_s, rate)


def curves(performance: Performance) -> Curves:
    """The probabilities (T, K) of a performance on an even clock of `RATE_HZ`, NaN where the face is not seen."""
    clock = np.arange(max(round(performance.video.duration_s * RATE_HZ), 1)) / RATE_HZ
    shape = (-1, len(performance.expressions))
    return sampled_at(performance.times_s, performance.probabilities.reshape(shape), clock, LONGEST_MISS_S)


def centred_curves(probabilities: Curves) -> Curves:
    """Curves (T, K) calmed, and each less its own median: faces at rest are taken for different things."""
    known = _seen(probabilities)
    weights = np.convolve(known, SMOOTH, mode="same")
    filled = np.where(known[:, None], probabilities, 0.0)
    calm = np.stack([np.convolve(curve, SMOOTH, mode="same") for curve in filled.T], axis=1)
    calm = np.where(known[:, None], calm / np.maximum(weights, 1e-9)[:, None], np.nan)
    return calm - np.median(calm[known], axis=0) if known.any() else calm


def _seen(probabilities: Curves) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(probabilities).all(axis=1))


def _sounds(original: Performance, attempt: Performance) -> list[tuple[Curves, Curves]]:
    """The loudness of both as curves (T, 1), where both have sound that is more than silence."""
    levels = [each.loudness_lufs for each in (original, attempt)]
    if not all(len(level) and np.ptp(level) > 1 for level in levels):
        return []
    first, second = (np.maximum(level, level.max() - QUIET_LU)[:, None] for level in levels)
    length = len(curves(original))  # a sound track may be longer or shorter than the pictures
    first = np.pad(first[:length], ((0, max(length - len(first), 0)), (0, 0)), constant_values=first.min())
    for level in (first, second):
        level[:UNMEASURED] = np.nan
    return [(first, second)]


def _unscored(x: Curves, both: NDArray[np.bool_], coverage: dict[str, float]) -> str:
    """Why there is no score, as a sentence; empty where there is one."""
    if coverage["both"] < LEAST_COVERAGE:
        least = min(("original", "attempt"), key=coverage.__getitem__)
        return (
            f"No score: the two faces are seen together in {coverage['both']:.0%} of the original's time, less than "
            f"half. The {least}'s is in view for {coverage[least]:.0%} of it."
        )
    if both.sum() < SHORTEST_S * RATE_HZ:
        return f"No score: {both.sum() / RATE_HZ:.1f} s in common are too few to compare."
    if not shares(x).any():
        return "No score: the original's face hardly moves, so there is nothing to play."
    return ""


def _result(
    sides: tuple[Performance, Performance],
    centred: tuple[Curves, Curves, Curves],
    clock: tuple[float, float],
    coverage: dict[str, float],
    unscored: str,
    plain: tuple[Curves, Curves],
) -> ActResult:
    """Everything that is kept; `centred` are the original, the attempt, and the attempt at its lag."""
    original, attempt = sides
    x, y, moved = centred
    path = warping_path(x, moved, round(BAND_S * RATE_HZ))
    aligned, moves = warped(moved, path)
    baselines: dict[str, float | None] = {}
    score, interval, agreed = None, None, None
    if not unscored:
        agreed = agreement(x, aligned)
        baselines = {
            "motionless": 0.0,
            "shuffled": shuffled_agreement(x, y, RATE_HZ),
            "other_scene": other_scene_agreement(x, RATE_HZ),
        }
        chance = max(value for value in baselines.values() if value is not None)
        baselines["chance"] = chance
        score = round(calibrated(agreed, chance), 1)
        low, high = score_interval(x, aligned, chance, RATE_HZ)
        interval = round(low, 1), round(high, 1)
    still = np.where(_seen(plain[1])[:, None], np.nanmean(plain[0], axis=0), np.nan) if _seen(plain[0]).any() else None
    return ActResult(
        original=ActSide(original.video, original.person),
        attempt=ActSide(attempt.video, attempt.person),
        model=original.model,
        score=score,
        interval=interval,
        unscored=unscored,
        agreement=agreed,
        expressions=tuple(
            ExpressionAgreement(name, float(share), float(value))
            for name, share, value in zip(original.expressions, shares(x), concordance(x, aligned), strict=True)
        ),
        timing=None if unscored else _timing(sides, (x, y), clock, moves),
        coverage=coverage,
        baselines=baselines,
        overlap={
            "attempt": probability_overlap(*plain),
            "motionless": None if still is None else probability_overlap(plain[0], still),
        },
        moments=() if unscored else find_moments(x, moved, original.expressions, clock),
        notes=tuple(
            about(side, note) for side, each in (("Original", original), ("Attempt", attempt)) for note in each.notes
        ),
    )


def _timing(
    sides: tuple[Performance, Performance],
    centred: tuple[Curves, Curves],
    clock: tuple[float, float],
    moves: NDArray[np.float64],
) -> ActTiming:
    """How the attempt lies in time, from its lag and rate, and the moves (T,) of the warping."""
    x = centred[0]
    sounds = _sounds(*sides)
    happening = np.abs(np.nan_to_num(np.gradient(x, axis=0))).sum(axis=1)
    weight = happening / max(float(happening.sum()), STILL)
    moved_s = moves / RATE_HZ
    return ActTiming(
        lag_s=clock[0],
        drift_s_per_min=60 * (clock[1] - 1),
        expression_lag_s=find_lag([centred], RATE_HZ, rates=False)[0],
        sound_lag_s=find_lag(sounds, RATE_HZ, rates=False)[0] if sounds else None,
        late=float(min(weight[moved_s > ON_TIME_S].sum(), 1)),
        early=float(min(weight[moved_s < -ON_TIME_S].sum(), 1)),
        spread_s=float(np.sqrt((weight * moved_s**2).sum())),
    )
