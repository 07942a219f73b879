"""Fitting: folds that keep groups together, a process and three libraries of trees, their mixture, and its doubt."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.regression import amount_figures, mixing_weights
from closeup.algorithms.regression.gaussian_process import STEPS
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import LeftOut, counted
from closeup.documents.form import file_bytes
from closeup.documents.learners import Metric, ModelHeader, check_model_place, drawn_metrics, write_model
from closeup.features.appraise.boosting import PUBLISHED, SUFFIXES, Booster, Settings
from closeup.features.appraise.columns import (
    Rows,
    groups_of,
    read_rows_table,
    shares_of,
    target_values,
    typed,
    understand,
)
from closeup.features.appraise.features import DIGITS, REGRESSION, Features, columns_alike, plan_features
from closeup.features.appraise.pages import fit_page
from closeup.features.appraise.process import MOST_ROWS, Process
from closeup.features.appraise.tuning import tuned
from closeup.learning.runs.fits import finish_fit, kept_fit
from closeup.pages.learner import REPORT_FILE

Floats = NDArray[np.float64]

FORMAT = 1
"""Of a model's files."""

FOLDS = 5
FEWEST = 20
"""Rows with a target that a fit needs."""

FEWEST_FOR_SPREAD = 200
"""Rows from which on it is learnt which answers are the less sure; with fewer all are taken for equally sure."""

SPREAD: Settings = {"rounds": 150, "learning_rate": 0.05, "num_leaves": 7, "min_data_in_leaf": 40, "lambda_l2": 3.0}
"""How LightGBM learns how far off answers are."""

MOST_EXPLAINED, MOST_NAMED = 200, 20
"""Rows that influences are reckoned on, and features that are named."""

SURE = 1 / 3
"""No answer is taken to be surer than this share of the middle one."""


@dataclass(frozen=True, slots=True)
class Member:
    """One model of the mixture.

    Attributes:
        kind: Its library, or "process".
        log: Whether it learns the logarithm of the target.
        beside: Whether it learns what a plain regression leaves, which goes on where trees end: for the dearest rows.
        seed: Of its draws.
    """

    kind: str
    log: bool
    beside: bool
    seed: int

    @property
    def file(self) -> str:
        """Its file in the model's folder."""
        learns = f"{'log' if self.log else 'raw'}{'-beside' if self.beside else ''}"
        return f"{self.kind}-{learns}-{self.seed}{SUFFIXES.get(self.kind, '.npz')}"


def members_for(target: Floats, seeds: int = 1) -> tuple[Member, ...]:
    """The models for a target (N,): of its logarithm where it is above 0 throughout."""
    log = bool((target > 0).all())
    trees = [("lightgbm", log, False), ("xgboost", log, True), ("catboost", log, False)]
    drawn = [Member(*each, seed) for seed in range(1, seeds + 1) for each in trees]
    return Member("process", log, beside=False, seed=1), *drawn


