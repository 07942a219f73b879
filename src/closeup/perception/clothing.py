"""What a person wears, as 128 numbers: soft colour histograms of the torso under the face.

Two bands of the torso (chest, belly) by a histogram of 4 x 4 x 4 cells over CIE L*a*b*, each pixel shared among its
eight nearest cells; the square root makes the cosine of two descriptors their Bhattacharyya coefficient. Colour
cells are narrower near grey, where most clothes are. Lightness is taken relative to the band's own spread by half, so
that a cloud before the sun does not change a shirt.
"""

import cv2
import numpy as np

from closeup.core.types import FloatArray, Image

DIM = 128
"""Length of a descriptor."""

CARD_NAME = "torso-lab-128"
"""Name under which results record it."""

_BANDS = 2
_SIDE_PX = 24
"""Each band is looked at as 24 x 24 pixels: enough for colours, quick for every sampled face."""

_LEVELS_L = np.array([20.0, 60.0, 120.0, 190.0], np.float32)
_LEVELS_AB = np.array([105.0, 122.0, 134.0, 151.0], np.float32)
"""Centres of the cells in OpenCV's 8-bit L*a*b* (L 0 to 255, grey at a = b = 128)."""

MIN_VISIBLE = 0.35
"""At least this share of the torso's rectangle must lie in the picture."""


def torso_box(box_xyxy: FloatArray) -> FloatArray:
    """Where the torso of a person with the face `box_xyxy` (4,) is looked for: xyxy (4,), maybe beyond the picture.

    From just under the chin, two face widths across and one and a half face heights down.
    """
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    width, height = x1 - x0, y1 - y0
    middle = (x0 + x1) / 2
    return np.array([middle - width, y1 + 0.2 * height, middle + width, y1 + 1.7 * height], np.float32)


def describe(image: Image, box_xyxy: FloatArray) -> FloatArray | None:
    """Describe the clothing under one face of an RGB picture (H, W, 3).

    Returns:
        L2-normalised float32 (128,), or None where too little of the torso is in the picture.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = torso_box(box_xyxy)
    left, top, right, bottom = max(0, int(x0)), max(0, int(y0)), min(width, int(x1)), min(height, int(y1))
    if right - left < 4 or bottom - top < 4:
        return None
    if (right - left) * (bottom - top) < MIN_VISIBLE * (x1 - x0) * (y1 - y0):
        return None
    torso = cv2.resize(image[top:bottom, left:right], (_SIDE_PX, _SIDE_PX * _BANDS), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(torso, cv2.COLOR_RGB2LAB).astype(np.float32).reshape(_BANDS, -1, 3)
    histogram = np.concatenate([_histogram(band) for band in lab])
    root = np.sqrt(histogram / histogram.sum())
    return np.asarray(root, dtype=np.float32)


def _histogram(band: FloatArray) -> FloatArray:
    """Soft histogram (64,) of pixels (P, 3) in L*a*b*."""
    low, high = np.percentile(band[:, 0], (5, 95))
    lightness = band[:, 0] + 0.5 * (127.0 - (low + high) / 2)
    weights = [_shares(lightness, _LEVELS_L), _shares(band[:, 1], _LEVELS_AB), _shares(band[:, 2], _LEVELS_AB)]
    # Two of the three by BLAS, in float64: an answer must not hang on the order in which it adds.
    first, second, third = (np.asarray(each, np.float64) for each in weights)
    pairs = (first[:, :, None] * second[:, None, :]).reshape(len(band), -1)
    return np.asarray((pairs.T @ third).reshape(-1), dtype=np.float32)


def _shares(values: FloatArray, levels: FloatArray) -> FloatArray:
    """Share each value (P,) between its two nearest levels (K,): (P, K), rows sum to 1."""
    place = np.interp(values, levels, np.arange(len(levels), dtype=np.float32))
    distance = np.abs(place[:, None] - np.arange(len(levels), dtype=np.float32)[None, :])
    return np.asarray(np.clip(1 - distance, 0, 1), dtype=np.float32)
