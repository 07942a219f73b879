"""Curves as the few points between which they are straight: a camera's path as key frames.

The scan is the funnel of Williams ("An Efficient Algorithm for the Piecewise Linear Approximation of Planar Curves",
Computer Graphics and Image Processing 8, 1978), here along time, with all columns in step.
"""

import numpy as np
from numpy.typing import NDArray

_AHEAD = 32
"""Rows that are looked at first; four times as many where all of them lie on a line."""


def key_frames(curve: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Choose rows of a curve between which straight lines stay near to it.

    Args:
        curve: Shape (N, K): K values at each of N equal steps; N at least 1, all finite.
        tolerance: How far the line may be off, in each value at each step; 0 or more.

    Returns:
        Shape (M,), int64: indices of the rows chosen, ascending; the first and the last row are always among them.

    Raises:
        ValueError: If the curve has no row, or a value that is not finite, or the tolerance is negative.
    """
    if curve.ndim != 2 or not len(curve) or not np.isfinite(curve).all():
        raise ValueError(f"a curve must be finite, of shape (N, K) with a row at least, not {curve.shape}")
    if tolerance < 0:
        raise ValueError("tolerance must be 0 or more")
    chosen, ahead = [0], _AHEAD
    while chosen[-1] < len(curve) - 1:
        rest = curve[chosen[-1] :]
        reach, closed = _reach(rest[:ahead], tolerance)
        if closed or ahead >= len(rest):
            chosen.append(chosen[-1] + reach)
            ahead = _AHEAD
        else:
            ahead *= 4
    return np.array(chosen, dtype=np.int64)


def _reach(curve: NDArray[np.float64], tolerance: float) -> tuple[int, bool]:
    """How many steps a straight line from the first row of a curve (N, K) can go, and if none can go farther."""
    steps = np.arange(1, len(curve), dtype=np.float64)[:, None]
    rise = curve[1:] - curve[0]
    slopes = rise / steps
    low = np.maximum.accumulate((rise - tolerance) / steps, axis=0)
    high = np.minimum.accumulate((rise + tolerance) / steps, axis=0)
    is_open = np.all(low <= high, axis=1)
    closed = not is_open.all()
    end = int(np.argmin(is_open)) if closed else len(is_open)
    # A row can be an end if the line to it passes all rows before it: its slope lies in the funnel that they leave.
    fits = (slopes[1:end] >= low[: max(end - 1, 0)]) & (slopes[1:end] <= high[: max(end - 1, 0)])
    ends = np.flatnonzero(np.all(fits, axis=1))
    return (int(ends[-1]) + 2 if len(ends) else 1), closed


def interpolate_keys(frames: NDArray[np.int64], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The curve that key frames stand for.

    Args:
        frames: Shape (M,), int64: steps that the keys stand at, ascending, from 0 to `count` - 1.
        values: Shape (M, K): the keys.
        count: N, how many steps there are.

    Returns:
        Shape (N, K), float64, straight between keys.
    """
    at = np.arange(count)
    return np.stack([np.interp(at, frames, column) for column in values.T], axis=1)


def led_by(
    crops: NDArray[np.float64], times_s: NDArray[np.float64], keys: NDArray[np.float64], size_wh: tuple[int, int]
) -> NDArray[np.float64]:
    """Crops (N, 4), xyxy, moved so that their middles are where keys have them.

    Between two keys the shift changes evenly; before the first and behind the last one it stays as it is there. A crop
    that fits into the picture stays inside.

    Args:
        crops: Of a stretch without a cut.
        times_s: Shape (N,), when each is shown, ascending.
        keys: Shape (K, 3), K of at least 1: seconds, ascending, and the middle x, y in pixels.
        size_wh: Of the picture.
    """
    middles = (crops[:, :2] + crops[:, 2:]) / 2
    moved = crops.copy()
    for axis in (0, 1):
        wanted = keys[:, 1 + axis] - np.interp(keys[:, 0], times_s, middles[:, axis])
        shift = np.interp(times_s, keys[:, 0], wanted)
        low, high = -crops[:, axis], size_wh[axis] - crops[:, axis + 2]
        shift = np.where(low <= high, np.clip(shift, np.minimum(low, high), np.maximum(low, high)), shift)
        moved[:, axis] += shift
        moved[:, axis + 2] += shift
    return moved
