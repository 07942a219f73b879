"""Where pictures come from, one after the other: a video file, a camera. All are read alike."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np

from closeup.core.types import Image


class Frame(Protocol):
    """One picture of a source, with its place and its time."""

    @property
    def index(self) -> int:
        """Counts the source's frames from 0."""
        ...

    @property
    def time(self) -> Fraction:
        """Seconds, exact; 0 for the first frame, ascending."""
        ...

    @property
    def size_wh(self) -> tuple[int, int]:
        """Upright (width, height) in pixels."""
        ...

    def rgb(self, size_wh: tuple[int, int] | None = None) -> Image:
        """Upright RGB uint8 (H, W, 3), the caller's own, scaled to `size_wh` (width, height) where one is given."""
        ...


class FrameSource(Protocol):
    """Frames in order of their times, once through; `media.sampling` is what loops over them."""

    @property
    def duration_hint_s(self) -> float | None:
        """Seconds that it is thought to run; None where nobody knows."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Start the one pass."""
        ...


class StillFrame:
    """A frame whose picture is in memory."""

    def __init__(self, index: int, time: Fraction, image: Image) -> None:
        """Take an upright RGB uint8 picture (H, W, 3), which must not change afterwards."""
        self.index, self.time = index, time
        self.size_wh = image.shape[1], image.shape[0]
        self._image = image

    def rgb(self, size_wh: tuple[int, int] | None = None) -> Image:
        """Upright RGB uint8 (H, W, 3), the caller's own, scaled to `size_wh` (width, height) where one is given.

        Raises:
            ValueError: If a side of `size_wh` is less than 1 pixel.
        """
        if size_wh is None or size_wh == self.size_wh:
            return self._image.copy()
        if min(size_wh) < 1:
            raise ValueError(f"size_wh is {size_wh}, and both sides must be at least 1 pixel")
        shrinks = size_wh[0] < self.size_wh[0] or size_wh[1] < self.size_wh[1]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(self._image, size_wh, interpolation=method), np.uint8)
