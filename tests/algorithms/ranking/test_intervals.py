from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from closeup.algorithms.ranking import intervals
from closeup.algorithms.ranking.intervals import Penalties, best_apart, without_beaten

Case = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


@st.composite
def cases(draw: st.DrawFn, most: int = 9) -> Case:
    """Starts ascending, ends, scores and symmetric penalties."""
    spans = draw(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 8)), min_size=0, max_size=most))
    spans.sort()
    starts = np.array([start for start, _ in spans], np.int64)
    ends = np.array([start + length for start, length in spans], np.int64)
    size = len(spans)
    scores = np.array(draw(st.lists(st.integers(-3, 20), min_size=size, max_size=size)), np.float64)
    costs = np.array(draw(st.lists(st.integers(0, 9), min_size=size**2, max_size=size**2)), np.float64)
    costs = costs.reshape(size, size)
    return starts, ends, scores, costs + costs.T


def value(chosen: tuple[int, ...], case: Case) -> float:
    pairs = sum(case[3][a, b] for a, b in combinations(chosen, 2))
    return float(sum(case[2][index] for index in chosen) - pairs)


def apart(chosen: tuple[int, ...], case: Case) -> bool:
    return all(case[1][a] <= case[0][b] or case[1][b] <= case[0][a] for a, b in combinations(chosen, 2))


def best_of_all(case: Case, count: int) -> float:
    sets = (c for size in range(count + 1) for c in combinations(range(len(case[0])), size))
    return max(value(chosen, case) for chosen in sets if apart(chosen, case))


def penalties(case: Case) -> Penalties:
    costs = case[3]
    return Penalties(lambda index: costs[index], costs.min(axis=1, initial=1e9))


@settings(max_examples=150)
@given(cases(), st.integers(1, 4))
def test_the_choice_is_the_best_of_all_sets(case: Case, count: int) -> None:
    chosen = best_apart(*case[:3], penalties(case), count)
    assert apart(chosen.indices, case)
    assert len(chosen.indices) <= count
    assert list(chosen.indices) == sorted(chosen.indices)
    assert np.isclose(chosen.value, value(chosen.indices, case))
    assert np.isclose(chosen.value, best_of_all(case, count))
    assert np.isclose(chosen.bound, chosen.value)


@settings(max_examples=60)
@given(cases(), st.integers(1, 4))
def test_a_search_that_is_broken_off_says_how_much_better_a_set_could_be(case: Case, count: int) -> None:
    old = intervals.NODES
    try:
        intervals.NODES = 3
        chosen = best_apart(*case[:3], penalties(case), count)
    finally:
        intervals.NODES = old
    assert apart(chosen.indices, case)
    assert chosen.value <= best_of_all(case, count) + 1e-9 <= chosen.bound + 2e-9


def test_of_no_intervals_none_is_chosen() -> None:
    none = np.zeros(0, np.int64)
    chosen = best_apart(none, none, np.zeros(0), Penalties(lambda _: np.zeros(0), np.zeros(0)), 3)
    assert (chosen.indices, chosen.value, chosen.bound) == ((), 0.0, 0.0)


@settings(max_examples=150)
@given(cases(most=14))
def test_an_interval_is_beaten_by_one_inside_it_that_scores_as_much(case: Case) -> None:
    starts, ends, scores, _ = case
    stays = without_beaten(starts, ends, scores)
    for i in range(len(starts)):
        inside = [
            j
            for j in range(len(starts))
            if starts[i] <= starts[j] and ends[j] <= ends[i] and scores[j] >= scores[i]
            and ((starts[j], ends[j], -scores[j], j) != (starts[i], ends[i], -scores[i], i))
            and ((starts[j], ends[j]) != (starts[i], ends[i]) or (-scores[j], j) < (-scores[i], i))
        ]  # fmt: skip
        assert stays[i] == (not inside)


@settings(max_examples=60)
@given(cases(), st.integers(1, 3))
def test_leaving_out_the_beaten_costs_nothing_where_pairs_are_free(case: Case, count: int) -> None:
    starts, ends, scores, costs = case
    free = (starts, ends, scores, np.zeros_like(costs))
    stays = without_beaten(starts, ends, scores)
    left = (starts[stays], ends[stays], scores[stays], np.zeros((stays.sum(), stays.sum())))
    assert np.isclose(best_of_all(left, count), best_of_all(free, count))
