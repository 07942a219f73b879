"""Frames that show two shots at once: what a change of frame rate leaves at cuts, and short dissolves."""

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import Image

LEAST_SHARE = 0.1
"""A frame that has less than this of the other shot in it is seen as clean."""

MOST_REST = 0.4
"""What a blend does not explain is at most this part of the difference between the shots (motion, noise)."""

LEAST_DIFFERENCE = 8.0
"""Where the two sides differ by less than this (root mean square, in levels) there is no cut between them."""


def is_blend(before: Image, frame: Image, after: Image) -> bool:
    """Say whether a frame is a mixture of those around it, as by least squares: frame = a before + (1 - a) after.

    At a clean cut a is 0 or 1. On the programmes and clips that closeup is measured on, clean cuts have an a of less
    than 0.08 or more than 0.94, or leave more than half of the difference unexplained; blends leave 0.15 to 0.32.

    Args:
        before: A clean frame of the shot before, RGB uint8 (H, W, 3); a small picture is enough.
        frame: Likewise, the one to judge.
        after: Likewise, a clean one of the shot after.
    """
    ground = after.astype(np.float64)
    difference, rest = before - ground, frame - ground
    size = float((difference**2).sum())
    if size < LEAST_DIFFERENCE**2 * difference.size:
        return False
    share = float((rest * difference).sum()) / size
    unexplained: NDArray[np.float64] = rest - share * difference
    return LEAST_SHARE < share < 1 - LEAST_SHARE and float((unexplained**2).sum()) < MOST_REST**2 * size
