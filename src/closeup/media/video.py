"""Video files to frames, in one streaming pass: exact times, upright RGB, memory that does not grow.

Decoding is FFmpeg's, through PyAV. Frames stay as the decoder made them until somebody asks for pixels, since
most are only needed small (docs/concepts/time.md, docs/concepts/colour.md).
"""

import hashlib
import threading
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from closeup.core.errors import InputError
from closeup.core.timebase import clock
from closeup.core.types import Image
from closeup.media.container import announced_duration, choose_stream, convert_hint, frame_rate, open_container
from closeup.media.conversion import Converter, Orientation, orientation_of
from closeup.media.files import require_file, unreadable
from closeup.media.planes import Colour, Planes, colour_of
from closeup.media.timestamps import Timeline, stamp_of

_MAX_BAD_IN_A_ROW = 500
"""Damaged packets in a row before reading stops; decoders recover at a key frame, and few are 300 frames apart."""

_MISSING_S = Fraction(1, 4)
"""A video that ends this much before its announced end is reported as cut off; less is a matter of rounding."""

_FPS_TOLERANCE = Fraction(1, 100)
"""Times that are rounded to milliseconds, as Matroska's are, stay well within."""

_HASH_BLOCK = 1 << 20

_HDR_TRANSFERS = {16, 18}
"""AVCOL_TRC_SMPTE2084 (PQ) and AVCOL_TRC_ARIB_STD_B67 (HLG)."""


class DecodedFrame:
    """One decoded frame; it stays valid after the reader has moved on or been closed.

    Attributes:
        index: Counts decoded frames from 0.
        time: Presentation time in seconds, exact; 0 for the first frame, strictly ascending.
        size_wh: Upright (width, height) in pixels, the same for all frames of a video.
    """

    __slots__ = ("_converter", "_frame", "_lock", "index", "size_wh", "time")

    def __init__(
        self, index: int, time: Fraction, size_wh: tuple[int, int], frame: av.VideoFrame, converter: Converter
    ) -> None:
        self.index = index
        self.time = time
        self.size_wh = size_wh
        self._frame = frame
        self._converter = converter
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"DecodedFrame(index={self.index}, time={self.time}, size_wh={self.size_wh})"

    def rgb(self, size_wh: tuple[int, int] | None = None) -> Image:
        """Upright RGB uint8 (H, W, 3), scaled to `size_wh` (width, height) where one is given.

        Shrinking averages areas, growing is bilinear. Any thread may call this at any time, also while the reader
        decodes on. Every call converts anew, and the array is the caller's own.

        Raises:
            ValueError: If a side of `size_wh` is less than 1 pixel.
        """
        width, height = size_wh or self.size_wh
        if width < 1 or height < 1:
            raise ValueError(f"size_wh is {(width, height)}, and both sides must be at least 1 pixel")
        with self._lock:
            return self._converter.rgb(self._frame, (width, height))

    def planes(self) -> Planes:
        """The upright picture in 8-bit yuv420p, at full size; read it only, for it may be the decoder's own memory."""
        with self._lock:
            return self._converter.planes(self._frame, self.size_wh)

    @property
    def colour(self) -> Colour:
        """What the numbers in `planes` mean."""
        return colour_of(self._frame)


