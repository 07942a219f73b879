"""Opening a video file: which formats and streams count, and clear words where none does."""

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from closeup.core.errors import InputError
from closeup.media.files import require_file, unreadable

_PICTURE_FORMATS = {"image2"}
"""Besides these, FFmpeg's picture formats are all called "..._pipe"."""

_PICTURE_BRANDS = {"avif", "heic", "heix", "mif1"}
"""Pictures that dress as MP4."""

_LIST_FORMATS = {"hls", "dash", "concat", "concatf", "sdp", "rtsp", "rtp"}
"""Play lists: they point at other files or at the net, and closeup reads the file that it is given."""

_TEXT_FORMATS = {"tty", "ffmetadata"}
"""FFmpeg draws plain text as video."""

_TOLERANT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Titles that are no Unicode must not keep a video from being read; PyAV takes this by itself from 19 on."""

_NARROWEST, _SQUARE = Fraction(1, 4), Fraction(1, 200)
"""Pixels that are said to be narrower than this, or wider than its inverse, are an error; nearer to square than that
they are square."""

_TIME_CODE = re.compile(r"\d\d:\d\d:\d\d[:;.]\d\d")

S = TypeVar("S")

_MAX_FPS = 1000
_DEFAULT_FPS = Fraction(25)


def open_container(path: Path) -> InputContainer:
    """Open `path` for reading; only the file itself is read, never the net.

    Raises:
        InputError: If it cannot be read, or is not a video file.
    """
    require_file(path, "a video")
    try:
        # "file:" keeps names like "a:b.mp4" from being taken for the address of a protocol.
        container: InputContainer = av.open(
            f"file:{path}", "r", options={"protocol_whitelist": "file,crypto,data"}, **_TOLERANT
        )
    except av.error.FFmpegError as error:
        raise _not_opened(path, error) from error
    kind = _refused_kind(container)
    if kind:
        container.close()
        raise InputError(f"{path} is {kind}, not a video.", "Give a video file, such as an MP4, MOV, MKV or WebM.")
    return container


def is_video(path: Path) -> bool:
    """Whether a file is a video; what is neither that nor a picture counts as a picture, whose reader says why."""
    try:
        open_container(path).close()
    except InputError:
        return False
    return True


def picture_streams(container: InputContainer) -> list[VideoStream]:
    """The video tracks of a file, in its order; covers of music do not count."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def choose_stream(container: InputContainer, path: Path, track: int | None = None) -> VideoStream:
    """The video track to read: that of a number, counted from 1, or the default one, and of several the largest.

    Raises:
        InputError: If there is none, not that one, or no decoder for it.
    """
    streams = picture_streams(container)
    if not streams:
        if container.streams.audio:
            raise InputError(f"{path} has sound but no video.", "Give a file that has pictures too.")
        raise InputError(f"{path} has no video in it.", "Give a video file, such as an MP4, MOV, MKV or WebM.")
    if track is not None:
        streams = [require_track(streams, track, path, "video")]
    readable = [s for s in streams if s.codec_context is not None]
    if not readable:
        raise InputError(f"{path} holds video in a format that cannot be decoded here.", convert_hint(path))
    return max(readable, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))


def track_of(container: InputContainer, stream: VideoStream) -> int | None:
    """The number of a video track, counted from 1, by which `choose_stream` finds it; None where it is the only one."""
    streams = picture_streams(container)
    return streams.index(stream) + 1 if len(streams) > 1 else None


def require_track(streams: Sequence[S], track: int, path: Path, kind: str) -> S:
    """The track of a number, counted from 1.

    Raises:
        InputError: If there is none.
    """
    if not 1 <= track <= len(streams):
        raise InputError(f"{path} has no {kind} track {track}.", f"It has {len(streams)}, counted from 1.")
    return streams[track - 1]


