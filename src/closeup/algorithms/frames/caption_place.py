"""Where a caption hides least: off faces first, then where captions may stand, then off hair."""

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

_HAIR = 0.35
"""Heads reach this much above a face, in its heights."""

_BEYOND = 0.03
"""So much of the picture's height captions may stand beyond their place before hair is rather hidden."""

_AIR = 0.06
"""Captions keep off faces by this share of a face's sides."""


def least_hidden(
    place_xyxy: tuple[int, int, int, int],
    size_wh: tuple[int, int],
    safe_xyxy: tuple[int, int, int, int],
    faces_xyxy: FloatArray | NDArray[np.float64],
    last_top: int | None = None,
) -> tuple[int, float]:
    """The row from which on a caption hides least of faces, and how much it hides there.

    Of rows that hide nothing of a face, those that hide no hair are better.

    Args:
        place_xyxy: Where it usually stands, pixels.
        size_wh: Width and height of the picture.
        safe_xyxy: Where captions may stand; beyond it only where there is no room inside.
        faces_xyxy: Boxes (K, 4) of all that the camera knows while it is shown.
        last_top: Where the caption before stood; two in one place are calmer.

    Returns:
        Its upper row, as near as can be to its usual place, and the pixels that it hides of a face in the mean.
    """
    x0, top, x1, bottom = place_xyxy
    height = bottom - top
    if not len(faces_xyxy):
        return top, 0.0
    faces = np.asarray(faces_xyxy, np.float64)
    grown = (faces[:, 2:] - faces[:, :2]) * _AIR
    boxes = np.concatenate([faces[:, :2] - grown, faces[:, 2:] + grown], axis=1)
    across = np.clip(np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0), 0, None)
    lowest = max(size_wh[1] - height, 0)
    tops = np.unique([top, lowest, *range(0, lowest, max(2, size_wh[1] // 160))])
    hair = np.stack([boxes[:, 1] - _HAIR * (boxes[:, 3] - boxes[:, 1]), boxes[:, 1]], axis=1)
    hidden, on_hair = (
        np.round((_common(rows, tops, height) * across).sum(axis=1) / len(boxes), 3) for rows in (boxes[:, 1::2], hair)
    )
    outside = np.clip(safe_xyxy[1] - tops, 0, None) + np.clip(tops + height - safe_xyxy[3], 0, None)
    outside = np.clip(outside - _BEYOND * size_wh[1], 0, None)
    away = np.abs(tops - top) + (0 if last_top is None else 0.5 * np.abs(tops - last_top))
    best = np.lexsort((away, on_hair, outside, hidden))[0]
    return int(tops[best]), float(hidden[best])


def _common(rows: NDArray[np.float64], tops: NDArray[np.int64], height: int) -> NDArray[np.float64]:
    """How many rows each span (K, 2) has in common with a caption at each of some tops (T,): (T, K)."""
    common = np.minimum(rows[:, 1], tops[:, None] + height) - np.maximum(rows[:, 0], tops[:, None])
    return np.asarray(np.clip(common, 0, None), np.float64)
