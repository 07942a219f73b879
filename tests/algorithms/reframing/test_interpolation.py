"""interpolate: through the samples, never beyond them, held at the ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.reframing.interpolation import interpolate


@st.composite
def _samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 12))
    gaps = draw(st.lists(st.floats(0.01, 2), min_size=n, max_size=n))
    values = draw(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=n, max_size=n))
    return np.cumsum(gaps), np.array(values)


@given(_samples())
def test_it_goes_through_every_sample(samples):
    times, values = samples
    np.testing.assert_allclose(interpolate(times, values, times), values, atol=1e-6)


@given(_samples(), st.floats(0, 1))
def test_between_two_samples_it_stays_between_their_values(samples, share):
    times, values = samples
    for i in range(len(times) - 1):
        at = times[i] + share * (times[i + 1] - times[i])
        found = interpolate(times, values, [at])[0]
        low, high = np.minimum(values[i], values[i + 1]), np.maximum(values[i], values[i + 1])
        assert (low - 1e-6 <= found).all()
        assert (found <= high + 1e-6).all()


@given(_samples())
def test_before_and_after_it_is_held(samples):
    times, values = samples
    found = interpolate(times, values, [times[0] - 5, times[-1] + 5])
    np.testing.assert_allclose(found, [values[0], values[-1]], atol=1e-6)


def test_even_movement_stays_even():
    found = interpolate([0, 1, 2], [[0.0], [10.0], [20.0]], np.linspace(0, 2, 21))
    np.testing.assert_allclose(found[:, 0], np.linspace(0, 20, 21))


@pytest.mark.parametrize(
    ("times", "values", "at"),
    [
        ([], np.zeros((0, 2)), [0]),
        ([0, 0], np.zeros((2, 2)), [0]),
        ([1, 0], np.zeros((2, 2)), [0]),
        ([0, 1], np.zeros((3, 2)), [0]),
        ([0, 1], np.zeros(2), [0]),
        ([0, np.nan], np.zeros((2, 2)), [0]),
        ([0, 1], np.array([[0.0], [np.inf]]), [0]),
        ([0, 1], np.zeros((2, 2)), [np.nan]),
    ],
)
def test_what_cannot_be_interpolated_is_an_error(times, values, at):
    with pytest.raises(ValueError):
        interpolate(times, values, at)
