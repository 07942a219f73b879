import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.media.conversion import Converter, Orientation

PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def frame_of(image: np.ndarray, pix_fmt: str = "rgb24") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)


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


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 70), st.integers(1, 70), st.booleans())
def test_any_size_comes_out_as_asked(width: int, height: int, to_width: int, to_height: int, swap: bool):
    image = np.full((height, width, 3), 90, np.uint8)
    small = Converter(Orientation(swap_xy=swap)).rgb(frame_of(image, "yuv444p"), (to_width, to_height))
    assert small.shape == (to_height, to_width, 3)
    assert small.flags.c_contiguous
    assert np.abs(small.astype(int) - 90).max() <= 2


def test_shrinking_averages_instead_of_picking():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2] = 255
    small = Converter(Orientation()).rgb(frame_of(stripes, "yuv444p"), (16, 16))
    assert np.abs(small.astype(int) - 127).max() < 8


def test_an_rgb_frame_is_not_shared_with_the_caller():
    frame = frame_of(np.full((16, 16, 3), 50, np.uint8))
    converter = Converter(Orientation())
    converter.rgb(frame, (16, 16))[:] = 0
    assert converter.rgb(frame, (16, 16)).min() == 50


def test_untagged_high_definition_is_read_as_bt709():
    red = np.zeros((720, 1280, 3), np.uint8)
    red[:] = (200, 40, 40)
    frame = av.VideoFrame.from_ndarray(red, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
    frame.colorspace = 2  # unspecified
    shown = Converter(Orientation()).rgb(frame, (64, 36))
    assert np.abs(shown.astype(int) - (200, 40, 40)).max() <= 3


def test_many_sizes_keep_few_scalers():
    converter = Converter(Orientation())
    frame = frame_of(PICTURE)
    for side in range(2, 60):
        assert converter.rgb(frame, (side, side)).shape == (side, side, 3)
    assert len(converter._own.scalers) <= 8
