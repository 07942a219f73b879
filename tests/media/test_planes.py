from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from closeup.media.planes import Colour, as_yuv420, colour_of, frame_planes
from closeup.media.video import open_video

COLOURS = [(190, 80, 60), (60, 170, 90), (70, 90, 200), (128, 128, 128), (250, 250, 250), (5, 5, 5)]
"""Patches side by side, 16 pixels each."""


def patches(height: int = 32) -> np.ndarray:
    return np.repeat(np.array([COLOURS], np.uint8), height, 0).repeat(16, 1)


def patch_means(plane: np.ndarray) -> list[float]:
    width = plane.shape[1] // len(COLOURS)
    return [float(plane[4:-4, i * width + width // 4 : (i + 1) * width - width // 4].mean()) for i in range(6)]


@pytest.mark.parametrize(
    ("pix_fmt", "tag"),
    [
        *[(pix_fmt, 1) for pix_fmt in ("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le")],
        ("yuv420p", 6),
        ("yuv420p", 9),
    ],
)
def test_any_format_comes_out_with_the_same_colours(
    tmp_path: Path, write_video: Callable[..., Path], pix_fmt: str, tag: int
):
    """The planes, limited range and 8 bits by now, hold what is shown as RGB; `colour` says by which matrix."""
    codec = {"codec": "libx264", "options": (("crf", "1"),)} if pix_fmt == "yuvj420p" else {"codec": "ffv1"}
    path = write_video(tmp_path / "a.mkv", [patches()], pix_fmt=pix_fmt, colorspace=tag, **codec)
    with open_video(path) as reader:
        frame = next(iter(reader))
        planes, shown = frame.planes(), frame.rgb()
    assert planes.y.shape == (32, 96)
    assert planes.u.shape == planes.v.shape == (16, 48)
    assert frame.colour.matrix == tag
    wanted = frame.colour.yuv(shown)
    for plane, channel in zip((planes.y, planes.u, planes.v), range(3), strict=True):
        assert patch_means(plane) == pytest.approx(patch_means(wanted[..., channel]), abs=2)


def test_what_is_stored_so_is_not_copied(tmp_path: Path, write_video: Callable[..., Path]):
    path = write_video(tmp_path / "a.mp4", [patches()])
    with open_video(path) as reader:
        frame = next(iter(reader))
    assert np.shares_memory(frame.planes().y, frame.planes().y)


def test_colour_by_tags_and_as_players_guess():
    def tagged(width: int, height: int, matrix: int, pix_fmt: str = "yuv420p") -> av.VideoFrame:
        frame = av.VideoFrame(width, height, pix_fmt)
        frame.colorspace = matrix
        return frame

    assert colour_of(tagged(64, 48, 2)).matrix == 6
    assert colour_of(tagged(1280, 720, 2)).matrix == 1
    assert colour_of(tagged(640, 640, 2)).matrix == 1
    assert colour_of(tagged(64, 48, 9)) == Colour(9)
    assert colour_of(tagged(64, 48, 0, "gbrp")) == Colour(1, 1, 1)


@pytest.mark.parametrize(("matrix", "name"), [(1, Colorspace.ITU709), (6, Colorspace.ITU601)])
def test_rgb_to_yuv_is_that_of_the_standard(matrix: int, name: Colorspace):
    frame = av.VideoFrame.from_ndarray(patches(), format="rgb24")
    other = frame.reformat(format="yuv444p", dst_colorspace=name, dst_color_range=ColorRange.MPEG)
    wanted = np.moveaxis(other.to_ndarray(), 0, 2).astype(float)
    assert np.abs(Colour(matrix).yuv(patches()) - wanted).max() <= 1.5


def test_white_and_black_in_every_matrix():
    for matrix in (1, 4, 5, 6, 7, 9, 10):
        yuv = Colour(matrix).yuv(np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]]], np.uint8))[0]
        assert yuv[:2] == pytest.approx(np.array([[235, 128, 128], [16, 128, 128]]), abs=0.01)
        assert yuv[2, 2] == pytest.approx(240, abs=0.01)
        assert yuv[3, 1] == pytest.approx(240, abs=0.01)


def test_frame_planes_are_the_frames_own_memory():
    frame = av.VideoFrame(50, 30, "yuv420p")
    y, u, v = frame_planes(frame)
    assert (y.shape, u.shape, v.shape) == ((30, 50), (15, 25), (15, 25))
    y[:], u[:], v[:] = 200, 90, 30
    assert [np.unique(plane).tolist() for plane in frame_planes(frame)] == [[200], [90], [30]]


def test_another_size_is_brought_to_the_first_ones():
    small = av.VideoFrame.from_ndarray(patches(16), format="rgb24").reformat(format="yuv420p")
    brought = as_yuv420(small, (192, 64), VideoReformatter())
    assert (brought.width, brought.height) == (192, 64)
