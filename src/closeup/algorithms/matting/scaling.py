"""Pictures made smaller and larger a strip of rows at a time, so that a photo of any size fits into memory."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

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
    above, part = _between(np.arange(rows.start, rows.stop), height, size_wh[1])
    part = part.reshape(-1, *(1,) * (small.ndim - 1))
    between = small[above] * (1 - part) + small[np.minimum(above + 1, height - 1)] * part
    return np.asarray(cv2.resize(between, (size_wh[0], len(above)), interpolation=cv2.INTER_LINEAR), np.float32)


def sampled(
    small: FloatArray, rows: NDArray[np.intp], columns: NDArray[np.intp], size_wh: tuple[int, int]
) -> FloatArray:
    """Some pixels of a picture (H, W, C) at a larger (width, height), as `enlarged` has them: float32 (N, C).

    Args:
        rows: Of each pixel in the larger picture, (N,); `columns` likewise.
    """
    (above, down), (left, across) = (
        _between(at, side, length)
        for at, side, length in zip((rows, columns), small.shape, size_wh[::-1], strict=False)
    )
    below, right = np.minimum(above + 1, small.shape[0] - 1), np.minimum(left + 1, small.shape[1] - 1)
    flat, width = small.reshape(-1, small.shape[2]), small.shape[1]
    upper, lower = (
        flat.take(row * width + left, axis=0) * (1 - across) + flat.take(row * width + right, axis=0) * across
        for row in (above, below)
    )
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _between(at: NDArray[np.intp], side: int, length: int) -> tuple[NDArray[np.intp], FloatArray]:
    """The small picture's row or column before each of the large one's, and how far past it that is, (N, 1)."""
    place = np.clip((at + 0.5) * side / length - 0.5, 0, side - 1)
    before = np.minimum(place.astype(np.intp), max(side - 2, 0))
    return before, (place - before).astype(np.float32)[:, None]
