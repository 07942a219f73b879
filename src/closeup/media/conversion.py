"""Decoded pictures to upright RGB arrays: colour, scale and orientation in one place (docs/concepts/colour.md)."""

import struct
import threading
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av import VideoFrame
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from closeup.core.types import Image
from closeup.media.planes import LEFT_SITING, Planes, as_yuv420, frame_planes, is_high_definition
from closeup.media.tone import ToneMapper, is_hdr

_UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED: the file does not say which YUV it holds."""

_KEPT_SIZES = 8
"""Scalers that a thread keeps; setting one up costs about as much as using it ten times."""

_ROUNDED_PX = 1.0
"""A frame that leaves so little of its canvas fills it: sides of pixels that are not square are rounded."""


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


def aspect_of(frame: VideoFrame) -> Fraction:
    """Width over height of a frame's stored pixels, as `container.PixelShapes` noted it; 1 without a note."""
    noted = frame.opaque
    return noted[0] if isinstance(noted, tuple) else Fraction(1)


def shown_wh(frame: VideoFrame) -> tuple[int, int]:
    """Upright (width, height) of a frame in square pixels: the longer side of its pixels is kept, the other grows."""
    width, height, pixel_aspect = frame.width, frame.height, aspect_of(frame)
    if pixel_aspect > 1:
        width = round(width * pixel_aspect)
    else:
        height = round(height / pixel_aspect)
    return orientation_of(frame).size_wh((width, height))


class Converter:
    """Converts frames of one video, each fitted into one canvas; every thread that calls it gets scalers of its own.

    Attributes:
        canvas_wh: (width, height) of the picture that all frames are brought into, with their shape kept, in its
            middle; what they leave of it is black.
    """

    def __init__(self, canvas_wh: tuple[int, int]) -> None:
        self.canvas_wh = canvas_wh
        self._own = threading.local()

    def rgb(self, frame: VideoFrame, size_wh: tuple[int, int]) -> Image:
        """`frame` as upright RGB uint8 (H, W, 3), its canvas scaled to `size_wh` (width, height).

        Two threads must not convert the same frame at the same time: PyAV writes into it meanwhile.
        """
        inner_wh = self._inner(frame, size_wh)
        orientation = orientation_of(frame)
        image = orientation.upright(self._rgb(frame, orientation.size_wh(inner_wh)))
        if inner_wh == size_wh:
            return image
        canvas = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
        canvas[_middle(inner_wh, size_wh)] = image
        return canvas

    def planes(self, frame: VideoFrame) -> Planes:
        """`frame` as upright planes of the canvas, without a copy where it is stored that way.

        Two threads must not convert the same frame at the same time, as with `rgb`.
        """
        inner_wh = self._inner(frame, self.canvas_wh)
        orientation = orientation_of(frame)
        y, u, v = frame_planes(self._yuv420(frame, orientation.size_wh(inner_wh)))
        view = orientation.view
        siting_xy = orientation.siting_xy(inner_wh)
        if inner_wh == self.canvas_wh:
            return Planes(view(y), view(u), view(v), siting_xy)
        return framed_planes(Planes(view(y), view(u), view(v), siting_xy), self.canvas_wh)

    def _inner(self, frame: VideoFrame, size_wh: tuple[int, int]) -> tuple[int, int]:
        """The (width, height) that a frame fills of its canvas, when that is scaled to `size_wh`."""
        width, height = shown_wh(frame)
        if (width, height) == self.canvas_wh:
            return size_wh
        factor = min(self.canvas_wh[0] / width, self.canvas_wh[1] / height)
        width_left, height_left = self.canvas_wh[0] - width * factor, self.canvas_wh[1] - height * factor
        if max(width_left, height_left) <= _ROUNDED_PX:
            return size_wh
        across, down = size_wh[0] / self.canvas_wh[0], size_wh[1] / self.canvas_wh[1]
        return max(1, round(width * factor * across)), max(1, round(height * factor * down))

    def _rgb(self, frame: VideoFrame, stored_wh: tuple[int, int]) -> Image:
        """The stored picture at a (width, height), RGB (H, W, 3), nobody else's."""
        width, height = stored_wh
        if is_hdr(frame):
            return self._tone_mapper().convert(frame, stored_wh, "rgb24").to_ndarray()  # type: ignore[return-value]
        shrinks = width < frame.width or height < frame.height
        see_through = any(part.is_alpha for part in frame.format.components)
        converted = self._scaler(stored_wh).reformat(
            frame,
            width,
            height,
            "rgba" if see_through else "rgb24",
            src_colorspace=_colorspace(frame),
            interpolation=Interpolation.AREA if shrinks else Interpolation.BILINEAR,
            threads=1,
        )
        stored: Image = converted.to_ndarray()  # type: ignore[assignment]
        if see_through:
            return np.asarray((stored[..., :3] * (stored[..., 3:] / np.float32(255))).round(), np.uint8)
        # A frame that is RGB already comes back as itself, and the array must not share its pixels.
        return stored.copy() if converted is frame else stored

    def _yuv420(self, frame: VideoFrame, stored_wh: tuple[int, int]) -> VideoFrame:
        if is_hdr(frame):
            return self._tone_mapper().convert(frame, stored_wh, "yuv420p")
        if any(part.is_alpha for part in frame.format.components):
            frame = VideoFrame.from_ndarray(self._rgb(frame, stored_wh), "rgb24")
        return as_yuv420(frame, stored_wh, self._scaler(stored_wh))

    def _tone_mapper(self) -> ToneMapper:
        mapper: ToneMapper = self._own.__dict__.setdefault("tone_mapper", ToneMapper())
        return mapper

    def _scaler(self, size_wh: tuple[int, int]) -> VideoReformatter:
        scalers: dict[tuple[int, int], VideoReformatter] = self._own.__dict__.setdefault("scalers", {})
        if size_wh not in scalers:
            if len(scalers) >= _KEPT_SIZES:
                scalers.clear()
            scalers[size_wh] = VideoReformatter()
        return scalers[size_wh]


def plain_rgb(frame: VideoFrame) -> Image:
    """A frame that closeup made as RGB uint8 (H, W, 3), by its tags."""
    size_wh = (frame.width, frame.height)
    return Converter(size_wh).rgb(frame, size_wh)


def _middle(inner_wh: tuple[int, int], size_wh: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of what lies in the middle of a picture, from even places on."""
    (width, height), (x, y) = inner_wh, ((size - inner) // 4 * 2 for size, inner in zip(size_wh, inner_wh, strict=True))
    return slice(y, y + height), slice(x, x + width)


def framed_planes(planes: Planes, canvas_wh: tuple[int, int]) -> Planes:
    """Planes in the middle of a black canvas of a (width, height)."""
    inner_wh = planes.y.shape[1], planes.y.shape[0]
    rows, columns = _middle(inner_wh, canvas_wh)
    framed = []
    for plane, halved, empty in ((planes.y, 1, 16), (planes.u, 2, 128), (planes.v, 2, 128)):
        canvas = np.full((-(-canvas_wh[1] // halved), -(-canvas_wh[0] // halved)), empty, np.uint8)
        y, x = rows.start // halved, columns.start // halved
        canvas[y : y + plane.shape[0], x : x + plane.shape[1]] = plane
        framed.append(canvas)
    return Planes(framed[0], framed[1], framed[2], planes.siting_xy)


def _colorspace(frame: VideoFrame) -> Colorspace | None:
    """BT.709 for high definition that does not say; swscale would take BT.601 and tint every face."""
    return Colorspace.ITU709 if is_high_definition(frame) and frame.colorspace == _UNSPECIFIED else None
