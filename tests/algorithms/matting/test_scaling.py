"""Pictures made smaller and larger in strips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.matting import scaling
from closeup.algorithms.matting.light import to_light
from closeup.algorithms.matting.scaling import enlarged, sampled, shrunk, strips

SIDE = st.integers(1, 40)


@given(SIDE, SIDE, st.integers(1, 500))
def test_strips_cover_all_rows_once(width, height, pixels):
    before, scaling._STRIP_PIXELS = scaling._STRIP_PIXELS, pixels
    try:
        rows = [row for part in strips((width, height)) for row in range(part.start, part.stop)]
    finally:
        scaling._STRIP_PIXELS = before
    assert rows == list(range(height))


@given(SIDE, SIDE, SIDE, SIDE)
def test_an_even_picture_stays_even_at_any_size(width, height, small_width, small_height):
    picture = np.full((height, width, 3), 100, np.uint8)
    small_wh = min(width, small_width), min(height, small_height)
    small = shrunk(picture, small_wh, to_light)
    assert small.shape == (small_wh[1], small_wh[0], 3)
    large = enlarged(small, slice(0, height), (width, height))
    assert large.shape == (height, width, 3)
    assert large == pytest.approx(to_light(picture), abs=1e-6)


def test_rows_do_not_depend_on_the_strip_that_they_are_in():
    small = np.random.default_rng(0).random((7, 5, 3), np.float32)
    whole = enlarged(small, slice(0, 31), (23, 31))
    parts = [enlarged(small, slice(top, min(top + 4, 31)), (23, 31)) for top in range(0, 31, 4)]
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)


@given(SIDE, SIDE, SIDE, SIDE, st.integers(0, 100))
def test_single_pixels_are_those_of_the_whole(width, height, small_width, small_height, seed):
    rng = np.random.default_rng(seed)
    small = rng.random((min(height, small_height), min(width, small_width), 4), np.float32)
    whole = enlarged(small, slice(0, height), (width, height))
    rows, columns = rng.integers(0, height, 9), rng.integers(0, width, 9)
    assert sampled(small, rows, columns, (width, height)) == pytest.approx(whole[rows, columns], abs=1e-5)
