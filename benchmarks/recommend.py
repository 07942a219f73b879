"""Recommending: last.fm's HetRec 2k by a fixed split beside tuned ALS of `implicit`, folding in, a million events."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import Bench, BenchError
from closeup.algorithms.metrics.retrieval import RANKED, top_columns
from closeup.algorithms.ranking.factors import Floats, Interactions
from closeup.algorithms.ranking.item_weights import sparse
from closeup.documents.learners import Metric, mean_metrics
from closeup.features.recommend.evaluate import ItemCosine, list_figures, popularity
from closeup.features.recommend.events import Events, read_events, read_names
from closeup.features.recommend.fit import fit_events, held_back
from closeup.features.recommend.model import Recommender, in_parts
from closeup.features.recommend.options import RecommendOptions
from tables import Cell, Claim, Section, Table

FIGURES = ("recall_at_20", "ndcg_at_10", "ndcg_at_100", "map_at_10", "coverage_at_20")
TENTHS = 10
AIMS = {"recall_at_20": 0.261, "ndcg_at_10": 0.186, "ndcg_at_100": 0.308, "map_at_10": 0.093, "coverage_at_20": 0.12}
Scores = Callable[[Sequence[int]], Floats]
"""From rows of users to scores (N, C)."""


def measure(bench: Bench) -> Section:
    folder = bench.shared / "data" / "lastfm_hetrec"
    names = read_names(folder / "artists.csv")
    events = read_events(folder / "user_artists.csv", catalogue=tuple(names))
    back = held_back(events)
    train, test = events.kept(~back), events.kept(back)
    rows = [n for n in range(len(events.users)) if train.pairs.counts[n] and test.pairs.counts[n]]
    options = RecommendOptions(factors=16, iterations=2) if bench.quick else RecommendOptions()
    model, took = timed(lambda: fit_events(train, names, options))
    ways = {"closeup": (scores_of(model), took)} | rivals(train)
    found = {name: figures(way, train, test, rows) for name, (way, _) in ways.items()}
    own = found["closeup"]
    table = [
        (
            name,
            *(round(float(each[figure].mean()), 4) for figure in FIGURES),
            *(ways[name][1]),
            interval(mean_metrics({"d": own["recall_at_20"] - each["recall_at_20"]})["d"]) if each is not own else "",
            interval(mean_metrics({"d": own["ndcg_at_100"] - each["ndcg_at_100"]})["d"]) if each is not own else "",
        )
        for name, each in found.items()
    ]
    columns = ("model", *FIGURES, "fit s", "CPU s", "less it, recall", "less it, NDCG@100")
    folded = folding_in(train, test, rows, names, options, parts=1 if bench.quick else TENTHS)
    differences = {
        way: mean_metrics({"d": each - own["recall_at_20"][asked]})["d"] for way, (asked, each) in folded.items()
    }
    largest = explained(model, rows)
    million, worked = a_million(bench)
    claims = _claims(found, differences)
    claims += [
        Claim(f"shares sum to scores within 1e-9: {largest:.1e}", bool(largest < 1e-9)),
        Claim(f"a million events in two minutes of the processor: {worked:.0f} s", worked < 120),
    ]
    return Section(
        "Recommending",
        (
            Table(
                "last.fm HetRec 2k, the validation part of a fixed split",
                columns,
                tuple(table),
                f"{len(rows):,} users, {len(events.items):,} artists, {len(train.pairs.columns):,} pairs to "
                f"fit on, {len(test.pairs.columns):,} asked for. Settings of all but popularity and item cosine were "
                "chosen on this very split. Intervals are 95 %, paired by user.",
            ),
            Table(
                "Users who are not in the fit, a tenth left out in turn",
                ("way", "recall@20 less that of a fit with them", "within 0.002"),
                tuple(
                    (way, interval(each), "yes" if each.value >= -0.002 else "no") for way, each in differences.items()
                ),
                "Who is only scored meets items that a tenth of the users did not teach.",
            ),
            million,
        ),
        tuple(claims),
    )


def _claims(found: Mapping[str, Mapping[str, Floats]], differences: Mapping[str, Metric]) -> list[Claim]:
    """What is claimed of the figures of each way, and of users who are not in the fit."""
    own = found["closeup"]
    claims = [
        Claim(f"{name} {AIMS[name]} or more: {own[name].mean():.4f}", bool(own[name].mean() >= AIMS[name]))
        for name in AIMS
    ]
    claims += [
        Claim(
            f"recall above {name}, paired", mean_metrics({"d": own["recall_at_20"] - each["recall_at_20"]})["d"].low > 0
        )
        for name, each in found.items()
        if each is not own
    ]
    added = differences["added"]
    claims.append(
        Claim(f"users who are added: recall within 0.002 of a fit with them: {interval(added)}", added.value >= -0.002)
    )
    return claims


def timed(work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """What some work gives, and its seconds on the clock and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, (round(time.perf_counter() - wall, 1), round(time.process_time() - cpu, 1))


def scores_of(model: Recommender, holder: "Holder | None" = None) -> Scores:
    """By a model, of what the users of a history, else its own, took."""
    return lambda rows: model.scores(Recommender.taken(holder or model, rows))  # type: ignore[arg-type]


