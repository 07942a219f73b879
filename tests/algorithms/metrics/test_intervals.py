"""Intervals of many figures at once agree with those of one."""

import numpy as np
import pytest

from closeup.algorithms.metrics.classification import classification_metrics, interval, regression_metrics, softmax
from closeup.algorithms.metrics.intervals import class_intervals, class_statistic, value_intervals

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 120)
PROBABILITIES = softmax(RNG.normal(size=(120, 3)) + 2 * np.eye(3)[LABELS])
PEOPLE = (np.arange(120) // 4).tolist()


@pytest.mark.parametrize("groups", [None, PEOPLE])
@pytest.mark.parametrize("name", ["accuracy", "macro_recall", "macro_f1"])
def test_each_is_the_interval_of_its_figure(name: str, groups: list[int] | None) -> None:
    statistic = class_statistic(name, PROBABILITIES.argmax(axis=1), LABELS, 3)
    assert statistic(np.arange(120)) == pytest.approx(
        getattr(classification_metrics(PROBABILITIES, LABELS, "abc"), name)
    )
    found = class_intervals(PROBABILITIES, LABELS, groups=groups, resamples=100)
    assert found[name] == pytest.approx(interval(statistic, 120, groups=groups, resamples=100))


def test_they_lie_around_the_figures() -> None:
    whole = classification_metrics(PROBABILITIES, LABELS, "abc")
    found = class_intervals(PROBABILITIES, LABELS)
    for place, each in enumerate(whole.per_class.values()):
        low, high = found[f"recall:{place}"]
        assert each.recall is not None
        assert low < each.recall < high
    assert found["ece"][1] > whole.ece


def test_a_class_without_pictures_has_no_interval() -> None:
    with_none = np.column_stack([PROBABILITIES, np.zeros(120)])
    assert "recall:3" not in class_intervals(with_none, LABELS, resamples=20)


def test_values() -> None:
    truth = RNG.uniform(20, 60, 200)
    values = truth + 2 + RNG.normal(size=200)
    found, whole = value_intervals(values, truth), regression_metrics(values, truth)
    for name in ("mae", "rmse", "bias"):
        low, high = found[name]
        assert low < getattr(whole, name) < high
    with pytest.raises(ValueError, match="finite"):
        value_intervals([float("nan")], [1.0])
