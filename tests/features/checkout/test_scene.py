import numpy as np
import pytest

from closeup.core.types import Image
from closeup.features.checkout.scene import CounterScene


def desk(noise: int = 0, light: float = 1.0) -> Image:
    rng = np.random.default_rng(noise)
    picture = np.full((720, 1280, 3), 140.0)
    picture[200:500, 300:600] = (200, 40, 60)
    picture += rng.normal(0, 8, picture.shape) if noise else 0
    return np.clip(picture * light, 0, 255).astype(np.uint8)


def looked(*pictures: Image) -> CounterScene:
    scene = CounterScene()
    for picture in pictures:
        scene.look(picture)
    return scene


def test_noise_and_light_that_changes_as_a_whole_are_no_movement() -> None:
    assert looked(*(desk(noise) for noise in range(1, 8))).still == 6
    dimmed = [np.clip(desk(4).astype(np.int16) - 6 * step, 0, 255).astype(np.uint8) for step in range(6)]
    assert looked(*dimmed).still == 5


@pytest.mark.parametrize("side", [70, 300])
def test_a_thing_that_comes_or_a_hand_is_movement(side: int) -> None:
    other = desk()
    other[100 : 100 + side, 900 : 900 + side] = (240, 220, 30)
    assert looked(desk(), desk(), desk(), other).still == 0
    assert looked(desk(), desk(), other, other, other).still == 2


def test_what_is_slid_too_slowly_to_be_seen_between_two_looks_is_movement_in_the_end() -> None:
    slid, scene, still = desk(), CounterScene(), []
    for step in range(60):
        slid = desk()
        slid[550:700, 100 + step : 400 + step] = (20, 90, 160)
        scene.look(slid)
        still.append(scene.still)
    assert max(still) > 2
    assert 0 in still[5:]


def test_darkness_is_no_scene() -> None:
    scene = looked(*[desk(light=0.05)] * 5)
    assert (scene.still, scene.dark) == (0, True)
    assert not looked(desk(light=0.5)).dark
