"""A matte as a video: grey FFV1 in Matroska, which loses nothing and which editors read."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange

from closeup.core.types import FloatArray
from closeup.media.mp4_file import Mp4File

_TICK = Fraction(1, 1000)
"""Matroska counts milliseconds."""

_PIXELS = {8: "gray", 16: "gray16le"}


class MatteWriter(Mp4File):
    """Writes mattes of 8 or 16 bits; a context manager."""

    FORMAT = "matroska"

    def __init__(self, path: Path, size_wh: tuple[int, int], starts: Sequence[Fraction], bits: int = 8) -> None:
        """Say what will be written.

        Args:
            path: Where the file will be; replaced if it exists.
            size_wh: Width and height in pixels.
            starts: When each picture begins, in seconds, ascending from 0; then when the last one ends.
            bits: 8 or 16.
        """
        super().__init__(path)
        self._size_wh, self._starts, self._bits, self._written = size_wh, starts, bits, 0

    def _add_streams(self, container: OutputContainer) -> None:
        rate = Fraction((len(self._starts) - 1) / self._starts[-1]).limit_denominator(1001)
        stream = container.add_stream("ffv1", rate=rate)
        stream.width, stream.height = self._size_wh
        stream.pix_fmt = _PIXELS[self._bits]
        stream.codec_context.color_range = ColorRange.JPEG
        stream.codec_context.time_base = stream.time_base = _TICK
        self._stream = stream

    def write(self, alpha: FloatArray) -> None:
        """Add the matte of the next picture, float32 (H, W), 0 to 1.

        Raises:
            OutputError: If the disk is full or fails.
        """
        top, dtype = 2**self._bits - 1, np.uint8 if self._bits == 8 else np.uint16
        numbers = np.ascontiguousarray(np.rint(alpha * top).astype(dtype))
        frame = av.VideoFrame.from_ndarray(numbers, format=_PIXELS[self._bits])
        start, end = (round(at / _TICK) for at in self._starts[self._written : self._written + 2])
        frame.pts, frame.time_base = start, _TICK
        self._written += 1
        for packet in self._encoded(self._stream, frame):
            packet.duration = end - start
            self._mux(packet)

    def _flush(self) -> None:
        if self._written != len(self._starts) - 1:
            raise ValueError(f"{self.path} was to have {len(self._starts) - 1} pictures, and has {self._written}")
        self._mux(self._encoded(self._stream, None))