def read_model_of(member: Member, content: bytes) -> Booster | Process:
    """A member's model from its file.

    Raises:
        FormatError: If it is no such file.
    """
    return Process.from_bytes(content) if member.kind == "process" else Booster.from_bytes(member.kind, content)


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Answers to rows by models that did not learn them.

    Attributes:
        features: Shape (N, F), as rows have them that are not trained on.
        estimates: Shape (N, M): of each member, in units of the target.
        folds: Shape (N,).
    """

    features: Floats
    estimates: Floats
    folds: NDArray[np.intp]

    def mixtures(self, truth: Floats) -> tuple[Floats, Floats]:
        """Means and medians (N,) of what may be, mixed by what the other folds ask for."""
        means, middles = np.empty(len(truth)), np.empty(len(truth))
        for fold in np.unique(self.folds):
            mine = self.folds == fold
            weights, smear = mixture(self.estimates[~mine], truth[~mine])
            middles[mine] = mixed(self.estimates[mine], weights)
            means[mine] = smear * (self.estimates[mine] @ weights)
        return means, middles

    def metrics(self, truth: Floats) -> dict[str, Metric]:
        """Figures of the mixture (N,) with 95 % intervals."""
        means, middles = self.mixtures(truth)

        def figures(drawn: NDArray[np.intp]) -> dict[str, float]:
            found = amount_figures(means[drawn], middles[drawn], truth[drawn])
            return {name: value for name, value in found.items() if value is not None}

        return drawn_metrics(figures, len(truth), resamples=400)


def mixture(estimates: Floats, truth: Floats) -> tuple[Floats, float]:
    """What estimates (N, M) of truth (N,) are mixed by, (M,), of sum 1, and what means are above medians.

    Half of each weight is what least squares ask for, of logarithms where all is above 0; half is the same for all,
    since least squares overrate what was by chance the best. What logarithms lose in being turned back (Duan, Smearing
    estimate: a nonparametric retransformation method, 1983) is one factor: the sum of the truth by that of the mixture.
    """
    if not ((truth > 0).all() and (estimates > 0).all()):
        weights = mixing_weights(estimates, truth)
        return _evened(weights), 1.0
    centre = np.log(truth).mean()
    weights = _evened(mixing_weights(np.log(estimates) - centre, np.log(truth) - centre))
    return weights, float(f"{truth.sum() / (estimates @ weights).sum():.6g}")


def _evened(weights: Floats) -> Floats:
    return np.asarray((weights / weights.sum() + 1 / len(weights)) / 2, np.float64)


def mixed(estimates: Floats, weights: Floats) -> Floats:
    """Medians (N,) by estimates (N, M) and weights (M,)."""
    return np.exp(np.log(estimates) @ weights) if (estimates > 0).all() else estimates @ weights


class Fitting:
    """The rows that are learnt from, and where the work stands.

    Attributes:
        rows: Those with a target.
        target: Shape (N,).
        groups: Shape (N,).
        settings: Of each library.
        members: What is fitted.
    """

    def __init__(
        self,
        rows: Rows,
        target: Floats,
        groups: NDArray[np.int64],
        *,
        settings: Mapping[str, Settings] = PUBLISHED,
        seeds: int = 1,
        progress: ProgressCallback = ignore,
    ) -> None:
        self.rows, self.target, self.groups = rows, target, groups
        self.settings, self.members = settings, members_for(target, seeds)
        self._progress, self._done, self._total = progress, 0, 1

    def out_of_fold(self, folds: NDArray[np.intp]) -> OutOfFold:
        """Answers to all rows, each fold's (N,) by models of the others."""
        self._total = self._trees() * (len(np.unique(folds)) + 1)
        features, estimates = np.empty((0, 0)), np.empty((len(self.rows), len(self.members)))
        for fold in np.unique(folds):
            mine = folds == fold
            made, models = self.fit(~mine)
            found = made.of(self.rows.take(mine), self.groups[mine])
            if not features.size:
                features = np.empty((len(self.rows), found.shape[1]))
            features[mine] = found
            estimates[mine] = estimates_of(self.members, models, found, made.names, self.scale(~mine))
        return OutOfFold(features, estimates, folds)

    def fit(self, chosen: NDArray[np.bool_]) -> tuple[Features, list[Booster | Process]]:
        """Features and models of some of the rows (N,)."""
        rows, target, groups = self.rows.take(chosen), self.target[chosen], self.groups[chosen]
        learnt = np.round(np.log(target) if (self.target > 0).all() else target / self.scale(chosen)[0], DIGITS)
        self._report()
        made, features = Features.fit(rows, learnt, groups, plan_features(rows, learnt))
        models: list[Booster | Process] = []
        for member in self.members:
            wanted = learnt if member.log else target / self.scale(chosen)[0]
            if member.beside:
                wanted = wanted - features[:, made.names.index(REGRESSION)]
            wanted = np.round(wanted, DIGITS)
            if member.kind == "process":
                alike, place = columns_alike(made.plan, made.names)
                models.append(
                    Process.fit(features, wanted, columns=alike, place=place, seed=member.seed, beat=self._beat)
                )
                continue
            kind = self.settings[member.kind]
            models.append(Booster.fit(member.kind, features, wanted, settings=kind, seed=member.seed, beat=self._beat))
        return made, models

    def scale(self, chosen: NDArray[np.bool_]) -> tuple[float, float]:
        """Of rows (N,): what targets are divided by that are learnt as they are, and the least answer that may be."""
        target = self.target[chosen]
        least = float(target.min()) / 2 if (self.target > 0).all() else -np.inf
        return float(f"{target.std():.6g}") or 1.0, least

    def finish(self, oof: OutOfFold, facts: dict[str, Any]) -> tuple[dict[str, NDArray[Any]], dict[str, bytes]]:
        """Learn all rows: arrays, (N,) and (N, M), and files of the model; what else it needs is added to `facts`."""
        off = residuals(oof.mixtures(self.target)[1], self.target)
        spread_model, spread_middle, spread = fit_spread(oof.features, off, oof.folds)
        everything = np.ones(len(self.rows), bool)
        made, models = self.fit(everything)
        weights, smear = mixture(oof.estimates, self.target)
        facts |= {
            "columns": [asdict(column) for column in self.rows.columns],
            "plan": asdict(made.plan),
            "features": list(made.names),
            "members": [asdict(member) for member in self.members],
            "weights": weights.tolist(),
            "smear": smear,
            "scale": [each if np.isfinite(each) else None for each in self.scale(everything)],
            "spread": spread_middle,
            "log": bool((self.target > 0).all()),
            "influence": self._influence(made, models, weights),
        }
        files = {member.file: model.to_bytes() for member, model in zip(self.members, models, strict=True)}
        if spread_model is not None:
            files["spread.txt"] = spread_model.to_bytes()
        return {**made.arrays, "scores": np.sort(np.round(off / spread, DIGITS))}, files

    def _influence(
        self, made: Features, models: Sequence[Booster | Process], weights: Floats
    ) -> list[tuple[str, float]]:
        """How far each feature moves answers, by mean over some rows, as shares: the first, and the rest as one."""
        some = np.unique(np.linspace(0, len(self.rows) - 1, MOST_EXPLAINED).astype(np.intp))
        features = made.of(self.rows.take(some), self.groups[some])
        moves = np.zeros(features.shape[1])
        for model, weight in zip(models, weights.tolist(), strict=True):
            parts = np.abs(model.contributions(features)[:, :-1])
            moves += weight * parts.mean(axis=0) / max(float(parts.sum(axis=1).mean()), 1e-300)
        order = np.argsort(-np.round(moves, DIGITS), kind="stable")[:MOST_NAMED].tolist()
        named = (
            [(made.names[place], round(float(moves[place] / moves.sum()), 4)) for place in order] if moves.any() else []
        )
        rest = len(made.names) - len(named)
        return [*named, (f"{rest} others", round(1 - sum(share for _, share in named), 4))] if named and rest else named

    def _trees(self) -> int:
        trees = [int(self.settings[each.kind]["rounds"]) for each in self.members if each.kind in self.settings]
        return STEPS + sum(trees)

    def _beat(self) -> None:
        self._done += 1
        if self._done % 20 == 0:
            self._report()

    def _report(self) -> None:
        self._progress(Progress("Learning", self._done, max(self._total, self._done), "steps"))


