"""Decoded pictures to upright RGB arrays: colour, scale and orientation in one place (docs/concepts/colour.md)."""

import struct
import threading
from dataclasses import dataclass

import numpy as np
from av import VideoFrame
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from closeup.core.types import Image
from closeup.media.planes import LEFT_SITING, Planes, as_yuv420, frame_planes, is_high_definition

_UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED: the file does not say which YUV it holds."""

_KEPT_SIZES = 8
"""Scalers that a thread keeps; setting one up costs about as much as using it ten times."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pixels become the upright picture: swap x and y first, then mirror.

    Attributes:
        swap_xy: Columns become rows.
        mirror_x: Left and right trade places, after the swap; `mirror_y` is top and bottom.
    """

    swap_xy: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def size_wh(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """Upright (width, height) of a stored size, and the other way round."""
        return (size_wh[1], size_wh[0]) if self.swap_xy else size_wh

    def upright(self, image: Image) -> Image:
        """The stored picture (H, W, 3) turned upright, (H, W, 3) or (W, H, 3), contiguous."""
        return np.ascontiguousarray(self.view(image))

    def view(self, image: Image) -> Image:
        """The stored picture (H, W, 3) or plane (H, W) turned upright, (H, W, ...) or (W, H, ...), without a copy."""
        if self.swap_xy:
            image = image.swapaxes(0, 1)
        if self.mirror_x:
            image = image[:, ::-1]
        return image[::-1] if self.mirror_y else image

    def siting_xy(self, size_wh: tuple[int, int]) -> tuple[float, float]:
        """Where the first colour sample of the upright picture of `size_wh` lies, in pixels from its first one."""
        x, y = reversed(LEFT_SITING) if self.swap_xy else LEFT_SITING
        width, height = size_wh
        # The first sample was the last one: of an odd side, half of it lies outside.
        x = width % 2 * -1 + 1 - x if self.mirror_x else x
        y = height % 2 * -1 + 1 - y if self.mirror_y else y
        return x, y


def orientation_of(frame: VideoFrame) -> Orientation:
    """Read the display matrix that cameras and phones store; quarter turns and mirrors, the nearest one otherwise."""
    side_data = frame.side_data.get(SideDataType.DISPLAYMATRIX)  # type: ignore[call-overload]
    if side_data is None:
        return Orientation()
    # Three rows of three: x' = a x + c y, y' = b x + d y, with y down, as ISO 14496-12 has it.
    a, b, _, c, d = struct.unpack("=5i", bytes(side_data)[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(swap_xy=True, mirror_x=c < 0, mirror_y=b < 0)
    return Orientation(mirror_x=a < 0, mirror_y=d < 0)


class Converter:
    """Converts frames of one video; every thread that calls it gets scalers of its own."""

    def __init__(self, orientation: Orientation) -> None:
        self.orientation = orientation
        self._own = threading.local()

    def rgb(self, frame: VideoFrame, size_wh: tuple[int, int]) -> Image:
        """`frame` as upright RGB uint8 (H, W, 3) of `size_wh` (width, height).

        Two threads must not convert the same frame at the same time: PyAV writes into it meanwhile.
        """
        width, height = self.orientation.size_wh(size_wh)
        shrinks = width < frame.width or height < frame.height
        converted = self._scaler((width, height)).reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=_colorspace(frame),
            interpolation=Interpolation.AREA if shrinks else Interpolation.BILINEAR,
            threads=1,
        )
        stored: Image = converted.to_ndarray()  # type: ignore[assignment]
        # A frame that is RGB already comes back as itself, and the array must not share its pixels.
        return self.orientation.upright(stored.copy() if converted is frame else stored)

    def planes(self, frame: VideoFrame, size_wh: tuple[int, int]) -> Planes:
        """`frame` as upright planes of `size_wh` (width, height), without a copy where it is stored that way.

        Two threads must not convert the same frame at the same time, as with `rgb`.
        """
        stored_wh = self.orientation.size_wh(size_wh)
        y, u, v = frame_planes(as_yuv420(frame, stored_wh, self._scaler(stored_wh)))
        view = self.orientation.view
        return Planes(view(y), view(u), view(v), self.orientation.siting_xy(size_wh))

    def _scaler(self, size_wh: tuple[int, int]) -> VideoReformatter:
        scalers: dict[tuple[int, int], VideoReformatter] = self._own.__dict__.setdefault("scalers", {})
        if size_wh not in scalers:
            if len(scalers) >= _KEPT_SIZES:
                scalers.clear()
            scalers[size_wh] = VideoReformatter()
        return scalers[size_wh]


def _colorspace(frame: VideoFrame) -> Colorspace | None:
    """BT.709 for high definition that does not say; swscale would take BT.601 and tint every face."""
    return Colorspace.ITU709 if is_high_definition(frame) and frame.colorspace == _UNSPECIFIED else None
