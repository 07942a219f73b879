"""When each frame of a video is shown: from frame numbers to exact times and back, for any frame rate."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import gcd, lcm
from pathlib import Path

import av.error
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import VideoInfo
from closeup.media.container import choose_stream, lead_of, open_container, track_of
from closeup.media.video import VideoReader, open_video

SHORTEST_LEAP_S = Fraction(1, 2)
"""A clock is set anew by leaps, or falls, of this and more."""

LONGEST_STEP_S = Fraction(1)
"""Where a frame stays for as long as this, its stamp may be broken, or the clock set anew."""

_SAME_END_S = 1e-6
"""Ends that differ by less are the same: the one in a cast is a rounded float."""


@dataclass(frozen=True)
class FrameTimes:
    """The start of every frame and the end of the last one, exact (docs/concepts/time.md).

    Attributes:
        ticks: Start of each frame in units of `tick`; 0 first, strictly ascending, at least one. `of` takes the largest
            tick that fits: one frame where the rate is constant.
        end_tick: When the last frame ends, likewise; later than its start.
        tick: Seconds of one tick, exact.
        origin: Where time 0 lies on the file's own clock, in seconds; sound is placed by it.
        seekable: Every time is its frame's time stamp less `origin`, so that a frame can be known by its stamp. False
            where stamps had to be mended: such a file is read from its start.
        lead: Seconds that the file's other streams run before the first frame: captions count from there.
        track: Which of the file's video tracks, counted from 1; None is its default one.
        canvas_wh: (width, height) that frames are brought to; None leaves it to be found out.
    """

    ticks: tuple[int, ...]
    end_tick: int
    tick: Fraction
    origin: Fraction = Fraction(0)
    seekable: bool = True
    lead: Fraction = Fraction(0)
    track: int | None = None
    canvas_wh: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not self.ticks or self.ticks[0] != 0 or self.tick <= 0:
            raise ValueError("frame times begin at 0, have at least one frame, and a positive tick")
        bounds = (*self.ticks, self.end_tick)
        if any(later <= earlier for earlier, later in pairwise(bounds)):
            raise ValueError("frame times must ascend")

    @classmethod
    def of(
        cls, starts: Sequence[Fraction], end: Fraction, origin: Fraction = Fraction(0), *, seekable: bool = True
    ) -> "FrameTimes":
        """Take the times of frames as a `VideoReader` gave them out.

        Args:
            starts: Seconds, one for each frame; 0 first, strictly ascending.
            end: When the last frame ends, in seconds.
            origin: The reader's `origin`.
            seekable: Whether the reader mended nothing.

        Raises:
            ValueError: If there is no frame, the first is not at 0, or they do not ascend.
        """
        denominators = {start.denominator for start in starts} | {end.denominator}
        per_s = lcm(*denominators)
        ticks = [start.numerator * (per_s // start.denominator) for start in starts]
        return cls._reduced(ticks, end.numerator * (per_s // end.denominator), Fraction(1, per_s), origin, seekable)

    @classmethod
    def read(cls, starts: Sequence[Fraction], reader: VideoReader) -> "FrameTimes":
        """Take the times of the frames that a reader has given out, all of them, and what else it knows."""
        times = cls.of(starts, reader.end_time, reader.origin, seekable=reader.seekable)
        return replace(times, lead=reader.lead, track=reader.track, canvas_wh=reader.size_wh)

    @classmethod
    def _reduced(
        cls, ticks: Sequence[int], end_tick: int, tick: Fraction, origin: Fraction, seekable: bool
    ) -> "FrameTimes":
        """Count in the largest tick that fits, so that equal times are equal objects."""
        times = gcd(end_tick, *ticks)
        return cls(tuple(t // times for t in ticks), end_tick // times, tick * times, origin, seekable)

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self.ticks)

    @property
    def end(self) -> Fraction:
        """When the last frame ends, in seconds, exact; `end_s` is the same as a float."""
        return self.end_tick * self.tick

    @property
    def end_s(self) -> float:
        """When the last frame ends, in seconds."""
        return float(self.end)

    @cached_property
    def starts_s(self) -> NDArray[np.float64]:
        """Start of every frame in seconds, float64 (N,), each the float nearest to the exact time; read only."""
        numerator, denominator = self.tick.numerator, self.tick.denominator
        starts = np.array([tick * numerator / denominator for tick in self.ticks], np.float64)
        starts.flags.writeable = False
        return starts

    def start(self, frame: int) -> Fraction:
        """When a frame starts, in seconds, exact; `count` gives the end of the last frame.

        Raises:
            IndexError: If `frame` is not in 0 to `count`.
        """
        if not 0 <= frame <= self.count:
            raise IndexError(f"frame {frame} of {self.count}")
        return (self.ticks[frame] if frame < self.count else self.end_tick) * self.tick

    def nearest_cut(self, time_s: float) -> int:
        """The place between two frames that is nearest to a time in seconds, as a frame number from 0 to `count`.

        For times that people typed or that were rounded: 12.48 means the frame that starts at 12.4791.
        """
        after = int(bisect_right(self.starts_s, time_s))
        if after == 0:
            return 0
        bound_s = self.end_s if after == self.count else float(self.starts_s[after])
        return after if bound_s - time_s <= time_s - float(self.starts_s[after - 1]) else after - 1

    def find(self, time: Fraction) -> int | None:
        """The frame that starts at exactly this time in seconds, or None."""
        ticks, rest = divmod(time, self.tick)
        place = bisect_right(self.ticks, ticks) - 1
        return place if not rest and place >= 0 and self.ticks[place] == ticks else None


def read_frame_times(path: Path, decoded: VideoInfo | None = None) -> FrameTimes:
    """Find out when each frame of a video is shown: the same frames and times as a `VideoReader` gives.

    Reading time stamps without decoding is some fifty times as fast, but tells nothing of frames that a decoder drops
    (damaged ones, or those that refer to what was cut off). It is trusted only where the file was decoded before
    without anything odd, and gives as many frames and the same end as then; else the video is decoded.

    Args:
        decoded: What is known of this very file since it was decoded before, as a cast holds it.

    Raises:
        InputError: If it is not a video that can be read.
    """
    track, canvas_wh = (decoded.track, (decoded.width, decoded.height)) if decoded else (None, None)
    if decoded is not None and not decoded.notes:
        stored = _stored_times(path, track)
        if stored and stored.count == decoded.frames and abs(stored.end_s - decoded.duration_s) < _SAME_END_S:
            return replace(stored, canvas_wh=canvas_wh)
    with open_video(path, track=track, canvas_wh=canvas_wh) as reader:
        starts = [frame.time for frame in reader]
        return FrameTimes.read(starts, reader)


def steady_times(path: Path, track: int | None) -> tuple[FrameTimes, tuple[int, ...]] | None:
    """The frame times of a video whose clock runs steadily, and which frames are key frames, without decoding it.

    None where a stamp is missing, falls or leaps, or the file tells of none: such a video must be read from its start.
    Whether a decoder gives just these frames is not known before it has.

    Raises:
        InputError: If it is not a video that can be read.
    """
    keys: list[Fraction] = []
    times = _stored_times(path, track, keys)
    if times is None or not keys:
        return None
    longest = max(later - earlier for earlier, later in pairwise((*times.ticks, times.end_tick))) * times.tick
    found = [times.find(key - times.origin) for key in sorted(keys)]
    if longest >= LONGEST_STEP_S or None in found:
        return None
    return times, tuple(index for index in found if index is not None)


def _stored_times(path: Path, track: int | None, keys: list[Fraction] | None = None) -> FrameTimes | None:
    """The times as the packets have them, or None where one has no usable stamp.

    Args:
        keys: Is filled with the stamps of key frames; then no stamp for decoding may leap or fall far, either.
    """
    with open_container(path) as container:
        stream = choose_stream(container, path, track)
        number = track_of(container, stream)
        base, lasts, before = stream.time_base, dict[int, int | None](), None
        try:
            for packet in container.demux(stream):
                if packet.is_discard or not packet.size:
                    continue
                if packet.pts is None or packet.is_corrupt or packet.pts in lasts:
                    return None
                lasts[packet.pts] = packet.duration
                if keys is not None and base is not None:
                    stored = packet.dts if packet.dts is not None else packet.pts
                    if before is not None and abs(stored - before) * base >= SHORTEST_LEAP_S:
                        return None
                    before = stored
                    if packet.is_keyframe:
                        keys.append(packet.pts * base)
        except av.error.FFmpegError:
            return None
        if base is None or not lasts:
            return None
        stamps = sorted(lasts)
        first, last = stamps[0], lasts[stamps[-1]]
        lead = lead_of(container, first * base)
    if not last:
        return None
    end = stamps[-1] + last - first
    times = FrameTimes._reduced([stamp - first for stamp in stamps], end, base, first * base, True)
    return replace(times, lead=lead, track=number)