def estimates_of(
    members: Sequence[Member],
    models: Sequence[Booster | Process],
    features: Floats,
    names: Sequence[str],
    scale: tuple[float, float],
) -> Floats:
    """What each member answers to features (N, F) of some names, in units of the target, (N, M)."""
    found = np.empty((len(features), len(members)))
    for place, (member, model) in enumerate(zip(members, models, strict=True)):
        answers = model.answer(features)
        if member.beside:
            answers = answers + features[:, names.index(REGRESSION)]
        found[:, place] = np.exp(answers) if member.log else np.maximum(answers * scale[0], scale[1])
    return found


def residuals(middles: Floats, truth: Floats) -> Floats:
    """How far the truth lies above medians, (N,): in logarithms where all is above 0."""
    positive = (truth > 0).all() and (middles > 0).all()
    return np.log(truth / middles) if positive else truth - middles


def fit_spread(features: Floats, off: Floats, folds: NDArray[np.intp]) -> tuple[Booster | None, float, Floats]:
    """Learn how far off answers are by their features (N, F): a model or None, its floor, and (N,) of other folds."""
    size = np.asarray(np.round(np.abs(off), DIGITS), np.float64)
    middle = float(f"{np.median(size):.6g}") or float(f"{size.mean():.6g}") or 1.0
    if len(off) < FEWEST_FOR_SPREAD:
        return None, middle, np.full(len(off), middle)
    spread = np.empty(len(off))
    for fold in np.unique(folds):
        mine = folds == fold
        learnt = Booster.fit("lightgbm", features[~mine], size[~mine] / middle, settings=SPREAD, seed=1)
        spread[mine] = learnt.answer(features[mine]) * middle
    model = Booster.fit("lightgbm", features, size / middle, settings=SPREAD, seed=1)
    return model, middle, np.maximum(spread, SURE * middle)


