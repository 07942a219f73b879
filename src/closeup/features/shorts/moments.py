"""The moments that evidence is gathered for: ten a second, over all of a video."""

import numpy as np
from numpy.typing import NDArray

GRID_HZ = 10
"""Moments a second; moment i is the time from i / 10 to (i + 1) / 10 s."""


def grid(duration_s: float) -> NDArray[np.float64]:
    """The middles of all moments of a video of `duration_s` seconds: (T,), T at least 1."""
    count = max(1, int(np.ceil(round(duration_s * GRID_HZ, 6))))
    return (np.arange(count) + 0.5) / GRID_HZ
