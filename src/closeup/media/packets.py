"""Packets of a video file with one clock for pictures and sound, however often the file's own clock is set anew.

Recordings that were joined, and broadcasts, change their clock midway: time stamps leap, fall back or begin again, in
all streams at one place of the file. Streams lie side by side in a file, and that tells a new clock from a hole: where
pictures and sound leap together it is the clock, where one of them leaps away from the other it is that one's, and
where one leaps to where the other goes on, there was nothing to see or to hear meanwhile, and the stamps are right.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice, pairwise
from math import ceil
from statistics import median
from typing import Any

import av.error
from av import AudioFrame, VideoFrame
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet

_LEAP_S = Fraction(5)
"""Stamps that leap ahead by less are left alone: so long may a recording lose its signal."""

_FALL_S = Fraction(1, 2)
"""Stamps for decoding ascend; where they fall by less, a frame's stamp is broken (`Timeline`)."""

_BESIDE_S = Fraction(3)
"""Pictures and sound that belong together lie this near to each other in a file."""

_AHEAD_PACKETS, _MOST_AHEAD = 48, 600
"""How far it is read ahead, and where a stream leaps."""

_WRAP_S = Fraction(2**33, 90_000)
"""The clock of MPEG streams begins again after so long."""

_FEWEST_STEPS = 4
"""Intervals between pictures that it takes to know their rate."""

_REORDERED = 20
"""Pictures are decoded at most so many places before they are shown."""

_SURE = 6
"""So many packets from a leap on must stay there: a single broken stamp is no new clock."""


@dataclass(frozen=True, slots=True)
class NewClock:
    """The clock of some streams was set anew: at which time in seconds, first stamp 0, and by how much."""

    stamp_s: Fraction
    by_s: Fraction


