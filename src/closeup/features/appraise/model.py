"""A fitted appraiser: what a row is worth, between what and what, why, and how well that fits the truth."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.regression import amount_figures, conformal_reach
from closeup.core.errors import FormatError, InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.whole import write_whole
from closeup.core.words import LeftOut, counted, listed
from closeup.documents.form import file_bytes
from closeup.documents.learners import LearnerEvaluation, drawn_metrics, read_model
from closeup.features.appraise.boosting import Booster
from closeup.features.appraise.columns import (
    MISSING,
    Column,
    Rows,
    groups_of,
    read_rows_table,
    target_values,
    typed,
)
from closeup.features.appraise.features import REGRESSION, FeaturePlan, Features
from closeup.features.appraise.fit import FORMAT, SURE, Member, estimates_of, mixed, read_model_of
from closeup.features.appraise.pages import measured_page
from closeup.pages.learner import check_evaluation_place, write_evaluation
from closeup.tables.strict_csv import Table, table_bytes

Floats = NDArray[np.float64]

COVER = 0.9
"""Share of the truth that lies between low and high, where nothing else is said."""

DIGITS = 6
"""Significant digits of answers: what lies behind is not the same on every processor, and means nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Appraisal:
    """What rows are worth, each array of shape (N,), to `DIGITS` significant digits.

    Attributes:
        price: The middle of what may be: as often too high as too low.
        mean: The mean of what may be: nearest in squares, and right in the sum.
        low: Below this the truth lies in half of the cases that `cover` leaves out.
        high: Above this likewise.
    """

    price: Floats
    mean: Floats
    low: Floats
    high: Floats


class Appraiser:
    """A model that was read from its folder.

    Attributes:
        header: What model.json says.
        target: Name of what is estimated.
        columns: Of the table that it was fitted to.
    """

    def __init__(self, folder: Path) -> None:
        """Read a model.

        Raises:
            InputError: If there is none.
            FormatError: If it is damaged, or of another version.
        """
        self.header, arrays = read_model(folder, "appraise", FORMAT)
        facts = self.header.facts
        try:
            self.target: str = facts["target"]
            self.columns = tuple(Column(**{**each, "levels": tuple(each["levels"])}) for each in facts["columns"])
            self._features = Features(_plan(facts["plan"]), tuple(facts["features"]), arrays)
            self._members = [Member(**each) for each in facts["members"]]
            self._weights, self._smear = np.array(facts["weights"], np.float64), float(facts["smear"])
            low = facts["scale"][1]
            self._scale = float(facts["scale"][0]), -np.inf if low is None else float(low)
            self._group, self._spread, self._log = str(facts["group"]), float(facts["spread"]), bool(facts["log"])
            self._scores = arrays["scores"]
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{folder}: model.json lacks something, or holds something else: {error}.") from error
        self._models = [read_model_of(each, file_bytes(folder / each.file)) for each in self._members]
        spread = folder / "spread.txt"
        self._spread_model = Booster.from_bytes("lightgbm", file_bytes(spread)) if spread.exists() else None

    def rows(self, table: Table) -> tuple[Rows, NDArray[np.int64], list[str]]:
        """The rows of a table as the model needs them, what keeps them together (N,), and what is odd about them.

        Raises:
            InputError: If columns are missing.
        """
        rows = typed(table, self.columns)
        notes = list(table.notes)
        for column in rows.columns:
            if odd := _unread(table, rows, column.name):
                kind = "no date in the form of the fit" if column.kind == "date" else "no number"
                notes.append(
                    f"{column.name}: {counted(len(odd), 'cell is', 'cells are')} {kind}, and count as missing: "
                    f"{listed([repr(each[:40]) for each in odd], 3)}."
                )
            if column.levels and column.name in rows.words:
                new = sorted(set(rows.words[column.name].tolist()) - {*column.levels, ""})
                if new:
                    notes.append(
                        f"{column.name}: {counted(len(new), 'value')} that the fit did not have: {listed(new)}."
                    )
        spare = [name for name in table.columns if name not in {c.name for c in self.columns} | {self.target}]
        if spare:
            notes.append(f"Columns that the fit did not have were passed over: {listed(spare)}.")
        if self._group and self._group not in table.columns:
            notes.append(f"There is no column {self._group!r}: rows that were fitted to are not known as such.")
            return rows, np.arange(len(rows), dtype=np.int64), notes
        return rows, groups_of(rows, self._group)[0], notes

    def answer(self, rows: Rows, groups: NDArray[np.int64], cover: float = COVER) -> Appraisal:
        """What rows are worth; prices of rows of the same groups (N,) that were fitted to are left out.

        Args:
            cover: Share of the truth that shall lie between low and high, above 0 and below 1.

        Raises:
            InputError: If that share cannot be covered.
        """
        if not 0 < cover < 1:
            raise InputError(f"A share of {cover:g} cannot be covered: it must be above 0 and below 1.")
        features = self._features.of(rows, groups)
        estimates = estimates_of(self._members, self._models, features, self._features.names, self._scale)
        middles, means = mixed(estimates, self._weights), self._smear * (estimates @ self._weights)
        spread = np.full(len(rows), self._spread)
        if self._spread_model is not None:
            spread = np.maximum(self._spread_model.answer(features) * self._spread, SURE * self._spread)
        below, above = (conformal_reach(scores, (1 + cover) / 2) * spread for scores in (-self._scores, self._scores))
        if self._log:
            low, high = middles * np.exp(-below), middles * np.exp(above)
        else:
            low, high = middles - below, middles + above
        return Appraisal(*(_significant(values) for values in (middles, means, low, high)))

    def explain(self, rows: Rows, groups: NDArray[np.int64]) -> tuple[list[str], Floats, Floats]:
        """Why: what each feature adds to each row's price, in units of the target, and what all start from.

        Contributions of trees are exact, those of the process integrated. From logarithms to amounts, and back, they
        are stretched so that they sum there too (by the logarithmic mean, as in index decomposition: Ang, 2004).

        Returns:
            Names of the F features; (N, F + 1), the last the start, whose sum in each row is its price before it is
            rounded; and the values of the features, (N, F).
        """
        features = self._features.of(rows, groups)
        total = np.zeros((len(rows), features.shape[1] + 1))
        for member, model, weight in zip(self._members, self._models, self._weights.tolist(), strict=True):
            parts = model.contributions(features)
            if member.beside:
                place, usual = self._features.names.index(REGRESSION), float(self._features.arrays["target"].mean())
                parts[:, place] += features[:, place] - usual
                parts[:, -1] += usual
            if not member.log:
                parts = _turned(parts, lambda values: np.maximum(values * self._scale[0], self._scale[1]))
                parts = _turned(parts, np.log) if self._log else parts
            total += weight * parts
        return list(self._features.names), _turned(total, np.exp) if self._log else total, features


