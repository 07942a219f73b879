"""portrait_box: head and shoulders, in the picture, around the face."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.reframing.headshot import ASPECT, portrait_box


def _landmarks(box: np.ndarray) -> np.ndarray:
    """A frontal face's landmarks in a box."""
    places = np.array([[0.3, 0.38], [0.7, 0.38], [0.5, 0.58], [0.35, 0.78], [0.65, 0.78]])
    return (box[:2] + places * (box[2:] - box[:2])).astype(np.float32)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    width, height = draw(st.integers(1, 4000)), draw(st.integers(1, 4000))
    x, y = draw(st.floats(-200, width + 200)), draw(st.floats(-200, height + 200))
    w, h = draw(st.floats(0, 1500)), draw(st.floats(0, 1500))
    box = np.array([x, y, x + w, y + h], dtype=np.float32)
    point = st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000))
    wild = np.array(draw(st.lists(point, min_size=5, max_size=5)), dtype=np.float32)
    landmarks = wild if draw(st.booleans()) else _landmarks(box)
    return box, landmarks, (width, height)


@given(_cases())
def test_whatever_the_face_the_box_is_in_the_picture_and_around_it(case):
    box, landmarks, (width, height) = case
    x0, y0, x1, y1 = portrait_box(box, landmarks, (width, height)).tolist()
    assert 0 <= x0 < x1 <= width
    assert 0 <= y0 < y1 <= height
    fx0, fx1 = np.clip(box[[0, 2]], 0, width)
    fy0, fy1 = np.clip(box[[1, 3]], 0, height)
    assert x0 <= fx0
    assert y0 <= fy0
    if fx1 > fx0 and fy1 > fy0:
        assert x1 >= fx1
        assert y1 >= fy1


@given(_cases())
def test_four_to_five_unless_the_picture_forbids_it(case):
    box, landmarks, (width, height) = case
    x0, y0, x1, y1 = portrait_box(box, landmarks, (width, height)).tolist()
    clipped = np.clip(box, 0, [width, height, width, height])
    need_w, need_h = math.ceil(clipped[2]) - math.floor(clipped[0]), math.ceil(clipped[3]) - math.floor(clipped[1])
    largest = min(height, width / ASPECT)  # the highest 4:5 box of the picture
    if max(need_h, need_w / ASPECT, 1) + 1 <= largest:
        assert abs((x1 - x0) - ASPECT * (y1 - y0)) <= 1


@given(_cases(), st.integers(0, 300), st.integers(0, 300))
def test_moving_face_and_picture_together_moves_the_box(case, dx, dy):
    """In a picture with room on all sides the frame depends on the face alone."""
    box, _, _ = case
    box = np.round(np.clip(box - [box[0], box[1], box[0], box[1]], 0, 300)) + 2000
    landmarks = _landmarks(box)
    here = portrait_box(box, landmarks, (5000, 5000))
    there = portrait_box(box + np.array([dx, dy, dx, dy]), landmarks + np.array([dx, dy]), (5000, 5000))
    assert np.abs(there - here - np.array([dx, dy, dx, dy])).max() <= 1


def test_the_eyes_lie_two_fifths_down_and_the_face_in_the_middle():
    box = np.array([900, 400, 1000, 520], dtype=np.float32)
    x0, y0, x1, y1 = portrait_box(box, _landmarks(box), (1920, 1080)).tolist()
    eye_y = 400 + 0.38 * 120
    assert abs((eye_y - y0) / (y1 - y0) - 0.4) < 0.01
    assert abs((x0 + x1) / 2 - 950) <= 1
    assert y1 - 520 > 0.8 * 120  # neck and shoulders
    assert 400 - y0 > 0.5 * 120  # hair and room


@pytest.mark.parametrize("corner", [(0, 0), (1820, 0), (0, 960), (1820, 960)])
def test_at_an_edge_the_box_moves_and_keeps_its_size(corner):
    box = np.array([*corner, corner[0] + 100, corner[1] + 120], dtype=np.float32)
    free = np.array([900, 400, 1000, 520], dtype=np.float32)
    at_edge = portrait_box(box, _landmarks(box), (1920, 1080))
    in_middle = portrait_box(free, _landmarks(free), (1920, 1080))
    assert (at_edge[2:] - at_edge[:2]).tolist() == (in_middle[2:] - in_middle[:2]).tolist()


def test_a_picture_too_small_for_shoulders_shrinks_the_box_and_keeps_its_aspect():
    box = np.array([100, 60, 200, 180], dtype=np.float32)
    x0, y0, x1, y1 = portrait_box(box, _landmarks(box), (300, 200)).tolist()
    assert (x1 - x0, y1 - y0) == (160, 200)


def test_a_face_as_wide_as_a_low_picture_is_not_cut():
    box = np.array([10, -20, 190, 120], dtype=np.float32)
    assert portrait_box(box, _landmarks(box), (200, 100)).tolist() == [10, 0, 190, 100]


def test_a_wild_landmark_does_not_blow_the_frame_up():
    box = np.array([900, 400, 1000, 520], dtype=np.float32)
    wild = _landmarks(box)
    wild[3:] += 5000
    sane = portrait_box(box, _landmarks(box), (8000, 8000))
    assert (portrait_box(box, wild, (8000, 8000)) - sane)[3] < 0.7 * (sane[3] - sane[1])


@pytest.mark.parametrize(
    ("box", "size_wh"),
    [([0, 0, np.nan, 5], (10, 10)), ([0, 0, np.inf, 5], (10, 10)), ([5, 0, 1, 5], (10, 10)), ([0, 0, 5, 5], (0, 9))],
)
def test_what_is_no_face_in_a_picture_is_an_error(box, size_wh):
    with pytest.raises(ValueError):
        portrait_box(np.array(box, dtype=np.float32), np.zeros((5, 2), np.float32), size_wh)
