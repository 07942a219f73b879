"""What correcting labels is worth: accuracy on clean pictures with the labels as they are, corrected, and all right.

The audit finds, somebody who knows the truth looks at every finding and accepts those that are wrong, with the right
label; the corrections file is applied, and the same classifier learns again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bench import Bench
from closeup.algorithms.labels.linear_probe import PENALTY, fit_probe
from closeup.algorithms.metrics.classification import paired_difference
from closeup.workbench.audit.find import Audit, find_label_errors
from closeup.workbench.audit.predictions import predictions_from_features
from closeup.workbench.datasets.corrections import append_corrections, apply_corrections, read_corrections
from closeup.workbench.datasets.items import Correction, Dataset
from closeup.workbench.options import ProbeOptions
from frozen_sets import FrozenSet, cifar, cifar_test, masks
from tables import Cell, Claim, Section, Table

WHO = "someone who knows"
PENALTIES = {"held": PENALTY, "free": PENALTY / 25}
"""How the weights that learn are held: so that single labels count little, or so that most are learnt by heart, as a
network that is trained whole does."""

REVIEWS = (100, 300, None)
"""How many findings are looked at, the clearest first; None for all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Pictures to learn from, whose labels are partly wrong, and others to judge by, whose labels are right."""

    name: str
    learnt: FrozenSet
    judged: FrozenSet
    weights: str = "held"

    @property
    def classes(self) -> tuple[str, ...]:
        """Of both."""
        return tuple(sorted(set(self.learnt.truth)))


def measure(bench: Bench) -> Section:
    """Correct human labels of CIFAR-10N, and planted errors in mask3; learn before and after."""
    test = cifar_test(bench)
    problems = [Problem(f"cifar10n {name}", cifar(bench, name), test) for name in ("aggre", "random1", "worse")]
    problems += [_mask_problem(bench, seed) for seed in range(2)]
    measured = [_measured(replace(problem, weights=weights)) for problem in problems for weights in PENALTIES]
    rows = [row for rows, _ in measured for row in rows]
    table = Table(
        "Accuracy on clean pictures that were not learnt from",
        (
            "labels",
            "weights",
            "learnt from",
            "looked at",
            "were wrong",
            "wrong left",
            "accuracy",
            "points gained",
            "95 % interval",
        ),
        tuple(rows),
        "Logistic regression on frozen features, its weights held as the audit's are, or 25 times more freely, so that "
        "most labels are learnt by heart. The interval is of the points gained, paired on the same "
        f"pictures ({len(test.truth):,} of CIFAR-10; a quarter of mask3's photos).",
    )
    return Section("Corrections", (table,), tuple(claim for _, claim in measured))


def _mask_problem(bench: Bench, seed: int) -> Problem:
    """A quarter of mask3's photos to judge by, the others with 5 % of the labels made wrong to learn from."""
    clean, wrong = masks(bench, 0.0, seed), masks(bench, 0.05, seed)
    photos = sorted({item.group for item in clean.dataset.items})
    away = set(np.random.default_rng(seed).permutation(photos)[: len(photos) // 4])
    test = np.array([item.group in away for item in clean.dataset.items])
    return Problem(f"mask3, 5% flipped, seed {seed}", _chosen(wrong, ~test), _chosen(clean, test))


def _chosen(frozen: FrozenSet, mask: NDArray[np.bool_]) -> FrozenSet:
    places = np.flatnonzero(mask)
    truth = tuple(frozen.truth[place] for place in places)
    return FrozenSet(frozen.dataset.select(list(places)), frozen.features[places], truth)


def _measured(problem: Problem) -> tuple[list[tuple[Cell, ...]], Claim]:
    learnt = problem.learnt
    found = predictions_from_features(learnt.dataset, "label", learnt.features, ProbeOptions())
    audit = find_label_errors(learnt.dataset, found)
    given = _right(problem, learnt.dataset)
    rows = [_row(problem, "as given", (None, None), learnt.dataset, given)]
    gained = 0.0
    for most in REVIEWS:
        if most is not None and most >= len(audit.findings):
            continue
        corrected, looked, accepted = _reviewed(problem, audit, most)
        rows.append(_row(problem, "corrected", (looked, accepted), corrected, given))
        gained = float(_right(problem, corrected).mean() - given.mean())
    rows.append(_row(problem, "findings left out, nobody looked", (0, None), _left_out(learnt.dataset, audit), given))
    rows.append(_row(problem, "all labels right", (None, None), _true(learnt), given))
    return rows, Claim(
        f"{problem.name}, weights {problem.weights}: corrected is not worse, {100 * gained:+.1f} points", gained >= 0
    )


def _row(
    problem: Problem, what: str, looked: tuple[int | None, int | None], dataset: Dataset, given: NDArray[np.bool_]
) -> tuple[Cell, ...]:
    right = _right(problem, dataset)
    truth = dict(zip((item.key for item in problem.learnt.dataset.items), problem.learnt.truth, strict=True))
    left = sum(item.labels["label"] != truth[item.key] for item in dataset.items if "label" in item.labels)
    told = paired_difference(lambda d: float(given[d].mean()), lambda d: float(right[d].mean()), len(right))
    between = f"{100 * told.low:+.1f} to {100 * told.high:+.1f}"
    change = (f"{100 * told.difference:+.1f}", between) if what != "as given" else ("", "")
    return (problem.name, problem.weights, what, *looked, left, f"{right.mean():.2%}", *change)


def _right(problem: Problem, dataset: Dataset) -> NDArray[np.bool_]:
    """Whether each picture that is judged is told rightly by what the dataset's labels teach."""
    places = {name: place for place, name in enumerate(problem.classes)}
    rows = {item.key: row for row, item in enumerate(problem.learnt.dataset.items)}
    labelled = [item for item in dataset.items if "label" in item.labels]
    features = problem.learnt.features[[rows[item.key] for item in labelled]]
    labels = np.array([places[str(item.labels["label"])] for item in labelled])
    probe = fit_probe(features, labels, len(places), penalty=PENALTIES[problem.weights])
    told = probe.probabilities(problem.judged.features).argmax(axis=1)
    return np.asarray(told == np.array([places[name] for name in problem.judged.truth]), np.bool_)


def _reviewed(problem: Problem, audit: Audit, most: int | None) -> tuple[Dataset, int, int]:
    """Look at the first findings, and write those that are wrong into a corrections file, which is then applied."""
    dataset = problem.learnt.dataset
    truth = dict(zip((item.key for item in dataset.items), problem.learnt.truth, strict=True))
    looked = audit.findings[:most]
    lines = [
        Correction("picture", each.path, "label", each.label, truth[each.key], WHO, date.today().isoformat())
        for each in looked
        if truth[each.key] != each.label
    ]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "corrections.csv"
        append_corrections(file, lines)
        corrected, _ = apply_corrections(dataset, read_corrections(file), str(file))
    return corrected, len(looked), len(lines)


def _left_out(dataset: Dataset, audit: Audit) -> Dataset:
    found = {finding.key for finding in audit.findings}
    return replace(dataset, items=tuple(item for item in dataset.items if item.key not in found))


def _true(frozen: FrozenSet) -> Dataset:
    labels: list[Mapping[str, str]] = [{"label": name} for name in frozen.truth]
    items = zip(frozen.dataset.items, labels, strict=True)
    return replace(frozen.dataset, items=tuple(replace(item, labels=told) for item, told in items))
