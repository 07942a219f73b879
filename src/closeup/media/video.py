"""Video files to frames, in one streaming pass: exact times, upright RGB, memory that does not grow.

Decoding is FFmpeg's, through PyAV. Frames stay as the decoder made them until somebody asks for pixels, since
most are only needed small (docs/concepts/time.md, docs/concepts/colour.md).
"""

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Self

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from closeup.core.errors import InputError
from closeup.core.timebase import clock
from closeup.core.types import TIME, Image, VideoInfo
from closeup.core.words import LeftOut
from closeup.media.canvas import find_canvas
from closeup.media.container import (
    PixelShapes,
    announced_duration,
    choose_stream,
    convert_hint,
    frame_rate,
    lead_of,
    open_container,
    picture_streams,
    track_of,
)
from closeup.media.conversion import Converter, aspect_of, shown_wh
from closeup.media.deinterlacing import deinterlaced
from closeup.media.files import require_file, unreadable
from closeup.media.packets import PacketReader, Timeline, stamp_of
from closeup.media.planes import Colour, Planes, colour_of
from closeup.media.tone import is_hdr

_LOG = logging.getLogger("closeup.media")

_MAX_BAD_IN_A_ROW = 500
"""Damaged packets in a row before reading stops; decoders recover at a key frame, and few are 300 frames apart."""

_MISSING_S = Fraction(1, 4)
"""A video that ends this much before its announced end is reported as cut off; less is a matter of rounding."""

_SAME_RATE = Fraction(1, 100)
"""Rates that differ by less are the same: times rounded to milliseconds, as Matroska's are, stay well within."""

_FEWEST_STEPS = 3
"""So many intervals between frames tell their rate better than the file does."""

_FAR_FROM_RATE = 3
"""A rate that is announced so much lower than that of the first frames is not believed."""

_WORTH_SAYING = 0.02
"""Mended frames are told from this part of all on, and pixels that are so far from square."""

