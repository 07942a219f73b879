"""Captions keep off faces, stay where they may be, and leave hair free where that costs little."""

import numpy as np

from closeup.algorithms.frames.caption_place import least_hidden


def test_where_faces_are_everywhere_least_of_them_is_hidden():
    faces = np.array([(0.0, 0.0, 270.0, 440.0)])
    top, _ = least_hidden((50, 300, 220, 340), (270, 480), (40, 60, 230, 360), faces)
    assert top == 440


def test_hair_stays_free_where_that_costs_little() -> None:
    """Above the head there is room too, but lower by a few rows hides no hair."""
    face = np.array([[130.0, 300.0, 390.0, 615.0]])
    top, hidden = least_hidden((60, 605, 480, 715), (540, 960), (82, 134, 458, 720), face)
    assert hidden == 0
    assert 615 <= top <= 650


def test_off_other_text_too_but_rather_on_it_than_on_a_face() -> None:
    place, size_wh, safe = (50, 300, 220, 340), (270, 480), (40, 60, 230, 360)
    text = np.array([[60.0, 310.0, 210.0, 330.0]])
    top, _ = least_hidden(place, size_wh, safe, np.zeros((0, 4)), text_xyxy=text)
    assert top == 270
    face = np.array([[0.0, 0.0, 270.0, 290.0]])
    lower, hidden = least_hidden(place, size_wh, safe, face, text_xyxy=text)
    assert hidden == 0
    assert lower >= 330
    walls = np.array([[0.0, 0.0, 270.0, 290.0], [0.0, 345.0, 270.0, 480.0]])
    top, _ = least_hidden(place, size_wh, safe, walls, text_xyxy=text)
    assert top < 340
    assert top + 40 > 310
