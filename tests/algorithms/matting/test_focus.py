"""A picture put together anew."""

import numpy as np
import pytest

from closeup.algorithms.matting import scaling
from closeup.algorithms.matting.colours import MIXED, estimate_colours
from closeup.algorithms.matting.focus import Layers, composed, cut_out, full_alpha, grain_of
from closeup.algorithms.matting.lens import blur, kernel
from closeup.algorithms.matting.light import to_levels, to_light
from matte_scenes import SIZE_WH, scene


def layers_of(known, **more):
    person, ground = estimate_colours(to_light(known.picture), known.alpha)
    return Layers(person, ground, blur(known.ground, kernel(6)), **more)


@pytest.mark.parametrize("person", [0.02, 0.7])
def test_the_soft_edge_is_the_persons_colour_over_the_new_background(person):
    known = scene(person)
    layers = layers_of(known)
    out = composed(known.picture, lambda _, rows: known.alpha[rows], layers)
    alpha = known.alpha[..., None]
    truth = to_levels(alpha * known.person + (1 - alpha) * layers.behind)
    soft = (known.alpha > 0) & (known.alpha < 1)
    assert np.abs(out - truth)[soft].mean() < 2
    assert abs((out - truth)[soft].mean()) < 1
    whole = known.alpha >= 1 - MIXED
    assert np.array_equal(out[whole], known.picture[whole])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_strips_leave_no_seam(dtype, monkeypatch):
    known = scene(0.7)
    picture = known.picture if dtype == np.uint8 else known.picture.astype(np.uint16) * 257
    whole = composed(picture, lambda _, rows: known.alpha[rows], layers_of(known))
    monkeypatch.setattr(scaling, "_STRIP_PIXELS", SIZE_WH[0] * 9)
    parts = composed(picture, lambda _, rows: known.alpha[rows], layers_of(known))
    assert whole.dtype == dtype
    step = 1 if dtype == np.uint8 else 257
    assert np.abs(whole.astype(int) - parts).max() <= step


def test_without_strength_the_picture_stays():
    known = scene(0.7)
    layers = layers_of(known, strength=np.zeros_like(known.alpha))
    assert np.array_equal(composed(known.picture, lambda _, rows: known.alpha[rows], layers), known.picture)


def test_a_cut_out_has_the_persons_own_colours():
    known = scene(0.7)
    layers = layers_of(known)
    out = cut_out(known.picture, lambda _, rows: known.alpha[rows], layers.person, layers.ground)
    assert np.array_equal(out[..., 3], np.rint(known.alpha * 255))
    soft = (known.alpha > 0.2) & (known.alpha < 0.9)
    assert np.abs(out[soft, :3] - to_levels(known.person)[soft]).mean() < 4


def test_alpha_of_all_rows(monkeypatch):
    known = scene(0.7)
    monkeypatch.setattr(scaling, "_STRIP_PIXELS", SIZE_WH[0] * 7)
    assert np.array_equal(full_alpha(known.picture, lambda _, rows: known.alpha[rows]), known.alpha)


@pytest.mark.parametrize("sigma", [0.0, 1.5, 4.0])
def test_grain_is_measured_and_given_back_to_what_lost_it(sigma):
    known = scene(0.7)
    grain = np.random.default_rng(0).standard_normal(known.alpha.shape)[..., None] * sigma
    noisy = np.clip(np.rint(known.picture + grain), 0, 255).astype(np.uint8)
    found = grain_of(noisy, known.alpha)
    assert found == pytest.approx(sigma, abs=0.35 + 0.25 * sigma)
    out = composed(noisy, lambda _, rows: 0 * known.alpha[rows], layers_of(known, grain=found))
    again = composed(noisy, lambda _, rows: 0 * known.alpha[rows], layers_of(known, grain=found))
    assert np.array_equal(out, again)
    assert grain_of(out, 0 * known.alpha) == pytest.approx(found, abs=0.5)


def test_a_picture_without_background_has_no_grain_to_match():
    known = scene(0.7)
    assert grain_of(known.picture, np.ones_like(known.alpha)) == 0
    assert grain_of(known.picture[:5, :5], known.alpha) == 0
