"""HDR brought to ordinary video: what was ordinary video before comes back, and what is brighter keeps its drawing."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from closeup.media.planes import colour_of
from closeup.media.still import still
from closeup.media.tone import HLG, PQ, to_bt709
from closeup.media.video import open_video

TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
COLOURS = np.array([[0.1] * 3, [0.25] * 3, [0.5] * 3, [0.8] * 3, [0.8, 0.6, 0.5], [0.2, 0.4, 0.7], [0.1, 0.7, 0.2]])
"""R'G'B' of ordinary video."""


def pq(light: np.ndarray) -> np.ndarray:
    """cd/m2 as codes of SMPTE ST 2084."""
    root = (np.maximum(light, 0) / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * root) / (1 + 2392 / 128 * root)) ** (2523 / 32)


def hlg(light: np.ndarray) -> np.ndarray:
    """cd/m2 on a display of 1000 as codes of BT.2100's hybrid log-gamma."""
    luma = light @ np.array([0.2627, 0.6780, 0.0593]) / 1000
    scene = light / 1000 * np.maximum(luma, 1e-9)[..., None] ** (1 / 1.2 - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * np.maximum(scene, 0)), bright)


def codes(transfer: int, colours: np.ndarray) -> np.ndarray:
    """Colours of ordinary video as HDR shows them, with white at 203 cd/m2."""
    light = 203 * (colours**2.4 @ TO_2020.T)
    return pq(light) if transfer == PQ else hlg(light)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_ordinary_colours_come_back(transfer: int) -> None:
    np.testing.assert_allclose(to_bt709(codes(transfer, COLOURS), transfer), COLOURS, atol=0.015)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_what_is_brighter_than_white_keeps_its_drawing(transfer: int) -> None:
    light = np.array([150.0, 203, 300, 450, 700, 1000])[:, None].repeat(3, axis=1)
    shown = to_bt709(pq(light) if transfer == PQ else hlg(light), transfer)[:, 0]
    assert (np.diff(shown) > 0.005).all()
    assert 0.9 < shown[1] < 0.97
    assert shown[-1] == pytest.approx(1, abs=0.01)


def write_hdr(path: Path, transfer: int, size_wh: tuple[int, int] = (256, 64)) -> Path:
    """A video of HDR in 10 bits whose left half is a skin colour, and the right half grey."""
    width, height = size_wh
    red, green, blue = codes(transfer, np.array([[0.8, 0.6, 0.5], [0.5] * 3])).T
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    values = 64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8814, 512 + 896 * (red - luma) / 1.4746
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=25, options={"x265-params": "log-level=none:qp=4"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, transfer, 1
        for number in range(3):
            frame = av.VideoFrame(width, height, "yuv420p10le")
            for plane, pair in zip(frame.planes, values, strict=True):
                rows = np.frombuffer(plane, np.uint16).reshape(plane.height, -1)
                rows[:, : plane.width] = np.rint(np.repeat(pair, plane.width // 2)).astype(np.uint16)
            frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = 9, 9, transfer, 1
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_pictures_and_shorts_show_it_as_ordinary_video(tmp_path: Path, transfer: int) -> None:
    with open_video(write_hdr(tmp_path / "hdr.mp4", transfer)) as reader:
        frame = next(iter(reader))
    assert any("HDR" in note for note in reader.notes)
    for image in (frame.rgb(), frame.rgb((128, 32)), still(frame, [np.array([0.0, 0, 256, 64])], (128, 32))):
        height, width = image.shape[:2]
        assert image[height // 2, width // 8] / 255 == pytest.approx([0.8, 0.6, 0.5], abs=0.03)
        assert image[height // 2, -width // 8] / 255 == pytest.approx([0.5] * 3, abs=0.03)
    assert (frame.colour.matrix, frame.colour.primaries, frame.colour.transfer) == (1, 1, 1)


def test_ordinary_video_is_left_alone() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    assert colour_of(frame).transfer == 2
