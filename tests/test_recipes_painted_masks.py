"""recipes/painted_masks.py covers what a mask covers, leaves bare what a badly worn one leaves bare, and no more."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from closeup.perception.face_crop import FRAMES
from recipe_scripts import load_script

LANDMARKS = FRAMES["expression"].alignment
SIDE = 96


PAINTED = load_script("painted_masks")


def _face(seed: int, *, grey: bool = False) -> NDArray[np.uint8]:
    chance = np.random.default_rng(seed)
    light = np.linspace(200, 90, SIDE)[:, None, None] + chance.normal(0, 6, (SIDE, SIDE, 1))
    tint = np.zeros(3) if grey else np.array([30.0, 0.0, -25.0])
    return (light + tint).clip(0, 255).astype(np.uint8)


def _changed(face: NDArray[np.uint8], painted: NDArray[np.uint8], x: float, y: float) -> bool:
    """Whether a spot of 5 x 5 pixels, given as shares of the side, is another."""
    column, row = round(x * SIDE), round(y * SIDE)
    spot = np.s_[row - 2 : row + 3, column - 2 : column + 3]
    return bool((painted[spot].astype(int) != face[spot]).mean() > 0.6)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.booleans())
def test_a_mask_well_worn_covers_nose_and_mouth_and_leaves_the_eyes(seed: int, grey: bool) -> None:
    face = _face(seed, grey=grey)
    painted = PAINTED.paint_mask(face, LANDMARKS, "mask", np.random.default_rng(seed))
    assert (painted.shape, painted.dtype) == (face.shape, np.uint8)
    assert _changed(face, painted, LANDMARKS[2][0], LANDMARKS[2][1])
    assert _changed(face, painted, 0.5, LANDMARKS[3][1])
    assert np.array_equal(painted[: round(0.3 * SIDE)], face[: round(0.3 * SIDE)])
    if grey:
        assert np.array_equal(painted[..., 0], painted[..., 2])


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_a_mask_badly_worn_leaves_the_nose_or_the_chin_bare(seed: int) -> None:
    face = _face(seed)
    painted = PAINTED.paint_mask(face, LANDMARKS, "incorrect", np.random.default_rng(seed))
    nose = _changed(face, painted, LANDMARKS[2][0], LANDMARKS[2][1] - 0.08)
    chin = _changed(face, painted, 0.5, 0.94)
    assert not (nose and chin)
    assert not np.array_equal(painted, face)


def test_the_same_chance_paints_the_same() -> None:
    face = _face(1)
    first, second = (PAINTED.paint_mask(face, LANDMARKS, "mask", np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, PAINTED.paint_mask(face, LANDMARKS, "mask", np.random.default_rng(8)))


@pytest.mark.parametrize("light", [0, 255])
def test_black_and_white_pictures_are_painted_too(light: int) -> None:
    face = np.full((SIDE, SIDE, 3), light, np.uint8)
    painted = PAINTED.paint_mask(face, LANDMARKS, "mask", np.random.default_rng(3))
    assert not np.array_equal(painted, face)
