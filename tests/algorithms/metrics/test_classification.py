"""Figures of classifiers and estimates, against scikit-learn, scipy and cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn import metrics

from closeup.algorithms.metrics.classification import (
    calibration_error,
    classification_metrics,
    confusion_matrix,
    draws,
    fit_temperature,
    interval,
    mcnemar,
    paired_difference,
    regression_metrics,
    softmax,
)

NAMES = ("a", "b", "c", "d")


def random_answers(seed: int, count: int = 300, classes: int = 4) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, count, p=np.arange(1, classes + 1) / sum(range(classes + 1)))
    logits = rng.normal(size=(count, classes))
    logits[np.arange(count), labels] += 1
    return softmax(logits), labels


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    probabilities, labels = random_answers(seed)
    found = classification_metrics(probabilities, labels, NAMES)
    answers = probabilities.argmax(axis=1)
    assert found.count == 300
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, answers))
    assert found.macro_recall == pytest.approx(metrics.balanced_accuracy_score(labels, answers))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(labels, answers, average="macro"))
    assert found.log_loss == pytest.approx(metrics.log_loss(labels, probabilities))
    np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(labels, answers))
    precision, recall, f1, count = metrics.precision_recall_fscore_support(labels, answers)
    assert [each.precision for each in found.per_class.values()] == pytest.approx(precision)
    assert [each.recall for each in found.per_class.values()] == pytest.approx(recall)
    assert [each.f1 for each in found.per_class.values()] == pytest.approx(f1)
    assert [each.count for each in found.per_class.values()] == list(count)
    assert [*found.per_class] == list(NAMES)


def test_a_class_without_pictures_does_not_count_in_macro_figures() -> None:
    probabilities = np.eye(3)[[0, 0, 1, 2]]
    found = classification_metrics(probabilities, [0, 0, 1, 1], ("a", "b", "never"))
    assert found.macro_recall == pytest.approx((1 + 0.5) / 2)
    assert found.macro_f1 == pytest.approx((1 + 2 / 3) / 2)
    never = found.per_class["never"]
    assert (never.recall, never.precision, never.f1) == (None, 0.0, 0.0)
    absent = classification_metrics(probabilities[:2], [0, 0], ("a", "b", "never")).per_class["b"]
    assert (absent.recall, absent.precision, absent.f1) == (None, None, None)


def test_calibration_error_by_hand() -> None:
    # Bin of 0.6: one of two right, so 0.1 off; bin of 0.9: two of two right, so 0.1 off.
    probabilities = [[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.9, 0.1]]
    assert calibration_error(probabilities, [0, 1, 1, 0]) == pytest.approx(0.1)
    assert calibration_error([[1.0, 0.0]] * 4, [0] * 4) == pytest.approx(0)
    assert calibration_error([[1.0, 0.0]] * 4, [1] * 4) == pytest.approx(1)


def test_bins_of_confidence_end_with_their_upper_edge() -> None:
    # 0.6 is the upper edge of the ninth of 15 bins; what is above it falls into the next, and neither makes up for
    # the other: one is 0.4 too low, the other 0.61 too high.
    probabilities = [[0.6, 0.4], [0.61, 0.39]]
    assert calibration_error(probabilities, [0, 1]) == pytest.approx((0.4 + 0.61) / 2)
    assert calibration_error(probabilities, [0, 1], bins=1) == pytest.approx((0.61 - 0.4) / 2)


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [
        ([[0.5, 0.5]], [0, 1]),
        ([[0.5, 0.5, 0.0, 0.0]], [4]),
        ([[0.5, 0.5, 0.0, 0.0]], [-1]),
        ([[0.5, 0.5, 0.0, 0.0]], [0.0]),
        ([[float("nan"), 0.5, 0.0, 0.0]], [0]),
        (np.zeros((0, 4)), np.zeros(0, int)),
        ([0.5, 0.5], [0, 1]),
    ],
)
def test_what_does_not_fit_is_refused(probabilities: object, labels: object) -> None:
    with pytest.raises(ValueError, match=r"expected|must be"):
        classification_metrics(probabilities, labels, NAMES)  # type: ignore[arg-type]


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.5])
def test_the_temperature_that_the_labels_follow_is_found(truth: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 5))
    chances = softmax(logits, truth)
    labels = (rng.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, 4)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(truth, rel=0.05)
    assert calibration_error(softmax(logits, found), labels) < 0.02


def test_a_temperature_changes_no_answer() -> None:
    logits = np.random.default_rng(0).normal(0, 300, (50, 5))
    for temperature in (0.1, 1.0, 10.0):
        soft = softmax(logits, temperature)
        np.testing.assert_allclose(soft.sum(axis=1), 1)
        np.testing.assert_array_equal(soft.argmax(axis=1), logits.argmax(axis=1))


def test_value_figures_by_hand() -> None:
    found = regression_metrics([10, 20, 33], [12, 20, 30])
    assert found.mae == pytest.approx(5 / 3)
    assert found.rmse == pytest.approx(np.sqrt(13 / 3))
    assert found.median_error == pytest.approx(2)
    assert found.bias == pytest.approx(1 / 3)
    assert found.correlation == pytest.approx(np.corrcoef([10, 20, 33], [12, 20, 30])[0, 1])
    assert regression_metrics([1, 1], [1, 2]).correlation is None


@pytest.mark.parametrize(("values", "labels"), [([1], [1, 2]), ([], []), ([float("inf")], [1]), ([1], [float("nan")])])
def test_values_that_do_not_fit_are_refused(values: list[float], labels: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected|finite"):
        regression_metrics(values, labels)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for trial in range(100):
        right = rng.random(200) < 0.7
        low, high = interval(lambda drawn, right=right: float(right[drawn].mean()), 200, resamples=200, seed=trial)
        inside += low <= 0.7 <= high
    assert inside >= 88


def test_groups_are_drawn_whole() -> None:
    groups = ["x", "x", "y", "z", "z", "z"]
    seen = set()
    for drawn in draws(6, groups, resamples=200):
        times = np.bincount(drawn, minlength=6)
        assert times[0] == times[1]
        assert times[3] == times[4] == times[5]
        assert times[[0, 2, 3]].sum() == 3
        seen.add(tuple(times))
    assert len(seen) > 5
    with pytest.raises(ValueError, match="a group for each of 5"):
        next(draws(5, groups))


def test_pictures_of_few_people_make_wider_intervals() -> None:
    right = np.repeat([True, False, True, True, False], 40)
    people = np.repeat(np.arange(5), 40).tolist()
    low, high = interval(lambda drawn: float(right[drawn].mean()), 200)
    low_by_person, high_by_person = interval(lambda drawn: float(right[drawn].mean()), 200, groups=people)
    assert high_by_person - low_by_person > 3 * (high - low)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_mcnemar_is_the_binomial_test_of_what_differs(pairs: list[tuple[bool, bool]]) -> None:
    a, b = [first for first, _ in pairs], [second for _, second in pairs]
    found = mcnemar(a, b)
    differ = found.only_a + found.only_b
    assert differ == sum(first != second for first, second in pairs)
    assert found.p_value == pytest.approx(binomtest(found.only_a, differ).pvalue if differ else 1.0)


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    rng = np.random.default_rng(0)
    a = rng.random(500) < 0.6
    b = a | (rng.random(500) < 0.05)  # never worse, sometimes better

    def of(right: NDArray[np.bool_]) -> float:
        return float(right.mean())

    found = paired_difference(lambda drawn: of(a[drawn]), lambda drawn: of(b[drawn]), 500)
    assert found.difference == pytest.approx(found.b - found.a)
    assert 0 < found.low < found.difference < found.high
    apart = interval(lambda drawn: of(b[drawn]), 500)
    assert found.high - found.low < (apart[1] - apart[0]) / 2


def test_the_confusion_has_labels_in_rows() -> None:
    np.testing.assert_array_equal(confusion_matrix([1, 1, 0], [0, 0, 0], 2), [[1, 2], [0, 0]])
