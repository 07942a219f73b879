"""Crops of decoded pictures, each brought to the size of a panel: a virtual camera's view of a video.

All is done in the planes that video is stored in, so colours stay exactly what they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.media.planes import LEFT_SITING, Colour, Plane, Planes, frame_planes

_BLACK_Y, _GREY_UV = 16, 128
"""Black in limited range; no colour."""

_FILL_BRIGHTNESS, _FILL_COLOUR = 0.45, 0.75
"""What is left of brightness and colour where a crop reaches beyond the picture: enough to see that it is the same
scene, and too little to draw the eye."""

_FILL_CELLS = 48
"""Pixels on the shorter side of the picture that is blown up to fill; its blur hides everything smaller."""

_FILL_BLUR = 3.0
"""Standard deviation of the blur, in those pixels."""

_HIDDEN_PX = 0.75
"""A crop that reaches this many pixels of the output beyond the picture is a matter of rounding: the edge goes on."""


Picture = av.VideoFrame
"""A finished picture in yuv420p of limited range."""


class Overlay(Protocol):
    """Something that is drawn over the picture: captions."""

    def at(self, time_s: float) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
        """What to draw at a time in seconds: RGBA uint8 (H, W, 4), straight alpha, and its top left pixel, x and y.

        The same array comes back while nothing changes, so that it need not be prepared anew.
        """


@dataclass(frozen=True, slots=True)
class Panel:
    """A rectangle of the output, in pixels; all even, since colour is stored for squares of 2 by 2."""

    x: int
    y: int
    width: int
    height: int


def split_panels(size_wh: tuple[int, int], count: int) -> tuple[Panel, ...]:
    """One panel that is the whole picture, or two, the upper and the lower half.

    Raises:
        ValueError: If `count` is another, or a side is odd or too small.
    """
    width, height = size_wh
    if count not in (1, 2) or width % 2 or height % 2 or width < 2 or height < 2 * count:
        raise ValueError(f"{count} panels in a picture of {size_wh}; 1 or 2 fit, and sides are even")
    if count == 1:
        return (Panel(0, 0, width, height),)
    upper = height // 4 * 2
    return Panel(0, 0, width, upper), Panel(0, upper, width, height - upper)


def reframe(picture: Planes, crops_xyxy: Sequence[NDArray[np.float64]], size_wh: tuple[int, int]) -> Picture:
    """Fill a frame's panels with crops of a picture, each shape (4,).

    What a crop has beyond the picture is filled with a blurred and darkened copy of what it shows of it.

    Args:
        picture: Upright.
        crops_xyxy: One for each panel, in pixels of the picture, of any fraction; stretched to the panel's aspect.
        size_wh: Width and height of the frame, even.

    Returns:
        A new frame in yuv420p, without time or colour tags.

    Raises:
        ValueError: If a crop has no area or shows nothing of the picture, or the panels do not fit.
    """
    frame = Picture(*size_wh, "yuv420p")
    outs = frame_planes(frame)
    for panel, crop in zip(split_panels(size_wh, len(crops_xyxy)), crops_xyxy, strict=True):
        _fill_panel(picture, crop, panel, outs)
    return frame


def _fill_panel(picture: Planes, crop: NDArray[np.float64], panel: Panel, outs: Sequence[Plane]) -> None:
    height, width = picture.y.shape
    x0, y0, x1, y1 = (float(value) for value in crop)
    if not (x0 < min(x1, width) and y0 < min(y1, height) and x1 > 0 and y1 > 0):
        raise ValueError(f"the crop {crop.tolist()} shows nothing of a picture of {(width, height)}")
    across = _Span(x0, (x1 - x0) / panel.width, panel.width, width)
    down = _Span(y0, (y1 - y0) / panel.height, panel.height, height)
    (left, right), (top, bottom) = across.inside(), down.inside()
    if (right - left, bottom - top) != (panel.width, panel.height):
        _fill_around(picture, across, down, panel, outs)
    siting = picture.siting_xy
    for plane, out, halved in zip((picture.y, picture.u, picture.v), outs, (1, 2, 2), strict=True):
        x = across.axis(left, right, plane.shape[1], None if halved == 1 else (siting[0], LEFT_SITING[0]))
        y = down.axis(top, bottom, plane.shape[0], None if halved == 1 else (siting[1], LEFT_SITING[1]))
        rows = slice((panel.y + top) // halved, (panel.y + bottom) // halved)
        columns = slice((panel.x + left) // halved, (panel.x + right) // halved)
        resample(plane, x, y, out[rows, columns])


@dataclass(frozen=True, slots=True)
class _Span:
    """One direction of a crop: it begins at `start` in the source, `scale` source pixels to one of the panel."""

    start: float
    scale: float
    count: int
    size: int

    def inside(self) -> tuple[int, int]:
        """Which pixels of the panel show the picture: [begin, end), both even."""
        begin, end = -self.start / self.scale, (self.size - self.start) / self.scale
        first = 0 if begin <= _HIDDEN_PX else min(round(begin / 2) * 2, self.count - 2)
        last = self.count if end >= self.count - _HIDDEN_PX else max(round(end / 2) * 2, first + 2)
        return first, last

    def axis(self, begin: int, end: int, size: int, siting: tuple[float, float] | None) -> "AxisMap":
        """The scaling of pixels [begin, end) of the panel; of colour, with its siting in source and output."""
        offset = self.start + (begin + 0.5) * self.scale - 0.5
        if siting is None:
            return AxisMap(self.scale, offset, end - begin, size)
        source, output = siting
        return AxisMap(self.scale, (offset + output * self.scale - source) / 2, (end - begin) // 2, size)


def _fill_around(picture: Planes, across: _Span, down: _Span, panel: Panel, outs: Sequence[Plane]) -> None:
    """Fill a panel with what the crop shows of the picture, as large as covers it, blurred and darkened."""
    x0, x1 = max(across.start, 0), min(across.start + across.scale * across.count, across.size)
    y0, y1 = max(down.start, 0), min(down.start + down.scale * down.count, down.size)
    aspect = panel.width / panel.height
    width, height = min(x1 - x0, (y1 - y0) * aspect), min(y1 - y0, (x1 - x0) / aspect)
    x, y = (x0 + x1 - width) / 2, (y0 + y1 - height) / 2
    shorter = min(panel.width, panel.height)
    cells = (max(2, panel.width * _FILL_CELLS // shorter), max(2, panel.height * _FILL_CELLS // shorter))
    for plane, out, halved in zip((picture.y, picture.u, picture.v), outs, (1, 2, 2), strict=True):
        rows = slice(int(y / halved), max(int((y + height) / halved), int(y / halved) + 1))
        columns = slice(int(x / halved), max(int((x + width) / halved), int(x / halved) + 1))
        zero, kept = (_BLACK_Y, _FILL_BRIGHTNESS) if halved == 1 else (_GREY_UV, _FILL_COLOUR)
        small = cv2.resize(np.ascontiguousarray(plane[rows, columns]), cells, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small.astype(np.float32), (0, 0), _FILL_BLUR, borderType=cv2.BORDER_REPLICATE)
        small = (zero + (small - zero) * kept).round().clip(0, 255).astype(np.uint8)
        size = (panel.width // halved, panel.height // halved)
        part = out[panel.y // halved : panel.y // halved + size[1], panel.x // halved : panel.x // halved + size[0]]
        part[:] = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)


class Drawing:
    """An overlay's picture, ready to be drawn into frames of one colour as often as it is shown."""

    def __init__(self, rgba: NDArray[np.uint8], top_left_xy: tuple[int, int], colour: Colour) -> None:
        """Prepare RGBA uint8 (H, W, 4), straight alpha; its top left pixel may lie outside of the frame."""
        self.rgba = rgba
        self.top_left_xy = top_left_xy
        x, y = top_left_xy
        odd = ((y % 2, (y + rgba.shape[0]) % 2), (x % 2, (x + rgba.shape[1]) % 2), (0, 0))
        padded = np.pad(rgba, odd)
        self._xy = (x - x % 2, y - y % 2)
        alpha = padded[..., 3].astype(np.float32) / 255
        yuv = colour.yuv(padded[..., :3]) * alpha[..., None]
        small = cv2.resize(np.dstack([yuv, alpha]), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        self._layers = [
            (np.rint(paint * 256).astype(np.uint32), np.rint(256 - cover * 256).astype(np.uint32))
            for paint, cover in ((yuv[..., 0], alpha), (small[..., 1], small[..., 3]), (small[..., 2], small[..., 3]))
        ]

    def draw(self, frame: Picture) -> None:
        """Lay it over a yuv420p frame of limited range; what does not fit in is cut off."""
        for out, (paint, left_over), halved in zip(frame_planes(frame), self._layers, (1, 2, 2), strict=True):
            x, y = self._xy[0] // halved, self._xy[1] // halved
            from_x, from_y = max(-x, 0), max(-y, 0)
            part = out[max(y, 0) : max(y + paint.shape[0], 0), max(x, 0) : max(x + paint.shape[1], 0)]
            window = (slice(from_y, from_y + part.shape[0]), slice(from_x, from_x + part.shape[1]))
            part[:] = (part * left_over[window] + paint[window] + 128) >> 8


_CANDIDATES = 8
"""Pixels before the crop at which the region may begin."""

_REACH = 2
"""Pixels beyond the crop that cubic interpolation takes into account."""

_NEAR_ENOUGH = 0.2
"""Pixels of the output by which a crop may stand beside its place: nobody sees them, in motion neither."""


@dataclass(frozen=True, slots=True)
class AxisMap:
    """One direction of a scaling: pixel i of the output shows the source at `scale` * i + `offset`.

    Both count from the centre of the first pixel.

    Attributes:
        scale: Source pixels that one pixel of the output spans.
        offset: In source pixels. The output may reach a pixel of its own beyond the source, where the edge goes on.
        count: Pixels of the output.
        size: Pixels of the source.
    """

    scale: float
    offset: float
    count: int
    size: int

    def region(self) -> "_Region":
        """What to resize, and what to cut out of the result."""
        nearest = max(0, floor(self.offset) - _REACH)
        begins = range(max(0, nearest - _CANDIDATES), nearest + 1)
        begin = min(reversed(begins), key=lambda begin: round(abs(self._rest(begin)), 6))
        rest = self._rest(begin)
        last = self.offset + self.scale * (self.count - 1)
        end = min(self.size, max(ceil(last) + 1 + _REACH, begin + 1))
        return _Region(begin, end, round(self._skip(begin) - rest), rest * self.scale)

    def _skip(self, begin: int) -> float:
        # A resize that begins at source pixel b shows b + (i + 0.5) * scale - 0.5 at its pixel i.
        return (self.offset + 0.5 - begin) / self.scale - 0.5

    def _rest(self, begin: int) -> float:
        skip = self._skip(begin)
        return skip - max(0, round(skip))


@dataclass(frozen=True, slots=True)
class _Region:
    """Source pixels [begin, end), output pixels to leave out before the wanted ones, source pixels still missing."""

    begin: int
    end: int
    skip: int
    rest: float


def resample(plane: Plane, x: AxisMap, y: AxisMap, out: Plane) -> None:
    """Fill `out`, uint8 (H, W), with the part of `plane`, uint8 (h, w), that the axes say.

    Growing is cubic; shrinking averages areas. OpenCV's resize is some ten times as fast as its warps, but begins at a
    whole pixel of the source. So a region that begins some whole pixels before the crop is resized by the exact factor,
    and the wanted part is cut out of the result, where the crop begins at a whole pixel of the output too, or nearly.
    Which of the few pixels before the crop comes nearest is worked out; where none is near enough (with a factor of 2
    they are all alike), the region is moved by the rest first, which is never more than half a pixel of the output.
    """
    across, down = x.region(), y.region()
    part = plane[down.begin : down.end, across.begin : across.end]
    if part.strides[1] != 1:
        part = np.ascontiguousarray(part)  # a turned picture's
    if abs(across.rest) > _NEAR_ENOUGH * x.scale or abs(down.rest) > _NEAR_ENOUGH * y.scale:
        move = np.array([[1, 0, across.rest], [0, 1, down.rest]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(part, move, part.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        part = np.asarray(moved, np.uint8)
    how = cv2.INTER_AREA if x.scale >= 1 and y.scale >= 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(part, None, fx=1 / x.scale, fy=1 / y.scale, interpolation=how)
    scaled = scaled[down.skip : down.skip + y.count, across.skip : across.skip + x.count]
    missing = (y.count - scaled.shape[0], x.count - scaled.shape[1])
    if max(missing) > 0:
        scaled = cv2.copyMakeBorder(scaled, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    out[:] = scaled
