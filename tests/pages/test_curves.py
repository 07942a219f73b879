"""Curves as SVG."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from closeup.pages.curves import MOST_POINTS, curve_area, curve_line


def points(path: str) -> list[list[tuple[float, float]]]:
    """The corners of each closed area."""
    number = r"(-?\d+(?:\.\d+)?)"
    assert re.fullmatch(rf"(?:M{number} 100(?:L{number} {number})+Z)*", path)
    areas = [area for area in path.split("Z") if area]
    return [[(float(x), float(y)) for x, y in re.findall(rf"{number} {number}", area)] for area in areas]


def grid(count: int) -> np.ndarray:
    return (np.arange(count) + 0.5) / 10


def test_an_area_reaches_from_the_first_moment_to_the_last():
    (area,) = points(curve_area(grid(4), [0, 0.5, 1, 0.25], 0.4))
    assert area == [
        (0, 100), (0, 100), (125, 100), (375, 50), (625, 0), (875, 75), (1000, 75), (1000, 100)
    ]  # fmt: skip


def test_what_is_not_known_is_a_gap():
    first, second = points(curve_area(grid(5), [0.5, 0.5, np.nan, 1, np.nan], 0.5))
    assert (first[0][0], first[-1][0]) == (0, 400)
    assert (second[0][0], second[-1][0]) == (600, 800)
    assert curve_area(grid(2), [np.nan, np.nan], 0.2) == ""


def test_a_long_curve_is_drawn_by_means():
    values = np.tile([0.0, 1.0], 20_000)
    (area,) = points(curve_area(grid(40_000), values, 4000.0))
    assert len(area) <= MOST_POINTS + 4
    assert {y for _, y in area[1:-1]} == {50.0}


@settings(deadline=None)
@given(arrays(np.float32, st.integers(1, 1500), elements=st.floats(0, 1, width=32) | st.just(np.nan)))
def test_areas_stay_in_their_frame(values):
    for area in points(curve_area(grid(len(values)), values, len(values) / 10)):
        xs, ys = zip(*area, strict=True)
        assert list(xs) == sorted(xs)
        assert xs[0] >= 0
        assert xs[-1] <= 1000
        assert min(ys) >= 0
        assert max(ys) <= 100


def test_a_line_has_a_gap_where_nothing_is_known():
    assert curve_line(grid(4), [0, 0.5, np.nan, 0.25], 0.4) == "M125.0 100.0L375.0 50.0M875.0 75.0"
    assert curve_line(grid(2), [np.nan, np.nan], 0.2) == ""
