"""How good a recommender is: recall, NDCG, mean average precision and coverage, beside popularity and item cosine.

Every item of the catalogue is scored, none is sampled. A user counts who has a pair in the model and one in the data;
what the model knows that a user took is never recommended, and pairs of it in the data are not asked for. Items that
the model does not know are misses.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.retrieval import RANKED, coverage, ranking_figures, top_columns
from closeup.algorithms.ranking.factors import Floats, Interactions
from closeup.algorithms.ranking.item_weights import sparse
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import LeftOut, counted
from closeup.documents.learners import LearnerEvaluation, mean_metrics
from closeup.features.recommend.events import Events, read_events
from closeup.features.recommend.model import Recommender, in_parts, open_recommender
from closeup.features.recommend.pages import measured_page
from closeup.pages.learner import check_evaluation_place, write_evaluation

Ranked = NDArray[np.int64]


def evaluate_recommender(
    model: str | Path,
    data: str | Path,
    *,
    columns: "dict[str, str] | None" = None,
    out: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> LearnerEvaluation:
    """Measure a model on events that it was not fitted on.

    Args:
        model: Its folder.
        data: CSV with a header, as for a fit.
        columns: As for a fit.
        out: Folder to make, of report.html and evaluation.json; None for none.
        overwrite: Whether such a folder that is there is replaced.
        progress: Is called as it goes.

    Raises:
        InputError: If there is no such model, or the data cannot be used or have no user that counts.
        FormatError: If the model is damaged, or another closeup wrote it.
        OutputError: If `out` is there and `overwrite` is off, or it cannot be written.
    """
    check_evaluation_place(out, overwrite=overwrite)
    opened = open_recommender(model)
    events = read_events(Path(data), columns, progress=progress)
    found, rows, wanted, recall = evaluate_pairs(opened, events, events.name, notes=events.notes, progress=progress)
    if out is not None:
        write_evaluation(out, found, measured_page(found, opened, rows, wanted, recall), overwrite=overwrite)
    return found


def evaluate_pairs(
    model: Recommender, events: Events, data: str, *, notes: tuple[str, ...] = (), progress: ProgressCallback = ignore
) -> tuple[LearnerEvaluation, list[int], list[Ranked], dict[str, Floats]]:
    """Measure a model on events, which are called `data` in the answer.

    Returns:
        The answer; rows of the N users that count; what each took in the data, as columns; and recall at 20 of each,
        (N,), by way, "model" first.

    Raises:
        InputError: If no user counts.
    """
    rows, relevant, more = _wanted(model, events)
    if not rows:
        raise InputError(f"No user of {data} can be asked about: {' '.join(more)}")
    ways: dict[str, Callable[[Interactions], Floats]] = {
        "model": model.scores,
        "popularity": lambda taken: np.tile(popularity(model.history), (len(taken.starts) - 1, 1)),
        "item_cosine": ItemCosine(model.history).scores,
    }
    figures: dict[str, dict[str, Floats]] = {}
    for number, (name, scores) in enumerate(ways.items()):
        ranked = list[Ranked]()
        for part in in_parts(rows, model.history.width):
            done = number * len(rows) + sum(map(len, ranked))
            progress(Progress("Measuring", done, len(ways) * len(rows), "users"))
            taken = model.taken(part)
            scored = scores(taken)
            scored[np.repeat(np.arange(len(scored)), taken.counts), taken.columns] = -np.inf
            ranked.append(top_columns(scored, RANKED))
        figures[name] = list_figures(np.concatenate(ranked), relevant, model.history.width)
    progress(Progress("Measuring", len(ways) * len(rows), len(ways) * len(rows), "users"))
    recall = {name: each["recall_at_20"] for name, each in figures.items()}
    own = figures.pop("model")
    seed = model.options.seed
    found = LearnerEvaluation(
        "recommend",
        data,
        len(rows),
        mean_metrics(own, seed=seed),
        {name: mean_metrics(each, seed=seed) for name, each in figures.items()},
        {name: mean_metrics({m: own[m] - each[m] for m in own}, seed=seed) for name, each in figures.items()},
        model.header.settings,
        seed,
        notes=(*notes, *more),
    )
    return found, rows, relevant, recall


def list_figures(ranked: Ranked, relevant: list[NDArray[np.int64]], columns: int) -> dict[str, Floats]:
    """Figures by name, (N,) each, of N lists (N, 100), so that their means are the figures of all.

    Coverage is no mean of lists: its row holds the jackknife's pseudo-values about it (Efron, 1982), so that intervals
    and differences of means are those of coverage too.
    """
    whole, without = coverage(ranked[:, :20], columns)
    pseudo = whole + (len(ranked) - 1) * (without.mean() - without)
    return {**ranking_figures(ranked, relevant), "coverage_at_20": pseudo}


def popularity(pairs: Interactions) -> Floats:
    """How many took each item, (C,); of equal ones that with the greater sum of weights is higher."""
    users = np.bincount(pairs.columns, minlength=pairs.width)
    sums = np.bincount(pairs.columns, pairs.weights, pairs.width)
    return np.asarray(users + sums / (10 * max(float(sums.sum()), 1e-300)))


class ItemCosine:
    """Sums of the cosines of items to those that someone took, by the logarithms of the weights."""

    def __init__(self, pairs: Interactions) -> None:
        lengths = np.sqrt(np.bincount(pairs.columns, np.log1p(pairs.weights) ** 2, pairs.width))
        self._unit: Any = _logs(pairs).multiply(1 / np.where(lengths > 0, lengths, 1.0)).tocsr()

    def scores(self, taken: Interactions) -> Floats:
        """Scores (N, C) by what N users took."""
        return np.asarray(((_logs(taken) @ self._unit.T) @ self._unit).toarray())


def _logs(pairs: Interactions) -> Any:
    found = sparse(pairs)
    found.data = np.log1p(found.data)
    return found


def _wanted(model: Recommender, events: Events) -> tuple[list[int], list[NDArray[np.int64]], list[str]]:
    """Users that count, what each of them took in the data and not in the model, and notes on the rest."""
    place = {user: row for row, user in enumerate(model.users.ids)}
    known = {item: column for column, item in enumerate(model.items.ids)}
    columns = np.array([known.get(item, model.history.width + k) for k, item in enumerate(events.items)], np.int64)
    rows, relevant = list[int](), list[NDArray[np.int64]]()
    strangers = repeated = unknown = 0
    for number, user in enumerate(events.users):
        wanted = columns[events.pairs.columns[events.pairs.row(number)]]
        row = place.get(user)
        if row is None or not model.history.counts[row]:
            strangers += bool(len(wanted))
            continue
        fresh = np.setdiff1d(wanted, model.history.columns[model.history.row(row)])
        repeated += len(wanted) - len(fresh)
        unknown += int((fresh >= model.history.width).sum())
        if len(fresh):
            rows.append(row)
            relevant.append(fresh)
    notes: list[str] = []
    if strangers:
        notes.append(LeftOut(f"{counted(strangers, 'user')} that the model knows nothing of are left out."))
    if repeated:
        notes.append(f"{counted(repeated, 'pair')} that the model was fitted on are not asked for.")
    if unknown:
        notes.append(f"{counted(unknown, 'pair')} of items that the model does not know count as misses.")
    return rows, relevant, notes
