"""Pictures made smaller and larger a strip of rows at a time, so that a photo of any size fits into memory."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from closeup.algorithms.matting.light import Pixels
from closeup.core.types import FloatArray

_STRIP_PIXELS = 1 << 20
"""Pixels of a strip: 12 MB as linear light."""


def strips(size_wh: tuple[int, int]) -> Iterator[slice]:
    """The rows of a picture of (width, height), some at a time."""
    width, height = size_wh
    step = max(1, _STRIP_PIXELS // width)
    return (slice(top, min(top + step, height)) for top in range(0, height, step))


def shrunk(picture: Pixels, size_wh: tuple[int, int], made: Callable[[Pixels], FloatArray]) -> FloatArray:
    """What `made` makes of a picture (H, W, 3), at a smaller (width, height), areas averaged: float32 (H, W, C)."""
    height, width = picture.shape[:2]
    if (width, height) == size_wh:
        return made(picture)
    narrow = [
        cv2.resize(made(picture[rows]), (size_wh[0], rows.stop - rows.start), interpolation=cv2.INTER_AREA)
        for rows in strips((width, height))
    ]
    return np.asarray(cv2.resize(np.concatenate(narrow), size_wh, interpolation=cv2.INTER_AREA), np.float32)


def enlarged(small: FloatArray, rows: slice, size_wh: tuple[int, int]) -> FloatArray:
    """Some rows of a picture (H, W, C) at a larger (width, height), bilinear: float32 (R, W, C)."""
    height, width = small.shape[:2]
    if (width, height) == size_wh:
        return small[rows]
    at = np.clip((np.arange(rows.start, rows.stop) + 0.5) * height / size_wh[1] - 0.5, 0, height - 1)
    above = np.minimum(at.astype(np.intp), max(height - 2, 0))
    part = (at - above).astype(np.float32).reshape(-1, *(1,) * (small.ndim - 1))
    between = small[above] * (1 - part) + small[np.minimum(above + 1, height - 1)] * part
    return np.asarray(cv2.resize(between, (size_wh[0], len(at)), interpolation=cv2.INTER_LINEAR), np.float32)
