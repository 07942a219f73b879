"""What a picture looks like at a glance, as 43 numbers: light and colour, coarsely, where they are.

MPEG-7's colour layout (Kasutani, Yamada: The MPEG-7 Color Layout Descriptor, ICIP 2001): the picture shrunk to 8 x 8
pixels, in YCbCr, and the lowest coefficients of its cosine transform. Two changes make the cosine of two descriptors
say how alike they are: mid grey is taken off first, and the means count less, so that a tint or the light of the whole
does not outweigh what is where. In five clips moments of one shot have a median cosine of 0.90 to 0.99, of different
shots one of 0.1 to 0.3, but 0.6 and more in films that are dark throughout, or have black bars.
"""

import cv2
import numpy as np

from closeup.core.types import FloatArray, Image

DIM = 43
"""Length of a descriptor."""

_SIDE_PX = 8
_KEPT = (5, 3, 3)
"""Coefficients kept of Y, Cb and Cr: so many each way, lowest first."""

_MEAN_WEIGHTS = (0.25, 0.5, 0.5)


def describe(image: Image) -> FloatArray:
    """Describe an RGB picture (H, W, 3): float32 (43,), of length 1; all 0 for an even mid grey."""
    small = cv2.resize(image, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    planes = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb).astype(np.float32)[..., [0, 2, 1]] - 128
    parts = []
    for number, (kept, weight) in enumerate(zip(_KEPT, _MEAN_WEIGHTS, strict=True)):
        lowest = cv2.dct(np.ascontiguousarray(planes[..., number]))[:kept, :kept]
        lowest[0, 0] *= weight
        parts.append(lowest.ravel())
    look = np.concatenate(parts)
    length = float(np.linalg.norm(look))
    return np.asarray(look / length if length > 1e-3 else np.zeros_like(look), np.float32)
