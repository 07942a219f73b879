"""A fitted recommender: what it recommends to whom, what is like what, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.retrieval import DIGITS, top_columns
from closeup.algorithms.ranking.factors import Floats, Interactions, Loss, pairs_of, row_shares, solve_rows, swept
from closeup.algorithms.ranking.item_weights import ItemWeights, fit_item_weights, item_scores, item_shares
from closeup.core.errors import FormatError, InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import LeftOut, counted
from closeup.documents.form import file_bytes, indented, parse_json
from closeup.documents.learners import ModelHeader, read_model, write_model
from closeup.features.recommend.events import Events
from closeup.features.recommend.names import Names
from closeup.features.recommend.options import RecommendOptions
from closeup.pages.learner import REPORT_FILE

FORMAT = 1
IDS_FILE = "ids.json"

_SCORE_BYTES = 64 * 2**20
"""Of the scores that are reckoned together."""

SWEEPS = 2
"""Iterations by which items learn of events that are added."""

MOST_ROWS = 5_000
"""Weights from item to item need a matrix with as many rows as there are users or items, whichever are fewer."""

TOO_MANY = f"Weights from item to item were left out: there are over {MOST_ROWS:,} users and items."

SUPPORT = 3
"""An item that fewer users took is not called similar to another: too little is known of it."""


class Recommender:
    """Recommends items, and says why.

    Attributes:
        header: What it is and how it was fitted.
        options: The same settings as a dataclass.
        users: Names and ids of the users.
        items: Names and ids of the items.
        history: What each user took, (U, C), those added later too; weights are sums as in the events.
    """

    def __init__(
        self,
        header: ModelHeader,
        ids: tuple[Names, Names],
        history: Interactions,
        factors: Floats,
        weights: ItemWeights | None,
    ) -> None:
        """Put together what was fitted.

        Args:
            ids: Users and items.
            history: What each user took.
            factors: Shape (M, C, K): vectors of the items, of each member.
            weights: From item to item, or None where they are left out.
        """
        self.header, self.options = header, RecommendOptions(**header.settings)
        self.users, self.items = ids
        self.history = history
        self._factors, self._weights = factors, weights
        self._loss = Loss(self.options.unobserved, self.options.regularisation)

    def scores(self, taken: Interactions) -> Floats:
        """Scores (N, C) of all items for N users by what they took, comparable within a user; higher is better.

        Each member's scores are divided by their deviation over the catalogue, so that none outshouts the others.
        """
        total = np.zeros((len(taken.starts) - 1, taken.width))
        for share, found in self._parts(taken):
            total += share * found / _deviation(found)
        return total

    def recommended(self, taken: Interactions, count: int) -> tuple[NDArray[np.int64], Floats]:
        """The best `count` items for N users that they have not taken; -1 where there are fewer.

        What nobody had taken is not among them: nothing is known of it.

        Returns:
            Columns of the items (N, T), T being `count`, and their scores (N, T).
        """
        scores = self.scores(taken)
        scores[np.repeat(np.arange(len(scores)), taken.counts), taken.columns] = -np.inf
        scores[:, self.users_of_items == 0] = -np.inf
        best = top_columns(scores, count)
        return best, np.round(np.take_along_axis(scores, np.maximum(best, 0), axis=1), DIGITS)

    def for_user(self, user: str, count: int = 20) -> list[dict[str, Any]]:
        """What to recommend to a user, best first: "item", "name", "score", and how many "users" took it.

        Raises:
            InputError: If there is no such user.
        """
        best, scores = self.recommended(self.taken([self.users.find(user)]), count)
        pairs = zip(best[0].tolist(), scores[0].tolist(), strict=True)
        return [{**self._item(column), "score": score} for column, score in pairs if column >= 0]

    def similar(self, item: str, count: int = 20) -> list[dict[str, Any]]:
        """What is most like an item, by the cosine of their vectors: "item", "name", "score", "users".

        Raises:
            InputError: If there is no such item, or nobody took it.
        """
        column = self.items.find(item)
        users = self.users_of_items
        if not users[column]:
            raise InputError(f"Nobody has taken {self.items.label(column)}, so nothing is known of what it is like.")
        lengths = np.linalg.norm(self._factors, axis=2, keepdims=True)
        unit = self._factors / np.maximum(lengths, 1e-12)
        cosine = np.einsum("mck,mk->c", unit, unit[:, column]) / len(unit)
        cosine[users < min(SUPPORT, users.max())] = -np.inf
        cosine[column] = -np.inf
        best = top_columns(cosine[None], count)[0]
        found = np.round(cosine, DIGITS)
        return [{**self._item(each), "score": float(found[each])} for each in best.tolist() if each >= 0]

    def explain(self, user: str, item: str) -> dict[str, Any]:
        """Why an item has its score for a user: what each item that they took adds; the sum is the score.

        Returns:
            "user", "item", "name", "score", and "because": "item", "name", "weight" (as in the events) and "adds".

        Raises:
            InputError: If there is no such user or item, or the user has taken it.
        """
        row, column = self.users.find(user), self.items.find(item)
        taken = self.taken([row])
        if column in taken.columns:
            raise InputError(f"{self.users.label(row)} has taken {self.items.label(column)}: it is not recommended.")
        adds = np.zeros(len(taken.columns))
        score = 0.0
        for (share, found), shares in zip(self._parts(taken), self._shares(taken, column), strict=True):
            scale = share / float(_deviation(found)[0, 0])
            score += scale * float(found[0, column])
            adds += scale * shares
        order = np.argsort(-np.round(adds, DIGITS), kind="stable").tolist()
        because = [
            {**self._item(int(taken.columns[k])), "weight": float(taken.weights[k]), "adds": float(adds[k])}
            for k in order
        ]
        return {"user": self.users.ids[row], **self._item(column), "score": score, "because": because}

    def taken(self, rows: Sequence[int]) -> Interactions:
        """What some users took, in the order of `rows`."""
        return rows_of(self.history, rows)

    def with_events(self, events: Events, *, progress: ProgressCallback = ignore) -> tuple["Recommender", list[str]]:
        """The model that knows new plays, too.

        Users are solved from items' vectors whenever they are asked about, so that new ones need nothing; items learn
        of them by `SWEEPS` more iterations, and weights from item to item are solved anew, which is exact.

        Returns:
            The model, and notes on what was taken in and what was left out.

        Raises:
            InputError: If none of the items is known.
        """
        known = {item: column for column, item in enumerate(self.items.ids)}
        columns = np.array([known.get(item, -1) for item in events.items], np.int64)[events.pairs.columns]
        kept = columns >= 0
        if not kept.any():
            raise InputError(f"The model knows none of the items of {events.name}.", "Fit it again, on all events.")
        users = [*self.users.ids, *(user for user in events.users if user not in self.users)]
        place = {user: row for row, user in enumerate(users)}
        rows = np.array([place[user] for user in events.users], np.int64)
        new_rows = np.repeat(rows, events.pairs.counts)[kept]
        old_rows = np.repeat(np.arange(len(self.users.ids)), self.history.counts)
        width = self.history.width
        keys, inverse = np.unique(
            np.concatenate([old_rows * width + self.history.columns, new_rows * width + columns[kept]]),
            return_inverse=True,
        )
        plays = np.bincount(inverse, np.concatenate([self.history.weights, events.pairs.weights[kept]]))
        history = pairs_of(keys // width, keys % width, plays.astype(np.float64), (len(users), width))
        new = len(users) - len(self.users.ids)
        notes = [f"{counted(new, 'new user')}, {counted(len(events.users) - new, 'known one')}."]
        if lost := int((~kept).sum()):
            notes.append(LeftOut(f"{counted(lost, 'pair')} of items that the model does not know were left out."))
        seen = self._weighed(history)
        factors, turned = self._factors, seen.turned()
        for number in range(SWEEPS):
            progress(Progress("Learning of new events", number, SWEEPS, "iterations"))
            factors = swept(observed(seen), observed(turned), factors, self._loss)
        weights = None if self._weights is None else solved_item_weights(seen, self.options)
        if weights is None and self._weights is not None:
            notes.append(TOO_MANY)
        header = replace(
            self.header,
            facts={**self.header.facts, "users": len(users), "pairs": len(history.columns)},
            notes=(*self.header.notes, f"Added from {events.name}: {' '.join(notes)}"),
        )
        return Recommender(header, (Names("user", tuple(users)), self.items), history, factors, weights), notes

    def save(self, out: Path, *, page: str = "", overwrite: bool = False) -> Path:
        """Write the model as a folder, with a page that shows it as report.html.

        Raises:
            OutputError: If it is there and `overwrite` is off, or it cannot be written.
        """
        arrays: dict[str, NDArray[Any]] = {"factors": self._factors}
        arrays |= {f"history_{each}": getattr(self.history, each) for each in ("starts", "columns", "weights")}
        if self._weights is not None:
            arrays |= {f"item_{each}": value for each, value in asdict(self._weights).items()}
        ids = indented({"users": list(self.users.ids), "items": list(self.items.ids), "names": self.items.names})
        files = {IDS_FILE: ids.encode(), **({REPORT_FILE: page.encode()} if page else {})}
        return write_model(out, self.header, arrays, files=files, overwrite=overwrite)

    @property
    def users_of_items(self) -> NDArray[np.int64]:
        """How many users took each item, (C,)."""
        return np.bincount(self.history.columns, minlength=self.history.width)

    def _item(self, column: int) -> dict[str, Any]:
        return {
            "item": self.items.ids[column],
            "name": self.items.names.get(self.items.ids[column], ""),
            "users": int(self.users_of_items[column]),
        }

    def _weighed(self, pairs: Interactions) -> Interactions:
        return weighed(pairs, self.options, self.header.facts["mean_log"])

    def _parts(self, taken: Interactions) -> Iterator[tuple[float, Floats]]:
        """For each member how much it counts, and its scores (N, C)."""
        seen = self._weighed(taken)
        for vectors in self._factors:
            yield 1 / len(self._factors), solve_rows(observed(seen), vectors, self._loss) @ vectors.T
        if self._weights is not None:
            yield self.options.item_share, item_scores(self._weights, self._weighed(self.history), seen)

    def _shares(self, taken: Interactions, column: int) -> Iterator[Floats]:
        """For each member what each item that one user took adds to its score of a column, (N,)."""
        seen = self._weighed(taken)
        for vectors in self._factors:
            yield row_shares(observed(seen), vectors, self._loss, column)
        if self._weights is not None:
            yield item_shares(self._weights, self._weighed(self.history), seen, column)


def open_recommender(folder: str | Path) -> Recommender:
    """Open a model that `fit_recommender` wrote.

    Raises:
        InputError: If there is no such model.
        FormatError: If it is damaged, or another closeup wrote it.
    """
    folder = Path(folder)
    header, arrays = read_model(folder, "recommend", FORMAT)
    try:
        ids = parse_json(file_bytes(folder / IDS_FILE))
        users, items = Names("user", tuple(ids["users"])), Names("item", tuple(ids["items"]), ids["names"])
        grown = "fitted_starts" in arrays and "history_starts" in arrays  # events were added by an older closeup
        arrays = {name.replace("fitted_", "history_"): each for name, each in arrays.items()} | arrays
        history = _pairs(arrays, len(items.ids))
        parts = [arrays[f"item_{name}"] for name in ("penalties", "inverse", "diagonal") if f"item_{name}" in arrays]
        weights = ItemWeights(*parts) if parts else None
        model = Recommender(header, (users, items), history, arrays["factors"], weights)
        if grown and weights is not None:
            model._weights = solved_item_weights(model._weighed(history), model.options)
        if arrays["factors"].shape[1] != len(items.ids) or len(history.starts) != len(users.ids) + 1:
            raise ValueError("its parts do not belong together")
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{folder} is damaged: {error}.", "Fit the model again.") from error
    return model


def weighed(pairs: Interactions, options: RecommendOptions, mean_log: float) -> Interactions:
    """Pairs as they count in a fit: 1, or the logarithm of 1 + weight by its mean over the pairs of the fit."""
    if options.weights == "binary":
        return replace(pairs, weights=np.ones(len(pairs.weights)))
    return replace(pairs, weights=np.log1p(pairs.weights) / mean_log)


def solved_item_weights(seen: Interactions, options: RecommendOptions) -> ItemWeights | None:
    """Weights from item to item by weighed pairs, (U, C); None where a matrix of `MOST_ROWS` rows would not do."""
    if min(len(seen.starts) - 1, seen.width) > MOST_ROWS:
        return None
    return fit_item_weights(seen, penalty=options.item_penalty, dropout=options.item_dropout)


def observed(seen: Interactions) -> Interactions:
    """Weights for a factorisation, from those of `weighed`: half of each and half of one, so that none is slight."""
    return replace(seen, weights=(1 + seen.weights) / 2)


def in_parts(rows: Sequence[int], width: int) -> Iterator[Sequence[int]]:
    """Rows in parts whose scores of `width` items fit into memory."""
    size = max(1, _SCORE_BYTES // (8 * width))
    yield from (rows[start : start + size] for start in range(0, len(rows), size))


def rows_of(pairs: Interactions, rows: Sequence[int]) -> Interactions:
    """Some rows of pairs, in the order of `rows`."""
    places = [np.arange(*pairs.row(row).indices(len(pairs.columns))) for row in rows]
    chosen = np.concatenate([*places, np.zeros(0, np.int64)]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum([len(each) for each in places])]).astype(np.int64)
    return Interactions(starts, pairs.columns[chosen], pairs.weights[chosen], pairs.width)


def _deviation(scores: Floats) -> Floats:
    """The standard deviation of each row of (N, C), as (N, 1); 1 where all are equal."""
    found = scores.std(axis=1, keepdims=True)
    return np.where(found > 0, found, 1.0)


def _pairs(arrays: Mapping[str, NDArray[Any]], width: int) -> Interactions:
    pairs = Interactions(arrays["history_starts"], arrays["history_columns"], arrays["history_weights"], width)
    if pairs.starts[-1] != len(pairs.columns) or len(pairs.columns) != len(pairs.weights):
        raise ValueError("the rows of its history do not fit its columns")
    if len(pairs.columns) and not 0 <= pairs.columns.min() <= pairs.columns.max() < width:
        raise ValueError("its history has columns that are no items")
    return pairs
