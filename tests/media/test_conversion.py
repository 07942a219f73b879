from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.media.conversion import Converter, Orientation, shown_wh
from closeup.media.video import open_video

Writer = Callable[..., Path]

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (230, 230, 230)
PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def frame_of(image: np.ndarray, pix_fmt: str = "rgb24") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)


def quarters(width: int = 64, height: int = 48) -> np.ndarray:
    """Red and green above blue and white."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2], image[: height // 2, width // 2 :] = RED, GREEN
    image[height // 2 :, : width // 2], image[height // 2 :, width // 2 :] = BLUE, WHITE
    return image


def corners(image: np.ndarray) -> list[tuple[int, int, int]]:
    """Colours of the quarters' middles, top left, top right, bottom left, bottom right, by the nearest name."""
    height, width = image.shape[:2]
    points = [(y, x) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [min((RED, GREEN, BLUE, WHITE), key=lambda c: np.abs(image[p].astype(int) - c).sum()) for p in points]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (Orientation(), PICTURE),
        (Orientation(swap_xy=True, mirror_x=True), np.rot90(PICTURE, -1)),  # a quarter turn clockwise
        (Orientation(mirror_x=True, mirror_y=True), np.rot90(PICTURE, 2)),
        (Orientation(swap_xy=True, mirror_y=True), np.rot90(PICTURE, 1)),
        (Orientation(mirror_x=True), PICTURE[:, ::-1]),
    ],
)
def test_upright(orientation: Orientation, expected: np.ndarray):
    upright = orientation.upright(PICTURE)
    assert np.array_equal(upright, expected)
    assert upright.flags.c_contiguous
    assert upright.shape[1::-1] == orientation.size_wh((6, 4))


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 70), st.integers(1, 70))
def test_any_size_comes_out_as_asked(width: int, height: int, to_width: int, to_height: int):
    image = np.full((height, width, 3), 90, np.uint8)
    small = Converter((width, height)).rgb(frame_of(image, "yuv444p"), (to_width, to_height))
    assert small.shape == (to_height, to_width, 3)
    assert small.flags.c_contiguous
    assert np.abs(small.astype(int) - 90).max() <= 2


def test_shrinking_averages_instead_of_picking():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2] = 255
    small = Converter((64, 64)).rgb(frame_of(stripes, "yuv444p"), (16, 16))
    assert np.abs(small.astype(int) - 127).max() < 8


def test_an_rgb_frame_is_not_shared_with_the_caller():
    frame = frame_of(np.full((16, 16, 3), 50, np.uint8))
    converter = Converter((16, 16))
    converter.rgb(frame, (16, 16))[:] = 0
    assert converter.rgb(frame, (16, 16)).min() == 50


def test_untagged_high_definition_is_read_as_bt709():
    red = np.zeros((720, 1280, 3), np.uint8)
    red[:] = (200, 40, 40)
    frame = av.VideoFrame.from_ndarray(red, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
    frame.colorspace = 2  # unspecified
    shown = Converter((1280, 720)).rgb(frame, (64, 36))
    assert np.abs(shown.astype(int) - (200, 40, 40)).max() <= 3


def test_many_sizes_keep_few_scalers():
    converter = Converter((6, 4))
    frame = frame_of(PICTURE)
    for side in range(2, 60):
        assert converter.rgb(frame, (side, side)).shape == (side, side, 3)
    assert len(converter._own.scalers) <= 8


@pytest.mark.parametrize(
    ("turn", "flip", "expected"),
    [
        (0, False, [RED, GREEN, BLUE, WHITE]),
        (90, False, [GREEN, WHITE, RED, BLUE]),  # the matrix turns the picture by 90 degrees against the clock
        (180, False, [WHITE, BLUE, GREEN, RED]),
        (270, False, [BLUE, RED, WHITE, GREEN]),
        (0, True, [GREEN, RED, WHITE, BLUE]),
    ],
)
def test_rotation_and_mirror_by_metadata(
    tmp_path: Path, write_video: Writer, turn: int, flip: bool, expected: list[tuple[int, int, int]]
):
    path = write_video(tmp_path / "a.mp4", [quarters()] * 2, rotation=turn, flip=flip)
    with open_video(path) as reader:
        frames = list(reader)
    size = (48, 64) if turn in (90, 270) else (64, 48)
    assert reader.size_wh == frames[0].size_wh == size
    for image, wh in [(frames[0].rgb(), size), (frames[1].rgb((30, 20)), (30, 20))]:
        assert image.shape == (wh[1], wh[0], 3)
        assert corners(image) == expected


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "ending"),
    [
        ("libx264", "yuv420p10le", "mp4"),
        ("libx264", "yuv444p", "mp4"),
        ("ffv1", "bgr0", "mkv"),
        ("mjpeg", "yuvj420p", "avi"),
    ],
)
def test_pixel_formats_give_the_same_colours(
    tmp_path: Path, write_video: Writer, codec: str, pix_fmt: str, ending: str
):
    path = write_video(tmp_path / f"a.{ending}", [quarters()] * 2, codec=codec, pix_fmt=pix_fmt, tick=Fraction(1, 25))
    with open_video(path) as reader:
        image = next(iter(reader)).rgb()
    assert image.dtype == np.uint8
    assert np.abs(image[8, 8].astype(int) - RED).max() <= 6
    assert np.abs(image[40, 56].astype(int) - WHITE).max() <= 6


