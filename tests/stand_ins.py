"""Detectors and sources of frames of the tests' own in the place of the real ones."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import pytest

from closeup.core.types import Image
from closeup.media.sources import StillFrame
from closeup.perception.protocols import FaceDetector
from closeup.perception.registry import ARCHITECTURES


def put_detector(monkeypatch: pytest.MonkeyPatch, make: Callable[[], FaceDetector]) -> None:
    """Let every detector be one that `make` makes."""
    for name in ARCHITECTURES:
        monkeypatch.setitem(ARCHITECTURES, name, lambda *_: make)


class PictureSource:
    """Pictures in memory as a source of frames."""

    def __init__(self, pictures: Iterable[tuple[float, Image]], duration_hint_s: float | None = None) -> None:
        """Take times in seconds, ascending, and upright RGB uint8 pictures (H, W, 3); they are read as they are needed.

        The first one is at time 0, whatever its time, as in a video.
        """
        self.duration_hint_s = duration_hint_s
        self._pictures = iter(pictures)

    def __iter__(self) -> Iterator[StillFrame]:
        """Start the one pass."""
        first: Fraction | None = None
        for index, (time_s, image) in enumerate(self._pictures):
            time = Fraction(time_s).limit_denominator(1_000_000)
            first = time if first is None else first
            yield StillFrame(index, time - first, image)
