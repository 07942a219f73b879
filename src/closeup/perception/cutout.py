"""Cutting an aligned crop out of a picture, without the shimmer of shrinking by single pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import Image

MOST_SHRUNK = 0.6
"""Below this scale bilinear sampling begins to skip pixels, and the picture is shrunk by area first."""


def cut_out(image: Image, to_crop: NDArray[np.float64], size_wh: tuple[int, int]) -> Image:
    """Cut a crop out of an RGB picture (H, W, 3), turned, scaled and moved by a similarity.

    Beyond the picture's edge its outermost pixels go on: black would be taken for part of what is shown.

    Args:
        image: The picture.
        to_crop: Shape (2, 3), from pixels of the picture to pixels of the crop.
        size_wh: The crop's (width, height).

    Returns:
        uint8 (height, width, 3).
    """
    scale = float(np.sqrt(abs(np.linalg.det(to_crop[:, :2]))))
    if scale < MOST_SHRUNK:
        image, to_crop = _shrunk(image, to_crop, size_wh, scale)
    crop = cv2.warpAffine(image, to_crop, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, dtype=np.uint8)


def _shrunk(
    image: Image, to_crop: NDArray[np.float64], size_wh: tuple[int, int], scale: float
) -> tuple[Image, NDArray[np.float64]]:
    """Shrink the part of the picture that the crop shows to the crop's scale; and the map (2, 3) from there."""
    turn, move = to_crop[:, :2], to_crop[:, 2]
    corners = np.array([(0, 0), (size_wh[0], 0), (0, size_wh[1]), size_wh], np.float64)
    shown = (corners - move) @ np.linalg.inv(turn).T
    limits = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(shown.min(axis=0) - 2 / scale), 0, limits - 1).astype(int)
    high = np.clip(np.ceil(shown.max(axis=0) + 2 / scale), low + 1, limits).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    small_wh = np.maximum(np.round((high - low) * scale), 1).astype(int)
    small = cv2.resize(part, (int(small_wh[0]), int(small_wh[1])), interpolation=cv2.INTER_AREA)
    # Pixel centres lie at whole numbers, and edges half a pixel out: (x + 0.5) * factor - 0.5 is where x has gone.
    factor = small_wh / (high - low)
    back = turn / factor
    return np.asarray(small, dtype=np.uint8), np.column_stack([back, move + turn @ (low + 0.5 / factor - 0.5)])
