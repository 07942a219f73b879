"""Black bars around a picture: where it ends, found in the brightest that each pixel ever was.

Much like FFmpeg's cropdetect filter: a line whose pixels all stay dark belongs to a bar. Here bars must also come in
pairs of one width, as they do when a film is fitted into another format, so that night scenes lose nothing.
"""

import numpy as np
from numpy.typing import NDArray

DARKEST = 24
"""Levels up to this count as black, as with cropdetect."""

NARROWEST = 0.012
"""Bars below this share of a side are not worth a cut; those of films in 1.85:1 on a screen of 16:9 have 0.0195."""

WIDEST = 0.35
"""What is dark for more than this share on both sides is a scene, not a bar."""

_LOPSIDED = 0.02
"""The two bars of a pair differ in width by at most this share of the side."""

_SOFT_PX = 2
"""Scaling and compression smear the picture's edge this far."""


def picture_area(brightest: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The picture between its bars: x0, y0, x1, y1 in pixels; all of it where there are none.

    Args:
        brightest: Shape (H, W): the highest level, of any colour, that each pixel had in frames from all over a video.
    """
    y0, y1 = _between(brightest.max(axis=1))
    x0, x1 = _between(brightest.max(axis=0))
    return x0, y0, x1, y1


def _between(levels: NDArray[np.uint8]) -> tuple[int, int]:
    """Start and end of what lies between two bars, by the brightest of each line (N,)."""
    size = len(levels)
    bright = np.flatnonzero(levels > DARKEST)
    if not len(bright):
        return 0, size
    before, after = int(bright[0]), size - 1 - int(bright[-1])
    pair = NARROWEST * size <= min(before, after) and max(before, after) <= WIDEST * size
    if not pair or abs(before - after) > _LOPSIDED * size:
        return 0, size
    return before + _SOFT_PX, size - after - _SOFT_PX
