"""Pictures of any shape as squares of one size: what classifiers learn from and are asked with, by one rule."""

from typing import Literal, get_args

import cv2
import numpy as np

from closeup.core.types import Image

Fit = Literal["cover", "stretch", "pad"]
"""cover: the middle square; stretch: all of it, its shape lost; pad: all of it between grey bars."""

FITS: tuple[Fit, ...] = get_args(Fit)

PAD_LEVEL = 127
"""Grey of the bars: nothing, once the mean has been subtracted."""


def square(image: Image, size_px: int, fit: Fit = "cover", *, grey: bool = False) -> Image:
    """Bring a picture to a square.

    Shrinking averages the pixels that fall together (INTER_AREA), enlarging is bicubic.

    Args:
        image: RGB uint8 (H, W, 3).
        size_px: Side of the square S, 1 or more.
        fit: What becomes of a picture that is no square.
        grey: Take all colour away, all three channels alike.

    Returns:
        RGB uint8 (S, S, 3).

    Raises:
        ValueError: If the picture is empty or of another type, or `size_px` or `fit` is out of range.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected uint8 (H, W, 3), got {image.dtype} {image.shape}")
    if size_px < 1 or fit not in FITS:
        raise ValueError(f"expected a side of 1 or more and one of {FITS}, got {size_px} and {fit!r}")
    if fit == "cover":
        image = _middle(image)
    image = _padded(image, size_px) if fit == "pad" else _resized(image, size_px, size_px)
    if grey:
        image = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    return image


def _middle(image: Image) -> Image:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _padded(image: Image, size_px: int) -> Image:
    height, width = image.shape[:2]
    scale = size_px / max(height, width)
    inner = _resized(image, max(1, round(width * scale)), max(1, round(height * scale)))
    whole = np.full((size_px, size_px, 3), PAD_LEVEL, dtype=np.uint8)
    top, left = (size_px - inner.shape[0]) // 2, (size_px - inner.shape[1]) // 2
    whole[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return whole


def _resized(image: Image, width: int, height: int) -> Image:
    if (image.shape[1], image.shape[0]) == (width, height):
        return np.ascontiguousarray(image)
    shrinks = image.shape[0] * image.shape[1] > width * height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=how), dtype=np.uint8)
