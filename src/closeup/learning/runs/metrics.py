"""How well a run predicts: the metrics of each head on each side, each with an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.classification import (
    RESAMPLES,
    ClassificationMetrics,
    ClassMetrics,
    RegressionMetrics,
    classification_metrics,
    regression_metrics,
)
from closeup.algorithms.metrics.intervals import class_intervals, value_intervals
from closeup.documents.learners import Metric, Metrics
from closeup.learning.runs.predictions import HeadPredictions
from closeup.learning.runs.reading import Run
from closeup.learning.runs.words import CLASS_METRICS, VALUE_METRICS


@dataclass(frozen=True)
class HeadMetrics:
    """One head on one side of the split.

    Attributes:
        side: "test", "val" or "train".
        head: Its name.
        predictions: Of the pictures that have a label.
        metrics: By name, of CLASS_METRICS or VALUE_METRICS: shares 0 to 1, errors in the head's unit.
        per_class: By name of the class; empty for a value head.
        confusion: (K, K) by label, then prediction; (0, 0) for a value head.
        groups: How many groups the intervals were drawn over; None where every picture stood alone.
    """

    side: str
    head: str
    predictions: HeadPredictions
    metrics: Metrics
    per_class: Mapping[str, ClassMetrics]
    confusion: NDArray[np.int64]
    groups: int | None

    @property
    def kind(self) -> Literal["classes", "value"]:
        """Whether it tells classes or a number."""
        return "classes" if self.predictions.classes else "value"

    @property
    def count(self) -> int:
        """Pictures that were predicted."""
        return len(self.predictions.keys)

    @property
    def wrong(self) -> int:
        """Pictures that were taken for another class than their label's; 0 for a value head."""
        return int(self.confusion.sum() - self.confusion.trace())


def measure(run: Run, resamples: int = RESAMPLES) -> tuple[HeadMetrics, ...]:
    """Measure every head of a run on every side that it predicted; heads as in the recipe, test before val.

    Args:
        resamples: Draws behind each interval.

    Raises:
        FormatError: If a table of predictions is damaged.
    """
    groups = run.groups()
    measured = []
    for side, head in run.predicted():
        predictions = run.predictions(side, head).labelled()
        if predictions.keys:
            own = [groups.get(key, key) for key in predictions.keys] if groups else None
            measured.append(_measured(side, head, predictions, own, resamples))
    order = {str(head.get("name")): place for place, head in enumerate(run.heads())}
    return tuple(sorted(measured, key=lambda one: order.get(one.head, len(order))))  # stable: test before val


def reported(measured: Sequence[HeadMetrics]) -> tuple[HeadMetrics, ...]:
    """Each head on the side that tells most: test where there is one, else val."""
    best: dict[str, HeadMetrics] = {}
    for one in measured:
        best.setdefault(one.head, one)
    return tuple(best.values())


def _measured(
    side: str, head: str, predictions: HeadPredictions, groups: list[str] | None, resamples: int
) -> HeadMetrics:
    many = None if groups is None else len(set(groups))
    if predictions.classes:
        labels = predictions.label_indices()
        found = classification_metrics(predictions.probabilities, labels, predictions.classes)
        spans = class_intervals(predictions.probabilities, labels, groups=groups, resamples=resamples)
        table = _table(CLASS_METRICS, found, spans)
        return HeadMetrics(side, head, predictions, table, found.per_class, found.confusion, many)
    numbers = predictions.label_numbers()
    errors = regression_metrics(predictions.values, numbers)
    spans = value_intervals(predictions.values, numbers, groups=groups, resamples=resamples)
    return HeadMetrics(
        side, head, predictions, _table(VALUE_METRICS, errors, spans), {}, np.zeros((0, 0), np.int64), many
    )


def _table(
    names: Sequence[str], found: ClassificationMetrics | RegressionMetrics, spans: dict[str, tuple[float, float]]
) -> Metrics:
    return {name: Metric(float(getattr(found, name)), *spans[name]) for name in names}
