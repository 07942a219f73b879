"""What can be seen and heard at each moment of a video: the ground that moments are chosen on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

if TYPE_CHECKING:
    from closeup.media.frame_times import FrameTimes

GRID_HZ = 10
"""Moments a second; moment i is the time from i / 10 to (i + 1) / 10 s."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The parts that make a moment interesting, for one person of one video.

    Attributes:
        times_s: Shape (T,), float64: the middle of each moment, 0.05, 0.15, ... s; they cover the whole video.
        frame_times: When each frame of the video starts.
        parts: Name of a part ("presence", "speech", ...) to its curve (T,), float32, 0 to 1; NaN where it is not known.
        absent: Name of a part that could not be judged at all to the reason, a few words for people.
        speech: Shape (K, 2), float64: start and end in seconds of each stretch of speech, ascending, apart; None where
            the video has no sound.
        looks: Shape (T, D), float32: what the picture looks like at each moment; see `algorithms.looks`.
    """

    times_s: NDArray[np.float64]
    frame_times: "FrameTimes"
    parts: Mapping[str, FloatArray]
    absent: Mapping[str, str]
    speech: NDArray[np.float64] | None
    looks: FloatArray


def grid(duration_s: float) -> NDArray[np.float64]:
    """The middles of all moments of a video of `duration_s` seconds: (T,), T at least 1."""
    count = max(1, int(np.ceil(round(duration_s * GRID_HZ, 6))))
    return (np.arange(count) + 0.5) / GRID_HZ
