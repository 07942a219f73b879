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
