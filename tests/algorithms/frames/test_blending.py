import numpy as np
import pytest

from closeup.algorithms.frames.blending import is_blend
from closeup.core.types import Image
from filmed import scenery


def mixed(a: Image, b: Image, share: float) -> Image:
    return np.rint(share * a + (1 - share) * b).astype(np.uint8)


@pytest.mark.parametrize("share", [0.15, 0.5, 0.85])
def test_a_mixture_of_two_shots_is_a_blend(share: float) -> None:
    one, other = scenery(1), scenery(2)
    assert is_blend(one, mixed(one, other, share), other)
    moved = np.roll(one, 1, axis=1)  # by a pixel
    assert is_blend(one, mixed(moved, other, share), other)


def test_a_clean_frame_at_a_cut_is_none() -> None:
    one, other = scenery(1), scenery(2)
    for frame in (one, other, np.roll(one, 2, axis=1), mixed(one, other, 0.97)):
        assert not is_blend(one, frame, other)


def test_a_frame_of_a_third_shot_is_none() -> None:
    assert not is_blend(scenery(1), scenery(3), scenery(2))


def test_motion_inside_a_shot_is_none() -> None:
    one = np.asarray(scenery(1) // 8 + 100, np.uint8)  # little contrast, as from frame to frame
    assert not is_blend(one, mixed(one, np.roll(one, 1, axis=1), 0.5), np.roll(one, 1, axis=1))
    assert not is_blend(one, one, one)