class PacketReader:
    """The packets of one stream in the file's order, their stamps changed so that they are all of the first clock.

    Attributes:
        new_clocks: Where the clock of this stream was set anew, as far as was read.
        failure: Why reading stopped before the end; empty where it did not.
    """

    def __init__(self, container: InputContainer, wanted: Any, beside: Sequence[Any] = ()) -> None:
        """Start at the container's place.

        Args:
            container: An open file.
            wanted: The stream whose packets to give.
            beside: Other streams of pictures and sound, to tell what a leap is by.
        """
        self.new_clocks: list[NewClock] = []
        self.failure = ""
        self._container, self._wanted = container, wanted
        self._streams = {stream.index: stream for stream in (wanted, *beside)}
        self._means_its_stamps = not container.format.flags & Flags.ts_discont.value  # type: ignore[operator]  # the value is an int
        self._ahead: deque[Packet[Any] | None] = deque()
        self._clocks: dict[int, _Clock] = {}
        self._raw = self._demuxed()

    def __iter__(self) -> "Iterator[Packet[Any] | None]":
        """Packets to decode, an empty one at the end; None where one could not be read."""
        while self._fill(_AHEAD_PACKETS):
            packet = self._ahead.popleft()
            if packet is not None:
                self._bring_to_first_clock(packet)
            if packet is None or packet.stream_index == self._wanted.index:
                yield packet

    def close(self) -> None:
        """Let go of the streams: PyAV frees a decoder and its threads with the last reference to them."""
        self._raw.close()
        self._ahead.clear()
        self._streams.clear()
        self._wanted = None

    def rate(self) -> Fraction | None:
        """Pictures a second by the median interval of those read ahead; None where they do not tell."""
        self._fill(_AHEAD_PACKETS)
        own = [packet for packet in self._ahead if packet is not None and packet.stream_index == self._wanted.index]
        stamps = sorted(packet.pts * packet.time_base for packet in own if packet.pts is not None)
        steps = [after - before for before, after in pairwise(stamps) if after > before]
        return 1 / median(steps) if len(steps) >= _FEWEST_STEPS else None

    def _demuxed(self) -> "Generator[Packet[Any] | None, None, None]":
        try:
            yield from self._retried()
        except (OSError, av.error.FFmpegError) as error:  # FFmpeg also has no memory for sizes that damage made up
            self.failure = error.strerror or str(error)

    def _retried(self) -> "Iterator[Packet[Any] | None]":
        while True:
            try:
                yield from self._container.demux(list(self._streams.values()))
            except av.error.InvalidDataError:
                yield None
            else:
                return

    def _fill(self, count: int) -> bool:
        """Have so many packets ahead, or all that are left; says whether there are any."""
        self._ahead.extend(islice(self._raw, max(0, count - len(self._ahead))))
        return bool(self._ahead)

    def _bring_to_first_clock(self, packet: "Packet[Any]") -> None:
        ticks = packet.dts if packet.dts is not None else packet.pts
        if ticks is None or packet.time_base is None:
            return
        clock = self._clocks.get(packet.stream_index)
        if clock is None:
            clock = self._clocks[packet.stream_index] = _Clock(packet.time_base, ticks)
        if clock.is_off(ticks) and not self._judge(packet, clock, ticks * clock.base):
            return
        clock.take(packet)
        if clock.shift:
            ticks = round(clock.shift / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks

    def _judge(self, packet: "Packet[Any]", clock: "_Clock", stamp: Fraction) -> bool:
        """Find out what a leap or fall is, and set clocks anew where it is one; False for a single broken stamp."""
        self._fill(_MOST_AHEAD)
        index = packet.stream_index
        ahead = [packet, *(each for each in self._ahead if each is not None and _stamp(each) is not None)]
        if not _goes_on(index, ahead, clock.last - clock.shift):
            return False
        if clock.coming is not None:
            self._set_anew(index, clock.coming)
            return True
        leaps = {index: 0} | {
            each: place
            for each, other in self._clocks.items()
            if each != index and (place := _leap(each, other, ahead)) is not None
        }
        alone = len(leaps) == 1
        coming = {each.stream_index for each in ahead}
        heard = [
            other
            for each, other in self._clocks.items()
            if each != index and (abs(other.last - clock.last) <= _BESIDE_S or each in coming)
        ]
        if alone and any(abs(other.last - stamp - clock.shift) <= _BESIDE_S for other in heard):
            return True  # the others are there already: this one had a hole
        if alone and not heard and self._means_its_stamps and stamp + clock.shift > clock.last:
            return True  # a picture that stands still: what writes such files means its stamps
        lead = next((each for each in leaps if self._streams[each].type == "video"), index)
        by = self._clocks[lead].gap(lead, ahead[: leaps[lead]], ahead[leaps[lead] :])
        for each in leaps:
            self._clocks[each].coming = by
        self._set_anew(index, by)
        return True

    def _set_anew(self, index: int, by: Fraction) -> None:
        clock = self._clocks[index]
        clock.set_anew(by)
        if index == self._wanted.index:
            by_s = -by
            if abs(by_s) > _WRAP_S / 2 and not self._means_its_stamps:
                by_s -= _WRAP_S if by_s > 0 else -_WRAP_S  # FFmpeg counts a fall as the next turn of a clock of 33 bits
            self.new_clocks.append(NewClock(clock.end, by_s))


@dataclass(slots=True)
class _Clock:
    """How a stream's stamps are brought to the first clock.

    Each packet passes through here, and whole numbers are many times as quick as fractions: what follows from the
    packet before is told by ticks alone.

    Attributes:
        base: Seconds a tick lasts.
        last_ticks: Time for decoding of the last packet, as the file has it; `last` is that on the first clock.
        end_ticks: When the last that was shown since the clock was set anew ends, as the file has it.
        shift: Seconds that are added to stamps.
        last_shift: What was added to the last one.
        end_before: When the last that was shown before the clock was set anew ends, on the first clock.
        coming: What is added to `shift` at the stream's next leap, for it is that of the others.
    """

    base: Fraction
    last_ticks: int
    end_ticks: int | None = None
    shift: Fraction = Fraction(0)
    last_shift: Fraction = Fraction(0)
    end_before: Fraction = Fraction(-(10**9))
    coming: Fraction | None = None
    leap_ticks: int = field(init=False)
    fall_ticks: int = field(init=False)

    def __post_init__(self) -> None:
        self.leap_ticks, self.fall_ticks = ceil(_LEAP_S / self.base), ceil(_FALL_S / self.base)

    @property
    def last(self) -> Fraction:
        """Time for decoding of the last packet, in seconds on the first clock."""
        return self.last_ticks * self.base + self.last_shift

    @property
    def end(self) -> Fraction:
        """When the last that was shown ends, in seconds on the first clock."""
        return (
            self.end_before if self.end_ticks is None else max(self.end_before, self.end_ticks * self.base + self.shift)
        )

    def is_off(self, ticks: int) -> bool:
        """Whether a stamp is too far from the last one to follow from it."""
        if self.shift is self.last_shift:
            return not -self.fall_ticks < ticks - self.last_ticks < self.leap_ticks
        return _is_off(ticks * self.base + self.shift - self.last)

    def take(self, packet: "Packet[Any]") -> None:
        """Know of a packet, its stamps as they are in the file, that it was there."""
        stored = packet.dts if packet.dts is not None else packet.pts
        shown = packet.pts if packet.pts is not None else packet.dts
        if stored is None or shown is None:
            return
        ends = shown + (packet.duration or 0)
        self.last_ticks, self.last_shift = stored, self.shift
        self.end_ticks = ends if self.end_ticks is None else max(self.end_ticks, ends)

    def set_anew(self, by: Fraction) -> None:
        """Add so many seconds more to the stamps that follow."""
        self.end_before, self.end_ticks = self.end, None
        self.shift, self.coming = self.shift + by, None

    def gap(self, index: int, before: "Sequence[Packet[Any]]", after: "Sequence[Packet[Any]]") -> Fraction:
        """What must be added to the stamps behind a leap, so that they follow from the last one before it."""
        known = replace(self)
        for packet in before:
            if packet.stream_index == index:
                known.take(packet)
        return known.end - _first_shown(index, after) - self.shift


def _is_off(step: Fraction) -> bool:
    return step >= _LEAP_S or step <= -_FALL_S


def _goes_on(index: int, ahead: "Sequence[Packet[Any]]", last: Fraction) -> bool:
    """Whether the next few packets of a stream stay with its first one, on the same side of `last`.

    What a single broken stamp throws off comes back, and so do pictures that are stored before those shown earlier.
    """
    stamps = [stamp for each in ahead if each.stream_index == index and (stamp := _stamp(each)) is not None][:_SURE]
    if stamps[0] > last:
        return all(stamp - last >= _LEAP_S / 2 for stamp in stamps)
    return all(stamp < last for stamp in stamps)


def _leap(index: int, clock: _Clock, ahead: "Sequence[Packet[Any]]") -> int | None:
    """Where in these packets a stream's clock leaps or falls for good; None where it does not."""
    last = clock.last - clock.shift
    for place, packet in enumerate(ahead):
        stamp = _stamp(packet) if packet.stream_index == index else None
        if stamp is not None:
            if _is_off(stamp - last) and _goes_on(index, ahead[place:], last):
                return place
            last = last if _is_off(stamp - last) else stamp
    return None


def _first_shown(index: int, ahead: "Sequence[Packet[Any]]") -> Fraction:
    """When the first of a stream's pictures is shown: decoders get some before those that are shown first."""
    own = [packet for packet in ahead if packet.stream_index == index][:_REORDERED]
    return min(shown for packet in own if (shown := _shown(packet)) is not None)


def _stamp(packet: "Packet[Any]") -> Fraction | None:
    """When a packet is decoded, in seconds on the file's clock; None where it does not say."""
    ticks = packet.dts if packet.dts is not None else packet.pts
    return None if ticks is None or packet.time_base is None else ticks * packet.time_base


def _shown(packet: "Packet[Any]") -> Fraction | None:
    """When a packet's picture is shown or its sound heard, in seconds; None where it does not say."""
    ticks = packet.pts if packet.pts is not None else packet.dts
    return None if ticks is None or packet.time_base is None else ticks * packet.time_base


_FAR_S = Fraction(1)
"""Stamps that stray by less than this are slips of single frames; by more, a broken stamp or a clock set anew."""


class Timeline:
    """Gives every frame a time in seconds: 0 for the first one, strictly ascending after that.

    Good stamps are kept as they are, only moved so that the first is 0. The others are mended:

    - A missing stamp: one frame interval after the frame before. So is a stamp that leaps ahead by a second or more
      only for the one that follows to come back.
    - A stamp that repeats or falls back a little: half an interval after the frame before, so that the next good
      stamp still finds its place and the error does not travel on.
    - A stamp that falls back by a second or more: one interval on. When the next one continues from there, the
      file's clock was set anew (joined recordings do that), and the new clock is followed from then on.

    Attributes:
        mended: How many frames did not get the time that their stamp asked for.
    """

    def __init__(self, fps: Fraction) -> None:
        """Start; `fps`, frames a second and positive, is what missing times are filled in by."""
        self.mended = 0
        self._step = 1 / fps
        self._last: Fraction | None = None
        self._offset: Fraction | None = None
        self._new_offset: Fraction | None = None

    def place(self, stamp: Fraction | None, following: Fraction | None = None) -> Fraction:
        """Give the next frame its time in seconds.

        Args:
            stamp: What the file says, in seconds; None where it says nothing.
            following: What it says of the frame after, where that is known.
        """
        time: Fraction
        if self._last is None or stamp is None or self._offset is None:
            time = Fraction(0) if self._last is None else self._last + self._step
            self.mended += stamp is None
            if stamp is not None:
                self._offset = time - stamp
        else:
            time = self._checked(stamp, stamp + self._offset, following, self._last)
        self._last = time
        return time

    def _checked(self, stamp: Fraction, time: Fraction, following: Fraction | None, last: Fraction) -> Fraction:
        """A frame's time, given what its stamp means by the clock so far, and the time of the frame before."""
        assert self._offset is not None
        step = time - last
        if step > 0:
            # Far ahead of both its neighbours a stamp is broken.
            if step >= _FAR_S and following is not None and last < following + self._offset < time:
                self.mended += 1
                return last + self._step
            self._new_offset = None
            return time
        self.mended += 1
        if -step < _FAR_S:
            return last + self._step / 2
        if self._new_offset is not None and last < stamp + self._new_offset <= last + _FAR_S:
            self._offset, self._new_offset = self._new_offset, None
            return stamp + self._offset
        self._new_offset = last + self._step - stamp
        return last + self._step


def stamp_of(frame: VideoFrame | AudioFrame | None) -> Fraction | None:
    """What the file says of a frame's time, in seconds on its own clock; None where it says nothing."""
    if frame is None or frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * frame.time_base
