"""How well wrong labels are found where it is known which are wrong, beside cleanlab on the same probabilities."""

import time
from dataclasses import dataclass

import numpy as np
from cleanlab.classification import CleanLearning
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench import Bench
from closeup.algorithms.labels.confident_learning import Method, flag_errors, normalised_margin, self_confidence
from closeup.workbench.audit.predictions import Predictions, predictions_from_features
from closeup.workbench.options import ProbeOptions
from frozen_sets import FrozenSet, cifar, masks
from tables import Cell, Claim, Section, Table

FLIPPED = 0.05
REVIEWED = 0.51
"""Share of flagged labels of ten well-known test sets that people confirmed as wrong (Northcutt, Athalye, Mueller,
"Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", 2021): a flag should be worth a look."""

METHODS: tuple[tuple[Method, str], ...] = (
    ("noise_rate", "prune_by_noise_rate"),
    ("class", "prune_by_class"),
    ("both", "both"),
)

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Labels, some of them wrong, and what was predicted."""

    name: str
    wrong: Flags
    once: Predictions
    twice: Predictions
    theirs: NDArray[np.float64]
    ours_s: float
    theirs_s: float


def measure(bench: Bench) -> Section:
    """Rank and flag the labels of CIFAR-10N and of mask3 with flipped labels."""
    sets = {f"cifar10n {name}": cifar(bench, name) for name in ("random1", "random2", "worse")}
    sets |= {f"mask3, 5% flipped, seed {seed}": masks(bench, FLIPPED, seed) for seed in range(2)}
    problems = [_problem(name, frozen) for name, frozen in sets.items()]
    tables = (_ranking(problems), _flagging(problems), _speed(problems))
    return Section("Audit of labels", tables, tuple(_claims(problems)))


def _problem(name: str, frozen: FrozenSet) -> Problem:
    once, _ = _timed(frozen, 1)
    twice, ours_s = _timed(frozen, 2)
    labels = [str(label) for label in frozen.dataset.labels("label")]
    wrong = np.array([label != right for label, right in zip(labels, frozen.truth, strict=True)])
    started = time.perf_counter()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=400))
    found = CleanLearning(model, cv_n_folds=5, seed=0).find_label_issues(frozen.features, once.labels)
    theirs_s = time.perf_counter() - started
    return Problem(name, wrong, once, twice, found["label_quality"].to_numpy(), ours_s, theirs_s)


def _timed(frozen: FrozenSet, rounds: int) -> tuple[Predictions, float]:
    started = time.perf_counter()
    found = predictions_from_features(frozen.dataset, "label", frozen.features, ProbeOptions(rounds=rounds))
    return found, time.perf_counter() - started


def _ap(wrong: Flags, scores: NDArray[np.float64]) -> float:
    """Average precision of finding what is wrong by low scores."""
    return float(average_precision_score(wrong, -scores))


def _ranking(problems: list[Problem]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for each in problems:
        p, y, w = each.once.probabilities, each.once.labels, each.wrong
        scores = (
            get_label_quality_scores(y, p, method="self_confidence"),
            get_label_quality_scores(y, p, method="normalized_margin"),
            self_confidence(p, y),
            normalised_margin(p, y),
            self_confidence(each.twice.probabilities, y),
            each.theirs,
        )
        rows.append((each.name, f"{w.mean():.1%}", *(round(_ap(w, s), 4) for s in scores)))
    return Table(
        "Average precision of finding wrong labels",
        (
            "labels",
            "wrong",
            "cleanlab, self-confidence",
            "cleanlab, margin",
            "closeup, self-confidence",
            "closeup, margin",
            "closeup data audit (two rounds)",
            "CleanLearning",
        ),
        tuple(rows),
        "The first four rank by the same out-of-fold probabilities, of one round of closeup's probe; the audit learns "
        "again without what was flagged. CleanLearning is cleanlab's own cross-validation of scikit-learn's logistic "
        "regression, as it comes, on the same features, standardised. Clean labels are hidden from all of them. mask3 "
        "has wrong labels of its own, which count as right here.",
    )


def _flagging(problems: list[Problem]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for each in problems:
        for ours, theirs in METHODS:
            mine, other = _flags(each.once, ours), _their_flags(each, theirs)
            again = _flags(each.twice, ours)
            both = (mine & other).sum() / max((mine | other).sum(), 1)
            rows.append(
                (
                    each.name,
                    ours,
                    *_figures(other, each.wrong),
                    *_figures(mine, each.wrong),
                    round(float(both), 3),
                    *_figures(again, each.wrong),
                )
            )
    return Table(
        "What is flagged",
        (
            "labels",
            "method",
            "cleanlab: flagged",
            "precision",
            "recall",
            "closeup: flagged",
            "precision",
            "recall",
            "in common",
            "two rounds: flagged",
            "precision",
            "recall",
        ),
        tuple(rows),
        "The first two on the same probabilities; in common: flagged by both over flagged by either.",
    )


def _flags(found: Predictions, method: Method) -> Flags:
    return flag_errors(found.probabilities, found.labels, method)


def _their_flags(each: Problem, method: str) -> Flags:
    found = find_label_issues(each.once.labels, each.once.probabilities, filter_by=method, n_jobs=1)
    return np.asarray(found, np.bool_)


def _figures(flags: Flags, wrong: Flags) -> tuple[int, float, float]:
    precision = float(wrong[flags].mean()) if flags.any() else 0.0
    return int(flags.sum()), round(precision, 3), round(float(flags[wrong].mean()), 3)


def _speed(problems: list[Problem]) -> Table:
    rows = tuple((each.name, len(each.wrong), round(each.ours_s, 1), round(each.theirs_s, 1)) for each in problems)
    return Table(
        "Seconds from features to findings",
        ("labels", "pictures", "closeup data audit (two rounds)", "CleanLearning"),
        rows,
        "Five folds each; features are not counted.",
    )


def _claims(problems: list[Problem]) -> list[Claim]:
    claims = []
    for each in problems:
        p, y, w = each.once.probabilities, each.once.labels, each.wrong
        same = _ap(w, get_label_quality_scores(y, p, method="self_confidence"))
        ours, twice, theirs = (
            _ap(w, self_confidence(p, y)),
            _ap(w, self_confidence(each.twice.probabilities, y)),
            _ap(w, each.theirs),
        )
        precision = _figures(_flags(each.twice, "both"), w)[1]
        claims += [
            Claim(f"{each.name}: ranked as cleanlab ranks, {ours:.4f}", abs(ours - same) < 1e-9),
            Claim(
                f"{each.name}: the audit, {twice:.3f}, is above both ways of cleanlab, {max(same, theirs):.3f}",
                twice > max(same, theirs),
            ),
            Claim(
                f"{each.name}: of what is flagged {precision:.0%} is wrong, over {REVIEWED:.0%}", precision > REVIEWED
            ),
        ]
    return claims
