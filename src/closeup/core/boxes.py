"""Boxes as (N, 4) float32 arrays, xyxy, in pixels; x to the right, y down; x1 and y1 exclusive."""

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray


def area(boxes_xyxy: FloatArray) -> NDArray[np.float32]:
    """Areas in square pixels, shape (N,), of boxes (N, 4); empty or inverted boxes count 0."""
    wh = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    return np.asarray(wh[:, 0] * wh[:, 1], dtype=np.float32)


def iou(a_xyxy: FloatArray, b_xyxy: FloatArray) -> NDArray[np.float32]:
    """Intersection over union of every pair: boxes (N, 4) and (M, 4) give (N, M), 0 to 1; 0 where both are empty."""
    low = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])  # (N, M, 2)
    high = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    wh = np.maximum(high - low, 0)
    shared = wh[..., 0] * wh[..., 1]
    union = area(a_xyxy)[:, None] + area(b_xyxy)[None, :] - shared
    return np.asarray(np.where(union > 0, shared / np.maximum(union, 1e-9), 0), dtype=np.float32)


def clip(boxes_xyxy: FloatArray, size_wh: tuple[int, int]) -> FloatArray:
    """Boxes (N, 4) cut to a picture of `size_wh` (width, height)."""
    limits = np.array([*size_wh, *size_wh], dtype=np.float32)
    return np.asarray(np.clip(boxes_xyxy, 0, limits), dtype=np.float32)


def scale(boxes_xyxy: FloatArray, factor: float) -> FloatArray:
    """Boxes (N, 4) of a picture as they lie in the same picture at `factor` times its size."""
    return np.asarray(boxes_xyxy * np.float32(factor), dtype=np.float32)


def fitted(size_wh: tuple[int, int], longer_px: int) -> tuple[int, int]:
    """The largest (width, height) of a picture's shape whose longer side is at most `longer_px`; never enlarged."""
    factor = min(1.0, longer_px / max(size_wh))
    return max(1, round(size_wh[0] * factor)), max(1, round(size_wh[1] * factor))


def suppressed(
    boxes_xyxy: FloatArray, scores: FloatArray, most_overlap: float, kinds: NDArray[np.int64] | None = None
) -> list[int]:
    """Non-maximum suppression: of boxes (N, 4) with scores (N,), the indices that stay, best score first.

    Args:
        most_overlap: IoU with a better box above which a box goes.
        kinds: Shape (N,): only boxes of one kind are rivals; None where all are of one.
    """
    order = np.argsort(-scores, kind="stable")
    overlaps = iou(boxes_xyxy[order], boxes_xyxy[order]) > most_overlap
    if kinds is not None:
        overlaps &= kinds[order, None] == kinds[order]
    stays: list[int] = []
    gone = np.zeros(len(order), dtype=bool)
    for row in range(len(order)):
        if not gone[row]:
            stays.append(int(order[row]))
            gone |= overlaps[row]
    return stays
