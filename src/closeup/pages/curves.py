"""Curves of a video as SVG, in a frame of 1000 by 100 that is as wide as the video is long."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_POINTS = 500
"""Points of a curve; more than that a page cannot show."""


def curve_area(times_s: ArrayLike, values: ArrayLike, length_s: float) -> str:
    """The area under a curve as an SVG path in a frame of 1000 by 100, y down; 0 is at the bottom, 1 at the top.

    A long curve is drawn by the means of its parts; where it is not known (NaN), there is a gap.

    Args:
        times_s: Shape (T,): the middle of each moment in seconds, evenly apart.
        values: Shape (T,), 0 to 1 or NaN.
        length_s: The video's length in seconds.
    """
    times, means = _thinned(np.asarray(times_s, np.float64), np.asarray(values, np.float64))
    half_s = (times[1] - times[0]) / 2 if len(times) > 1 else length_s / 2
    return "".join(_run(times[run], means[run], half_s, length_s) for run in _known_runs(means))


def curve_line(times_s: ArrayLike, values: ArrayLike, length_s: float) -> str:
    """A curve as a line, for several of them over each other; for the arguments, both (T,), see `curve_area`."""
    times, means = _thinned(np.asarray(times_s, np.float64), np.asarray(values, np.float64))
    xs = 1000 * np.clip(times / length_s, 0, 1)
    ys = 100 - 100 * np.clip(means, 0, 1)
    return "".join(
        f"M{xs[run][0]:.1f} {ys[run][0]:.1f}"
        + "".join(f"L{x:.1f} {y:.1f}" for x, y in zip(xs[run][1:], ys[run][1:], strict=True))
        for run in _known_runs(means)
    )


def _known_runs(values: NDArray[np.float64]) -> list[slice]:
    """The stretches of a curve (T,) without gaps."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.isfinite(values), [False]])))
    return [slice(int(low), int(high)) for low, high in zip(edges[::2], edges[1::2], strict=True)]


def _thinned(times: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The curve by the means of at most `MOST_POINTS` parts of equal length; NaN where nothing is known."""
    size = -(-len(times) // MOST_POINTS)
    if size <= 1:
        return times, values
    starts = np.arange(0, len(times), size)
    known = np.isfinite(values)
    counts = np.add.reduceat(known.astype(np.float64), starts)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts)
    means = np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0)
    lengths = np.diff([*starts, len(times)])
    return np.add.reduceat(times, starts) / lengths, means


def _run(times: NDArray[np.float64], values: NDArray[np.float64], half_s: float, length_s: float) -> str:
    """One stretch without gaps, from where its first moment begins to where its last one ends."""
    xs = np.clip(np.concatenate([[times[0] - half_s], times, [times[-1] + half_s]]) / length_s, 0, 1) * 1000
    ys = 100 - 100 * np.clip(np.concatenate([values[:1], values, values[-1:]]), 0, 1)
    line = "".join(f"L{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))
    return f"M{xs[0]:.1f} 100{line}L{xs[-1]:.1f} 100Z"
