"""Two colours of each mixed pixel."""

import numpy as np
import pytest

from closeup.algorithms.matting.colours import MIXED, estimate_colours, refine_colours
from closeup.algorithms.matting.light import to_light
from matte_scenes import scene


@pytest.mark.parametrize("person", [0.02, 0.7])
def test_the_colours_of_a_known_mixture_are_found(person):
    known = scene(person)
    light = to_light(known.picture)
    found, ground = estimate_colours(light, known.alpha)
    much, little = (known.alpha > 0.3) & (known.alpha < 1), (known.alpha < 0.7) & (known.alpha > 0)
    assert np.abs(found - known.person)[much].mean() < 0.02
    assert np.abs(ground - known.ground)[little].mean() < 0.03
    mixed, colours = refine_colours(light, known.alpha, found, ground)
    assert np.array_equal(mixed, (known.alpha > MIXED) & (known.alpha < 1 - MIXED))
    assert np.abs(colours - known.person[mixed]).mean() < 0.05


def test_estimates_mix_to_what_is_seen():
    known = scene(0.7)
    light = to_light(known.picture)
    found, ground = estimate_colours(light, known.alpha)
    alpha = known.alpha[..., None]
    assert np.abs(alpha * found + (1 - alpha) * ground - light).mean() < 0.01


def test_nothing_is_mixed_where_alpha_is_0_or_1():
    light = np.full((4, 6, 3), 0.5, np.float32)
    mixed, colours = refine_colours(light, np.ones((4, 6), np.float32), light, light)
    assert not mixed.any()
    assert colours.shape == (0, 3)
    assert [each.shape for each in estimate_colours(light[:1, :1], np.ones((1, 1), np.float32))] == [(1, 1, 3)] * 2
