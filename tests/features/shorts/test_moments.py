import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.features.shorts.moments import GRID_HZ, grid


@settings(deadline=None)
@given(st.floats(0.001, 20_000))
def test_moments_cover_the_whole_video_and_no_more(duration_s: float) -> None:
    times_s = grid(duration_s)
    half = 0.5 / GRID_HZ
    assert times_s[0] == pytest.approx(half)
    assert times_s[-1] - half < duration_s <= times_s[-1] + half + 1e-6
    np.testing.assert_allclose(np.diff(times_s), 1 / GRID_HZ)


@pytest.mark.parametrize(("duration_s", "count"), [(0.0, 1), (0.1, 1), (0.3, 3), (0.7, 7), (1.0, 10), (28.403375, 285)])
def test_a_whole_number_of_moments_has_no_empty_one_at_its_end(duration_s: float, count: int) -> None:
    assert len(grid(duration_s)) == count
