"""What was seen of a table as one page; its drawings are SVG in the style of the house, its rows plain dicts."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.progress import ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.documents.form import indented
from closeup.features.appraise.columns import Rows
from closeup.features.appraise.look import fences, figure, look_at_table
from closeup.pages.page import render_page

Floats = NDArray[np.float64]

BINS = 48
"""Bars of a histogram."""

MOST_RANKED = 24
"""Columns of the map of correlations, those that go most with the target."""

LEVELS_SHOWN = 24
"""Values of a category that are drawn, those with the most rows."""

ACROSS, UP = 56, 36
"""Cells of a drawing of a column beside the target."""

MAP_CELLS = 110
"""Cells of the map along its longer side."""

SHADES = 6
"""Of the map: each holds as many of its cells."""


def make_look_folder(
    path: Path,
    target: str,
    out: Path | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> dict[str, Any]:
    """Look at a table, and keep what was found as a folder: report.html, and look.json for programs.

    Args:
        path: A CSV file with a header.
        target: The column that prices are in.
        out: Folder to make; None for none.
        overwrite: Replace a folder that is there.

    Returns:
        What look.json holds.

    Raises:
        InputError: If it is no table, or has no such target.
        OutputError: If `out` is there and `overwrite` is off, or it cannot be written.
    """
    place = None if out is None else ResultFolder(out, ("look.json",))
    if place is not None:
        place.check(overwrite=overwrite, source=path)
    rows, values, found = look_at_table(path, target, progress)
    if place is not None:
        with place.writing(overwrite=overwrite) as folder:
            (folder / "report.html").write_text(look_page(rows, values, found), encoding="utf-8")
            (folder / "look.json").write_bytes(indented(found).encode("utf-8", "replace"))
    return found


def look_page(rows: Rows, target: Floats, found: Mapping[str, Any]) -> str:
    """The page, as HTML, of rows, their target (N,) and what `look_at_table` found."""
    name = found["target"]["name"]
    log = bool((target > 0).all())
    return render_page(
        "closeup.features.appraise",
        "look.html.j2",
        style="look.css",
        found=found,
        histograms=_histograms(name, target),
        ranks=_ranks(found["rank_correlations"]),
        columns=[_drawn(rows, target, each, log) for each in _by_strength(found["columns"])],
        outliers=[each for each in found["outliers"] if each["count"]],
        bare=[each["column"] for each in found["outliers"] if "low" not in each],
        lacking=[each for each in found["columns"] if each["missing"]],
        place=_map(rows, target),
        codes=[_levels(each) for each in found["columns"] if each.get("levels") and each["kind"] == "number"],
        figure=figure,
        log=log,
    )


def _by_strength(columns: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    shown = [each for each in columns if each["kind"] not in ("id", "text", "constant")]
    return sorted(shown, key=lambda each: -abs(each.get("rank_correlation", 0.0)))


def _bars(values: Floats, low: float, high: float, bins: int = BINS) -> list[tuple[int, float]]:
    """Place and height (0 to 100, the root of the count) of the bars of values (N,)."""
    counts = np.histogram(values, bins, (low, high if high > low else low + 1))[0]
    heights = 100 * np.sqrt(counts / max(int(counts.max()), 1))
    return [(place, round(float(height), 1)) for place, height in enumerate(heights) if height]


def _histograms(name: str, target: Floats) -> list[dict[str, Any]]:
    kinds = [(name, target)]
    if (target > 0).all():
        kinds.append((f"logarithm of {name}", np.log(target)))
    made = []
    for title, values in kinds:
        low, high = float(values.min()), float(values.max())
        turned = np.exp if title != name else lambda value: value
        ends, middle = np.quantile(values, [0.05, 0.25, 0.75, 0.95]), float(np.median(values))
        at = [round(100 * (float(value) - low) / (high - low), 2) for value in (*ends, middle)]
        made.append(
            {
                "title": title,
                "bars": _bars(values, low, high),
                "at": at,
                "low": figure(float(turned(low))),
                "high": figure(float(turned(high))),
                "median": figure(float(turned(middle))),
            }
        )
    return made


def _ranks(ranks: Mapping[str, Any]) -> dict[str, Any]:
    """The map of correlations: cells with their hue (+ or -), strength and words."""
    names = ranks["names"][: MOST_RANKED + 1]
    cells = [
        {
            "x": column,
            "y": row,
            "sign": "c1" if value < 0 else "c0",
            "strength": round(abs(value) ** 1.2, 3),
            "text": f"{value:.2f}".replace("0.", "."),
            "title": f"{names[row]} and {names[column]}: {value:.2f}",
        }
        for row in range(len(names))
        for column in range(len(names))
        for value in [ranks["values"][row][column]]
        if row != column
    ]
    return {"names": names, "cells": cells, "left_out": len(ranks["names"]) - len(names)}


def _drawn(rows: Rows, target: Floats, column: Mapping[str, Any], log: bool) -> dict[str, Any]:
    """A column beside the target: a map of how many rows there are, the middle of the target, what is far out."""
    made: dict[str, Any] = {"column": column, "cells": [], "line": "", "dots": [], "bars": []}
    if column["kind"] == "category":
        return made | _levels(column)
    values = rows.numbers[column["name"]]
    known = np.isfinite(values)
    x, y = values[known], np.log(target[known]) if log else target[known]
    low, high, rule = fences(x)
    out = (x < low) | (x > high)
    left, right = (float(x[~out].min()), float(x[~out].max())) if (~out).any() else (float(x.min()), float(x.max()))
    right = right if right > left else left + 1
    made |= {"left": _end(column, left), "right": _end(column, right)}
    bottom, top = float(y.min()), float(y.max())
    places = np.unique(x[~out])
    across = int(min(ACROSS, max(len(places), 2))) if len(places) < ACROSS else ACROSS
    if len(places) < ACROSS:  # few values: half a step beside each end, so that each has a column of its own
        step = (right - left) / max(len(places) - 1, 1)
        left, right = left - step / 2, right + step / 2
    counts, _, _ = np.histogram2d(x, y, (across, UP), [[left, right], [bottom, top if top > bottom else bottom + 1]])
    most = counts.max() or 1
    made["cells"] = [
        {"x": round(100 * i / across, 2), "y": round(100 - 100 * (j + 1) / UP, 2), "a": round(float(a), 2)}
        for i, j in np.argwhere(counts)
        for a in [0.12 + 0.88 * np.sqrt(counts[i, j] / most)]
    ]
    made["wide"], made["high"] = round(100 / across + 0.05, 3), round(100 / UP + 0.05, 3)
    points = []
    place = np.clip(((x - left) / (right - left) * across).astype(int), 0, across - 1)
    for each in range(across):
        there = (place == each) & ~out
        if there.sum() >= max(5, len(x) // 2000):
            middle = float(np.median(y[there]))
            points.append(f"{100 * (each + 0.5) / across:.1f} {_up(middle, bottom, top):.1f}")
    made["line"] = f"M{'L'.join(points)}" if len(points) > 1 else ""
    far = np.flatnonzero(out)[:: max(1, int(out.sum()) // 60)]
    made["dots"] = [
        (round(100 * float(np.clip((x[i] - left) / (right - left), 0, 1)), 1), round(_up(float(y[i]), bottom, top), 1))
        for i in far
    ]
    made["bars"] = _bars(x[~out], left, right, across)
    made["across"] = across
    made |= {"out": int(out.sum()), "rule": rule}
    made |= {
        "bottom": figure(float(np.exp(bottom) if log else bottom)),
        "top": figure(float(np.exp(top) if log else top)),
    }
    return made


def _end(column: Mapping[str, Any], value: float) -> str:
    """An end of an axis; dates are days."""
    if column["kind"] == "date":
        return str(np.datetime64(int(value), "D"))
    return f"{value:.0f}" if 1500 < value < 2200 and value == int(value) else figure(float(f"{value:.4g}"))


def _up(value: float, bottom: float, top: float) -> float:
    return 100 - 100 * (value - bottom) / (top - bottom if top > bottom else 1)


def _levels(column: Mapping[str, Any]) -> dict[str, Any]:
    """Quartiles of the target by category, the dearest first, as places from 0 to 100."""
    shown = sorted(column["levels"][:LEVELS_SHOWN], key=lambda each: -each["quartiles"][2])
    low = min(each["quartiles"][0] for each in shown)
    high = max(each["quartiles"][4] for each in shown)
    scale: Callable[[float], float] = math.log if low > 0 else float
    span = scale(high) - scale(low) or 1.0
    rows = [
        {
            "level": each["level"] or "(none)",
            "rows": each["rows"],
            "at": [round(100 * (scale(q) - scale(low)) / span, 1) for q in each["quartiles"]],
            "middle": figure(each["quartiles"][2]),
        }
        for each in shown
    ]
    return {"column": column, "levels": rows, "left_out": len(column["levels"]) - len(rows)}


def _map(rows: Rows, target: Floats) -> dict[str, Any] | None:
    """A map of medians by position, None where the table has none: cells, each in one of six shades."""
    names = [each.name for kind in ("latitude", "longitude") for each in rows.of(kind)]
    if not names:
        return None
    north, east = (rows.numbers[name] for name in names)
    known = np.isfinite(north) & np.isfinite(east)
    north, value = north[known], target[known]
    narrow = float(np.cos(np.radians(np.median(north))))
    east = east[known] * narrow
    # The far corners hold a few rows, and would leave the rest no room.
    (south, top), (west, right) = (np.quantile(axis, [0.001, 0.999]) for axis in (north, east))
    size = max(top - south, right - west) / MAP_CELLS or 1.0
    inside = (north >= south) & (north <= top) & (east >= west) & (east <= right)
    column = ((east[inside] - west) / size).astype(int)
    row = ((top - north[inside]) / size).astype(int)
    cells, place = np.unique(np.column_stack([column, row]), axis=0, return_inverse=True)
    order = np.argsort(place.ravel(), kind="stable")
    starts = np.searchsorted(place.ravel()[order], np.arange(len(cells)))
    middles = [float(np.median(part)) for part in np.split(value[inside][order], starts[1:])]
    ends = np.quantile(middles, np.linspace(0, 1, SHADES + 1))
    shade = np.clip(np.searchsorted(ends, middles, side="right") - 1, 0, SHADES - 1)
    return {
        "cells": [
            {"x": int(x), "y": int(y), "shade": int(s), "title": figure(m)}
            for (x, y), s, m in zip(cells.tolist(), shade.tolist(), middles, strict=True)
        ],
        "wide": int(column.max()) + 1,
        "high": int(row.max()) + 1,
        "ends": [figure(float(f"{end:.3g}")) for end in ends],
        "left_out": int((~inside).sum()),
    }
