"""Whose part of a matte is whose, and what is how far away."""

import numpy as np
import pytest

from closeup.algorithms.matting.people import FAR_AT_LEAST, kept_alpha, owners, strength_by_ground, with_others


def standing(*columns, height=100, width=160, feet=90):
    """A matte of people who stand beside each other, and their faces."""
    alpha = np.zeros((height, width), np.float32)
    for left, right in columns:
        alpha[10:feet, left:right] = 1
    faces = np.float32([[(left + right) / 2 - 5, 12, (left + right) / 2 + 5, 24] for left, right in columns])
    return alpha, faces


def test_people_apart_are_each_their_own():
    alpha, faces = standing((10, 40), (100, 130))
    owner = owners(alpha, faces)
    assert (owner[10:90, 10:40] == 0).all()
    assert (owner[10:90, 100:130] == 1).all()
    only = kept_alpha(alpha, owner, np.array([False, True]))
    assert only[:, :90].max() == 0
    assert only[20:80, 105:125].min() == 1


def test_an_arm_that_reaches_over_stays_with_its_body():
    alpha, faces = standing((10, 40), (100, 130))
    alpha[60:66, 40:92] = 1  # nearer to the other face at its end
    assert (owners(alpha, faces)[61:65, 40:90] == 0).all()


def test_people_who_touch_are_parted_between_their_faces():
    alpha, faces = standing((10, 50), (50, 90))
    owner = owners(alpha, faces)
    assert (owner[30:80, 12:45] == 0).all()
    assert (owner[30:80, 55:88] == 1).all()


def test_the_ground_is_sharp_at_the_feet_and_not_beyond_the_eyes():
    alpha, _ = standing((60, 90))
    strength = strength_by_ground(alpha, 20.0, 12.0)
    assert strength[89, 0] == 0
    assert (strength[:21] == 1).all()
    assert (np.diff(strength[:90, 0]) <= 0).all()
    assert strength[55, 3] == pytest.approx((89 - 55) / (89 - 20), abs=1e-6)


@pytest.mark.parametrize("feet", [100, 70])
def test_without_feet_nothing_is_known(feet):
    alpha, _ = standing((60, 90), feet=feet)
    assert strength_by_ground(alpha, 20.0, 12.0) is None
    assert strength_by_ground(0 * alpha, 20.0, 12.0) is None


def test_other_people_are_as_far_as_their_faces_are_small():
    alpha, faces = standing((10, 40), (100, 130))
    owner, kept = owners(alpha, faces), np.array([True, False])
    strength = np.full_like(alpha, 0.9)
    others = kept_alpha(alpha, owner, ~kept)
    near, far = (with_others(strength, others, owner, np.float32([12, px]), kept) for px in (12, 3))
    assert near[50, 115] == FAR_AT_LEAST
    assert far[50, 115] == pytest.approx(0.75)
    assert (near[50, 10:40] == strength[50, 10:40]).all()
    assert with_others(None, others, owner, faces[:, 3] - faces[:, 1], kept) is None