def appraise(model: Path, table: Path, cover: float = COVER) -> tuple[Rows, Appraisal, list[str]]:
    """What the N rows of a table are worth by a model, arrays of shape (N,), and what is odd about them.

    Args:
        model: Folder that a fit made.
        table: A CSV file; it needs no target.
        cover: Share of the truth that shall lie between low and high.

    Raises:
        InputError: If the table lacks columns that the model rests on.
        FormatError: If the model is damaged, or of another version.
    """
    fitted = Appraiser(model)
    rows, groups, notes = fitted.rows(read_rows_table(table))
    return rows, fitted.answer(rows, groups, cover), notes


def predict_table(
    model: Path,
    table: Path,
    out: Path | None = None,
    *,
    cover: float = COVER,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> dict[str, Any]:
    """Say what the rows of a table are worth, and write it as CSV where `out` is given.

    Returns:
        "target", "cover", "rows" (of each its line, ids, price, mean, low and high), and "notes": what is odd about
        them, a sentence each.

    Raises:
        InputError: As `appraise`.
        OutputError: If `out` is there and `overwrite` is off, or it cannot be written.
    """
    if out is not None and out.exists() and not overwrite:
        raise OutputError(f"{out} exists already.", code="result.exists")
    progress(Progress("Appraising", 0, None, "rows"))
    fitted = Appraiser(model)
    rows, groups, notes = fitted.rows(read_rows_table(table))
    answers = fitted.answer(rows, groups, cover)
    ids = [column.name for column in rows.of("id") if column.name in rows.words]
    lines: list[dict[str, str | int | float | bool | None]] = [
        {
            "line": int(rows.lines[row]),
            **{name: str(rows.words[name][row]) for name in ids},
            **{name: float(getattr(answers, name)[row]) for name in ("price", "mean", "low", "high")},
        }
        for row in range(len(rows))
    ]
    if out is not None:
        write_whole(out, table_bytes(("line", *ids, "price", "mean", "low", "high"), lines))
    return {"target": fitted.target, "cover": cover, "rows": lines, "notes": notes}


def explain_row(model: Path, table: Path, row: int, *, progress: ProgressCallback = ignore) -> dict[str, Any]:
    """Why one row, from 1, is worth what it is: answers, the start, and what each feature adds, the most first.

    Raises:
        InputError: As `appraise`, or if there is no such row.
    """
    progress(Progress("Appraising", 0, None, "rows"))
    fitted = Appraiser(model)
    rows, groups, notes = fitted.rows(read_rows_table(table))
    if not 1 <= row <= len(rows):
        raise InputError(f"{table} has {counted(len(rows), 'row')}, so there is no row {row}.")
    one, own = rows.take(np.array([row - 1], np.intp)), groups[row - 1 : row]
    answers = fitted.answer(one, own)
    names, parts, values = fitted.explain(one, own)
    order = np.argsort(-np.abs(np.round(parts[0, :-1], 6)), kind="stable")
    return {
        "target": fitted.target,
        "row": row,
        "line": int(one.lines[0]),
        **{name: float(getattr(answers, name)[0]) for name in ("price", "mean", "low", "high")},
        "start": float(parts[0, -1]),
        "parts": [
            {"feature": names[i], "value": f"{values[0, i]:.6g}", "adds": float(parts[0, i])} for i in order.tolist()
        ],
        "notes": notes,
    }


def evaluate_appraiser(
    model: Path,
    table: Path,
    *,
    out: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> LearnerEvaluation:
    """How well a model's answers fit a table that has the target: figures with 95 % intervals.

    rmse, r2 and bias are of the mean, mae, mape and log_rmse of the price, which is the median; cover_80 and cover_90
    are the shares of the truth that lay within, width_90 the median width of such an interval as a share of the price.

    Args:
        out: Folder to make, of report.html and evaluation.json; None for none.
        overwrite: Replace such a folder that is there.

    Raises:
        InputError: If the table lacks the target or other columns.
        FormatError: If the model is damaged, or of another version.
        OutputError: If `out` is there and `overwrite` is off, or it cannot be written.
    """
    check_evaluation_place(out, overwrite=overwrite)
    progress(Progress("Measuring", 0, None, "rows"))
    fitted = Appraiser(model)
    read = read_rows_table(table)
    truth = target_values(read, fitted.target)
    rows, groups, notes = fitted.rows(read)
    there = np.isfinite(truth)
    if not there.all():
        without = counted(int((~there).sum()), "row has", "rows have")
        notes.append(LeftOut(f"{without} no {fitted.target} and were left out."))
    rows, groups, truth = rows.take(there), groups[there], truth[there]
    known = np.isin(groups, fitted._features.arrays["groups"])
    if known.any():
        notes.append(f"{counted(int(known.sum()), 'row was', 'rows were')} fitted to: the figures flatter the model.")
    wide, narrow = fitted.answer(rows, groups, 0.9), fitted.answer(rows, groups, 0.8)
    found = _measured(fitted, table.name, truth, wide, narrow)
    found = replace(found, notes=tuple(notes))
    if out is not None:
        page = measured_page(found, fitted.target, rows.lines, truth, wide.price, (wide.low, wide.high))
        write_evaluation(out, found, page, overwrite=overwrite)
    return found


def _measured(fitted: Appraiser, data: str, truth: Floats, wide: Appraisal, narrow: Appraisal) -> LearnerEvaluation:
    """Figures of answers to N rows of a truth (N,), with intervals of nine and of eight tenths."""
    guess = np.full(len(truth), float(np.median(fitted._features.arrays["target"])))
    guess = np.exp(guess) if fitted._log else guess * fitted._scale[0]

    def figures(drawn: NDArray[np.intp], means: Floats, middles: Floats) -> dict[str, float]:
        found = amount_figures(means[drawn], middles[drawn], truth[drawn])
        return {name: value for name, value in found.items() if value is not None}

    def ours(drawn: NDArray[np.intp]) -> dict[str, float]:
        found = figures(drawn, wide.mean, wide.price)
        for name, each in (("cover_80", narrow), ("cover_90", wide)):
            within = (each.low[drawn] <= truth[drawn]) & (truth[drawn] <= each.high[drawn])
            found[name] = float(within.mean())
        found["width_90"] = float(np.median((wide.high - wide.low)[drawn] / np.abs(wide.price[drawn])))
        return found

    def difference(drawn: NDArray[np.intp]) -> dict[str, float]:
        mine, other = figures(drawn, wide.mean, wide.price), figures(drawn, guess, guess)
        return {name: mine[name] - other[name] for name in mine if name in other}

    count = len(truth)
    return LearnerEvaluation(
        "appraise",
        data,
        count,
        metrics=drawn_metrics(ours, count),
        baselines={"the middle of the fit for all": drawn_metrics(lambda drawn: figures(drawn, guess, guess), count)},
        differences={"the middle of the fit for all": drawn_metrics(difference, count)},
        settings=fitted.header.settings,
        seed=fitted.header.seed,
    )


def _unread(table: Table, rows: Rows, name: str) -> list[str]:
    """Cells of a column of numbers or dates that say something which is none."""
    if name not in rows.numbers:
        return []
    cells = zip(table.rows, rows.numbers[name].tolist(), strict=True)
    return [row[name] for (_, row), value in cells if np.isnan(value) and row[name].casefold() not in MISSING]


def _plan(data: dict[str, Any]) -> FeaturePlan:
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    lists |= {name: tuple(map(tuple, data[name])) for name in ("ratios", "centres")}
    return FeaturePlan(**{**data, **lists, "categories": {k: tuple(v) for k, v in data["categories"].items()}})


def _turned(parts: Floats, turn: Callable[[Floats], Floats]) -> Floats:
    """Contributions (N, F + 1), the start last, of what is turned into something else: they sum to what it is then."""
    start, end = parts[:, -1], parts.sum(axis=1)
    before, after = turn(start), turn(end)
    away = end - start
    slope = np.divide(after - before, away, out=np.zeros(len(parts)), where=np.abs(away) > 1e-12)
    found = parts * slope[:, None]
    found[:, -1] = before
    return np.asarray(found, np.float64)


def _significant(values: Floats) -> Floats:
    """To `DIGITS` significant digits."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values.tolist()])
