"""From the numbers of pictures to light and back: blurs and mixtures are sums of light, not of numbers.

The curve is that of sRGB (IEC 61966-2-1). Pictures with another curve, as BT.709 video or Display P3 photos, are near
enough to it for a background that is out of focus; what stays in focus is never taken through it.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""A picture of 8 or 16 bits a channel: RGB (H, W, 3)."""

_STEPS = 1 << 16
"""Entries of the table back to numbers; at its darkest one entry is a twentieth of a level of 8 bits."""


def to_light(picture: Pixels) -> FloatArray:
    """A picture (H, W, 3), uint8 or uint16, as linear light, float32 (H, W, 3), 0 to 1."""
    return _to_light_table(picture.dtype.str)[picture]


def to_levels(light: FloatArray, dtype: Any = np.uint8) -> FloatArray:
    """Linear light of any shape, (..., 3), as numbers of sRGB, float32, 0 to 255 or 65535; more than white is white."""
    top = float(np.iinfo(dtype).max)
    if top > 255:
        return (_curve(np.clip(light, 0, 1)) * np.float32(top)).astype(np.float32)
    return _to_levels_table()[(np.clip(light, 0, 1) * np.float32(_STEPS - 1) + np.float32(0.5)).astype(np.uint16)]


@cache
def _to_light_table(dtype: str) -> FloatArray:
    numbers = np.linspace(0.0, 1.0, int(np.iinfo(np.dtype(dtype)).max) + 1)
    return np.where(numbers <= 0.04045, numbers / 12.92, ((numbers + 0.055) / 1.055) ** 2.4).astype(np.float32)


@cache
def _to_levels_table() -> FloatArray:
    return (_curve(np.linspace(0.0, 1.0, _STEPS)) * 255).astype(np.float32)


def _curve(light: NDArray[Any]) -> NDArray[Any]:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
