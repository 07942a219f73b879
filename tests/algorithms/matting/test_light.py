"""Numbers to light and back."""

import numpy as np
import pytest

from closeup.algorithms.matting.light import to_levels, to_light


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_number_comes_back(dtype):
    top = np.iinfo(dtype).max
    numbers = np.arange(top + 1, dtype=dtype).reshape(1, -1, 1).repeat(3, axis=2)
    back = to_levels(to_light(numbers), dtype)
    assert np.array_equal(np.rint(back), numbers)


def test_light_is_that_of_srgb_and_more_than_white_is_white():
    grey = to_light(np.full((1, 1, 3), 188, np.uint8))
    assert grey == pytest.approx(0.5029, abs=1e-4)  # IEC 61966-2-1: half the light is 188 of 255
    assert to_levels(np.float32([[[2.0, 1.0, -1.0]]])).tolist() == [[[255.0, 255.0, 0.0]]]
