import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.metrics.detection import (
    average_precision,
    count_figures,
    hits_at,
    precision_figures,
    size_groups,
)

BOX = np.array([[0, 0, 10, 10]], np.float32)


def test_a_thing_is_found_once_by_the_better_box() -> None:
    found = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], np.float32)
    assert hits_at(found, BOX, 0.5).tolist() == [True, False, False]
    assert hits_at(found[1:], BOX, 0.5).tolist() == [True, False]
    assert hits_at(found, BOX[:0], 0.5).tolist() == [False, False, False]
    assert hits_at(BOX[:0], BOX, 0.5).tolist() == []


def test_a_box_between_two_things_takes_the_nearer() -> None:
    truth = np.array([[0, 0, 10, 10], [2, 0, 12, 10]], np.float32)
    found = np.array([[2, 0, 12, 10], [1, 0, 11, 10]], np.float32)
    assert hits_at(found, truth, 0.5).tolist() == [True, True]


def test_average_precision_is_cocos() -> None:
    # Two things; right, wrong, right: precision 1 up to recall 1/2 (51 recalls), then 2/3 (50 recalls).
    value = average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 2)
    assert value == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert average_precision(np.array([0.5]), np.array([True]), 2) == pytest.approx(51 / 101)
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0
    assert np.isnan(average_precision(np.zeros(0), np.zeros(0, bool), 0))


def test_figures_of_baskets_by_hand() -> None:
    truth = np.array([[2, 0, 0], [1, 1, 0]])
    found = np.array([[2, 0, 0], [0, 2, 1]])
    figures = count_figures(found, truth)
    assert figures == pytest.approx(
        {"cacc": 0.5, "acd": 1.5, "mccd": (1 / 3 + 1) / 2, "mciou": (2 / 3 + 1 / 2 + 0) / 3}
    )


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=6))
def test_what_is_counted_right_is_right_by_every_figure(baskets: list[list[int]]) -> None:
    counts = np.array(baskets)
    figures = count_figures(counts, counts)
    assert (figures["cacc"], figures["acd"]) == (1, 0)
    if counts.any():
        assert (figures["mccd"], figures["mciou"]) == (0, 1)


def test_baskets_are_grouped_by_how_much_is_in_them() -> None:
    assert size_groups([1, 3, 0, 9, 2, 1]) == {"1": [0, 5], "2-3": [1, 4], "4+": [3]}
    assert size_groups([]) == {}


def test_precision_is_of_each_class_and_the_mean_of_those_that_are_there() -> None:
    box, far = np.array([[0, 0, 10, 10]], np.float32), np.array([[50, 50, 60, 60]], np.float32)
    zero, one = np.zeros(1, np.int64), np.ones(1, np.int64)
    truth = [(box, zero), (far, one)]
    score = np.array([0.9], np.float32)
    right = precision_figures([(box, score, zero), (far, score, one)], truth)
    assert right == pytest.approx({"map50": 1, "map50_95": 1, "recall_100": 1})
    other = precision_figures([(box, score, zero), (far, score, zero)], truth)  # found, but taken for the other class
    assert other == pytest.approx({"map50": 0.5, "map50_95": 0.5, "recall_100": 0.5})
    loose = precision_figures([(box + np.float32([0, 0, 0, 2]), score, zero), (far, score, one)], truth)  # IoU 0.83
    assert loose["map50"] == pytest.approx(1)
    assert loose["map50_95"] == pytest.approx((0.7 + 1) / 2)
    assert np.isnan(precision_figures([(box, score, zero)], [(box[:0], zero[:0])])["map50"])
