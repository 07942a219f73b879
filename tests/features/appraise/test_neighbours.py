import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from closeup.features.appraise.neighbours import kilometres, nearest_elsewhere


def test_a_degree_of_latitude_is_111_km() -> None:
    np.testing.assert_allclose(kilometres(np.array([[48.0, -122.0]]), np.array([47.0, -122.0])), 111.195, atol=0.01)


@given(st.integers(2, 60), st.integers(1, 6), st.integers(0, 1000))
def test_neighbours_are_of_other_groups_and_the_nearest(count: int, kinds: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    here = np.round(draw.uniform([47, -122], [47.1, -121.9], (count, 2)), 2)  # many at one place
    groups = draw.integers(0, kinds, count)
    places, far = nearest_elsewhere(here, groups, here, groups)
    for row in range(count):
        others = np.flatnonzero(groups != groups[row])
        found = places[row][places[row] >= 0]
        assert set(found) <= set(others)
        assert len(found) == min(40, len(others))
        wanted = np.sort(np.round(kilometres(here[others], here[row]), 6))[: len(found)]
        np.testing.assert_allclose(far[row][: len(found)], wanted, atol=2e-6)
