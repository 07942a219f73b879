"""Pages of what learners found: a fit or an evaluation, its figures beside those of simpler ways, and its drawings.

Sections are plain dicts, each of one kind that the template draws: "bars", "lists", "texts", "rows", "cells", "story".
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.result_folder import ResultFolder
from closeup.documents.learners import ERRORS, LEARNER_EVALUATION, METRIC_WORDS, LearnerEvaluation, Metric, Metrics
from closeup.pages.page import render_page

EVALUATION_FILE = "evaluation.json"
REPORT_FILE = "report.html"
CELLS = 44
"""Of a drawing of amounts, along each side."""

Section = Mapping[str, Any]


def learner_page(
    kind: str,
    title: str,
    *,
    lede: str,
    facts: Sequence[tuple[str, str]],
    figures: Sequence[Mapping[str, Any]] = (),
    sections: Sequence[Section] = (),
    notes: Sequence[str] = (),
    made: Sequence[tuple[str, str]] = (),
) -> str:
    """The page, as HTML.

    Args:
        kind: What it is of: "appraise, a fit".
        title: The first line.
        lede: What there is to know, in a sentence.
        facts: Label and value.
        figures: As `figure_cards` gives them.
        sections: Of what was found, in order.
        notes: What was guessed or left out.
        made: Label and value of what it was made with.
    """
    return render_page(
        "closeup.pages",
        "learner.html.j2",
        style="learner.css",
        kind=kind,
        title=title,
        lede=lede,
        facts=facts,
        figures=figures,
        sections=sections,
        notes=notes,
        made=made,
    )


def evaluation_page(found: LearnerEvaluation, things: str, lede: str, sections: Sequence[Section]) -> str:
    """The page of an evaluation.

    Args:
        things: What its figures are means of: "users", "rows", "texts".
        lede: What there is to know, in a sentence.
        sections: Of what was found, in order.
    """
    return learner_page(
        f"{found.kind}, an evaluation",
        found.data,
        lede=lede,
        facts=[(things.capitalize(), f"{found.n:,}"), ("Seed", str(found.seed)), ("closeup", found.version)],
        figures=figure_cards(found.metrics, found.baselines, found.differences),
        sections=sections,
        notes=found.notes,
        made=settings_rows(found.settings),
    )


def write_evaluation(out: Path, found: LearnerEvaluation, page: str, *, overwrite: bool = False) -> Path:
    """Write an evaluation as a folder: report.html, and evaluation.json for programs.

    Raises:
        OutputError: If it is there and `overwrite` is off, or it cannot be written.
    """
    with ResultFolder(out, (EVALUATION_FILE,)).writing(overwrite=overwrite) as folder:
        (folder / EVALUATION_FILE).write_bytes(LEARNER_EVALUATION.encode(found))
        (folder / REPORT_FILE).write_text(page, encoding="utf-8")
    return out


def check_evaluation_place(out: Path | None, *, overwrite: bool = False) -> None:
    """Make sure before the work that an evaluation can be written to `out`, where that is said.

    Raises:
        OutputError: If something is there that must stay, or nothing can be written there.
    """
    if out is not None:
        ResultFolder(out, (EVALUATION_FILE,)).check(overwrite=overwrite)


def figure_cards(
    metrics: Metrics,
    baselines: Mapping[str, Metrics] | None = None,
    differences: Mapping[str, Metrics] | None = None,
) -> list[dict[str, Any]]:
    """A card for each figure: its words, value and interval, and a lane for it and each baseline on one scale."""
    cards = []
    for name, own in metrics.items():
        others = {way: found[name] for way, found in (baselines or {}).items() if name in found}
        ends = [end for each in (own, *others.values()) for end in (each.low, each.high)]
        low, high = min(ends), max(ends)
        if all(0 <= end <= 1 for end in ends) and name not in ("log_rmse", "mape", "width_90"):
            low = 0.0
        lanes = [_lane("this model", own, low, high) | {"own": True, "verdict": ""}]
        for way, each in others.items():
            apart = (differences or {}).get(way, {}).get(name)
            lanes.append(
                _lane(way.replace("_", " "), each, low, high) | {"own": False, "verdict": _verdict(name, apart)}
            )
        cards.append(
            {
                "words": METRIC_WORDS.get(name, name),
                "value": number(own.value),
                "span": f"{number(own.low)} to {number(own.high)}",
                "lower": name in ERRORS,
                "lanes": lanes if others else [],
            }
        )
    return cards


def _lane(words: str, each: Metric, low: float, high: float) -> dict[str, Any]:
    span = (high - low) or 1.0
    left, right, at = (round(100 * (end - low) / span, 2) for end in (each.low, each.high, each.value))
    return {"name": words, "left": left, "width": round(right - left, 2), "at": at, "value": number(each.value)}


def _verdict(name: str, apart: Metric | None) -> str:
    """Whether the model is better than a baseline by a figure, by the paired interval of the difference."""
    if apart is None or name in ("words", "bias") or apart.low <= 0 <= apart.high:
        return ""
    return "better" if (apart.low > 0) != (name in ERRORS) else "worse"


def number(value: float) -> str:
    """A figure as people read it: shares to four decimals, amounts whole."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.4f}"


def settings_rows(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings that are single values, as labels and values."""
    plain = {name: value for name, value in settings.items() if isinstance(value, str | int | float)}
    return [
        (name.replace("_", " "), f"{value:g}" if isinstance(value, float) else str(value))
        for name, value in plain.items()
    ]


def bars(title: str, words: str, rows: Sequence[tuple[str, float, str]], faint: Sequence[int] = ()) -> Section:
    """A section of bars, of name, size and what stands behind it; the longest is the largest, those of `faint` grey."""
    most = max((abs(size) for _, size, _ in rows), default=0.0) or 1.0
    drawn = [
        (name, round(100 * abs(size) / most, 2), text, number in faint)
        for number, (name, size, text) in enumerate(rows)
    ]
    return {"kind": "bars", "title": title, "words": words, "rows": drawn}


def cells(
    title: str, words: str, across: tuple[str, NDArray[np.float64]], up: tuple[str, NDArray[np.float64]]
) -> Section:
    """A section that draws two amounts of the same things, (N,) each with its name, by how many there are where.

    Both axes are the same, logarithms where all is above 0; a line shows where the two are equal.
    """
    x, y = across[1], up[1]
    log = bool((x > 0).all() and (y > 0).all())
    values = np.log(np.concatenate([x, y])) if log else np.concatenate([x, y])
    low, high = float(values.min()), float(values.max())
    high = high if high > low else low + 1
    half = len(x)
    counts = np.histogram2d(values[:half], values[half:], (CELLS, CELLS), [[low, high], [low, high]])[0]
    shades = 0.12 + 0.88 * np.sqrt(counts / counts.max())
    size = 100 / CELLS
    drawn = [
        {"x": round(size * i, 2), "y": round(100 - size * (j + 1), 2), "a": round(float(shades[i, j]), 2)}
        for i, j in np.argwhere(counts).tolist()
    ]
    ends = [number(float(np.exp(end) if log else end)) for end in (low, high)]
    return {
        "kind": "cells",
        "title": title,
        "words": words,
        "cells": drawn,
        "size": round(size + 0.05, 3),
        "across": across[0],
        "up": up[0],
        "ends": ends,
    }
