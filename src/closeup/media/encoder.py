"""Frames to an MP4 file that plays everywhere."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter

from closeup.core.types import FloatArray, Image
from closeup.media.mp4_file import Mp4File
from closeup.media.video_codec import add_video_stream

_THREADS = 4
"""Fixed, because x264's output depends on how many threads it has; on a busy machine it still varies now and then."""

_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


def require_even(size_wh: tuple[int, int]) -> None:
    """Refuse sizes that yuv420p cannot hold.

    Raises:
        ValueError: If a side is odd or less than 2: colour is stored for squares of 2 by 2.
    """
    if min(size_wh) < 2 or size_wh[0] % 2 or size_wh[1] % 2:
        raise ValueError(f"size_wh is {size_wh}, and both sides must be even and at least 2")


class VideoEncoder(Mp4File):
    """Writes video (yuv420p, BT.709) of a constant frame rate into an MP4; a context manager."""

    def __init__(
        self, path: Path, size_wh: tuple[int, int], fps: Fraction, sound: Iterable[FloatArray] | None = None
    ) -> None:
        """Say what will be written.

        Args:
            path: Where the MP4 will be; replaced if it exists.
            size_wh: Width and height in pixels; both even, since colour is stored for squares of 2 by 2.
            fps: Frames a second, constant, exact.
            sound: Blocks of float32 (N, 2) at 48000 Hz from time 0, taken when they are needed; None for no sound.

        Raises:
            ValueError: If a side is odd or less than 2, or `fps` is not positive.
        """
        super().__init__(path, sound)
        require_even(size_wh)
        if fps <= 0:
            raise ValueError(f"fps is {fps}, and must be positive")
        self.size_wh = size_wh
        self.fps = fps
        self._written = 0
        self._scaler = VideoReformatter()

    def _add_streams(self, container: OutputContainer) -> None:
        self._stream = add_video_stream(container, self.size_wh, self.fps)
        context = self._stream.codec_context
        context.thread_count = _THREADS
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709

    def write(self, image: Image) -> None:
        """Add a frame: RGB uint8 (H, W, 3) of the encoder's size.

        Raises:
            ValueError: If its shape or type is another.
            OutputError: If the disk is full or fails.
        """
        width, height = self.size_wh
        if image.shape != (height, width, 3) or image.dtype != np.uint8:
            raise ValueError(f"expected uint8 {(height, width, 3)}, got {image.dtype} {image.shape}")
        frame = self._scaler.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_EXACT,
            threads=1,
        )
        frame.pts, frame.time_base = self._written, 1 / self.fps
        self._mux(self._encoded(self._stream, frame))
        self._written += 1
        self._write_sound(self._written / self.fps)

    def _flush(self) -> None:
        if not self._written:
            raise ValueError(f"no frame was written to {self.path}")
        self._mux(self._encoded(self._stream, None))
        self._write_sound(None)
