"""Figures of estimated amounts, what they are mixed by, and how far off they may be."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def amount_figures(values: Floats, middles: Floats, truth: Floats) -> dict[str, float | None]:
    """The figures of estimates of amounts, each of the answer that it asks for.

    Squares ask for the mean of what may be: rmse, r2 and bias (the sum of errors by the sum of truth) are of `values`;
    the others ask for the middle: mae, mape (in shares) and log_rmse (natural logarithm) are of `middles`.

    Args:
        values: Shape (N,): means.
        middles: Shape (N,): medians.
        truth: Shape (N,). Where it is not above 0 throughout, mape and log_rmse are None.
    """
    error, away = values - truth, middles - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    positive = bool((truth > 0).all() and (middles > 0).all())
    total = float(truth.sum())
    return {
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(away).mean()),
        "mape": float((np.abs(away) / truth).mean()) if positive else None,
        "log_rmse": float(np.sqrt((np.log(middles / truth) ** 2).mean())) if positive else None,
        "r2": 1 - float((error**2).sum()) / spread if spread > 0 else None,
        "bias": float(error.sum()) / total if total else None,
    }


def rank_correlation(values: Floats, others: Floats) -> float:
    """Spearman's correlation of two columns (N,) over the rows that have both; 0 where one does not vary."""
    both = np.isfinite(values) & np.isfinite(others)
    if both.sum() < 3:
        return 0.0
    from scipy.stats import rankdata

    first, second = rankdata(values[both]), rankdata(others[both])
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def mixing_weights(estimates: Floats, truth: Floats) -> Floats:
    """Weights (M,) of estimates (N, M), none below 0, whose mixture is nearest to the truth (N,) in squares.

    Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23. Of no weight at all, all get the same.
    """
    from scipy.optimize import nnls

    scale = float(np.abs(truth).max()) or 1.0
    weights = np.round(nnls(estimates / scale, truth / scale)[0], 9)
    return weights if weights.sum() > 0 else np.full(estimates.shape[1], 1 / estimates.shape[1])


def conformal_reach(scores: Floats, cover: float) -> float:
    """How far answers must reach so that a share `cover` of the truth lies within, by scores (N,) of rows not learnt.

    The ceil((N + 1) cover)-th smallest (Vovk et al., Algorithmic Learning in a Random World, 2005); the largest where
    there are too few rows.
    """
    place = int(np.ceil((len(scores) + 1) * cover)) - 1
    return float(np.sort(scores)[min(place, len(scores) - 1)])
