"""Stretches of a video, exact to the frame, without decoding all that lies before them.

A decoder can start at key frames only, and what a container says of them is a hint. So every frame that comes after a
seek is known by its time stamp and must follow the one before; where anything is in doubt (a file whose stamps had to
be mended, a broken index, damage), the video is decoded from its start instead. A wrong frame is never given.
"""

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.error

from closeup.core.errors import InputError
from closeup.media.container import PixelShapes, choose_stream, open_container
from closeup.media.conversion import shown_wh
from closeup.media.deinterlacing import deinterlaced
from closeup.media.frame_times import FrameTimes
from closeup.media.packets import stamp_of
from closeup.media.video import DecodedFrame, open_video

_NEAR_S = 2
"""Up to here decoding on costs less than a seek and what lies between a key frame and the place."""

_STEPS_BACK_S = (0, 5)
"""Seek to the place; where that lands behind it, to this many seconds before."""


class _AstrayError(Exception):
    """A seek did not lead where it should."""


def excerpt_frames(
    path: Path, times: FrameTimes, ranges: Sequence[tuple[int, int]]
) -> Generator[DecodedFrame, None, None]:
    """The frames [start, end) of each range, with the indices and times that a `VideoReader` gives them.

    Args:
        times: When its frames are shown.
        ranges: In the order of the video, not overlapping.

    Raises:
        InputError: If it is not a video that can be read, or not the one that `times` are of.
        ValueError: If a range is empty, or not in the video, or they are not in order.
    """
    bounds = [bound for start_end in ranges for bound in start_end]
    if bounds != sorted(bounds) or any(start == end for start, end in ranges):
        raise ValueError("ranges must be in order, without overlap, and hold a frame each")
    if bounds and not 0 <= bounds[0] <= bounds[-1] <= times.count:
        raise ValueError(f"ranges reach from frame {bounds[0]} to {bounds[-1]} of a video of {times.count}")
    with _Walk(path, times) as walk:
        for start, end in ranges:
            yield from walk.frames(start, end)


class _Walk:
    """Reads on through a video, from a key frame or from the start."""

    def __init__(self, path: Path, times: FrameTimes) -> None:
        self._path, self._times = path, times
        self._frames: Generator[DecodedFrame, None, None] | None = None
        self._next = 0
        self._trusts_seeks = times.seekable

    def __enter__(self) -> "_Walk":
        return self

    def __exit__(self, *_: object) -> None:
        if self._frames is not None:
            self._frames.close()

    def frames(self, start: int, end: int) -> Iterator[DecodedFrame]:
        """The frames [start, end), which lie behind all that were given before."""
        wanted = start
        self._go_to(start)
        while wanted < end:
            frame = self._read()
            if frame is None:
                self._distrust(wanted)
            elif frame.index == wanted:
                wanted += 1
                yield frame

    def _read(self) -> DecodedFrame | None:
        """The next frame, or None where something is wrong."""
        assert self._frames is not None
        try:
            frame = next(self._frames, None)
        except _AstrayError:
            return None
        self._next = self._next if frame is None else frame.index + 1
        return frame

    def _go_to(self, start: int) -> None:
        """Have frames come that lead to this one."""
        if self._frames is not None:
            near = self._times.start(start) - self._times.start(self._next) <= _NEAR_S
            if near or not self._trusts_seeks:
                return
            self.__exit__()
        if self._trusts_seeks and self._times.start(start) > _NEAR_S:
            self._frames = _from_key(self._path, self._times, start)
        else:
            self._frames = _from_start(self._path, self._times)

    def _distrust(self, wanted: int) -> None:
        """Give up seeking in this file, and start anew."""
        if not self._trusts_seeks:
            raise InputError(
                f"{self._path} ends before frame {wanted}; it had {self._times.count} when it was read before.",
                "Make the cast again from this file.",
                code="video.changed",
                path=self._path,
            )
        self.__exit__()
        self._trusts_seeks = False
        self._frames = _from_start(self._path, self._times)