def fit_appraiser(
    table: Path,
    target: str,
    out: Path,
    *,
    group: str = "",
    seeds: int = 1,
    budget_s: float | None = None,
    trials: int | None = None,
    overwrite: bool = False,
    runs_dir: Path | None = None,
    progress: ProgressCallback = ignore,
) -> ModelHeader:
    """Learn what a column of a table is by the others, and keep it as a model's folder, whose header is given back.

    Args:
        table: A CSV file with a header.
        target: The column.
        out: Folder to make.
        group: Column whose equal values keep rows together; without it an id that repeats, or what is alike.
        seeds: How many times each model is learnt, with other draws.
        budget_s: Settings are looked for so long; how many were tried is kept, and gives the same model as `trials`.
        trials: So many settings are tried; without either the published ones are taken.
        overwrite: Replace a model that is there.
        runs_dir: Folder of runs that the fit is kept in; None keeps it in none.

    Raises:
        InputError: If the table is no table, has no such target, or too few rows.
        OutputError: If `out` is there and `overwrite` is off, or it cannot be written.
    """
    check_model_place(out, overwrite=overwrite)
    progress(Progress("Reading", 0, None, "rows"))
    rows, values, notes = _learnable(table, target)
    groups, by = groups_of(rows, group)
    notes.append(f"Rows are kept together by {by}: {counted(len(np.unique(groups)), 'group')}.")
    if len(rows) > MOST_ROWS:
        notes.append(f"The Gaussian process learns {MOST_ROWS:,} rows, drawn from all; the trees learn all of them.")
    folds = shares_of(groups, FOLDS)
    if len(np.unique(folds)) < 2:
        raise InputError(f"{table}: all rows are one group by {by}, so nothing can be checked.", "Choose another.")
    asked = {"target": target, "group": group, "seeds": seeds, "budget_s": budget_s, "trials": trials}
    with kept_fit(runs_dir, "appraise", asked, data=table.name) as run:
        settings, tried = tuned(rows, values, groups, folds=folds, budget_s=budget_s, trials=trials, progress=progress)
        fitting = Fitting(rows, values, groups, settings=settings, seeds=seeds, progress=progress)
        oof = fitting.out_of_fold(folds)
        facts = {"target": target, "group": by if group or by in rows.words else ""}
        arrays, files = fitting.finish(oof, facts)
        used = {"libraries": {k: dict(v) for k, v in settings.items()}, "seeds": seeds, "trials": tried}
        sha256 = hashlib.sha256(file_bytes(table)).hexdigest()
        header = ModelHeader("appraise", FORMAT, used, 1, table.name, len(rows), sha256, facts=facts)
        header = replace(header, metrics=oof.metrics(values), notes=tuple(notes))
        middles = oof.mixtures(values)[1]
        files[REPORT_FILE] = fit_page(header, rows.lines, values, middles).encode()
        write_model(out, header, arrays, files=files, overwrite=overwrite)
        if run is not None:
            run.predictions("val", "appraise", [f"line {line}" for line in rows.lines.tolist()], values, middles)
        finish_fit(run, out)
    return header


def _learnable(table: Path, target: str) -> tuple[Rows, Floats, list[str]]:
    """The rows of a table that have a target, that target (N,), and what was understood.

    Raises:
        InputError: If there is nothing to learn.
    """
    read = read_rows_table(table)
    columns = understand(read, target)
    values = target_values(read, target)
    there = np.isfinite(values)
    notes = [*read.notes, *(f"{column.name}: {column.note}" for column in columns if column.note)]
    if not there.all():
        notes.append(LeftOut(f"{counted(int((~there).sum()), 'row has', 'rows have')} no {target} and were left out."))
    rows, values = typed(read, columns).take(there), values[there]
    if len(rows) < FEWEST:
        raise InputError(f"{table} has {counted(len(rows), 'row')} with a {target}, and a fit needs {FEWEST} at least.")
    if np.ptp(values) == 0:
        raise InputError(f"{table}: {target} is {values[0]:g} in every row; there is nothing to learn.")
    if not any(column.kind not in ("id", "text", "constant") for column in columns):
        raise InputError(f"{table} has no column but {target} that anything can be learnt from.")
    return rows, values, notes
