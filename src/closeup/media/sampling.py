"""The one loop over the frames of a source: some of them are looked at, by time, and all are searched for cuts."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from closeup.core.boxes import fitted
from closeup.core.timebase import Sampler
from closeup.core.types import Image
from closeup.media.sources import Frame
from closeup.media.video import VideoReader


class CutFinder(Protocol):
    """Says where one shot ends and the next begins; `perception.cuts.CutDetector` does."""

    @property
    def lag_frames(self) -> int:
        """A cut is known at most this many frames after it happened."""
        ...

    @property
    def look_px(self) -> int:
        """Longer side of the pictures that it wants."""
        ...

    def step(self, index: int, image: Image) -> list[int]:
        """Look at the next frame, RGB (H, W, 3), small; give the indices of frames that start a new shot."""
        ...

    def finish(self, last_index: int) -> list[int]:
        """Give the cuts that were still in the balance when the source ended."""
        ...


@dataclass(frozen=True, slots=True)
class Cut:
    """A new shot begins: index of its first frame, and the frame's time in seconds."""

    frame: int
    time: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A frame that is to be looked at, and how many cuts lie before it: the number of its shot."""

    frame: Frame
    shot: int


class Sampling:
    """One pass over a source that gives `rate_hz` frames a second, each once it is certain in which shot it lies.

    Attributes:
        cuts: Where new shots begin, as far as it is known; complete after the last sample.
    """

    def __init__(
        self,
        source: Iterable[Frame],
        rate_hz: float | None,
        cut_finder: CutFinder | None = None,
        on_frame: Callable[[Frame], None] | None = None,
    ) -> None:
        """Prepare the pass.

        Args:
            source: Where the frames come from.
            rate_hz: How many a second are wanted; None wants all.
            cut_finder: Searches all frames for cuts; without one, everything is one shot.
            on_frame: Called with every frame as it comes, wanted or not.

        Raises:
            ValueError: If `rate_hz` is not positive.
        """
        self.cuts: list[Cut] = []
        self._source, self._finder, self._on_frame = source, cut_finder, on_frame
        self._sampler = None if rate_hz is None else Sampler(rate_hz)
        self._lag = cut_finder.lag_frames if cut_finder else 0
        self._waiting: deque[Frame] = deque()
        self._times: deque[tuple[int, Fraction]] = deque(maxlen=4 * self._lag + 64)

    def __iter__(self) -> Generator[Sample, None, None]:
        """Start the pass."""
        last = -1
        for frame in self._source:
            last = frame.index
            if self._on_frame is not None:
                self._on_frame(frame)
            if self._finder is not None:
                self._times.append((frame.index, frame.time))
                look = frame.rgb(fitted(frame.size_wh, self._finder.look_px))
                self._add(self._finder.step(frame.index, look))
            if self._sampler is None or self._sampler.wants(frame.time):
                self._waiting.append(frame)
            yield from self._certain(frame.index - self._lag)
        if self._finder is not None and last >= 0:
            self._add(self._finder.finish(last))
        yield from self._certain(last)

    def _add(self, frames: list[int]) -> None:
        if frames:
            times = dict(self._times)
            self.cuts += [Cut(frame, times[frame]) for frame in frames]

    def _certain(self, up_to: int) -> Generator[Sample, None, None]:
        """The waiting frames up to an index, with their shots."""
        while self._waiting and self._waiting[0].index <= up_to:
            frame = self._waiting.popleft()
            yield Sample(frame, bisect_right(self.cuts, frame.index, key=lambda cut: cut.frame))


def shown_at_rate(
    reader: VideoReader, size_wh: tuple[int, int], step: Fraction, start: Fraction = Fraction(0)
) -> Generator[tuple[float, Image], None, None]:
    """The picture (H, W, 3) that a video shows at `start` and every `step` seconds on, and its frame's own time.

    Args:
        size_wh: (width, height) of the pictures.
        step: Seconds from one picture to the next.
        start: Time of the first one, not below 0.
    """
    at, last = start, None
    for frame in reader:
        while last is not None and at < frame.time:
            yield float(last.time), last.rgb(size_wh)
            at += step
        last = frame
    while last is not None and (at < reader.end_time or at == start == 0):
        yield float(last.time), last.rgb(size_wh)
        at += step