class PixelShapes:
    """Notes on each decoded frame the shape of its pixels, which may change within a stream, with the size or alone."""

    def __init__(self, stream: VideoStream) -> None:
        """Of a stream that is not decoded yet: the file's own word holds until its pictures change theirs."""
        self._context = stream.codec_context
        self._at_first = self._context.sample_aspect_ratio or 0
        self._of_file = _true_aspect(stream.sample_aspect_ratio)
        self._by_size: dict[tuple[int, int], Fraction] = {}

    def note(self, frame: VideoFrame) -> VideoFrame:
        """The frame itself, which the stream's decoder has just given out, with a note for `conversion.aspect_of`."""
        size_wh = (frame.width, frame.height)
        # A frame of the size before may come when the decoder has the next size already.
        if size_wh == (self._context.width, self._context.height) or size_wh not in self._by_size:
            said = self._context.sample_aspect_ratio or 0
            self._by_size[size_wh] = self._of_file if said == self._at_first else _true_aspect(said)
        if self._by_size[size_wh] != 1:
            # PyAV forgets an object with the first frame that has it: each frame needs one of its own.
            frame.opaque = (self._by_size[size_wh],)
        return frame


def _true_aspect(said: Fraction | int | None) -> Fraction:
    """Width over height of a stored pixel; 1 where the file says nothing that can be true."""
    aspect = Fraction(said or 1)
    return aspect if _NARROWEST <= aspect <= 1 / _NARROWEST and abs(aspect - 1) > _SQUARE else Fraction(1)


def lead_of(container: InputContainer, origin: Fraction) -> Fraction:
    """Seconds that a file runs for a player before the stamp `origin` of its first frame, to a millisecond."""
    if container.start_time is None:
        return Fraction(0)
    return max(Fraction(round((origin - Fraction(container.start_time, av.time_base)) * 1000), 1000), Fraction(0))


def time_code(path: Path, track: int | None = None) -> str | None:
    """The time code that the camera or the last editor gave the first frame, such as "01:00:00;00"; None without one.

    Raises:
        InputError: If it is not a video that can be read.
    """
    with open_container(path) as container:
        stream = choose_stream(container, path, track)
        kept = [stream.metadata, container.metadata, *(each.metadata for each in container.streams)]
        codes = (tags.get("timecode", "") for tags in kept)
        return next((code for code in codes if _TIME_CODE.fullmatch(code)), None)


def convert_hint(path: Path) -> str:
    """What to type to make a file that every decoder reads."""
    return f"Convert it first: ffmpeg -i '{path}' -c:v libx264 -pix_fmt yuv420p converted.mp4"


def frame_rate(stream: VideoStream) -> Fraction:
    """Average frames a second as the file has it, exact; 25 where it says nothing that can be true."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate is not None and 0 < rate <= _MAX_FPS:
            return Fraction(rate)
    return _DEFAULT_FPS


def announced_duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Seconds that the file says its video runs, or its longest stream where it tells no more; None if neither."""
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    end = _seconds(stream.metadata.get("DURATION", ""))
    if end is None and container.duration:
        end = Fraction(container.duration, av.time_base)
    if end is None:
        return None
    # These two count from time stamp 0, wherever the first frame is.
    start = (stream.start_time or 0) * (stream.time_base or Fraction(0))
    return end - max(start, Fraction(0))


def _seconds(text: str) -> Fraction | None:
    """Matroska's own form, "00:01:02.345000000", in seconds."""
    parts = text.split(":")
    if len(parts) != 3:
        return None
    try:
        hours, minutes, seconds = (Fraction(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _refused_kind(container: InputContainer) -> str | None:
    names = set(container.format.name.split(","))
    if names & _PICTURE_FORMATS or container.format.name.endswith("_pipe"):
        return "a picture"
    if container.metadata.get("major_brand") in _PICTURE_BRANDS:
        return "a picture"
    if names & _LIST_FORMATS:
        return "a play list"
    return "a text file" if names & _TEXT_FORMATS else None


def _not_opened(path: Path, error: av.error.FFmpegError) -> InputError:
    if isinstance(error, OSError):
        return unreadable(path, error)
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        # MP4 and MOV: cameras write the index last, so a recording that was interrupted has none.
        return InputError(
            f"{path} is incomplete: the index that every MP4 or MOV file needs is missing or damaged.",
            "Copy or download it again in full; a repair tool for MP4 files can mend an interrupted recording.",
        )
    return InputError(f"{path} is not a video.", "Give a video file, such as an MP4, MOV, MKV or WebM.")
