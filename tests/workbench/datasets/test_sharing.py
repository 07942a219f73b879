import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from closeup.workbench.datasets.sharing import VALUE_STRATA, group_codes, share_out, strata_codes
from workbench.datasets.tiny import made_up


def shared_out(groups: np.ndarray, strata: np.ndarray, shares: list[float], seed: int = 0) -> np.ndarray:
    return share_out(groups, strata, np.outer(shares, np.bincount(strata)), seed)


def imbalance(sides: np.ndarray, strata: np.ndarray, shares: list[float]) -> float:
    """How far the worst side is from its share of the worst stratum, as a share of that stratum."""
    return max(
        abs(((sides == side) & (strata == stratum)).sum() / (strata == stratum).sum() - share)
        for side, share in enumerate(shares)
        for stratum in np.unique(strata)
    )


items = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 12), min_size=n, max_size=n), st.lists(st.integers(0, 3), min_size=n, max_size=n)
    )
)


@given(items, st.sampled_from([[0.7, 0.2, 0.1], [0.5, 0.5], [0.25] * 4, [1.0]]), st.integers(0, 5))
@settings(max_examples=40)
def test_groups_stay_whole_and_everything_has_a_side(
    made: tuple[list[int], list[int]], shares: list[float], seed: int
) -> None:
    groups = np.unique(made[0], return_inverse=True)[1]
    strata = np.unique(made[1], return_inverse=True)[1]
    sides = shared_out(groups, strata, shares, seed)
    assert sides.shape == groups.shape
    assert set(sides) <= set(range(len(shares)))
    assert all(len(set(sides[groups == group])) == 1 for group in np.unique(groups))
    assert np.array_equal(sides, shared_out(groups, strata, shares, seed))


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=200), st.sampled_from([[0.8, 0.2], [0.7, 0.15, 0.15], [0.2] * 5])
)
def test_single_items_are_shared_exactly_but_for_rounding(labels: list[int], shares: list[float]) -> None:
    strata = np.unique(labels, return_inverse=True)[1]
    sides = shared_out(np.arange(len(strata)), strata, shares)
    for stratum in np.unique(strata):
        found = np.bincount(sides[strata == stratum], minlength=len(shares))
        assert (np.abs(found - np.array(shares) * (strata == stratum).sum()) < 1).all()


@given(st.lists(st.integers(0, 6), min_size=20, max_size=200))
@settings(max_examples=40)
def test_folds_differ_by_no_more_than_the_strata_must(labels: list[int]) -> None:
    strata = np.unique(labels, return_inverse=True)[1]
    sizes = np.bincount(shared_out(np.arange(len(strata)), strata, [0.2] * 5), minlength=5)
    assert sizes.max() - sizes.min() <= 1


def test_another_seed_is_another_choice() -> None:
    strata = np.arange(100) % 3
    first, second = (shared_out(np.arange(100), strata, [0.8, 0.2], seed) for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_a_small_side_gets_groups_of_every_size() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(400), rng.integers(1, 6, 400))
    sides = shared_out(groups, rng.integers(0, 3, len(groups)), [0.85, 0.15])
    sizes = np.bincount(groups)
    means = [sizes[np.unique(groups[sides == side])].mean() for side in (0, 1)]
    assert means[1] == pytest.approx(means[0], rel=0.1)
    assert (sides == 1).mean() == pytest.approx(0.15, abs=0.01)


def test_one_huge_group_goes_where_it_fits() -> None:
    groups = np.array([0] * 60 + list(range(1, 41)))
    sides = shared_out(groups, np.zeros(100, dtype=np.int64), [0.8, 0.2])
    assert sides[0] == 0
    assert (sides == 1).sum() == 20


def test_folds_are_as_even_as_scikit_learns() -> None:
    worse = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(120), rng.integers(1, 9, 120))
        strata = (rng.integers(0, 4, 120)[groups] + (rng.random(len(groups)) < 0.2)) % 4
        ours = shared_out(groups, strata, [0.2] * 5, seed)
        theirs = np.zeros_like(ours)
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(strata, strata, groups)
        for fold, (_, test) in enumerate(folds):
            theirs[test] = fold
        worse += imbalance(ours, strata, [0.2] * 5) > imbalance(theirs, strata, [0.2] * 5)
    assert worse <= 4


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        share_out(np.zeros(3, np.int64), np.zeros(4, np.int64), np.ones((2, 1)), 0)


def test_strata_are_sources_and_labels_and_ranges_of_numbers() -> None:
    dataset = made_up([{"a": "x"}, {"a": "y"}, {"a": "x"}, {"a": "x", "source": "t"}, {}])
    codes = strata_codes(dataset.items, "a")
    assert codes[0] == codes[2]
    assert len(set(codes)) == 4
    assert len(set(strata_codes(dataset.items, ""))) == 2
    ages = made_up([{"age": float(age)} for age in range(100)])
    found = np.bincount(strata_codes(ages.items, "age"))
    assert len(found) == VALUE_STRATA
    assert set(found) == {10}
    same = made_up([{"age": 1.0}] * 5)
    assert set(strata_codes(same.items, "age")) == {0}


def test_groups_are_numbered_as_they_appear() -> None:
    dataset = made_up([{"group": "q"}, {"group": "p"}, {"group": "q"}])
    assert group_codes(dataset.items).tolist() == [0, 1, 0]
