"""95 % intervals of every metric of a classifier or an estimate at once, by bootstrap over items or groups of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.metrics.classification import (
    ECE_BINS,
    RESAMPLES,
    Indices,
    Statistic,
    calibration_gaps,
    calibration_of,
    checked,
    confusion_matrix,
    draws,
    interval,
    macro_averages,
    regression_metrics,
)


def class_intervals(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    groups: Sequence[object] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """95 % intervals of "accuracy", "macro_recall", "macro_f1", "ece", and of "recall:0", "recall:1", ... by class.

    Args:
        probabilities: Shape (N, K).
        labels: Shape (N,), int.
        groups: The group of each item; see `draws`.
        resamples: How many draws.
        seed: The same seed gives the same intervals.

    Raises:
        ValueError: As `metrics`.
    """
    chances = np.asarray(probabilities, np.float64)
    classes = chances.shape[-1]
    chances, truth = checked(chances, labels, classes)
    answers = chances.argmax(axis=1)
    places, gap = calibration_gaps(chances, truth, ECE_BINS)
    rows = []
    for drawn in draws(len(truth), groups, resamples, seed):
        confusion = confusion_matrix(answers[drawn], truth[drawn], classes)
        with np.errstate(invalid="ignore", divide="ignore"):
            recalls = confusion.diagonal() / confusion.sum(axis=1)
        accuracy = confusion.trace() / len(drawn)
        rows.append(
            [accuracy, *macro_averages(confusion), calibration_of(places[drawn], gap[drawn], ECE_BINS), *recalls]
        )
    table = np.array(rows)
    names = ["accuracy", "macro_recall", "macro_f1", "ece", *(f"recall:{k}" for k in range(classes))]
    return {name: _percentiles(table[:, i]) for i, name in enumerate(names) if np.isfinite(table[:, i]).any()}


def value_intervals(
    values: ArrayLike,
    labels: ArrayLike,
    *,
    groups: Sequence[object] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """95 % intervals of "mae", "rmse" and "bias", for estimates (N,) of what is labels (N,).

    Raises:
        ValueError: As `regression_metrics`.
    """
    regression_metrics(values, labels)
    error = np.asarray(values, np.float64) - np.asarray(labels, np.float64)
    kinds: Mapping[str, Statistic] = {
        "mae": lambda drawn: float(np.abs(error[drawn]).mean()),
        "rmse": lambda drawn: float(np.sqrt((error[drawn] ** 2).mean())),
        "bias": lambda drawn: float(error[drawn].mean()),
    }
    return {
        name: interval(statistic, len(error), groups=groups, resamples=resamples, seed=seed)
        for name, statistic in kinds.items()
    }


def class_statistic(name: str, answers: ArrayLike, labels: ArrayLike, classes: int) -> Statistic:
    """The metric `name` of answers (N,) to labels (N,), both int, as a function of indices, for `interval` and so on.

    Args:
        name: "accuracy", "macro_recall" or "macro_f1".
        answers: Shape (N,), 0 to `classes` - 1.
        labels: Shape (N,), likewise.
        classes: How many there are.
    """
    given, truth = np.asarray(answers), np.asarray(labels)
    place = ("macro_recall", "macro_f1", "accuracy").index(name)

    def statistic(drawn: Indices) -> float:
        confusion = confusion_matrix(given[drawn], truth[drawn], classes)
        return (*macro_averages(confusion), float(confusion.trace() / max(len(drawn), 1)))[place]

    return statistic


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)