_HASH_BLOCK = 1 << 20


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
            return self._converter.planes(self._frame)

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
        fps: Frames a second as the file announces them, exact; where the frames tell another story (by more than one
            part in a hundred), after the last one, what most of them showed.
        duration_hint_s: Seconds that the file announces, or None; the truth is `end_time`, after the last frame.
        frames: How many frames have been given out so far.
        end_time: When the last frame given out ends, in seconds, exact.
        track: Which of the file's video tracks it is, counted from 1; None where there is one only.
        lead: Seconds that the file's other streams run before the first frame: captions count from there.
    """

    def __init__(
        self, path: Path, container: InputContainer, stream: VideoStream, canvas_wh: tuple[int, int] | None = None
    ) -> None:
        """Take over an open container and decode its first frame.

        Raises:
            InputError: If no frame can be decoded.
        """
        self.path = path
        self.frames = 0
        self.end_time = Fraction(0)
        self._last_time = Fraction(0)
        self._announced = announced_duration(container, stream)
        self.duration_hint_s = None if self._announced is None else float(self._announced)
        self._container = container
        self.track = track_of(container, stream)
        self._packets = PacketReader(container, stream, container.streams.audio)
        self.fps = _believable(frame_rate(stream), self._packets.rate())
        self._timeline = Timeline(self.fps)
        self._steps: Counter[Fraction] = Counter()
        self._notes: list[str] = []
        self._bad_packets = 0
        self._other_shapes = 0
        self._iterated = False
        stream.thread_type = "AUTO"
        self._decoded = deinterlaced(self._decode(PixelShapes(stream)), self._note_interlaced)
        first = next(self._decoded, None)
        if first is None:
            self.close()
            raise InputError(f"No picture in {path} can be decoded.", convert_hint(path))
        self._first: av.VideoFrame | None = first
        self._origin = stamp_of(first) or Fraction(0)
        self.lead = lead_of(container, self._origin)
        self._shape = shown_wh(first)
        self._given_canvas = canvas_wh
        self._note_format(first, container)
        codec, (width, height) = stream.codec_context.name, self._shape
        _LOG.info("%s: %s of %dx%d, %.3f frames a second", path, codec, width, height, self.fps)

    @cached_property
    def size_wh(self) -> tuple[int, int]:
        """Upright (width, height) of all frames in square pixels: where a file changes it midway, the largest."""
        return self._given_canvas or find_canvas(self.path, self.track, self._shape)

    @cached_property
    def converter(self) -> Converter:
        """How stored pixels become the upright picture, for all frames."""
        return Converter(self.size_wh)

    @property
    def origin(self) -> Fraction:
        """The first frame's time stamp in seconds: where time 0 lies on the file's own clock; 0 where it has none."""
        return self._origin

    @property
    def mended(self) -> int:
        """How many frames given out so far have another time than their stamp asked for."""
        return self._timeline.mended

    @property
    def seekable(self) -> bool:
        """Whether every frame given out so far can be known by its stamp: no stamp was mended, no clock set anew."""
        return not self.mended and not self._packets.new_clocks

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the file, a sentence each, for people; complete after the last frame."""
        return tuple(self._notes)

    def info(self, digest: str) -> VideoInfo:
        """What is known of the file, after the last frame; `digest` is its SHA-256, hexadecimal."""
        width, height = self.size_wh
        return VideoInfo(
            path=str(self.path),
            sha256=digest,
            duration_s=TIME.round(self.end_time),
            fps=self.fps,
            frames=self.frames,
            width=width,
            height=height,
            notes=self.notes,
            track=self.track,
        )

    def take_as_read(self, starts: Sequence[Fraction], end: Fraction) -> None:
        """Know what the pass over all frames tells: their times in seconds, and when the last ends.

        For a video that was read in stretches, with nothing odd in any of them (`excerpt.steady_frames`).
        """
        self._iterated = True
        self.frames, self.end_time = len(starts), end
        self._steps.update(later - earlier for earlier, later in pairwise(starts))
        self._finish()

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
        self._packets.close()
        self._container.close()

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
        before = self._last_time
        self._last_time = self._timeline.place(stamp_of(frame), stamp_of(following))
        if self.frames:
            self._steps[self._last_time - before] += 1
        lasts = frame.duration * frame.time_base if frame.duration and frame.time_base else 1 / self.fps
        self.end_time = self._last_time + lasts
        shape = shown_wh(frame)
        if shape != self._shape and not self._other_shapes:
            at, size = clock(float(self._last_time)), "x".join(map(str, self.size_wh))
            self._notes.append(
                f"The picture changes its size at {at}; all frames are fitted into {size}, with their shape kept."
            )
        self._other_shapes += shape != self._shape
        index, self.frames = self.frames, self.frames + 1
        return DecodedFrame(index, self._last_time, self.size_wh, frame, self.converter)

    def _decode(self, pixels: PixelShapes) -> Generator[av.VideoFrame, None, None]:
        bad_in_a_row = 0
        for packet in self._packets:
            try:
                frames = [] if packet is None else packet.decode()
            except av.error.FFmpegError:
                packet, frames = None, []
            if packet is None:
                self._bad_packets += 1
                bad_in_a_row += 1
                if bad_in_a_row >= _MAX_BAD_IN_A_ROW:
                    self._notes.append(LeftOut(f"Reading stopped after {bad_in_a_row} damaged parts in a row."))
                    return
            if frames:
                bad_in_a_row = 0
            yield from map(pixels.note, frames)
        if self._packets.failure:
            self._notes.append(LeftOut(f"Reading stopped before the end: {self._packets.failure}."))

    def _note_format(self, first: av.VideoFrame, container: InputContainer) -> None:
        if self.track is not None:
            count = len(picture_streams(container))
            self._notes.append(f"It has {count} video tracks; track {self.track} is used.")
        aspect = aspect_of(first)
        if abs(aspect - 1) > _WORTH_SAYING:
            self._notes.append(
                f"Its pixels are not square ({aspect.numerator}:{aspect.denominator}); it is stretched to "
                f"{self._shape[0]}x{self._shape[1]}, as players show it."
            )
        if is_hdr(first):
            self._notes.append("It is HDR video; its colours and brightness were brought to those of ordinary video.")

    def _note_interlaced(self) -> None:
        note = "It is interlaced; its half pictures were made whole ones (bwdif)."
        if note not in self._notes:
            self._notes.append(note)

    def _finish(self) -> None:
        """Set the announcements against what was read."""
        shown = _usual_rate(self._steps)
        if shown is not None and abs(shown - self.fps) > _SAME_RATE * self.fps:
            self.fps = shown
        for new in self._packets.new_clocks:
            way = "leaps ahead" if new.by_s > 0 else "falls back"
            at = clock(float(new.stamp_s - self._origin))
            self._notes.append(
                f"The file's clock {way} by {clock(float(abs(new.by_s)))} at {at}; time goes on there without a gap."
            )
        if self._timeline.mended > _WORTH_SAYING * self.frames:
            self._notes.append(
                f"The time stamps of {self._timeline.mended} of {self.frames} frames were missing or out of order; "
                "their times were worked out from the frame rate."
            )
        if self._bad_packets:
            parts = "1 damaged part" if self._bad_packets == 1 else f"{self._bad_packets} damaged parts"
            self._notes.append(LeftOut(f"Left out because it could not be decoded: {parts} of the video."))
        ended = self._announced is not None and self._announced - self.end_time > _MISSING_S
        if ended and not self._packets.new_clocks and self._announced is not None:
            read = f"{float(self.end_time):.1f} s of the announced {float(self._announced):.1f} s"
            self._notes.append(LeftOut(f"The video ends early: {read} could be read, and the file may be cut off."))


def _believable(announced: Fraction, shown: Fraction | None) -> Fraction:
    """The announced rate, or that of the first frames where it is far below: a clock that leaps hides it."""
    return announced if shown is None or shown < _FAR_FROM_RATE * announced else shown.limit_denominator(1001)


def _usual_rate(steps: Counter[Fraction]) -> Fraction | None:
    """Frames a second by the intervals between most frames: the mean of those near to the median one."""
    if steps.total() < _FEWEST_STEPS:
        return None
    usual = median(steps.elements())
    near = {step: count for step, count in steps.items() if 2 * abs(step - usual) < usual}
    return Fraction(sum(near.values())) / sum(step * count for step, count in near.items())


def open_video(path: Path, *, track: int | None = None, canvas_wh: tuple[int, int] | None = None) -> VideoReader:
    """Open a video file and decode its first frame.

    Args:
        track: Which of its video tracks, counted from 1; the default one where not given.
        canvas_wh: (width, height) that its frames are brought to; found out where not given.

    Raises:
        InputError: If `path` is missing, a folder, empty, may not be read, is not a video, has only sound, has no such
            track, or no frame of it can be decoded.
    """
    container = open_container(path)
    try:
        return VideoReader(path, container, choose_stream(container, path, track), canvas_wh)
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
