"""Error rates of pairs: worked examples, what holds for any pairs, and sklearn's curve for comparison."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_curve as theirs

from closeup.algorithms.metrics.verification import (
    accuracy_over_folds,
    best_threshold,
    bootstrap_interval,
    by_pair,
    by_person,
    equal_error_rate,
    roc_curve,
    tar_at_far,
)

SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
SAME = np.array([1, 1, 0, 1, 1, 0, 0, 0], dtype=bool)

pair_sets = st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=2, max_size=60).filter(
    lambda pairs: len({same for _, same in pairs}) == 2
)


def arrays(pairs: list[tuple[int, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return np.array([score / 20 for score, _ in pairs]), np.array([same for _, same in pairs])


def rates(scores: NDArray[np.float64], same: NDArray[np.bool_], threshold: float) -> tuple[float, float]:
    """FAR and TAR by counting."""
    accepted = scores >= threshold
    return float(accepted[~same].mean()), float(accepted[same].mean())


def test_a_curve_by_hand() -> None:
    curve = roc_curve(SCORES, SAME)
    np.testing.assert_allclose(curve.far, [0, 0, 0, 0.25, 0.25, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.tar, [0, 0.25, 0.5, 0.5, 0.75, 1, 1, 1, 1])
    np.testing.assert_allclose(curve.thresholds, [np.inf, *SCORES])


def test_rates_by_hand() -> None:
    assert tar_at_far(SCORES, SAME, 0.0) == (0.5, 0.8)
    assert tar_at_far(SCORES, SAME, 0.2) == (0.5, 0.8)
    assert tar_at_far(SCORES, SAME, 0.25) == (1.0, 0.5)
    assert tar_at_far(SCORES, SAME, 1.0) == (1.0, 0.2)
    assert equal_error_rate(SCORES, SAME) == pytest.approx(0.25)
    assert best_threshold(SCORES, SAME) == pytest.approx(0.45)


@given(pair_sets)
def test_a_curve_is_what_counting_gives(pairs: list[tuple[int, bool]]) -> None:
    scores, same = arrays(pairs)
    curve = roc_curve(scores, same)
    assert (np.diff(curve.thresholds) < 0).all()
    assert (np.diff(curve.far) >= 0).all()
    assert (np.diff(curve.tar) >= 0).all()
    assert (curve.far[-1], curve.tar[-1]) == (1, 1)
    for threshold, far, tar in zip(curve.thresholds, curve.far, curve.tar, strict=True):
        assert rates(scores, same, threshold) == pytest.approx((far, tar))


@given(pair_sets)
def test_a_curve_is_sklearns(pairs: list[tuple[int, bool]]) -> None:
    scores, same = arrays(pairs)
    far, tar, thresholds = theirs(same, scores, drop_intermediate=False)
    ours = roc_curve(scores, same)
    np.testing.assert_allclose(ours.far, far)
    np.testing.assert_allclose(ours.tar, tar)
    np.testing.assert_allclose(ours.thresholds, thresholds)


@given(pair_sets, st.floats(0, 1))
def test_the_true_accept_rate_is_the_best_that_the_far_allows(pairs: list[tuple[int, bool]], far: float) -> None:
    scores, same = arrays(pairs)
    tar, threshold = tar_at_far(scores, same, far)
    found_far, found_tar = rates(scores, same, threshold)
    assert found_far <= far * (1 + 1e-9)
    assert found_tar == pytest.approx(tar)
    for other in scores:
        other_far, other_tar = rates(scores, same, float(other))
        assert other_far > far or other_tar <= tar


@given(pair_sets)
def test_equal_errors_lie_between_neighbours_of_the_curve(pairs: list[tuple[int, bool]]) -> None:
    scores, same = arrays(pairs)
    rate = equal_error_rate(scores, same)
    curve = roc_curve(scores, same)
    assert 0 <= rate <= 1
    worse = np.maximum(curve.far, 1 - curve.tar)
    assert rate <= worse.min() + 1e-12
    # Turned about, one kind's errors are the other's hits.
    assert equal_error_rate(-scores, ~same) == pytest.approx(rate)


@given(pair_sets)
def test_no_threshold_is_better_than_the_best(pairs: list[tuple[int, bool]]) -> None:
    scores, same = arrays(pairs)
    right = ((scores >= best_threshold(scores, same)) == same).mean()
    for threshold in [*scores, 2.0, -2.0]:
        assert ((scores >= threshold) == same).mean() <= right + 1e-12


def test_each_fold_is_judged_by_the_others() -> None:
    # Fold 1 alone would be judged best at 0.2; the others say 0.5.
    scores = np.array([0.9, 0.1, 0.9, 0.1, 0.3, 0.1])
    same = np.array([1, 0, 1, 0, 1, 0], dtype=bool)
    judged = accuracy_over_folds(scores, same, [0, 0, 2, 2, 1, 1])
    np.testing.assert_allclose(judged.accuracies, [1, 0.5, 1])
    np.testing.assert_allclose(judged.thresholds, [0.2, 0.5, 0.2])
    np.testing.assert_array_equal(judged.right, [True, True, True, True, False, True])
    assert judged.mean == pytest.approx(5 / 6)
    assert judged.deviation == pytest.approx(np.std([1, 0.5, 1], ddof=1))


@given(pair_sets, st.integers(2, 5), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(pairs: list[tuple[int, bool]], folds: int, random: object) -> None:
    repeated = pairs * folds
    scores, same = arrays(repeated)
    places = np.repeat(np.arange(folds), len(pairs))
    before = accuracy_over_folds(scores, same, places)
    order = np.random.default_rng(len(pairs)).permutation(len(scores))
    after = accuracy_over_folds(scores[order], same[order], places[order])
    np.testing.assert_allclose(after.accuracies, before.accuracies)
    np.testing.assert_array_equal(after.right, before.right[order])


def test_draws_of_people_weigh_pairs_by_both() -> None:
    people = np.array([("a", "a"), ("a", "b"), ("c", "b")])
    draws = list(by_person(people, 2000, seed=1))
    counts = np.array([np.bincount(drawn, minlength=3) for drawn in draws])
    # Of three draws out of three people each is drawn once on average; two of them together by (n - 1) / n.
    np.testing.assert_allclose(counts.mean(axis=0), [1, 2 / 3, 2 / 3], atol=0.06)
    assert all((count[1] == 0) for count in counts if count[0] == 0)
    again = list(by_person(people, 2000, seed=1))
    assert all(np.array_equal(a, b) for a, b in zip(draws, again, strict=True))


def test_an_interval_of_a_mean_is_the_textbooks() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = bootstrap_interval(lambda drawn: float(values[drawn].mean()), by_pair(len(values), 2000))
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.04)
    assert high == pytest.approx(values.mean() + half, abs=0.04)


def test_intervals_by_person_are_wider_where_people_are_in_many_pairs() -> None:
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 20)
    hard = rng.normal(0, 1, 20)[people] + rng.normal(0, 0.1, 400)
    both = np.stack([people, people], axis=1)
    by = [
        bootstrap_interval(lambda drawn: float(hard[drawn].mean()), draws)
        for draws in (by_pair(400, 500), by_person(both, 500))
    ]
    assert by[1][1] - by[1][0] > 2 * (by[0][1] - by[0][0])


def test_draws_without_one_kind_are_left_out() -> None:
    scores, same = np.array([0.1, 0.9]), np.array([False, True])
    assert bootstrap_interval(lambda drawn: equal_error_rate(scores[drawn], same[drawn]), by_pair(2, 50)) == (0, 0)
    with pytest.raises(ValueError, match="no draw"):
        bootstrap_interval(lambda drawn: equal_error_rate(scores[drawn], same[drawn]), iter([np.array([0, 0])]))


@pytest.mark.parametrize(
    ("scores", "same"),
    [
        ([0.1, 0.2], [True]),
        ([[0.1, 0.2]], [[True, False]]),
        ([0.1, np.nan], [True, False]),
        ([0.1, 0.2], [True, True]),
        ([], []),
    ],
)
def test_what_cannot_be_judged_is_refused(scores: list[float], same: list[bool]) -> None:
    for figure in (roc_curve, equal_error_rate, best_threshold):
        with pytest.raises(ValueError, match=r"expected|finite|there have to be"):
            figure(scores, same)


def test_rates_and_folds_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        tar_at_far(SCORES, SAME, 1.1)
    with pytest.raises(ValueError, match="two folds"):
        accuracy_over_folds(SCORES, SAME, np.zeros(8))
    with pytest.raises(ValueError, match="a fold for each"):
        accuracy_over_folds(SCORES, SAME, [0, 1])
