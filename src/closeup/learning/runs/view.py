"""A run as a browser shows it: its curves, what each head takes for what, and its worst mistakes."""

from dataclasses import dataclass

import numpy as np

from closeup.algorithms.metrics.classification import confusion_matrix
from closeup.documents.form import Form
from closeup.learning.runs.mistakes import Mistake
from closeup.learning.runs.plots import epochs_done
from closeup.learning.runs.predictions import HeadPredictions
from closeup.learning.runs.reading import Run
from closeup.learning.runs.record import RunDetails

MOST_STEPS = 600
MOST_ESTIMATES = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """What one head predicted for one side of the split.

    Attributes:
        count: Pictures with a label.
        confusion: Label, prediction, and how many pictures: the cells that are not empty; none of a value head.
        estimates: Label and estimate of pictures of a value head, evenly chosen where there are many.
    """

    side: str
    head: str
    unit: str
    classes: tuple[str, ...]
    count: int
    confusion: tuple[tuple[int, int, int], ...]
    estimates: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView(RunDetails):
    """A run without the paths of the disk that it lies on.

    Attributes:
        learner: Of a fit whose it is, "recommend"; "" of a training.
        steps: Epochs that were done, 2.5 in the middle of the third, and the loss; evenly chosen where there are many.
        heads: As in the recipe, test before val.
        reports: Its pages, by their names.
    """

    learner: str
    steps: tuple[tuple[float, float], ...]
    heads: tuple[RunHead, ...]
    reports: tuple[str, ...]


RUN_VIEW = Form(RunView, "closeup server: a run")
MISTAKE = Form(Mistake, "closeup server: a picture that was predicted wrongly")

REPORTS = ("report.html", "mistakes.html")
_PLACES = ("base", "model")
"""Facts that are folders of this disk."""


def run_view(run: Run) -> RunView:
    """A run with all that can be drawn of it.

    Raises:
        FormatError: If something in it is damaged.
    """
    found = run.details()
    steps = run.steps()
    drawn = np.column_stack([epochs_done(steps), steps.numbers("loss")])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    order = {str(head.get("name")): place for place, head in enumerate(run.heads())}
    heads = [_head(run, side, head) for side, head in run.predicted()]
    return RunView(
        **{name: getattr(found, name) for name in RunDetails.__dataclass_fields__ if name not in ("facts", "path")},
        path="",
        facts={name: value for name, value in found.facts.items() if name not in _PLACES},
        learner=run.learner,
        steps=tuple((float(at), float(loss)) for at, loss in drawn[_evenly(len(drawn), MOST_STEPS)]),
        heads=tuple(sorted((each for each in heads if each.count), key=lambda it: order.get(it.head, len(order)))),
        reports=tuple(name for name in REPORTS if (run.path / name).is_file()),
    )


def taken_for(predictions: HeadPredictions, label: str, prediction: str) -> HeadPredictions:
    """Only the pictures of one cell of the confusion matrix, (M, K)."""
    given = predictions.probabilities.argmax(axis=1)
    cell = [
        at
        for at, answer in enumerate(given)
        if (predictions.labels[at], predictions.classes[answer]) == (label, prediction)
    ]
    return predictions.select(np.array(cell, np.intp))


def _head(run: Run, side: str, head: str) -> RunHead:
    predictions = run.predictions(side, head).labelled()
    confusion: list[tuple[int, int, int]] = []
    estimates: list[tuple[float, float]] = []
    if predictions.classes and predictions.keys:
        answers, labels = predictions.probabilities.argmax(axis=1), predictions.label_indices()
        counts = confusion_matrix(answers, labels, len(predictions.classes))
        confusion = [(int(row), int(column), int(counts[row, column])) for row, column in np.argwhere(counts)]
    elif predictions.keys:
        pairs = np.column_stack([predictions.label_numbers(), predictions.values])
        estimates = [(float(a), float(b)) for a, b in pairs[_evenly(len(pairs), MOST_ESTIMATES)]]
    return RunHead(
        side=side,
        head=head,
        unit=run.units.get(head, ""),
        classes=predictions.classes,
        count=len(predictions.keys),
        confusion=tuple(confusion),
        estimates=tuple(estimates),
    )


def _evenly(count: int, most: int) -> np.ndarray:
    """Indices (M,) of at most so many of `count`."""
    return np.linspace(0, max(count - 1, 0), min(count, most)).astype(np.intp)
