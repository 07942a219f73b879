"""Fit a recommender to events, and measure it first on a part of them that is held back."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.ranking.factors import Loss, factorise
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import counted
from closeup.documents.learners import LearnerEvaluation, ModelHeader, check_model_place
from closeup.features.recommend.evaluate import evaluate_pairs
from closeup.features.recommend.events import Events, read_events, read_names
from closeup.features.recommend.model import (
    FORMAT,
    TOO_MANY,
    Recommender,
    observed,
    solved_item_weights,
    weighed,
)
from closeup.features.recommend.names import Names
from closeup.features.recommend.options import RecommendOptions
from closeup.features.recommend.pages import fit_page
from closeup.learning.runs.fits import finish_fit, kept_fit

MOST_PAIRS = 500_000
"""Above this a single factorisation is fitted: a second one of a million pairs would add a minute of the processor."""

DRAWS = 20
"""Hashes that are tried to part the pairs of a table, at most."""

HELD_BACK = 0.2
"""Share of the pairs that a check holds back."""


def fit_recommender(
    events: str | Path,
    output: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    names: str | Path | None = None,
    options: RecommendOptions | None = None,
    check: bool = False,
    overwrite: bool = False,
    runs_dir: Path | None = None,
    progress: ProgressCallback = ignore,
) -> Recommender:
    """Fit a recommender to a table of who took what.

    Args:
        events: CSV with a header.
        output: Folder to write the model to; None to write none.
        columns: What the columns are called, by "user", "item", "weight" and "time"; guessed where it is not said.
        names: CSV of items' ids and names; all of its items may be recommended.
        check: Whether a fifth of the pairs is held back first, to fit on the rest and measure on them: the last ones
            where there are times, else some at random. The figures are kept in the model.
        overwrite: Whether a model that is there is replaced.
        runs_dir: Folder of runs that a fit with an `output` is kept in; None keeps it in none.
        progress: Is called as it goes.

    Raises:
        InputError: If the events cannot be used.
        OutputError: If the model cannot be written.
    """
    options = options or RecommendOptions()
    if output is not None:
        check_model_place(Path(output), overwrite=overwrite)
    named = read_names(Path(names)) if names else {}
    read = read_events(Path(events), columns, minimum=options.minimum, catalogue=tuple(named), progress=progress)
    with kept_fit(None if output is None else runs_dir, "recommend", asdict(options), data=read.name) as run:
        measured = _measured(read, named, options, progress) if check else None
        model = fit_events(read, named, options, progress=progress)
        if measured is not None:
            beside = {name: {m: each.value for m, each in found.items()} for name, found in measured.baselines.items()}
            said = {"users": measured.n, "data": measured.data, "baselines": beside}
            model.header = replace(model.header, metrics=measured.metrics, facts={**model.header.facts, "check": said})
        if output is not None:
            finish_fit(run, model.save(Path(output), page=fit_page(model), overwrite=overwrite))
    return model


def fit_events(
    events: Events, names: Mapping[str, str], options: RecommendOptions, *, progress: ProgressCallback = ignore
) -> Recommender:
    """Fit a recommender to events that were read; `names` are those of items by id."""
    mean_log = float(np.log1p(events.pairs.weights).mean())
    seen = weighed(events.pairs, options, mean_log)
    notes = list(events.notes)
    users, items = int((events.pairs.counts > 0).sum()), len(np.unique(events.pairs.columns))
    if min(users, items) < 2:
        notes.append(
            f"{counted(users, 'user')} and {counted(items, 'item')} that were taken teach nothing: what people may "
            "like is learnt from what others took beside the same things."
        )
    members = options.members if len(seen.columns) <= MOST_PAIRS else 1
    if members < options.members:
        notes.append(f"There are over {MOST_PAIRS:,} pairs: one factorisation was fitted, not {options.members}.")
    progress(Progress("Factorising", 0, options.iterations, "iterations"))
    factors = factorise(
        observed(seen),
        options.factors,
        loss=Loss(options.unobserved, options.regularisation),
        iterations=options.iterations,
        seeds=[options.seed * 1000 + member for member in range(members)],
        each=lambda number: progress(Progress("Factorising", number, options.iterations, "iterations")),
    )
    weights = None
    if options.item_share:
        progress(Progress("Weighing items", 0, 1, "models"))
        weights = solved_item_weights(seen, options)
        progress(Progress("Weighing items", 1, 1, "models"))
        if weights is None:
            notes.append(TOO_MANY)
    header = ModelHeader(
        "recommend",
        FORMAT,
        asdict(options),
        options.seed,
        events.name,
        events.rows,
        events.sha256,
        facts={
            "mean_log": mean_log,
            "users": len(events.users),
            "items": len(events.items),
            "pairs": len(seen.columns),
        },
        notes=tuple(notes),
    )
    known = Names("user", events.users), Names("item", events.items, names)
    return Recommender(header, known, events.pairs, factors, weights)


def held_back(events: Events) -> NDArray[np.bool_]:
    """Which pairs (N,) a check holds back: the last fifth by time, else a fifth by a hash of user and item."""
    if events.times is not None and np.ptp(events.times) > 0:
        return np.asarray(events.times > np.quantile(events.times, 1 - HELD_BACK, method="lower"), np.bool_)
    rows = np.repeat(np.arange(len(events.users)), events.pairs.counts).tolist()
    pairs = zip(rows, events.pairs.columns.tolist(), strict=True)
    texts = [f":{events.users[row]}-{events.items[column]}" for row, column in pairs]
    for draw in range(DRAWS):  # a table may be what was kept by this very hash, and then another one is needed
        digests = [hashlib.md5(f"fold{draw}{text}".encode(), usedforsecurity=False).hexdigest() for text in texts]
        back = np.array([int(digest, 16) % 100 >= 100 * (1 - HELD_BACK) for digest in digests], np.bool_)
        if back.any() and not back.all():
            break
    return back


def _measured(
    events: Events, names: Mapping[str, str], options: RecommendOptions, progress: ProgressCallback
) -> LearnerEvaluation:
    back = held_back(events)
    if back.all() or not back.any():
        raise InputError(f"{events.name} has too few pairs to hold some back for a check.")
    by_time = events.times is not None and np.ptp(events.times) > 0
    data = f"{'the last' if by_time else 'a random'} fifth of {events.name}, {counted(int(back.sum()), 'pair')}"
    model = fit_events(events.kept(~back), names, options, progress=_said(progress, "Check: "))
    return evaluate_pairs(model, events.kept(back), data, progress=_said(progress, "Check: "))[0]


def _said(progress: ProgressCallback, start: str) -> ProgressCallback:
    return lambda each: progress(replace(each, stage=start + each.stage))