def _from_start(path: Path, times: FrameTimes) -> Generator[DecodedFrame, None, None]:
    with open_video(path, track=times.track, canvas_wh=times.canvas_wh) as reader:
        for frame in reader:
            if frame.index >= times.count or times.start(frame.index) != frame.time:
                raise InputError(
                    f"{path} has changed since it was read before: frame {frame.index} lies elsewhere.",
                    "Make the cast again from this file.",
                    code="video.changed",
                    path=path,
                )
            yield frame


def steady_frames(path: Path, times: FrameTimes, start: int, end: int) -> Generator[DecodedFrame, None, None]:
    """The frames [start, end) as a `VideoReader` gives them, of a video with nothing odd in this stretch.

    Args:
        times: Of `frame_times.steady_times`, with the size that frames are brought to.
        start: A key frame.

    Raises:
        InputError: With the code "video.odd" where anything is: damage, half pictures, another size midway, frames
            that the file does not announce. Such a video has to be read from its start.
    """
    odd = InputError(f"{path} cannot be read from frame {start}.", "Read it from its start.", code="video.odd")
    wanted = start
    try:
        for frame in _from_key(path, times, start, steady=True):
            if wanted == end:
                return
            if frame.index >= start:
                wanted += 1
                yield frame
    except _AstrayError as error:
        raise odd from error
    if wanted < end:
        raise odd


def _refuse() -> None:
    raise _AstrayError


def _from_key(
    path: Path, times: FrameTimes, start: int, *, steady: bool = False
) -> Generator[DecodedFrame, None, None]:
    """Frames from a key frame at or before `start`, following each other without a gap."""
    with open_video(path, track=times.track, canvas_wh=times.canvas_wh) as reader:
        size_wh, converter = reader.size_wh, reader.converter
        if reader.origin != times.origin:
            raise _AstrayError
    with open_container(path) as container:
        stream = choose_stream(container, path, times.track)
        stream.thread_type = "AUTO"
        pixels = PixelShapes(stream)
        decoded, first = _at_key(container, stream, times, start)
        whole = deinterlaced(map(pixels.note, decoded), _refuse if steady else lambda: None)
        for expected, frame in enumerate(whole, first):
            if _index(frame, times) != expected or (steady and _is_odd(frame, expected, times)):
                raise _AstrayError
            yield DecodedFrame(expected, times.start(expected), size_wh, frame, converter)


def _is_odd(frame: av.VideoFrame, index: int, times: FrameTimes) -> bool:
    """Whether a frame has another size than the video, or the last one ends elsewhere than it is announced to."""
    lasts = (frame.duration or 0) * (frame.time_base or 0)
    ends_elsewhere = index == times.count - 1 and times.start(index) + lasts != times.end
    return shown_wh(frame) != times.canvas_wh or ends_elsewhere


def _at_key(
    container: av.container.InputContainer, stream: av.VideoStream, times: FrameTimes, start: int
) -> tuple[Iterator[av.VideoFrame], int]:
    """Frames that begin with a key frame, and its index, which is `start` or less."""
    assert stream.time_base is not None
    for step in _STEPS_BACK_S:
        stamp = max(times.start(start) - step, Fraction(0)) + times.origin
        decoded = _decoded(container, stream, int(stamp / stream.time_base) if start else None)
        # Pictures shown before the key frame that was sought refer to others before it: they do not count.
        key = next((frame for frame in decoded if frame.key_frame), None)
        index = None if key is None else _index(key, times)
        if key is not None and index is not None and index <= start:
            return _with_first(key, decoded), index
    raise _AstrayError


def _with_first(first: av.VideoFrame, rest: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    yield first
    yield from rest


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream, stamp: int | None
) -> Iterator[av.VideoFrame]:
    """Frames from the key frame before `stamp`, in units of the stream's time base, or from the start of the file."""
    try:
        if stamp is not None:
            container.seek(stamp, stream=stream, backward=True)
        for packet in container.demux(stream):
            yield from packet.decode()
    except av.error.FFmpegError as error:
        raise _AstrayError from error


def _index(frame: av.VideoFrame, times: FrameTimes) -> int | None:
    stamp = stamp_of(frame)
    return None if stamp is None or frame.is_corrupt else times.find(stamp - times.origin)
