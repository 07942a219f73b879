"""The edge of a matte found again in the picture."""

import cv2
import numpy as np
import pytest

from closeup.algorithms.matting.edges import fit_edges
from closeup.algorithms.matting.light import to_light
from matte_scenes import SIZE_WH, scene

ALL = slice(0, SIZE_WH[1])


@pytest.mark.parametrize("person", [0.02, 0.7])
@pytest.mark.parametrize("wrong_px", [-2, 0, 2])
def test_a_matte_that_is_off_is_put_right(person, wrong_px):
    known = scene(person)
    inside = (known.alpha > 0.5).astype(np.uint8)
    far = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    given = np.clip(0.5 + (far + wrong_px) / 3, 0, 1).astype(np.float32)
    light = to_light(known.picture)
    found = fit_edges(light, given, off_px=6).apply(light, ALL, SIZE_WH)
    soft = (known.alpha > 0) & (known.alpha < 1)
    before, after = (np.abs(alpha - known.alpha)[soft].mean() for alpha in (given, found))
    assert after < 0.1
    assert after < 0.6 * before
    assert np.abs(found - known.alpha)[~soft].mean() < 0.01


def test_where_colour_tells_nothing_the_matte_stays():
    given = scene(0.5).alpha
    grey = np.full((*given.shape, 3), 0.3, np.float32)
    found = fit_edges(grey, given, off_px=3).apply(grey, ALL, SIZE_WH)
    assert np.abs(found - given)[(given == 0) | (given == 1)].max() < 1e-5
    decided = np.clip((given - 0.5) * 1.5 + 0.5, 0, 1)
    assert np.abs(found - decided).max() < 0.11  # what lies far from the edge is rounded to 0 and 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_picture_of_one_side_alone(value):
    light = np.random.default_rng(0).random((9, 5, 3), np.float32)
    given = np.full((9, 5), value, np.float32)
    assert (fit_edges(light, given, off_px=3).apply(light, slice(0, 9), (5, 9)) == value).all()


def test_one_pixel():
    light = np.full((1, 1, 3), 0.5, np.float32)
    found = fit_edges(light, np.full((1, 1), 0.4, np.float32), off_px=3).apply(light, slice(0, 1), (1, 1))
    assert found.shape == (1, 1)
    assert 0 <= found[0, 0] <= 1
