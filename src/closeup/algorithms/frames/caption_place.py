"""Where a caption hides least: off faces first, then off other text, where captions may stand, and off hair."""

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

_HAIR = 0.35
"""Heads reach this much above a face, in its heights."""

_BEYOND = 0.03
"""So much of the picture's height captions may stand beyond their place before hair is rather hidden."""

_AIR = 0.06
"""Captions keep off faces by this share of a face's sides."""

_NONE: NDArray[np.float64] = np.zeros((0, 4))


def least_hidden(
    place_xyxy: tuple[int, int, int, int],
    size_wh: tuple[int, int],
    safe_xyxy: tuple[int, int, int, int],
    faces_xyxy: FloatArray | NDArray[np.float64],
    last_top: int | None = None,
    text_xyxy: NDArray[np.float64] = _NONE,
) -> tuple[int, float]:
    """The row from which on a caption hides least of faces, and how much it hides there.

    Of rows that hide nothing of a face, those that lie on no other text are better, and then those that hide no hair.

    Args:
        place_xyxy: Where it usually stands, pixels.
        size_wh: Width and height of the picture.
        safe_xyxy: Where captions may stand; beyond it only where there is no room inside.
        faces_xyxy: Boxes (K, 4) of all that the camera knows while it is shown.
        last_top: Where the caption before stood; two in one place are calmer.
        text_xyxy: Boxes (M, 4) of text that is in the picture meanwhile.

    Returns:
        Its upper row, as near as can be to its usual place, and the pixels that it hides of a face in the mean.
    """
    x0, top, x1, bottom = place_xyxy
    height = bottom - top
    if not len(faces_xyxy) and not len(text_xyxy):
        return top, 0.0
    faces = np.asarray(faces_xyxy, np.float64).reshape(-1, 4)
    grown = (faces[:, 2:] - faces[:, :2]) * _AIR
    boxes = np.concatenate([faces[:, :2] - grown, faces[:, 2:] + grown], axis=1)
    lowest = max(size_wh[1] - height, 0)
    tops = np.unique([top, lowest, *range(0, lowest, max(2, size_wh[1] // 160))])
    hair = np.stack([boxes[:, 1] - _HAIR * (boxes[:, 3] - boxes[:, 1]), boxes[:, 1]], axis=1)
    hidden, on_hair, on_text = (
        np.round((_common(rows, tops, height) * _common(across[:, ::2], np.array([x0]), x1 - x0)).mean(axis=1), 3)
        if len(rows)
        else np.zeros(len(tops))
        for rows, across in ((boxes[:, 1::2], boxes), (hair, boxes), (text_xyxy[:, 1::2], text_xyxy))
    )
    outside = np.clip(safe_xyxy[1] - tops, 0, None) + np.clip(tops + height - safe_xyxy[3], 0, None)
    outside = np.clip(outside - _BEYOND * size_wh[1], 0, None)
    away = np.abs(tops - top) + (0 if last_top is None else 0.5 * np.abs(tops - last_top))
    best = np.lexsort((away, on_hair, outside, on_text, hidden))[0]
    return int(tops[best]), float(hidden[best])


def _common(rows: NDArray[np.float64], tops: NDArray[np.int64], height: int) -> NDArray[np.float64]:
    """How much each span (K, 2) has in common with one of a height at each of some tops (T,): (T, K)."""
    common = np.minimum(rows[:, 1], tops[:, None] + height) - np.maximum(rows[:, 0], tops[:, None])
    return np.asarray(np.clip(common, 0, None), np.float64)
