"""High dynamic range (PQ and HLG, ITU-R BT.2100) brought to BT.709, by a table that FFmpeg's lut3d applies.

White of 203 cd/m2 (ITU-R BT.2408) becomes the white of ordinary video and keeps its contrast; only what is brighter is
pressed together, up to 1000 cd/m2.
"""

import os
import tempfile
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from av import VideoFrame
from av.filter import Graph
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

PQ, HLG = int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67)

_SIZE = 33
"""Entries of the table in each direction; the codes of PQ and HLG are even to the eye already."""

_WHITE, _PEAK = 203.0, 1000.0
"""Brightness in cd/m2 of diffuse white, and of the brightest that keeps its drawing."""

_KNEE = 0.75
"""From this share of white on, light is pressed together."""

_GAMMA = 2.4
"""Of displays of ordinary video (ITU-R BT.1886)."""

_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""Linear BT.2020 to linear BT.709 (ITU-R BT.2087)."""

_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])


class ToneMapper:
    """Brings HDR frames to ordinary video; for one thread."""

    def __init__(self) -> None:
        self._graphs: dict[tuple[object, ...], Graph] = {}

    def convert(self, frame: VideoFrame, size_wh: tuple[int, int], pixels: str) -> VideoFrame:
        """A frame of PQ or HLG at a (width, height), as BT.709 in "rgb24" or "yuv420p" of limited range."""
        if int(frame.colorspace) not in (int(Colorspace.ITU709), 9, 10):
            frame.colorspace = 9  # what does not say is as BT.2100 has it
        key = (frame.width, frame.height, frame.format.name, int(frame.color_trc), frame.colorspace, size_wh, pixels)
        if key not in self._graphs:
            self._graphs.clear()
            self._graphs[key] = _graph(frame, size_wh, pixels)
        graph = self._graphs[key]
        graph.push(frame)
        mapped: VideoFrame = graph.pull()  # type: ignore[assignment]
        mapped.pts, mapped.time_base = frame.pts, frame.time_base
        if pixels == "yuv420p":
            mapped.colorspace, mapped.color_range = int(Colorspace.ITU709), ColorRange.MPEG
            mapped.color_primaries, mapped.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)
        return mapped


def is_hdr(frame: VideoFrame) -> bool:
    """Whether a frame's numbers are those of high dynamic range."""
    return int(frame.color_trc) in (PQ, HLG)


def _graph(frame: VideoFrame, size_wh: tuple[int, int], pixels: str) -> Graph:
    graph, size = Graph(), f"{size_wh[0]}:{size_wh[1]}"
    base = frame.time_base or Fraction(1, 1000)
    matrix = {int(Colorspace.ITU709): "bt709", 10: "bt2020c"}.get(int(frame.colorspace), "bt2020nc")
    full = frame.color_range == ColorRange.JPEG
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base={base.numerator}/"
        f"{base.denominator}:pixel_aspect=1/1:colorspace={matrix}:range={'pc' if full else 'tv'}"
    )
    shrinks = size_wh[0] < frame.width or size_wh[1] < frame.height
    out = "out_color_matrix=bt709:out_range=tv" if pixels == "yuv420p" else "out_range=pc"
    handle, name = tempfile.mkstemp(prefix="closeup-", suffix=".cube")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_cube(int(frame.color_trc)))
        nodes = [
            graph.add("buffer", source),
            graph.add("scale", f"{size}:flags={'area' if shrinks else 'bilinear'}"),
            graph.add("format", "gbrp16le"),
            graph.add("lut3d", file=name),
            graph.add("scale", out),
            graph.add("format", pixels),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
    finally:
        Path(name).unlink(missing_ok=True)
    return graph


@lru_cache(maxsize=2)
def _cube(transfer: int) -> bytes:
    """The table as lut3d reads it: red runs fastest."""
    axis = np.linspace(0.0, 1.0, _SIZE)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    codes = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
    rows = "\n".join(f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in to_bt709(codes, transfer))
    return f"LUT_3D_SIZE {_SIZE}\n{rows}\n".encode()


def to_bt709(codes: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """R'G'B' of BT.2020, float64 (N, 3) from 0 to 1 in PQ (16) or HLG (18), as R'G'B' of BT.709, (N, 3), 0 to 1."""
    light = (_pq_light(codes) if transfer == PQ else _hlg_light(codes)) / _WHITE
    light = np.maximum(light @ _TO_709.T, 0.0)
    brightest = light.max(axis=-1, keepdims=True)
    light *= _pressed(brightest) / np.maximum(brightest, 1e-9)
    return np.asarray(np.clip(light, 0.0, 1.0) ** (1 / _GAMMA))


def _pq_light(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Codes as cd/m2 (SMPTE ST 2084)."""
    root = codes ** (32 / 2523)
    return np.asarray(10_000 * (np.maximum(root - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610))


def _hlg_light(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Codes as cd/m2 on a display of 1000 cd/m2 (ITU-R BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)
    return np.asarray(1000 * scene * (scene @ _LUMA_2020)[..., None] ** 0.2)


def _pressed(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light with 1 for white: kept up to the knee, then bent so that the peak becomes 1 (Reinhard and others, 2002)."""
    reach = (_PEAK / _WHITE - _KNEE) / (1 - _KNEE)
    above = np.clip((light - _KNEE) / (1 - _KNEE), 0.0, reach)
    return np.where(light <= _KNEE, light, _KNEE + (1 - _KNEE) * above * (1 + above / reach**2) / (1 + above))
