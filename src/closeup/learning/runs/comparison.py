"""Compare two runs on the very same pictures, and say how sure the difference is; find the best of many."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.classification import (
    ECE_BINS,
    RESAMPLES,
    Difference,
    McNemar,
    Statistic,
    calibration_gaps,
    calibration_of,
    mcnemar,
    paired_difference,
)
from closeup.algorithms.metrics.intervals import class_statistic
from closeup.core.errors import InputError
from closeup.documents.form import Form
from closeup.learning.runs.predictions import HeadPredictions
from closeup.learning.runs.reading import Run
from closeup.learning.runs.words import CLASS_METRICS, is_error

FEW = 30
"""With fewer pictures in common the intervals say little."""


@dataclass(frozen=True, slots=True)
class MetricDifference(Difference):
    """One metric of two runs.

    Attributes:
        name: "accuracy", "macro_recall", "macro_f1", "ece", "mae" or "bias".
        better: "a" or "b" where the interval leaves out 0; else "", and for a bias.
    """

    name: str
    better: Literal["a", "b", ""]


@dataclass(frozen=True, slots=True)
class HeadComparison:
    """One head of two runs.

    Attributes:
        head: Its name.
        side: Of the split that both were evaluated on.
        unit: Of a value head.
        count: Pictures that both predicted, with the same label.
        groups: How many groups the intervals were drawn over; None where every picture stood alone.
        metrics: How they differ.
        mcnemar: The exact test on which pictures each has right; None for a value head.
    """

    head: str
    side: str
    unit: str
    count: int
    groups: int | None
    metrics: tuple[MetricDifference, ...] = field(metadata={"alias": "figures"})
    mcnemar: McNemar | None


@dataclass(frozen=True, slots=True)
class RecipeDifference:
    """A key in which two recipes differ, "stages.0.epochs", with the value of each; None where one has no such key."""

    key: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        a: Id of the first.
        b: Of the second.
        heads: Those that both have.
        recipes: Where their recipes differ.
        notes: What to know before believing the metrics, one sentence each.
    """

    a: str
    b: str
    heads: tuple[HeadComparison, ...]
    recipes: tuple[RecipeDifference, ...]
    notes: tuple[str, ...]


COMPARISON = Form(Comparison, "comparison of runs")


def compare(a: Run, b: Run, *, side: str = "", resamples: int = RESAMPLES) -> Comparison:
    """Compare two runs, paired: each metric over the pictures that both predicted, and no others.

    Args:
        a: One run.
        side: "test" or "val"; "" for test where both have it, else val.
        resamples: Draws behind each interval.

    Raises:
        InputError: If both are one run, no head has predictions of both runs, or they predicted no picture in common.
    """
    if a.id == b.id:
        raise InputError(f"Both are the run {a.id}.", "Name another.", code="runs.list")
    notes: list[str] = []
    if _fingerprint(a) != _fingerprint(b):
        notes.append("The two runs were made from different data: other pictures, labels or corrections.")
    heads = []
    for head, where in _shared(a, b, side):
        predictions = a.predictions(where, head), b.predictions(where, head)
        if bool(predictions[0].classes) != bool(predictions[1].classes):
            notes.append(f"{head}: one run tells classes and the other a number, which cannot be compared.")
            continue
        pair = _paired(*predictions, f"{head} on {where}", notes)
        heads.append(_compared(head, where, pair, (a, b), resamples))
    if not heads:
        raise InputError(
            f"{a.id} and {b.id} have no predictions of one head on one side of the split.",
            f"{a.id} has {_has(a)}; {b.id} has {_has(b)}.",
        )
    return Comparison(a.id, b.id, tuple(heads), recipe_differences(a.recipe, b.recipe), tuple(notes))


def recipe_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[RecipeDifference, ...]:
    """The keys in which two recipes differ, those of the first in front."""
    first, second = dict(flat(a)), dict(flat(b))
    keys = [*first, *(key for key in second if key not in first)]
    return tuple(
        RecipeDifference(key, first.get(key), second.get(key)) for key in keys if first.get(key) != second.get(key)
    )


def best_first(runs: Sequence[Run], metric: str) -> list[tuple[Run, float]]:
    """The runs that have a metric, "val/expression/accuracy", the best first; of equals the older."""
    found = [(run, run.flat_metrics[metric]) for run in runs if metric in run.flat_metrics]
    return sorted(found, key=lambda it: it[1] if is_error(metric) else -it[1])


def default_metric(run: Run) -> str:
    """What a run is ranked by where nothing else is said: what its recipe chose its weights by, on val.

    Choosing by test would make the test's metric too good.
    """
    heads = run.heads()
    if not heads:
        raise InputError(f"The recipe of the run {run.id} has no heads.")
    monitor = run.recipe.get("training", {}).get("monitor", "loss")
    fallback = "mae" if heads[0].get("kind") == "value" else "accuracy"
    if run.learner:
        fallback = next((name.rpartition("/")[2] for name in run.flat_metrics), fallback)
    return f"val/{heads[0].get('name')}/{fallback if monitor == 'loss' else monitor}"


