import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.labels.confident_learning import (
    calibrated_joint,
    confident_classes,
    confident_joint,
    confident_thresholds,
    expected_errors,
    flag_errors,
    normalised_margin,
    self_confidence,
)

METHODS = ["noise_rate", "class", "both"]


def noisy(count=2000, classes=5, noise=0.15, seed=0, shares=None):
    """Probabilities of a model that is right mostly, the labels with planted errors, and which are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.choice(classes, count, p=shares)
    logits = rng.normal(size=(count, classes)) + 3 * np.eye(classes)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.random(count) < noise
    labels = np.where(wrong, (true + rng.integers(1, classes, count)) % classes, true)
    return probabilities, labels, wrong


@st.composite
def problems(draw):
    classes, count = draw(st.integers(2, 5)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    sharpness = draw(st.sampled_from([0.05, 1.0, 20.0]))
    return rng.dirichlet([sharpness] * classes, count), rng.integers(0, classes, count)


def test_an_example_worked_out_by_hand():
    probabilities = [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9], [0.45, 0.55]]
    labels = [0, 0, 0, 1, 1, 1]
    np.testing.assert_allclose(confident_thresholds(probabilities, labels), [0.6, 0.6833333], atol=1e-6)
    assert confident_classes(probabilities, labels).tolist() == [0, 0, 1, -1, 1, -1]
    assert confident_joint(probabilities, labels).tolist() == [[2, 1], [0, 1]]
    np.testing.assert_allclose(calibrated_joint([[2, 1], [0, 1]], labels), [[2, 1], [0, 3]])
    assert expected_errors(probabilities, labels) == pytest.approx(1)
    for method in METHODS:
        assert flag_errors(probabilities, labels, method, keep=0).tolist() == [False, False, True, False, False, False]
    np.testing.assert_allclose(self_confidence(probabilities, labels), [0.9, 0.7, 0.2, 0.6, 0.9, 0.55])
    np.testing.assert_allclose(normalised_margin(probabilities, labels), [0.9, 0.7, 0.2, 0.6, 0.9, 0.55])


def test_of_several_reached_classes_the_likeliest_counts():
    # Class 2 is rare in the model's eyes, so that little reaches its threshold; 0 is likelier all the same.
    probabilities = [[0.5, 0.2, 0.3], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.6, 0.2, 0.2]]
    assert confident_classes(probabilities, [0, 0, 1, 2]).tolist() == [0, 0, 1, 0]


def test_a_class_without_examples_is_nobodys():
    probabilities = np.array([[0.2, 0.1, 0.7], [0.3, 0.1, 0.6], [0.1, 0.8, 0.1]])
    assert confident_thresholds(probabilities, [0, 0, 1])[2] == np.inf
    assert 2 not in confident_classes(probabilities, [0, 0, 1])


def test_a_class_that_nothing_is_given_for_draws_nobody():
    probabilities = [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.6, 0.4, 0.0], [0.5, 0.5, 0.0]]
    assert 2 not in confident_classes(probabilities, [0, 1, 0, 2])


@pytest.mark.parametrize("method", METHODS)
def test_planted_errors_are_found(method):
    probabilities, labels, wrong = noisy()
    flagged = flag_errors(probabilities, labels, method)
    assert wrong[flagged].mean() > 0.85
    assert flagged[wrong].mean() > 0.6
    assert expected_errors(probabilities, labels) == pytest.approx(wrong.sum(), rel=0.15)


def test_both_is_what_both_say():
    probabilities, labels, _ = noisy(seed=3)
    by_rate, by_class, both = (flag_errors(probabilities, labels, method, keep=0) for method in METHODS)
    assert (both == by_rate & by_class).all()
    assert both.any()
    assert (by_rate != by_class).any()


@given(problems(), st.sampled_from(METHODS), st.integers(0, 6))
def test_no_class_is_flagged_whole_and_nothing_that_is_likeliest(problem, method, keep):
    probabilities, labels = problem
    flagged = flag_errors(probabilities, labels, method, keep=keep)
    for label in np.unique(labels):
        assert (~flagged[labels == label]).sum() >= min(keep, (labels == label).sum())
    assert not flagged[probabilities.argmax(axis=1) == labels].any()


@given(problems())
def test_the_joint_keeps_the_labels_that_there_are(problem):
    probabilities, labels = problem
    joint = calibrated_joint(confident_joint(probabilities, labels), labels)
    np.testing.assert_allclose(joint.sum(axis=1), np.bincount(labels, minlength=probabilities.shape[1]), atol=1e-9)
    assert 0 <= expected_errors(probabilities, labels) <= len(labels)


@given(problems(), st.randoms(use_true_random=False))
def test_the_names_of_classes_do_not_matter(problem, random):
    probabilities, labels = problem
    places = list(range(probabilities.shape[1]))
    random.shuffle(places)
    renamed, order = np.argsort(places)[labels], np.array(places)
    for score in (self_confidence, normalised_margin):
        np.testing.assert_allclose(score(probabilities[:, order], renamed), score(probabilities, labels))
    flagged = flag_errors(probabilities[:, order], renamed, "class", keep=0)
    assert (flagged == flag_errors(probabilities, labels, "class", keep=0)).all()


def test_equal_probabilities_flag_nothing():
    assert not flag_errors(np.full((50, 4), 0.25), np.arange(50) % 4, keep=0).any()


@pytest.mark.parametrize(
    ("probabilities", "labels", "words"),
    [
        ([0.5, 0.5], [0], "expected probabilities"),
        ([[1.0]], [0], "two or more classes"),
        ([[0.5, 0.5]], [0, 1], "expected probabilities"),
        ([[0.5, 0.5]], [2], "from 0 to 1"),
        ([[0.5, 0.5]], [-1], "from 0 to 1"),
        ([[0.5, 0.5]], [0.5], "whole numbers"),
        ([[0.5, 0.4]], [0], "sum to 1"),
        ([[1.5, -0.5]], [0], "sum to 1"),
        ([[np.nan, 1.0]], [0], "sum to 1"),
    ],
)
def test_what_is_no_probability_or_no_label_is_refused(probabilities, labels, words):
    for function in (confident_thresholds, confident_joint, flag_errors, self_confidence, normalised_margin):
        with pytest.raises(ValueError, match=words):
            function(probabilities, labels)


def test_other_bad_values_are_refused():
    with pytest.raises(ValueError, match="kept"):
        flag_errors([[0.5, 0.5]], [0], keep=-1)
    with pytest.raises(ValueError, match="joint"):
        calibrated_joint([[1, 2]], [0])
    with pytest.raises(ValueError, match="0 to 1"):
        calibrated_joint([[1, 2], [0, 1]], [2])


# The same probabilities and labels, given to the package that the paper's authors wrote


@pytest.fixture(scope="module", params=[(1500, 4, 0.1, 0), (3000, 10, 0.3, 1), (800, 3, 0.2, 2), (1200, 6, 0.0, 3)])
def problem(request):
    return noisy(*request.param)


def test_thresholds_joint_and_scores_are_cleanlabs(problem):
    count = pytest.importorskip("cleanlab.count")
    rank = pytest.importorskip("cleanlab.rank")
    probabilities, labels, _ = problem
    theirs = count.get_confident_thresholds(labels, probabilities)
    np.testing.assert_allclose(confident_thresholds(probabilities, labels), theirs, atol=1e-12)
    raw = count.compute_confident_joint(labels, probabilities, calibrate=False)
    # It takes the likeliest of all classes where several are reached, we take the likeliest of those.
    assert np.abs(confident_joint(probabilities, labels) - raw).sum() <= 0.01 * len(labels)
    calibrated = count.compute_confident_joint(labels, probabilities)
    assert np.abs(calibrated_joint(raw, labels) - calibrated).max() < 1  # theirs is in whole numbers
    np.testing.assert_allclose(
        self_confidence(probabilities, labels), rank.get_self_confidence_for_each_label(labels, probabilities)
    )
    np.testing.assert_allclose(
        normalised_margin(probabilities, labels), rank.get_normalized_margin_for_each_label(labels, probabilities)
    )


@pytest.mark.parametrize(
    ("ours", "name"), [("noise_rate", "prune_by_noise_rate"), ("class", "prune_by_class"), ("both", "both")]
)
def test_cleanlab_flags_the_same_examples(problem, ours, name):
    cleanlab = pytest.importorskip("cleanlab.filter")
    probabilities, labels, _ = problem
    theirs = cleanlab.find_label_issues(labels, probabilities, filter_by=name, n_jobs=1)
    flagged = flag_errors(probabilities, labels, ours, keep=1)
    assert (flagged & theirs).sum() >= 0.97 * (flagged | theirs).sum()
