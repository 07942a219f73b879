import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.media.square import FITS, PAD_LEVEL, Fit, square


def halves(height: int, width: int) -> np.ndarray:
    """Left half black, right half white."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[:, width // 2 :] = 255
    return image


def test_cover_keeps_the_middle_square() -> None:
    image = np.zeros((10, 30, 3), dtype=np.uint8)
    image[:, 10:20] = (200, 100, 50)
    assert (square(image, 5) == (200, 100, 50)).all()


def test_stretch_keeps_both_ends() -> None:
    squared = square(halves(10, 40), 8, "stretch")
    assert (squared[:, :4] == 0).all()
    assert (squared[:, 4:] == 255).all()


def test_pad_keeps_the_shape_between_grey_bars() -> None:
    squared = square(halves(10, 40), 8, "pad")
    assert (squared[[0, 1, 2, 5, 6, 7]] == PAD_LEVEL).all()
    assert (squared[3:5, :4] == 0).all()
    assert (squared[3:5, 4:] == 255).all()


def test_shrinking_averages() -> None:
    board = np.indices((8, 8)).sum(axis=0) % 2 * 255
    image = np.repeat(board[:, :, None], 3, axis=2).astype(np.uint8)
    assert np.abs(square(image, 4).astype(int) - 128).max() <= 1


def test_grey_has_no_colour_and_the_weights_of_rec_601() -> None:
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    image[:] = (255, 0, 0)
    assert (square(image, 4, grey=True) == round(0.299 * 255)).all()


def test_a_picture_of_the_right_size_is_untouched() -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    assert np.array_equal(square(image, 6), image)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20), st.sampled_from(FITS))
def test_every_shape_becomes_a_square_and_a_plain_picture_stays_plain(
    height: int, width: int, size_px: int, fit: Fit
) -> None:
    squared = square(np.full((height, width, 3), PAD_LEVEL, dtype=np.uint8), size_px, fit)
    assert squared.shape == (size_px, size_px, 3)
    assert squared.dtype == np.uint8
    assert (squared == PAD_LEVEL).all()


def test_enlarging_is_bicubic() -> None:
    image = np.random.default_rng(1).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    assert np.array_equal(square(image, 9), cv2.resize(image, (9, 9), interpolation=cv2.INTER_CUBIC))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        square(image, 4)


def test_impossible_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="side of 1 or more"):
        square(np.zeros((4, 4, 3), np.uint8), 0)
    with pytest.raises(ValueError, match="one of"):
        square(np.zeros((4, 4, 3), np.uint8), 4, "crop")  # type: ignore[arg-type]