def _shared(a: Run, b: Run, side: str) -> list[tuple[str, str]]:
    """Head and side of the predictions that both have; test before val."""
    theirs = set(b.predicted())
    found: dict[str, str] = {}
    for where, head in a.predicted():
        if (where, head) in theirs and where != "train" and side in ("", where):
            found.setdefault(head, where)
    order = [str(head.get("name")) for head in a.heads()]
    return sorted(found.items(), key=lambda it: order.index(it[0]) if it[0] in order else len(order))


def _has(run: Run) -> str:
    return ", ".join(f"{side}/{head}" for side, head in run.predicted()) or "none"


def _paired(
    a: HeadPredictions, b: HeadPredictions, what: str, notes: list[str]
) -> tuple[HeadPredictions, HeadPredictions]:
    """The same pictures in the same order, with the same labels."""
    a, b = a.labelled(), b.labelled()
    places = {key: place for place, key in enumerate(b.keys)}
    both = [(place, places[key]) for place, key in enumerate(a.keys) if key in places]
    same = [(i, j) for i, j in both if a.labels[i] == b.labels[j]]
    if not same:
        raise InputError(
            f"The two runs predicted no picture in common: {what}.",
            'Train both with one split: file = "RUN/split.csv" in [split] of the recipe.',
        )
    if len(both) < max(len(a.keys), len(b.keys)):
        notes.append(
            f"{what}: the runs predicted {len(a.keys):,} and {len(b.keys):,} pictures; compared are the {len(same):,} "
            "that both predicted."
        )
    if len(same) < len(both):
        notes.append(f"{what}: {len(both) - len(same):,} pictures are left out, whose labels differ between the runs.")
    if len(same) < FEW:
        notes.append(f"{what}: {len(same)} pictures are too few to tell much.")
    indices = np.array(same, np.intp)
    return a.select(indices[:, 0]), b.select(indices[:, 1])


def _compared(
    head: str, side: str, pair: tuple[HeadPredictions, HeadPredictions], runs: tuple[Run, Run], resamples: int
) -> HeadComparison:
    of_picture = runs[0].groups() or runs[1].groups()
    groups = [of_picture.get(key, key) for key in pair[0].keys] if of_picture else None
    test, statistics = _class_statistics(*pair) if pair[0].classes else (None, _value_statistics(*pair))
    metrics = []
    for name, (first, second) in statistics.items():
        found = paired_difference(first, second, len(pair[0].keys), groups=groups, resamples=resamples)
        metrics.append(MetricDifference(**asdict(found), name=name, better=_better(name, found)))
    unit = next((str(one.get("unit", "")) for one in runs[0].heads() if one.get("name") == head), "")
    many = None if groups is None else len(set(groups))
    return HeadComparison(head, side, unit, len(pair[0].keys), many, tuple(metrics), test)


def _better(name: str, found: Difference) -> Literal["a", "b", ""]:
    if name == "bias" or found.low <= 0 <= found.high:
        return ""
    return "b" if (found.low > 0) != is_error(name) else "a"


def _class_statistics(a: HeadPredictions, b: HeadPredictions) -> tuple[McNemar, dict[str, tuple[Statistic, Statistic]]]:
    """By name, since the two may know other classes, or in another order."""
    names = tuple(dict.fromkeys([*a.classes, *b.classes]))
    labels = _codes([str(label) for label in a.labels], names)
    first, second = (
        _codes([one.classes[place] for place in one.probabilities.argmax(axis=1)], names) for one in (a, b)
    )
    table = {
        name: (class_statistic(name, first, labels, len(names)), class_statistic(name, second, labels, len(names)))
        for name in CLASS_METRICS
        if name != "ece"
    }
    return mcnemar(first == labels, second == labels), table | {"ece": (_calibration(a), _calibration(b))}


def _codes(words: Sequence[str], names: Sequence[str]) -> NDArray[np.intp]:
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[word] for word in words], np.intp)


def _calibration(predictions: HeadPredictions) -> Statistic:
    places, gap = calibration_gaps(predictions.probabilities, predictions.label_indices(), ECE_BINS)
    return lambda drawn: calibration_of(places[drawn], gap[drawn], ECE_BINS)


def _value_statistics(a: HeadPredictions, b: HeadPredictions) -> dict[str, tuple[Statistic, Statistic]]:
    first, second = a.values - a.label_numbers(), b.values - b.label_numbers()
    return {
        "mae": (lambda drawn: float(np.abs(first[drawn]).mean()), lambda drawn: float(np.abs(second[drawn]).mean())),
        "bias": (lambda drawn: float(first[drawn].mean()), lambda drawn: float(second[drawn].mean())),
    }


def _fingerprint(run: Run) -> Any:
    data = run.facts.get("data")
    return data.get("fingerprint") if isinstance(data, Mapping) else None


def flat(value: Any, place: str = "") -> list[tuple[str, Any]]:
    """Every value of a TOML document with its key, "stages.0.epochs"; lists of plain values stay whole."""
    if isinstance(value, Mapping) and value:
        return [leaf for name, part in value.items() for leaf in flat(part, f"{place}.{name}" if place else name)]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [leaf for number, part in enumerate(value) for leaf in flat(part, f"{place}.{number}")]
    return [(place, value)]
