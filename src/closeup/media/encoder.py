"""Frames to an MP4 file that plays everywhere."""

import os
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter

from closeup.core.interrupts import held_back
from closeup.core.types import Image
from closeup.core.whole import output_error, part_prefix

_THREADS = 4
"""Fixed, because x264's output depends on how many threads it has; on a busy machine it still varies now and then."""

_OPTIONS = {"crf": "18", "preset": "veryfast"}

_CONTAINER_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}
"""The index at the front, so that a browser plays at once; no dates or versions in the file."""

_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


class VideoEncoder:
    """Writes H.264 (libx264, yuv420p, BT.709) into an MP4; a context manager.

    The file is written beside its place and renamed into it when the block ends well; after an exception nothing is
    left, and a file that was there before stays.
    """

    def __init__(self, path: Path, size_wh: tuple[int, int], fps: Fraction) -> None:
        """Say what will be written.

        Args:
            path: Where the MP4 will be; replaced if it exists.
            size_wh: Width and height in pixels; both even, since colour is stored for squares of 2 by 2.
            fps: Frames a second, constant, exact.

        Raises:
            ValueError: If a side is odd or less than 2, or `fps` is not positive.
        """
        if min(size_wh) < 2 or size_wh[0] % 2 or size_wh[1] % 2:
            raise ValueError(f"size_wh is {size_wh}, and both sides must be even and at least 2")
        if fps <= 0:
            raise ValueError(f"fps is {fps}, and must be positive")
        self.path = path
        self.size_wh = size_wh
        self.fps = fps
        self._written = 0
        self._part: Path | None = None
        self._scaler = VideoReformatter()

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            OutputError: If its folder cannot be written to.
        """
        try:
            with held_back():
                handle, name = tempfile.mkstemp(prefix=part_prefix(self.path), suffix=".part", dir=self.path.parent)
                self._part = Path(name)
            os.close(handle)
            self._open(name)
        except OSError as error:
            self._discard()
            raise output_error(self.path, error) from error
        except BaseException:
            self._discard()
            raise
        return self

    def _discard(self) -> None:
        if self._part is not None:
            self._part.unlink(missing_ok=True)

    def _open(self, name: str) -> None:
        self._container = av.open(f"file:{name}", "w", format="mp4", container_options=_CONTAINER_OPTIONS)
        self._stream = self._container.add_stream("libx264", rate=self.fps, options=_OPTIONS)
        self._stream.width, self._stream.height = self.size_wh
        self._stream.pix_fmt = "yuv420p"
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
        self._mux(frame)
        self._written += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file and put it in its place, or remove it after an exception.

        Raises:
            OutputError: If the disk is full or fails.
            ValueError: If no frame was written.
        """
        try:
            if kind is None:
                self._finish()
        finally:
            with held_back():
                with suppress(OSError):  # the trailer of a file that is thrown away
                    self._container.close()
                self._discard()

    def _finish(self) -> None:
        assert self._part is not None
        if not self._written:
            raise ValueError(f"no frame was written to {self.path}")
        self._mux(None)
        try:
            self._container.close()
            with self._part.open("rb") as file:
                os.fsync(file.fileno())
            self._part.chmod(0o644)
            self._part.replace(self.path)
        except OSError as error:
            raise output_error(self.path, error) from error

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except OSError as error:
            raise output_error(self.path, error) from error
