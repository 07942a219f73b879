"""A matte held steady in time."""

import numpy as np

from closeup.algorithms.matting.steady import SteadyMatte
from matte_scenes import SIZE_WH, scene


def test_a_still_edge_does_not_flicker():
    known, random = scene(0.02), np.random.default_rng(0)
    steady, kept, given = SteadyMatte(), [], []
    for _ in range(40):
        noisy = np.clip(known.picture + random.normal(0, 2, known.picture.shape), 0, 255).astype(np.uint8)
        alpha = np.clip(known.alpha + random.normal(0, 0.05, known.alpha.shape), 0, 1).astype(np.float32)
        given.append(alpha)
        kept.append(steady.step(noisy, alpha))
    soft = (known.alpha > 0.1) & (known.alpha < 0.9)
    before, after = (np.std(np.stack(each)[10:], axis=0)[soft].mean() for each in (given, kept))
    assert after < before / 3


def test_a_moving_edge_is_not_late():
    steady = SteadyMatte()
    for moved in range(0, 40, 4):
        known = scene(0.02, moved_px=moved)
        kept = steady.step(known.picture, known.alpha)
    columns = np.arange(SIZE_WH[0])
    late = [(alpha.sum(axis=0) * columns).sum() / alpha.sum() for alpha in (known.alpha, kept)]
    assert abs(late[0] - late[1]) < 0.2


def test_the_first_frame_and_what_is_held_are_not_the_callers_own():
    known = scene(0.02)
    steady = SteadyMatte()
    first = steady.step(known.picture, known.alpha)
    assert np.array_equal(first, known.alpha)
    first[:] = 0
    assert np.allclose(steady.step(known.picture, known.alpha), known.alpha, atol=1e-6)
