import numpy as np
import pytest

from closeup.algorithms.labels.linear_probe import fit_probe, out_of_fold


def clouds(count=300, classes=3, width=8, seed=0):
    """Features of classes that lie apart, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = 3 * rng.normal(size=(classes, width))
    return (centres[labels] + rng.normal(size=(count, width))).astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classes_that_lie_apart_are_told(classes):
    features, labels = clouds(classes=classes)
    probabilities = fit_probe(features[:200], labels[:200], classes).probabilities(features[200:])
    assert probabilities.shape == (100, classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.argmax(axis=1) == labels[200:]).mean() > 0.97


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_scikit_learns_model_of_standardised_features(classes):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    features, labels = clouds(classes=classes, seed=4)
    scaled = StandardScaler().fit_transform(features.astype(np.float64))
    theirs = LogisticRegression(C=4 / 300, solver="newton-cg", tol=1e-12, max_iter=1000).fit(scaled, labels)
    found = fit_probe(features, labels, classes).probabilities(features)
    np.testing.assert_allclose(found, theirs.predict_proba(scaled), atol=1e-8)


def test_scale_and_place_of_the_features_do_not_matter():
    features, labels = clouds(seed=1)
    moved = features * np.geomspace(1e-4, 1e4, 8) + 5
    np.testing.assert_allclose(
        fit_probe(moved, labels, 3).probabilities(moved),
        fit_probe(features, labels, 3).probabilities(features),
        atol=1e-7,
    )


def test_a_feature_that_never_changes_says_nothing():
    features, labels = clouds(seed=2)
    with_constant = np.hstack([features, np.full((len(features), 1), 0.1, np.float32)])
    probe = fit_probe(with_constant, labels, 3)
    assert (probe.weights[-1] == 0).all()
    assert np.isfinite(probe.probabilities(with_constant)).all()


def test_a_class_that_was_not_seen_is_never_likely():
    features, labels = clouds(classes=3)
    some = labels != 1
    probabilities = fit_probe(features[some], labels[some], 4).probabilities(features)
    assert (probabilities[:, [1, 3]] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_one_class_alone_is_sure():
    features, _ = clouds()
    probabilities = fit_probe(features, np.full(len(features), 2), 3).probabilities(features)
    assert (probabilities == [0, 0, 1]).all()


def test_a_stronger_penalty_is_less_sure():
    features, labels = clouds()
    weak, strong = (fit_probe(features, labels, 3, penalty=p).probabilities(features) for p in (0.01, 10))
    assert strong.max(axis=1).mean() < weak.max(axis=1).mean()


def test_who_is_predicted_was_not_learnt_from():
    # Labels by chance: who has been learnt from is recognised in 40 dimensions, who has not cannot be.
    rng = np.random.default_rng(5)
    features, labels, folds = rng.normal(size=(120, 100)), rng.integers(0, 2, 120), np.arange(120) % 4
    found = out_of_fold(features, labels, folds, 2).argmax(axis=1) == labels
    own = fit_probe(features, labels, 2, penalty=0.001).probabilities(features).argmax(axis=1) == labels
    assert own.mean() > 0.95
    assert found.mean() < 0.65


def test_each_fold_is_predicted_by_the_others():
    features, labels = clouds(count=90)
    folds = np.arange(90) % 3
    probabilities = out_of_fold(features, labels, folds, 3)
    by_hand = fit_probe(features[folds != 1], labels[folds != 1], 3).probabilities(features[folds == 1])
    np.testing.assert_allclose(probabilities[folds == 1], by_hand, atol=1e-9)


def test_unlabelled_examples_are_predicted_and_not_learnt_from():
    features, labels = clouds(count=90)
    folds = np.arange(90) % 3
    some = np.where(np.arange(90) < 45, labels, -1)
    probabilities = out_of_fold(features, some, folds, 3)
    learnt = (folds != 0) & (some >= 0)
    by_hand = fit_probe(features[learnt], labels[learnt], 3).probabilities(features[folds == 0])
    np.testing.assert_allclose(probabilities[folds == 0], by_hand, atol=1e-9)


def test_progress_counts_folds():
    features, labels = clouds(count=60)
    told = []
    out_of_fold(features, labels, np.arange(60) % 4, 3, told.append)
    assert [(p.done, p.total, p.unit) for p in told] == [(n, 4, "folds") for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features": np.zeros(5)}, r"shape \(N, D\)"),
        ({"features": np.full((60, 8), np.nan)}, "finite"),
        ({"labels": np.zeros(59, int)}, "60 rows"),
        ({"labels": np.full(60, 3)}, "0 to 2"),
        ({"folds": np.zeros(60, int)}, "two folds"),
        ({"folds": np.zeros(59, int)}, "60 rows"),
        ({"labels": np.where(np.arange(60) < 30, 0, -1), "folds": np.arange(60) // 30}, "no label"),
    ],
)
def test_what_cannot_be_learnt_is_refused(change, words):
    features, labels = clouds(count=60)
    given = {"features": features, "labels": labels, "folds": np.arange(60) % 3} | change
    with pytest.raises(ValueError, match=words):
        out_of_fold(given["features"], given["labels"], given["folds"], 3)


def test_a_probe_refuses_other_features_and_penalties():
    features, labels = clouds(count=60)
    with pytest.raises(ValueError, match="8 numbers, not of 7"):
        fit_probe(features, labels, 3).probabilities(features[:, :7])
    with pytest.raises(ValueError, match="penalty"):
        fit_probe(features, labels, 3, penalty=0)
    with pytest.raises(ValueError, match="0 rows"):
        fit_probe(features[:0], labels[:0], 3)
