"""Figures of lists, reckoned by hand and by definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.metrics.retrieval import RANKED, coverage, ranking_figures, top_columns


def as_list(*columns: int) -> np.ndarray:
    return np.array([[*columns, *[-1] * (RANKED - len(columns))]], np.int64)


def test_by_hand() -> None:
    found = ranking_figures(as_list(5, 3, 9, 7), [np.array([3, 7, 400])])
    assert found["recall_at_20"] == pytest.approx(2 / 3)
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 0.5
    assert found["ndcg_at_10"] == pytest.approx(gain / ideal)
    assert found["ndcg_at_100"] == pytest.approx(gain / ideal)
    assert found["map_at_10"] == pytest.approx((1 / 2 + 2 / 4) / 3)


def test_a_perfect_list_is_one_however_much_is_wanted() -> None:
    wanted = np.arange(150)
    found = ranking_figures(np.arange(RANKED)[None], [wanted])
    assert all(values == pytest.approx(1) for values in found.values())
    assert all(values == 0 for values in ranking_figures(np.arange(RANKED)[None] + 500, [wanted]).values())


def test_a_short_list_is_not_filled_with_what_must_not_be_there() -> None:
    scores = np.array([[1.0, -np.inf, 3.0, -np.inf]])
    assert top_columns(scores, 3).tolist() == [[2, 0, -1]]
    assert top_columns(scores, 9).tolist() == [[2, 0, *[-1] * 7]]
    assert top_columns(np.full((1, 3), -np.inf), 2).tolist() == [[-1, -1]]


def test_of_equal_ones_the_lower_column_is_first_and_the_last_digits_do_not_count() -> None:
    scores = np.array([[0.5, 1.0, 1.0 + 1e-13, 1.0 - 1e-13, 2.0]])
    assert top_columns(scores, 3).tolist() == [[4, 1, 2]]
    assert top_columns(np.zeros((1, 50)), 4).tolist() == [[0, 1, 2, 3]]


@given(st.lists(st.sampled_from([-math.inf, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30), st.integers(1, 12))
def test_the_best_are_those_of_a_full_sort(values: list[float], count: int) -> None:
    order = [k for k in sorted(range(len(values)), key=lambda k: (-values[k], k)) if values[k] > -math.inf][:count]
    assert top_columns(np.array([values]), count)[0].tolist() == order + [-1] * (count - len(order))


def test_coverage_and_what_it_is_without_each_list() -> None:
    ranked = np.array([[0, 1], [1, 2], [1, -1]])
    whole, without = coverage(ranked, 10)
    assert whole == pytest.approx(0.3)
    assert without == pytest.approx([0.2, 0.2, 0.3])
