"""How well a run answered: the figures of each head on each side, each with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.classification import (
    RESAMPLES,
    ClassFigure,
    ClassFigures,
    ValueFigures,
    figures,
    value_figures,
)
from closeup.algorithms.metrics.intervals import class_intervals, value_intervals
from closeup.learning.runs.predictions import Answers
from closeup.learning.runs.reading import Run
from closeup.learning.runs.words import CLASS_FIGURES, VALUE_FIGURES, WORDS, number_words


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its 95 % interval.

    Attributes:
        name: One of CLASS_FIGURES or VALUE_FIGURES.
        value: Shares 0 to 1; errors in the head's unit.
        low: Lower end.
        high: Upper end.
    """

    name: str
    value: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """What people call it."""
        return WORDS[self.name]

    def with_interval(self, unit: str = "") -> str:
        """Its value and interval: "0.704 (0.692 to 0.716)", "5.41 years (5.20 to 5.63)"."""
        span = f"{number_words(self.name, self.low)} to {number_words(self.name, self.high)}"
        return f"{number_words(self.name, self.value, unit)} ({span})"


@dataclass(frozen=True)
class HeadMetrics:
    """One head on one side of the split.

    Attributes:
        side: "test", "val" or "train".
        head: Its name.
        answers: Of the pictures that have a label.
        figures: With intervals.
        per_class: In the order of the classes; empty for a value head.
        confusion: (K, K) by label, then answer; (0, 0) for a value head.
        groups: How many groups the intervals were drawn over; None where every picture stood alone.
    """

    side: str
    head: str
    answers: Answers
    figures: tuple[Figure, ...]
    per_class: tuple[ClassFigure, ...]
    confusion: NDArray[np.int64]
    groups: int | None

    @property
    def kind(self) -> Literal["classes", "value"]:
        """Whether it tells classes or a number."""
        return "classes" if self.answers.classes else "value"

    @property
    def count(self) -> int:
        """Pictures that were judged."""
        return len(self.answers.keys)

    @property
    def wrong(self) -> int:
        """Pictures that were taken for another class than their label's; 0 for a value head."""
        return int(self.confusion.sum() - self.confusion.trace())


def measure(run: Run, resamples: int = RESAMPLES) -> tuple[HeadMetrics, ...]:
    """Measure every head of a run on every side that it answered; heads as in the recipe, test before val.

    Args:
        resamples: Draws behind each interval.

    Raises:
        FormatError: If a table of answers is damaged.
    """
    groups = run.groups()
    measured = []
    for side, head in run.answered():
        answers = run.answers(side, head).labelled()
        if answers.keys:
            own = [groups.get(key, key) for key in answers.keys] if groups else None
            measured.append(_measured(side, head, answers, own, resamples))
    order = {str(head.get("name")): place for place, head in enumerate(run.heads())}
    return tuple(sorted(measured, key=lambda one: order.get(one.head, len(order))))  # stable: test before val


def reported(measured: Sequence[HeadMetrics]) -> tuple[HeadMetrics, ...]:
    """Each head on the side that tells most: test where there is one, else val."""
    best: dict[str, HeadMetrics] = {}
    for one in measured:
        best.setdefault(one.head, one)
    return tuple(best.values())


def _measured(side: str, head: str, answers: Answers, groups: list[str] | None, resamples: int) -> HeadMetrics:
    many = None if groups is None else len(set(groups))
    if answers.classes:
        labels = answers.label_indices()
        found = figures(answers.probabilities, labels, answers.classes)
        spans = class_intervals(answers.probabilities, labels, groups=groups, resamples=resamples)
        table = _table(CLASS_FIGURES, found, spans)
        return HeadMetrics(side, head, answers, table, found.per_class, found.confusion, many)
    numbers = answers.label_numbers()
    errors = value_figures(answers.values, numbers)
    spans = value_intervals(answers.values, numbers, groups=groups, resamples=resamples)
    return HeadMetrics(side, head, answers, _table(VALUE_FIGURES, errors, spans), (), np.zeros((0, 0), np.int64), many)


def _table(
    names: Sequence[str], found: ClassFigures | ValueFigures, spans: dict[str, tuple[float, float]]
) -> tuple[Figure, ...]:
    return tuple(Figure(name, float(getattr(found, name)), *spans[name]) for name in names)