def rivals(train: Events) -> dict[str, tuple[Scores, tuple[float, float]]]:
    """Popularity, item cosine, and ALS of `implicit` as it does best here (of 27 settings)."""
    pairs = train.pairs
    taken = Recommender.taken
    popular = popularity(pairs)
    cosine, cosine_s = timed(lambda: ItemCosine(pairs))
    history = Holder(pairs)
    found: dict[str, tuple[Scores, tuple[float, float]]] = {
        "popularity": (lambda rows: np.tile(popular, (len(rows), 1)), (0.0, 0.0)),
        "item cosine": (lambda rows: cosine.scores(taken(history, rows)), cosine_s),  # type: ignore[arg-type]
    }
    try:
        from implicit.als import AlternatingLeastSquares
        from implicit.nearest_neighbours import bm25_weight
    except ImportError as error:
        raise BenchError(f"The section needs the package implicit (extra dev): {error}") from error
    plays = sparse(pairs)
    forms = {
        "implicit, pairs alike, confidence 10": (10.0 * (plays > 0), 10.0),
        "implicit, 1 + log(1 + plays)": (as_data(plays, 1 + np.log1p(plays.data)), 10.0),
        "implicit, BM25 (10, 0.5)": (bm25_weight(plays.T, K1=10, B=0.5).T.tocsr(), 20.0),
    }
    for name, (matrix, regularisation) in forms.items():
        als = AlternatingLeastSquares(factors=32, regularization=regularisation, iterations=15, random_state=0)
        _, took = timed(lambda als=als, matrix=matrix: als.fit(matrix.astype(np.float32).tocsr(), show_progress=False))
        users, items = np.asarray(als.user_factors, np.float64), np.asarray(als.item_factors, np.float64)
        found[name] = (lambda rows, users=users, items=items: users[rows] @ items.T, took)  # type: ignore[misc]
    return found


class Holder:
    """What `Recommender.taken` needs: a history."""

    def __init__(self, history: Interactions) -> None:
        self.history = history


def as_data(matrix: Any, data: Floats) -> Any:
    found = matrix.copy()
    found.data = data
    return found


def figures(scores: Scores, train: Events, test: Events, rows: Sequence[int]) -> dict[str, Floats]:
    """Figures (N,) of the users in `rows`, by name."""
    ranked = []
    for part in in_parts(rows, train.pairs.width):
        found = np.array(scores(part))
        for place, row in enumerate(part):
            found[place, train.pairs.columns[train.pairs.row(row)]] = -np.inf
        ranked.append(top_columns(found, RANKED))
    return list_figures(
        np.concatenate(ranked), [test.pairs.columns[test.pairs.row(row)] for row in rows], train.pairs.width
    )


def folding_in(
    train: Events, test: Events, rows: list[int], names: dict[str, str], options: RecommendOptions, *, parts: int
) -> dict[str, tuple[list[int], Floats]]:
    """Recall (N,) of users by models that were fitted without them, a tenth of all users at a time, by two ways.

    "only scored": the model scores what they took and learns nothing. "added": `closeup recommend add`. With each the
    places of the users in `rows`. A tenth of the users is also a tenth of what items are known by, so that what is
    lost by the first way is more than a single user loses.
    """
    of_row = np.repeat(np.arange(len(train.users)), train.pairs.counts)
    asked, found = list[int](), dict[str, list[Floats]]()
    for part in range(parts):
        places = list(range(part, len(rows), TENTHS))
        new = [rows[place] for place in places]
        apart = np.isin(of_row, new)
        without = fit_events(train.kept(~apart), names, options)
        grown, _ = without.with_events(train.kept(apart))
        asked += places
        for way, model in (("only scored", without), ("added", grown)):
            scores = scores_of(model, Holder(train.pairs))
            found.setdefault(way, []).append(figures(scores, train, test, new)["recall_at_20"])
    return {way: (asked, np.concatenate(each)) for way, each in found.items()}


def explained(model: Recommender, rows: list[int]) -> float:
    """The largest difference of a score and the sum of its shares, for the first recommendation of some users."""
    largest = 0.0
    for row in rows[::200]:
        user = model.users.ids[row]
        found = model.explain(user, model.for_user(user, 1)[0]["item"])
        largest = max(largest, abs(found["score"] - sum(each["adds"] for each in found["because"])))
    return largest


def a_million(bench: Bench) -> tuple[Table, float]:
    """How long a million made-up events take, by the command, and how much memory; and the processor's seconds."""
    count = 20_000 if bench.quick else 1_000_000
    path = bench.out / "events.csv"
    rng = np.random.default_rng(0)
    # By power laws: of an item's rank to the -2/3, and half of the users have most of the events.
    users = (count / 20 * rng.random(count) ** 2).astype(int)
    items = (20_000 * rng.random(count) ** 3).astype(int)
    with path.open("w") as file:
        file.write("user,item,plays\n")
        file.writelines(f"{u},{i},{p}\n" for u, i, p in zip(users, items, rng.integers(1, 99, count), strict=True))
    out: list[tuple[Cell, ...]] = []
    folder = bench.out / "events.model"
    done = bench.closeup("recommend", "fit", str(path), "-o", str(folder), "--overwrite", "--quiet")
    if done.code:
        raise BenchError(f"closeup recommend fit failed:\n{done.errors}")
    size = sum(each.stat().st_size for each in Path(folder).iterdir()) / 1e6
    out.append(
        (
            count,
            len(set(users.tolist())),
            20_000,
            round(done.wall_s),
            round(done.cpu_s),
            round(done.peak_mb),
            round(size),
        )
    )
    head = ("events", "users", "items", "s", "CPU s", "peak MB", "model MB")
    return Table("`closeup recommend fit` on made-up events, 128 factors", head, tuple(out)), done.cpu_s


def interval(each: Metric) -> str:
    return f"{each.value:+.4f} ({each.low:+.4f} to {each.high:+.4f})"
