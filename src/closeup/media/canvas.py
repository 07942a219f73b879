"""The size that a video's frames are brought to, found out beforehand: some files change it midway."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import InputContainer
from av.format import Flags
from av.video.stream import VideoStream

from closeup.media.container import PixelShapes, choose_stream, open_container
from closeup.media.conversion import shown_wh

_PLACES = 8
"""So many key frames are looked at, spread evenly over the file."""

_NO_ACCIDENT = 2
"""A size counts that so many of them have; a title card or a logo is shorter."""

_MOST_PACKETS = 400
"""A key frame that lies farther behind a place is not waited for."""


def find_canvas(path: Path, track: int | None, first_wh: tuple[int, int]) -> tuple[int, int]:
    """The largest upright (width, height) in square pixels that a good part of a video has; `first_wh` is the first.

    Raises:
        InputError: If it is not a video that can be read.
    """
    with open_container(path) as container:
        stream = choose_stream(container, path, track)
        seen = Counter(_shapes(container, stream))
    seen[first_wh] += 1
    often = [shape for shape, count in seen.items() if count >= _NO_ACCIDENT]
    return max(often or [first_wh], key=lambda shape: (shape[0] * shape[1], seen[shape]))


def _shapes(container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, int]]:
    """The shapes of key frames at some places of the file, as far as it can be sought in."""
    pixels = PixelShapes(stream)
    stream.codec_context.thread_count = 1
    flags: Any = container.format.flags
    by_bytes = bool(flags & Flags.ts_discont.value) and not flags & Flags.no_byte_seek.value
    whole = container.size if by_bytes else _length(container, stream)
    for place in range(_PLACES if whole and whole > 0 else 0):
        at = int(whole * Fraction(2 * place + 1, 2 * _PLACES))
        try:
            if by_bytes:
                container.seek(at, unsupported_byte_offset=True)
            else:
                container.seek(at + (stream.start_time or 0), stream=stream, backward=True)
            frame = _key_frame(container, stream)
        except (av.error.FFmpegError, OSError, ValueError):
            continue
        if frame is not None:
            yield shown_wh(pixels.note(frame))


def _length(container: InputContainer, stream: VideoStream) -> int:
    """How long the stream is said to be, in its own ticks; 0 where nobody knows."""
    if stream.duration:
        return stream.duration
    return int(Fraction(container.duration or 0, av.time_base) / (stream.time_base or 1))


def _key_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame | None:
    """The next key frame that decodes."""
    for number, packet in enumerate(container.demux(stream)):
        if number > _MOST_PACKETS or not packet.size:
            return None
        if packet.is_keyframe:
            frames = [*packet.decode(), *stream.codec_context.decode(None)]
            stream.codec_context.flush_buffers()
            if frames:
                return frames[-1]
    return None
