"""Looking at a table of things and their prices before anything is learnt: one answer for the page and for programs."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.regression import rank_correlation
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import counted, listed
from closeup.features.appraise.columns import Rows, name_words, read_rows_table, target_values, typed, understand
from closeup.tables.strict_csv import Table

Floats = NDArray[np.float64]

FENCE = 3.0
"""Values further than so many interquartile ranges beyond the quartiles are far out (Tukey, Exploratory Data Analysis,
1977, 2D)."""

FAR_OFF = 6.0
"""Rows are odd whose target is so many times the usual error away from what a plain regression expects."""

TELLS = 0.97
"""A column that goes with the target by rank so closely tells it; so do two whose logarithms explain it to 0.99."""

MOST_LISTED = 20


def look_at_table(path: Path, target: str, progress: ProgressCallback = ignore) -> tuple[Rows, Floats, dict[str, Any]]:
    """What is in a table and what is wrong with it: its rows with a target, the target (N,), and all that was found.

    Raises:
        InputError: If it is no table, or has no such target or only one row with it.
    """
    progress(Progress("Reading", 0, None, "rows"))
    table = read_rows_table(path)
    columns = understand(table, target)
    every = target_values(table, target)
    there = np.isfinite(every)
    rows, values = typed(table, columns).take(there), every[there]
    if len(values) < 2 or np.ptp(values) == 0:
        raise InputError(f"{path}: {target} has one value only; there is nothing to see.")
    progress(Progress("Looking", 0, None, "columns"))
    numbers = [name for name in rows.numbers if np.isfinite(rows.numbers[name]).sum() > 1]
    rank = {name: round(rank_correlation(rows.numbers[name], values), 4) for name in numbers}
    numbers.sort(key=lambda name: -abs(rank[name]))
    found: dict[str, Any] = {
        "table": path.name,
        "target": {"name": target, "missing": int((~there).sum()), **summary(values)},
        "rows": len(rows),
        "columns": [_column(rows, values, each.name, rank) for each in columns],
        "rank_correlations": {
            "names": [target, *numbers],
            "values": _square([values, *(rows.numbers[name] for name in numbers)]),
        },
        "outliers": _outliers(rows, values, target, numbers),
        "odd_rows": _odd_rows(rows, values, numbers),
        "leaks": _leaks(rows, values, target, rank),
        "duplicates": _duplicates(table, rows, target),
        "notes": [*table.notes, *(f"{column.name}: {column.note}" for column in columns if column.note)],
    }
    found["findings"] = findings(found)
    return rows, values, found


def summary(values: Floats) -> dict[str, float | None]:
    """Quantiles, mean and skewness of (N,), to six significant digits; of the logarithm too where all is above 0."""
    ends = np.quantile(values, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
    names = ("min", "p5", "p25", "median", "p75", "p95", "max")
    found: dict[str, float | None] = {name: _short(value) for name, value in zip(names, ends, strict=True)}
    found |= {"mean": _short(values.mean()), "skewness": _short(_skewness(values)), "log_skewness": None}
    if (values > 0).all():
        found["log_skewness"] = _short(_skewness(np.log(values)))
    return found


def _skewness(values: Floats) -> float:
    spread = values.std()
    return float((((values - values.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _column(rows: Rows, target: Floats, name: str, rank: Mapping[str, float]) -> dict[str, Any]:
    column = next(each for each in rows.columns if each.name == name)
    found: dict[str, Any] = {"name": name, "kind": column.kind, "missing": column.missing, "note": column.note}
    if name in rank:
        known = rows.numbers[name][np.isfinite(rows.numbers[name])]
        found |= {"rank_correlation": rank[name], **summary(known)}
    if name in rows.words and column.kind != "id":
        found["levels"] = _levels(rows.words[name], target)
    return found


def _levels(words: NDArray[np.str_], target: Floats) -> list[dict[str, Any]]:
    """Rows and quartiles of the target by category, the most rows first."""
    count = Counter(words.tolist())
    return [
        {
            "level": level,
            "rows": number,
            "quartiles": [_short(q) for q in np.quantile(target[words == level], [0.1, 0.25, 0.5, 0.75, 0.9])],
        }
        for level, number in sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _square(columns: Sequence[Floats]) -> list[list[float]]:
    size = len(columns)
    made = [[1.0] * size for _ in range(size)]
    for first, second in itertools.combinations(range(size), 2):
        made[first][second] = made[second][first] = round(rank_correlation(columns[first], columns[second]), 3)
    return made


def fences(values: Floats) -> tuple[float, float, str]:
    """Beyond what values (N,) are far out, and the rule in words; (-inf, inf) where half of them are the same."""
    log = bool((values > 0).all()) and _skewness(values) > 1
    scaled = np.log(values) if log else values
    low, high = np.quantile(scaled, [0.25, 0.75])
    if high <= low:
        return -np.inf, np.inf, "no rule: half of the values are the same"
    ends = (low - FENCE * (high - low), high + FENCE * (high - low))
    words = f"more than {FENCE:g} interquartile ranges beyond the quartiles{' of the logarithm' if log else ''}"
    return (float(np.exp(ends[0])), float(np.exp(ends[1])), words) if log else (float(ends[0]), float(ends[1]), words)


def _outliers(rows: Rows, target: Floats, name: str, numbers: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for each in (name, *numbers):
        values = target if each == name else rows.numbers[each]
        known = np.flatnonzero(np.isfinite(values))
        low, high, rule = fences(values[known])
        out = known[(values[known] < low) | (values[known] > high)]
        middle = np.median(values[known])
        out = out[np.argsort(-np.abs(values[out] - middle), kind="stable")]
        one = {"column": each, "rule": rule, "count": len(out)}
        if np.isfinite(low):
            one |= {"low": _short(low), "high": _short(high)}
        one["rows"] = [
            {"line": int(rows.lines[row]), "value": _short(values[row]), "target": _short(target[row])}
            for row in out[:MOST_LISTED]
        ]
        found.append(one)
    return found


def _odd_rows(rows: Rows, target: Floats, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """Rows whose target is far from what a plain regression on all numbers expects, the furthest first."""
    log = bool((target > 0).all())
    wanted = np.log(target) if log else target
    columns = []
    for name in numbers:
        values = np.nan_to_num(rows.numbers[name], nan=float(np.nanmedian(rows.numbers[name])))
        columns.append(np.log1p(values) if values.min() >= 0 and _skewness(values) > 1 else values)
    base = np.column_stack([np.ones(len(target)), *columns])
    scale = np.maximum(np.abs(base).max(axis=0), 1e-12)
    guess = (base / scale) @ np.linalg.lstsq(base / scale, wanted, rcond=1e-9)[0]
    off = np.round(wanted - guess, 6)
    usual = float(np.median(np.abs(off))) * 1.4826
    if len(target) < 3 * base.shape[1] or usual <= 0:
        return []
    order = np.argsort(-np.abs(off), kind="stable")
    chosen = [int(row) for row in order[: MOST_LISTED * 5] if abs(off[row]) > FAR_OFF * usual][:MOST_LISTED]
    return [
        {
            "line": int(rows.lines[row]),
            "target": _short(target[row]),
            "expected": _short(np.exp(guess[row]) if log else guess[row]),
            "times_the_usual_error": round(abs(float(off[row])) / usual, 1),
        }
        for row in chosen
    ]


def _leaks(rows: Rows, target: Floats, name: str, rank: Mapping[str, float]) -> list[dict[str, Any]]:
    """Columns that tell the target: alone by rank, two by their logarithms, or by name."""
    found = [
        {"columns": [each], "how": f"goes with {name} by rank to {abs(rank[each]):.3f}"}
        for each in rank
        if abs(rank[each]) >= TELLS
    ]
    alone = {each["columns"][0] for each in found}
    named = [each.name for each in rows.columns if name_words(name) <= name_words(each.name) and each.name not in alone]
    found += [{"columns": [each], "how": f"has the name of {name} in its own"} for each in named]
    if (target > 0).all():
        positive = [
            each
            for each in rank
            if each not in alone and np.nanmin(rows.numbers[each]) > 0 and np.isfinite(rows.numbers[each]).mean() > 0.5
        ]
        for first, second in itertools.combinations(positive, 2):
            share = _explained(np.log(target), np.log(rows.numbers[first]), np.log(rows.numbers[second]))
            if share >= 0.99:
                found.append({"columns": [first, second], "how": f"together give {name} to {share:.3f}"})
    return found


def _explained(wanted: Floats, first: Floats, second: Floats) -> float:
    """Share of the variance of a column (N,) that two others explain."""
    both = np.isfinite(first) & np.isfinite(second)
    table = np.column_stack([first, second])[both]
    table, goal = table - table.mean(axis=0), wanted[both] - wanted[both].mean()
    if len(goal) < 5 or not goal.any():
        return 0.0
    rest = goal - table @ np.linalg.lstsq(table, goal, rcond=1e-9)[0]
    return round(1 - float((rest**2).sum() / (goal**2).sum()), 6)


def _duplicates(table: Table, rows: Rows, target: str) -> dict[str, Any]:
    """Rows that are there twice: all alike, alike but for the target, and ids that repeat."""
    ids = {each.name for each in rows.of("id")}
    whole = Counter(tuple(row.values()) for _, row in table.rows)
    bare: dict[tuple[str, ...], set[str]] = {}
    for _, row in table.rows:
        bare.setdefault(tuple(v for k, v in row.items() if k != target and k not in ids), set()).add(row[target])
    repeats = {
        name: sum(number - 1 for word, number in Counter(rows.words[name].tolist()).items() if word)
        for name in ids
        if name in rows.words
    }
    return {
        "same_rows": sum(number - 1 for number in whole.values()),
        "same_but_for_the_target": sum(len(each) - 1 for each in bare.values()),
        "repeated_ids": repeats,
    }


def findings(found: Mapping[str, Any]) -> list[str]:
    """What stands out, in sentences, the gravest first."""
    target = found["target"]
    made = [
        f"{listed(leak['columns'])}: {leak['how']}. If it is not known before {target['name']} is, take it out."
        for leak in found["leaks"]
    ]
    if target["missing"]:
        made.append(f"{counted(target['missing'], 'row has', 'rows have')} no {target['name']}.")
    same = found["duplicates"]
    if same["same_rows"]:
        made.append(f"{counted(same['same_rows'], 'row is', 'rows are')} there twice, alike in everything.")
    if same["same_but_for_the_target"]:
        made.append(
            f"{counted(same['same_but_for_the_target'], 'row differs', 'rows differ')} from another in "
            f"{target['name']} only: no model can tell them apart."
        )
    for name, number in same["repeated_ids"].items():
        if number:
            made.append(
                f"{name} repeats in {counted(number, 'row')}: rows of one {name} are kept together when a fit is "
                "checked."
            )
    lacking = [each for each in found["columns"] if each["missing"]]
    if lacking:
        worst = max(lacking, key=lambda each: each["missing"])
        made.append(
            f"{counted(len(lacking), 'column lacks', 'columns lack')} values, {worst['name']} the most "
            f"({worst['missing']:,} of {found['rows'] + target['missing']:,})."
        )
    skew, log_skew = target["skewness"], target["log_skewness"]
    if log_skew is not None and skew > 1 and abs(log_skew) < abs(skew) / 2:
        made.append(
            f"{target['name']} has a long tail (skewness {skew:.1f}), its logarithm none to speak of ({log_skew:.1f}): "
            "models learn the logarithm."
        )
    if found["odd_rows"]:
        worst = found["odd_rows"][0]
        made.append(
            f"{counted(len(found['odd_rows']), 'row is', 'rows are')} far from what a plain regression expects; the "
            f"furthest is line {worst['line']:,} ({figure(worst['target'])}, expected {figure(worst['expected'])})."
        )
    return made


def figure(value: float | None) -> str:
    """A number as people read it: 12,345, 0.0123, 1.2e+09."""
    if value is None:
        return "none"
    if value and (abs(value) >= 1e9 or abs(value) < 1e-3):
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.4g}"
