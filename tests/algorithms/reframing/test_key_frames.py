"""Key frames: few, and near enough between."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from closeup.algorithms.reframing.key_frames import interpolate_keys, key_frames, led_by

CURVES = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
    elements=st.floats(-1e4, 1e4),
)


@settings(deadline=None)
@given(CURVES, st.sampled_from([0.0, 0.04, 1.0, 100.0]))
def test_straight_lines_between_keys_stay_within_the_tolerance(curve, tolerance):
    chosen = key_frames(curve, tolerance)
    assert (chosen[0], chosen[-1]) == (0, len(curve) - 1)
    assert (np.diff(chosen) > 0).all()
    back = interpolate_keys(chosen, curve[chosen], len(curve))
    assert np.abs(back - curve).max() <= tolerance + 1e-7


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (np.full(50, 3.0), [0, 49]),
        (np.arange(50.0), [0, 49]),
        (np.concatenate([np.zeros(10), np.ones(10)]), [0, 9, 10, 19]),  # a jump takes two keys side by side
        (np.abs(np.arange(21.0) - 10), [0, 10, 20]),
        (np.zeros(1), [0]),
        (np.array([0.0, 5.0]), [0, 1]),
    ],
)
def test_keys_are_where_the_curve_bends(curve, expected):
    assert key_frames(curve[:, None], 0.01).tolist() == expected


def test_a_smooth_move_needs_few_keys():
    t = np.linspace(0, 1, 300)
    move = np.stack([400 * (3 * t**2 - 2 * t**3), 300 + 0 * t], axis=1)
    assert len(key_frames(move, 0.04)) < 80


@pytest.mark.parametrize("curve", [np.zeros((0, 4)), np.array([[np.nan]]), np.zeros(4)])
def test_no_curve(curve):
    with pytest.raises(ValueError, match="finite"):
        key_frames(curve, 0.1)


def test_a_negative_tolerance():
    with pytest.raises(ValueError, match="tolerance"):
        key_frames(np.zeros((3, 1)), -1)


def test_crops_are_led_by_keys_and_stay_in_the_picture() -> None:
    times_s = np.arange(11) / 10
    crops = np.tile([10.0, 0, 60, 100], (11, 1)) + np.outer(np.arange(11), [1, 0, 1, 0])
    keys = np.array([[0.2, 57.0, 50.0], [0.8, 103.0, 50.0]])
    moved = led_by(crops, times_s, keys, (200, 100))
    middles = (moved[:, 0] + moved[:, 2]) / 2
    assert np.allclose(middles[[2, 8]], [57, 103])
    assert np.allclose(middles - (crops[:, 0] + crops[:, 2]) / 2, np.interp(times_s, [0.2, 0.8], [20, 60]))
    assert np.allclose(moved[:, 2] - moved[:, 0], 50)
    assert np.allclose(moved[:, [1, 3]], [0, 100])  # it is as high as the picture, and cannot go down
    far = led_by(crops, times_s, np.array([[0.5, 500.0, 50.0]]), (200, 100))
    assert far[:, 2].max() == 200
    wide = led_by(np.array([[-20.0, 0, 230, 100]]), np.zeros(1), np.array([[0.0, 120.0, 50.0]]), (200, 100))
    assert np.allclose(wide, [[-5, 0, 245, 100]])  # wider than the picture: it reaches beyond it anyway
