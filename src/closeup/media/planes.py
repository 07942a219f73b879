"""Decoded pictures as the planes that video is stored in: 8-bit YUV, colour at half size, nothing converted twice."""

from dataclasses import dataclass

import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

from closeup.core.types import Image
from closeup.media.tone import is_hdr

Plane = NDArray[np.uint8]
"""One plane of a picture: uint8 (H, W)."""

_UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED, AVCOL_PRI_UNSPECIFIED and AVCOL_TRC_UNSPECIFIED: the file does not say."""

_RGB, _BT709, _BT601 = 0, 1, 6
"""Values of AVColorSpace."""

_FULL_RANGE = 2
"""AVCOL_RANGE_JPEG."""

LEFT_SITING = (0.0, 0.5)
"""Where H.264 and its kin have the first colour sample, in brightness pixels from the first one: left, between rows."""

_LUMA = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""What red and blue count in brightness, by AVColorSpace (ITU-T H.273, table 4); the others are as BT.601."""


@dataclass(frozen=True, slots=True)
class Colour:
    """What the numbers of a picture mean: values of H.273, as video files are tagged with; limited range always.

    Attributes:
        matrix: Which YUV it is, never unspecified.
        primaries: Which red, green and blue; 2 where the file does not say.
        transfer: Which curve from numbers to light; 2 where the file does not say.
    """

    matrix: int
    primaries: int = _UNSPECIFIED
    transfer: int = _UNSPECIFIED

    def yuv(self, rgb: Image) -> NDArray[np.float32]:
        """RGB (H, W, 3) as Y, U and V of this colour, float32 (H, W, 3): Y 16 to 235, U and V 16 to 240."""
        red, blue = _LUMA.get(self.matrix, (0.299, 0.114))
        luma = np.array([red, 1 - red - blue, blue])
        rows = [luma * 219, (np.array([0, 0, 1]) - luma) / (1 - blue) * 112]
        rows.append((np.array([1, 0, 0]) - luma) / (1 - red) * 112)
        matrix = np.array(rows, np.float32) / 255
        yuv = rgb.astype(np.float32) @ matrix.T + np.array([16, 128, 128], np.float32)
        return np.asarray(yuv, np.float32)


@dataclass(frozen=True, slots=True)
class Planes:
    """An upright picture in yuv420p: views of the decoder's memory where they can be.

    Attributes:
        y: Brightness, uint8 (H, W).
        u: Colour, uint8 (h, w): half of H and W, rounded up; `v` likewise.
        siting_xy: Where the first colour sample lies, in brightness pixels from the centre of the first one.
    """

    y: Plane
    u: Plane
    v: Plane
    siting_xy: tuple[float, float]


def colour_of(frame: VideoFrame) -> Colour:
    """What the numbers of a frame mean once it is in YUV, by its tags or, without any, as players take it.

    Untagged high definition is BT.709, the rest BT.601; RGB and high dynamic range become BT.709.
    """
    matrix = int(frame.colorspace)
    if matrix == _RGB or frame.format.is_rgb or is_hdr(frame):
        return Colour(_BT709, int(ColorPrimaries.BT709), int(ColorTrc.BT709))
    if matrix == _UNSPECIFIED:
        matrix = _BT709 if is_high_definition(frame) else _BT601
    return Colour(matrix, int(frame.color_primaries), int(frame.color_trc))


def is_high_definition(frame: VideoFrame) -> bool:
    """Whether players take a frame that does not say for BT.709."""
    return frame.width >= 1280 or frame.height > 576


def as_yuv420(frame: VideoFrame, stored_wh: tuple[int, int], scaler: VideoReformatter) -> VideoFrame:
    """The frame in 8-bit yuv420p of limited range and of this stored (width, height); itself where it is that already.

    More than 8 bits are brought to 8 with dithering, full range to limited; the matrix stays, and RGB becomes BT.709.
    """
    full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
    if frame.format.name == "yuv420p" and not full and (frame.width, frame.height) == stored_wh:
        return frame
    matrix = _sws_matrix(colour_of(frame).matrix)
    return scaler.reformat(
        frame,
        *stored_wh,
        "yuv420p",
        src_colorspace=None if frame.format.is_rgb else matrix,
        dst_colorspace=matrix,
        src_color_range=ColorRange.JPEG if full or frame.format.is_rgb else ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.BICUBIC,
        threads=1,
    )


def _sws_matrix(matrix: int) -> Colorspace:
    """Swscale's name of a matrix; it knows fewer than H.273, and between two of the same the name does not matter."""
    return {1: Colorspace.ITU709, 4: Colorspace.FCC, 7: Colorspace.SMPTE240M}.get(matrix, Colorspace.ITU601)


def frame_planes(frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Y (H, W), U (h, w) and V (h, w) of a yuv420p frame, as views of its memory: what is written there is its."""
    y, u, v = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]  # type: ignore[call-overload]
        for plane in frame.planes
    )
    return y, u, v
