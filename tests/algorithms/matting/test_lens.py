"""What a lens makes of a background."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.matting.lens import blur, fill, kernel, lift, out_of_focus
from closeup.algorithms.matting.light import to_light
from matte_scenes import SIZE_WH, scene


@pytest.mark.parametrize("shape", ["disc", "hexagon"])
@given(st.floats(0.0, 30.0))
def test_a_kernel_sums_to_1_and_is_the_same_from_all_sides(shape, radius):
    point = kernel(radius, shape)
    assert point.sum() == pytest.approx(1, abs=1e-5)
    assert np.allclose(point, point[::-1, ::-1], atol=1e-7)
    if shape == "disc":
        assert np.allclose(point, point.T, atol=1e-7)


def test_disc_and_hexagon_cover_the_same_area_evenly():
    areas = [(kernel(15, shape) > kernel(15, shape).max() / 2).sum() for shape in ("disc", "hexagon")]
    assert areas == pytest.approx([np.pi * 15 * 15] * 2, rel=0.02)


def test_an_even_picture_stays_even_up_to_its_edges():
    even = np.full((40, 30, 3), 0.25, np.float32)
    assert blur(even, kernel(9)) == pytest.approx(even, abs=1e-5)


@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 9))
def test_what_is_known_stays_and_holes_lie_between_what_is_around(width, height, seed):
    random = np.random.default_rng(seed)
    light = random.random((height, width, 3), np.float32)
    known = (random.random((height, width)) < 0.4).astype(np.float32)
    known[0, 0] = 1
    filled = fill(light, known)
    assert np.allclose(filled[known == 1], light[known == 1], atol=1e-5)
    low, high = light[known == 1].min(axis=0), light[known == 1].max(axis=0)
    assert (filled >= low - 1e-4).all()
    assert (filled <= high + 1e-4).all()


def test_small_lamps_become_brighter_than_white_and_walls_stay():
    light = np.full((80, 80, 3), 0.05, np.float32)
    light[20:22, 20:22] = 1
    light[:, 60:] = 0.95
    lifted = lift(light, 6, np.ones((80, 80), np.float32))
    assert lifted[20, 20].tolist() == pytest.approx([4, 4, 4], rel=0.02)
    lamp = lifted[20:22, 20:22].copy()
    lifted[20:22, 20:22] = light[20:22, 20:22]
    assert lamp.min() > 3
    assert np.allclose(lifted[:, :60], light[:, :60])
    assert np.allclose(lifted[:, 75:], light[:, 75:])


def test_a_bright_wall_beside_dark_clothes_is_no_lamp():
    light, known = np.full((80, 80, 3), 0.95, np.float32), np.ones((80, 80), np.float32)
    light[:, 20:60], known[:, 20:60] = 0.01, 0
    assert np.array_equal(lift(light, 6, known), light)
    assert lift(light, 6, np.ones_like(known))[40, 61].max() > 1.3


@pytest.mark.parametrize("person", [0.02, 0.7])
def test_there_is_no_light_of_the_person_in_the_blur(person):
    known = scene(person)
    truth = blur(known.ground, kernel(6))
    found = out_of_focus(known.picture, known.alpha, known.ground, radius_px=6)
    beside = known.alpha == 0
    assert abs((found - truth)[beside].mean()) < 0.002
    assert np.abs(found - truth)[beside].mean() < 0.006
    plain = blur(to_light(known.picture), kernel(6))
    near = beside & (blur(np.dstack([known.alpha] * 3), kernel(6))[..., 0] > 0.02)
    assert abs((plain - truth)[near].mean()) > 10 * abs((found - truth)[near].mean())


def test_the_blur_grows_with_strength():
    known = scene(0.02)
    across = np.repeat(np.linspace(0, 1, SIZE_WH[0], dtype=np.float32)[None], SIZE_WH[1], axis=0)
    empty = np.zeros_like(known.alpha)
    noisy = (np.random.default_rng(1).integers(60, 180, (SIZE_WH[1], SIZE_WH[0], 3))).astype(np.uint8)
    found = out_of_focus(noisy, empty, known.ground, radius_px=12, strength=across)
    rough = [
        np.abs(np.diff(found[:, columns], axis=0)).mean()
        for columns in (slice(0, 50), slice(100, 130), slice(190, 240))
    ]
    assert rough == sorted(rough, reverse=True)
    assert np.allclose(found[:, -1:], out_of_focus(noisy, empty, known.ground, radius_px=12)[:, -1:], atol=0.02)


def test_a_wide_blur_of_a_large_picture_is_that_of_a_smaller_one():
    known = scene(0.7)
    large = known.picture.repeat(6, axis=0).repeat(6, axis=1)
    found = out_of_focus(large, known.alpha, known.ground, radius_px=60)
    assert found.shape[0] < large.shape[0]
    same = out_of_focus(known.picture, known.alpha, known.ground, radius_px=10)
    middle = found[:: found.shape[0] // 8, :: found.shape[1] // 8].mean()
    assert middle == pytest.approx(same.mean(), rel=0.05)
