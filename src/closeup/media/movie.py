"""Pictures and sound to an MP4 with the exact times of both: H.264, or what was asked for, and AAC."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, lcm
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange

from closeup.core.types import FloatArray
from closeup.media.encoder import require_even
from closeup.media.mp4_file import Mp4File
from closeup.media.planes import Colour
from closeup.media.video_codec import add_video_stream

_FINEST_TICK = 2**31 - 1
"""Ticks a second that MP4 can count."""

_COARSEST_CLOCK = 1000
"""Ticks a second that an MP4's own clock has at least, as usual."""

_COMMON_TICK = Fraction(1, 90_000)
"""For times that have no common tick as large as MP4 needs; rounding to it errs by 6 microseconds."""


class MovieWriter(Mp4File):
    """Writes yuv420p frames and stereo sound into an MP4; a context manager."""

    def __init__(
        self,
        path: Path,
        sound: FloatArray | Iterable[FloatArray] | None,
        *,
        size_wh: tuple[int, int],
        starts: Sequence[Fraction],
        colour: Colour,
    ) -> None:
        """Say what will be written.

        Args:
            path: Where the MP4 will be; replaced if it exists.
            sound: Float32 (N, 2) at 48000 Hz from time 0, whole or in blocks; None for a file without sound.
            size_wh: Width and height in pixels, even.
            starts: When each picture begins, in seconds, ascending from 0; then when the last one ends.
            colour: What the numbers of the pictures mean.

        Raises:
            ValueError: If a side is odd, times do not ascend from 0, or the sound has another shape.
        """
        super().__init__(path, [sound] if isinstance(sound, np.ndarray) else sound)
        require_even(size_wh)
        if len(starts) < 2 or starts[0] != 0 or any(b <= a for a, b in pairwise(starts)):
            raise ValueError("times must ascend from 0, to the end of the last picture")
        if isinstance(sound, np.ndarray) and (sound.ndim != 2 or sound.shape[1] != 2):
            raise ValueError(f"expected sound (N, 2), got {sound.shape}")
        self._size_wh, self._colour = size_wh, colour
        self._rate = (len(starts) - 1) / starts[-1]
        self._tick = common_tick(starts)
        # Times that are nearer to each other than a tick still are one after the other.
        rounded = (round(start / self._tick) for start in starts)
        self._stamps = list(accumulate(rounded, lambda before, stamp: max(stamp, before + 1)))
        self._lasts = {stamp: after - stamp for stamp, after in pairwise(self._stamps)}
        self._written = 0

    def _options(self) -> dict[str, str]:
        # The length of the whole counts in these. By default they are milliseconds, and would cut a last frame short.
        per_s = self._tick.denominator
        return {"movie_timescale": str(per_s * max(1, ceil(Fraction(_COARSEST_CLOCK, per_s))))}

    def _add_streams(self, container: OutputContainer) -> None:
        self._pictures = add_video_stream(container, self._size_wh, self._rate.limit_denominator(1001))
        context = self._pictures.codec_context
        # PyAV asks for slices otherwise: fewer bits saved, and threads that wait for each other.
        context.thread_type = "FRAME"
        context.time_base = self._tick
        self._pictures.time_base = self._tick
        context.color_range = ColorRange.MPEG
        context.colorspace, context.color_primaries = self._colour.matrix, self._colour.primaries
        context.color_trc = self._colour.transfer

    def write(self, frame: av.VideoFrame) -> None:
        """Add the next picture, yuv420p of the movie's size, and the sound up to it.

        Raises:
            OutputError: If the disk is full or fails.
            ValueError: If there are more pictures than times.
        """
        if self._written >= len(self._lasts):
            raise ValueError(f"{self.path} was to have {len(self._lasts)} pictures, and there is one more")
        frame.pts, frame.time_base = self._stamps[self._written], self._tick
        self._written += 1
        self._encode_pictures(frame)
        self._write_sound(self._stamps[self._written] * self._tick)

    def _encode_pictures(self, frame: av.VideoFrame | None) -> None:
        for packet in self._encoded(self._pictures, frame):
            # x264 does not say how long a picture lasts, and the last one would get the length of the one before.
            packet.duration = self._lasts[packet.pts]
            self._mux(packet)

    def _flush(self) -> None:
        if self._written != len(self._lasts):
            raise ValueError(f"{self.path} was to have {len(self._lasts)} pictures, and has {self._written}")
        self._encode_pictures(None)
        self._write_sound(None)


def common_tick(times: Sequence[Fraction]) -> Fraction:
    """The largest tick in seconds that counts all of the times exactly, as far as MP4 can count so fine."""
    per_s = lcm(*(time.denominator for time in times))
    return Fraction(1, per_s) if per_s <= _FINEST_TICK else _COMMON_TICK