@pytest.mark.parametrize("size", [(63, 47), (64, 1), (1, 64), (33, 1), (1, 1)])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])
def test_odd_and_tiny_sizes(tmp_path: Path, write_video: Writer, size: tuple[int, int], pix_fmt: str):
    codec = "libx264" if pix_fmt == "yuv444p" else "mpeg4"
    path = write_video(
        tmp_path / "a.mp4", [np.full((size[1], size[0], 3), 120, np.uint8)] * 2, codec=codec, pix_fmt=pix_fmt
    )
    with open_video(path) as reader:
        frames = list(reader)
    assert reader.size_wh == size
    assert frames[1].rgb().shape == (size[1], size[0], 3)
    assert frames[1].rgb((20, 10)).shape == (10, 20, 3)
    assert abs(frames[1].rgb((20, 10)).mean() - 120) < 4


def test_8k(tmp_path: Path, write_video: Writer):
    image = np.repeat(np.repeat(quarters(192, 108), 40, 0), 40, 1)
    path = write_video(tmp_path / "a.mp4", [image] * 2, options=(("preset", "ultrafast"),))
    with open_video(path) as reader:
        frames = list(reader)
    assert reader.size_wh == (7680, 4320)
    assert corners(frames[1].rgb((640, 360))) == [RED, GREEN, BLUE, WHITE]
    assert frames[1].rgb().shape == (4320, 7680, 3)


def test_another_shape_is_fitted_into_the_canvas_with_black_beside_it() -> None:
    converter = Converter((64, 48))
    tall = frame_of(np.full((48, 24, 3), 200, np.uint8), "yuv420p")
    image = converter.rgb(tall, (64, 48))
    assert image[:, 22:40].min() > 190
    assert image[:, :18].max() == image[:, 46:].max() == 0
    small = converter.rgb(tall, (32, 24))
    assert small.shape == (24, 32, 3)
    assert small[:, 12:18].min() > 190
    planes = converter.planes(tall)
    assert (planes.y.shape, planes.u.shape) == ((48, 64), (24, 32))
    assert (int(planes.y[10, 2]), int(planes.u[5, 1]), int(planes.y[10, 30])) == (16, 128, pytest.approx(188, abs=3))


@pytest.mark.parametrize(("aspect", "shown"), [(Fraction(64, 45), (91, 48)), (Fraction(8, 9), (64, 54))])
def test_pixels_that_are_not_square_become_square(aspect: Fraction, shown: tuple[int, int]) -> None:
    frame = frame_of(quarters(), "yuv420p")
    frame.opaque = (aspect,)
    assert shown_wh(frame) == shown
    converter = Converter(shown)
    assert converter.rgb(frame, shown).shape == (shown[1], shown[0], 3)
    assert corners(converter.rgb(frame, shown)) == [RED, GREEN, BLUE, WHITE]
    assert converter.planes(frame).y.shape == (shown[1], shown[0])


def test_what_can_be_seen_through_is_laid_over_black() -> None:
    pixels = np.dstack([quarters(), np.full((48, 64), 255, np.uint8)])
    pixels[:24, :, 3] = 0
    frame = av.VideoFrame.from_ndarray(pixels, format="rgba")
    image = Converter((64, 48)).rgb(frame, (64, 48))
    assert image[:24].max() == 0
    assert np.abs(image[40, 56].astype(int) - WHITE).max() <= 3
    assert int(Converter((64, 48)).planes(frame).y[:20].max()) <= 17
