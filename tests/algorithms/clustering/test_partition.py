import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.clustering.partition import cannot_link_pairs, canonical_labels, positive_weights, settle_ties

edges = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1]), max_size=14)


@pytest.mark.parametrize("nothing", [None, [], np.empty((0, 2), int)])
def test_no_pairs_are_an_empty_table(nothing):
    pairs = cannot_link_pairs(nothing, 3)
    assert pairs.shape == (0, 2)
    assert pairs.dtype == np.int64


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([[0, 3]], "outside 0 to 2"),
        ([[-1, 0]], "outside 0 to 2"),
        ([[1, 1]], "from itself"),
        ([[0, 1, 2]], "shape"),
        ([0, 1], "shape"),
        ([[0.0, 1.0]], "whole numbers"),
    ],
)
def test_impossible_pairs_are_refused(pairs, words):
    with pytest.raises(ValueError, match=words):
        cannot_link_pairs(pairs, 3)


def test_weights_default_to_one_and_must_be_positive():
    assert positive_weights(None, 2).tolist() == [1, 1]
    assert positive_weights([2, 3], 2).tolist() == [2, 3]
    for wrong in ([1], [1, 0], [1, -1], [1, np.nan], [1, np.inf]):
        with pytest.raises(ValueError, match="weight"):
            positive_weights(wrong, 2)


@pytest.mark.parametrize(
    ("labels", "expected"), [([], []), ([7], [0]), ([5, 5, 2, 9, 2], [0, 0, 1, 2, 1]), ([-1, 0, -1], [0, 1, 0])]
)
def test_labels_count_up_by_first_appearance(labels, expected):
    found = canonical_labels(np.array(labels, dtype=int))
    assert found.tolist() == expected
    assert found.dtype == np.int64


def never(*enemies):
    banned = [set(pair) for pair in enemies]
    return lambda numbers: np.array([[{a, b} not in banned for b in numbers] for a in numbers])


yes = never()


@pytest.mark.parametrize(
    ("tied", "joinable", "groups", "apart"),
    [
        ([], yes, [], []),
        ([(0, 1)], yes, [[0, 1]], []),
        ([(0, 1), (1, 2)], yes, [[0, 1, 2]], []),
        ([(0, 1), (1, 2)], never((0, 2)), [], [(0, 1), (1, 2)]),
        ([(0, 1), (1, 2), (3, 4)], never((0, 2)), [[3, 4]], [(0, 1), (1, 2)]),
        # 2 and 3 are as near to 0 as to 1, which may not meet; so they only have each other.
        ([(0, 2), (1, 2), (0, 3), (1, 3), (2, 3)], never((0, 1)), [[2, 3]], [(0, 2), (0, 3), (1, 2), (1, 3)]),
        # No pair of the chain is contested, but its ends may not meet.
        ([(0, 1), (1, 2), (2, 3)], never((0, 3)), [], [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_ties_that_conflict_stay_apart(tied, joinable, groups, apart):
    found = settle_ties(tied, joinable)
    assert found[0] == groups
    assert sorted(found[1]) == apart


@given(edges, edges, st.permutations(range(8)))
def test_names_decide_nothing_every_tie_is_settled_and_enemies_never_meet(tied, enemies, names):
    tied = tied - enemies  # a tied pair may join
    groups, apart = settle_ties(tied, never(*enemies))
    assert groups == sorted(sorted(group) for group in groups)
    together = {(a, b) for group in groups for i, a in enumerate(group) for b in group[i + 1 :]}
    assert not together & enemies
    assert not together & set(apart)
    assert tied <= together | set(apart)

    def rename(pairs):
        return {tuple(sorted((names[a], names[b]))) for a, b in pairs}

    renamed = settle_ties(rename(tied), never(*rename(enemies)))
    assert {tuple(g) for g in renamed[0]} == {tuple(sorted(names[i] for i in g)) for g in groups}
    assert set(renamed[1]) == rename(apart)


def test_hundreds_that_all_tie_are_settled_at_once():
    tied = [(a, b) for b in range(500) for a in range(b)]
    assert settle_ties(tied, lambda n: np.ones((len(n), len(n)), dtype=bool)) == ([list(range(500))], [])
    groups, apart = settle_ties([p for p in tied if p != (0, 1)], lambda n: ~np.isin(np.add.outer(n, n), [1]))
    assert groups == [list(range(2, 500))]
    assert len(apart) == 2 * 498
