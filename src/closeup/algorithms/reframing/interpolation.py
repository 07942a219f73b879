"""Values that were sampled now and then, as they were at any moment between."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator


def interpolate(sample_times_s: ArrayLike, samples: ArrayLike, times_s: ArrayLike) -> NDArray[np.float64]:
    """Piecewise cubic between samples, never beyond two neighbours, and held before the first and after the last.

    After F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984
    (PCHIP): as smooth as a face moves, and without the overshoot of a spline, which would invent movement.

    Args:
        sample_times_s: Shape (N,), seconds, strictly ascending, at least one.
        samples: Shape (N, D), finite.
        times_s: Shape (M,), seconds, in any order.

    Returns:
        Shape (M, D), float64.

    Raises:
        ValueError: If shapes do not fit, a number is not finite, or the sample times do not ascend.
    """
    known, values = np.asarray(sample_times_s, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    wanted = np.asarray(times_s, dtype=np.float64)
    if known.ndim != 1 or values.ndim != 2 or len(known) != len(values) or len(known) == 0 or wanted.ndim != 1:
        raise ValueError(f"times {known.shape}, samples {values.shape} and times {wanted.shape} do not fit")
    if not (np.isfinite(known).all() and np.isfinite(values).all() and np.isfinite(wanted).all()):
        raise ValueError("times and samples must be finite")
    if (np.diff(known) <= 0).any():
        raise ValueError("sample times must ascend")
    if len(known) == 1:
        return np.repeat(values, len(wanted), axis=0)
    held = np.clip(wanted, known[0], known[-1])
    with np.errstate(over="ignore"):  # slopes of next to nothing: their harmonic mean is 0, as it should be
        return np.asarray(PchipInterpolator(known, values, axis=0)(held), dtype=np.float64)
