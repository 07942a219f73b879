"""Boxes and words in pictures: legible on anything, beside each other, never outside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.media import markings
from closeup.media.markings import Mark, Marker

SIZE_WH = (640, 360)
WORDS = (("3  looks happy 93 %", "looks about 31, male 90 %", "no mask 99 %"), ("3  happy", "about 31"), ("3",))


def plain(level: int, size_wh: tuple[int, int] = SIZE_WH) -> np.ndarray:
    return np.full((size_wh[1], size_wh[0], 3), level, np.uint8)


def placed(marks: list[Mark], marker: Marker | None = None) -> dict[int, tuple[int, tuple[int, int, int, int]]]:
    """Key to the level of the words and the plate's place."""
    marker = marker or Marker(SIZE_WH)
    marker.draw(plain(0), marks)
    return {mark.key: (place[0], rect) for mark, place, rect in marker._placed(marks)}


def shared(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return markings._shared(a, b)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_letters_stand_out_from_any_picture(level: int) -> None:
    mark = Mark(1, (100, 100, 200, 230), WORDS)
    _, (x0, y0, x1, y1) = placed([mark])[1]
    plate = Marker(SIZE_WH).draw(plain(level), [mark])[y0:y1, x0:x1].mean(axis=2)
    letters, ground = np.percentile(plate, 99), np.median(plate)
    assert letters > 240
    assert (letters + 12.75) / (ground + 12.75) > 3  # contrast, as the guides for web pages reckon it, or more


def test_the_picture_that_was_given_stays_as_it_was() -> None:
    image = plain(7)
    drawn = Marker(SIZE_WH).draw(image, [Mark(1, (10, 10, 60, 60), WORDS)])
    assert (image == 7).all()
    assert (drawn != 7).any()
    np.testing.assert_array_equal(Marker(SIZE_WH).draw(image, []), image)


def test_a_bare_box_has_no_plate() -> None:
    drawn = Marker(SIZE_WH).draw(plain(7), [Mark(1, (100, 100, 200, 200), ())])
    assert (drawn[110:190, 110:190] == 7).all()
    assert (drawn[98:102, 120:180] != 7).any()


def test_alone_all_is_said_and_the_face_stays_free() -> None:
    box = (300.0, 150.0, 380.0, 250.0)
    level, rect = placed([Mark(1, box, WORDS)])[1]
    assert level == 0
    assert shared(rect, box) == 0


def test_in_a_crowd_all_say_less_and_hide_nobody() -> None:
    boxes = [(20.0 + 62 * n, 40.0 + 75 * row, 50.0 + 62 * n, 75.0 + 75 * row) for n in range(10) for row in range(4)]
    marks = [Mark(number, box, WORDS) for number, box in enumerate(boxes)]
    found = placed(marks)
    levels = {level for level, _ in found.values()}
    assert max(levels) - min(levels) <= 1
    rects = [rect for _, rect in found.values()]
    for number, rect in enumerate(rects):
        hidden = sum(shared(rect, other) for other in [*rects[:number], *rects[number + 1 :], *boxes])
        assert hidden <= 0.1 * markings._area(rect)


def test_in_a_film_plates_keep_their_side() -> None:
    marker = Marker(SIZE_WH)
    sides = set()
    for step in range(20):
        marks = [
            Mark(1, (200.0 + step, 120.0, 260.0 + step, 200.0), WORDS),
            Mark(2, (420.0, 110.0, 480.0, 190.0), WORDS),
        ]
        marker.draw(plain(0), marks)
        sides.add(tuple(marker._before.items()))
    assert len(sides) == 1


@settings(max_examples=60)
@given(
    st.lists(st.tuples(*[st.floats(-100, 800)] * 2, *[st.floats(1, 400)] * 2), max_size=8),
    st.sampled_from([(640, 360), (64, 48), (16, 900)]),
)
def test_any_boxes_in_any_picture(rows: list[tuple[float, ...]], size_wh: tuple[int, int]) -> None:
    marks = [Mark(n, (x, y, x + w, y + h), WORDS) for n, (x, y, w, h) in enumerate(rows)]
    drawn = Marker(size_wh).draw(plain(90, size_wh), marks)
    assert drawn.shape == (size_wh[1], size_wh[0], 3)
    assert drawn.dtype == np.uint8