class VideoReader:
    """The frames of a video file, once through, in presentation order; made by `open_video`.

    Use it as a context manager: leaving the block, also by an exception, frees the decoder. Frames that were given
    out stay valid.

    Attributes:
        path: As it was given.
        fps: Average frames a second as the file announces it, exact; where the frames tell another story (by more than
            one part in a hundred), what they showed, after the last one.
        size_wh: Upright (width, height) of the first frame, and thereby of all.
        duration_hint_s: Seconds that the file announces, or None; the truth is `end_time`, after the last frame.
        frames: How many frames have been given out so far.
        end_time: When the last frame given out ends, in seconds, exact.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        """Take over an open container and decode its first frame.

        Raises:
            InputError: If no frame can be decoded.
        """
        self.path = path
        self.fps = frame_rate(stream)
        self.frames = 0
        self.end_time = Fraction(0)
        self._last_time = Fraction(0)
        self._announced = announced_duration(container, stream)
        self.duration_hint_s = None if self._announced is None else float(self._announced)
        self._container = container
        self._stream: VideoStream | None = stream
        self._timeline = Timeline(self.fps)
        self._notes: list[str] = []
        self._bad_packets = 0
        self._resized = False
        self._iterated = False
        stream.thread_type = "AUTO"
        self._decoded = self._decode()
        first = next(self._decoded, None)
        if first is None:
            self.close()
            raise InputError(f"No picture in {path} can be decoded.", convert_hint(path))
        self._first: av.VideoFrame | None = first
        self._origin = stamp_of(first) or Fraction(0)
        self._stored_wh = (first.width, first.height)
        self._converter = Converter(orientation_of(first))
        self.size_wh = self._converter.orientation.size_wh(self._stored_wh)
        self._note_format(first, stream.sample_aspect_ratio)

    @property
    def origin(self) -> Fraction:
        """The first frame's time stamp in seconds: where time 0 lies on the file's own clock; 0 where it has none."""
        return self._origin

    @property
    def orientation(self) -> Orientation:
        """How stored pixels become the upright picture, for all frames."""
        return self._converter.orientation

    @property
    def mended(self) -> int:
        """How many frames given out so far have another time than their stamp asked for."""
        return self._timeline.mended

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the file, a sentence each, for people; complete after the last frame."""
        return tuple(self._notes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the decoder and the file; more than once does no harm."""
        self._first = None
        self._decoded.close()
        self._container.close()
        # PyAV frees a decoder and its threads with the last reference to the stream.
        self._stream = None

    def __iter__(self) -> Iterator[DecodedFrame]:
        """Start the one pass.

        Raises:
            RuntimeError: On a second pass, or after `close`; open the video again for that.
        """
        if self._iterated or self._first is None:
            raise RuntimeError("a VideoReader is read once, before it is closed; open the video again")
        self._iterated = True
        return self._read()

    def _read(self) -> Iterator[DecodedFrame]:
        frame, self._first = self._first, None
        while frame is not None:
            following = next(self._decoded, None)
            yield self._placed(frame, following)
            frame = following
        self._finish()

    def _placed(self, frame: av.VideoFrame, following: av.VideoFrame | None) -> DecodedFrame:
        self._last_time = self._timeline.place(stamp_of(frame), stamp_of(following))
        lasts = frame.duration * frame.time_base if frame.duration and frame.time_base else 1 / self.fps
        self.end_time = self._last_time + lasts
        if (frame.width, frame.height) != self._stored_wh and not self._resized:
            self._resized = True
            at = clock(float(self._last_time))
            self._notes.append(f"The picture size changes at {at}; all frames are brought to the first one's size.")
        index, self.frames = self.frames, self.frames + 1
        return DecodedFrame(index, self._last_time, self.size_wh, frame, self._converter)

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        bad_in_a_row = 0
        for packet in self._packets():
            try:
                frames = [] if packet is None else packet.decode()
            except av.error.FFmpegError:
                packet, frames = None, []
            if packet is None:
                self._bad_packets += 1
                bad_in_a_row += 1
                if bad_in_a_row >= _MAX_BAD_IN_A_ROW:
                    self._notes.append(f"Reading stopped after {bad_in_a_row} damaged parts in a row.")
                    return
            if frames:
                bad_in_a_row = 0
            yield from frames

    def _packets(self) -> "Iterator[Packet[VideoStream] | None]":
        """Packets to decode, an empty one at the end; None where one could not be read."""
        assert self._stream is not None
        while True:
            try:
                yield from self._container.demux(self._stream)
            except av.error.InvalidDataError:
                yield None
            except OSError as error:
                self._notes.append(f"Reading stopped before the end: {error.strerror or error}.")
                return
            else:
                return

    def _note_format(self, first: av.VideoFrame, aspect: Fraction | None) -> None:
        if aspect and aspect != 1:
            self._notes.append(
                f"Its pixels are not square ({aspect.numerator}:{aspect.denominator}); pictures and coordinates use "
                "the pixels as they are stored, so people look narrower or wider than in a player."
            )
        if first.color_trc in _HDR_TRANSFERS:
            self._notes.append(
                "It is HDR video; colours are used without tone mapping and look paler than in a player."
            )

    def _finish(self) -> None:
        """Set the announcements against what was read."""
        if self._last_time > 0:
            shown = (self.frames - 1) / self._last_time
            if abs(shown - self.fps) > _FPS_TOLERANCE * self.fps:
                self.fps = shown
        if self._timeline.mended:
            self._notes.append(
                f"The time stamps of {self._timeline.mended} of {self.frames} frames were missing or out of order; "
                "their times were worked out from the frame rate."
            )
        if self._bad_packets:
            parts = "1 damaged part" if self._bad_packets == 1 else f"{self._bad_packets} damaged parts"
            self._notes.append(f"Left out because it could not be decoded: {parts} of the video.")
        if self._announced is not None and self._announced - self.end_time > _MISSING_S:
            self._notes.append(
                f"The video ends early: {float(self.end_time):.1f} s of the announced {float(self._announced):.1f} s "
                "could be read, and the file may be cut off."
            )


def open_video(path: Path) -> VideoReader:
    """Open a video file and decode its first frame.

    Raises:
        InputError: If `path` is missing, a folder, empty, may not be read, is not a video, has only sound, or no
            frame of it can be decoded.
    """
    container = open_container(path)
    try:
        return VideoReader(path, container, choose_stream(container, path))
    except BaseException:
        container.close()
        raise


def hash_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal, read in blocks of 1 MB.

    Raises:
        InputError: If it is missing, a folder, empty, or may not be read.
    """
    require_file(path, "a file")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_HASH_BLOCK):
                digest.update(block)
    except OSError as error:
        raise unreadable(path, error) from error
    return digest.hexdigest()
