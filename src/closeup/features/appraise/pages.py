"""Pages of a fitted appraiser and of how good one is: estimates beside the truth, what they go by, how far off."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.words import counted
from closeup.documents.learners import LearnerEvaluation, ModelHeader
from closeup.pages.learner import Section, bars, cells, evaluation_page, figure_cards, learner_page, number

Floats = NDArray[np.float64]
Span = tuple[Floats, Floats]
"""Low and high, (N,) each."""

FURTHEST = 15
"""Rows that are shown where an estimate is far off."""

NAMES = {"lightgbm": "LightGBM", "xgboost": "XGBoost", "catboost": "CatBoost", "process": "Gaussian process"}
"""What members are called."""

PARTS = 10
"""Parts of the rows, from the least worth to the most."""


def fit_page(header: ModelHeader, lines: NDArray[np.int64], truth: Floats, middles: Floats) -> str:
    """The page of a fit, as HTML, by the truth of N rows and what models say of them that did not learn them.

    Args:
        lines: Shape (N,): of the table.
        truth: Shape (N,).
        middles: Shape (N,): the price, which is a median.
    """
    target = header.facts["target"]
    known = set(header.facts["features"])
    influence = [(name, share, f"{share:.1%}") for name, share in header.facts["influence"]]
    named = [each for each in influence if each[0] in known]
    others = "".join(f" The {name} make {text} of them." for name, _, text in influence if name not in known)
    about = f"How far each feature moves prices, by mean, as a share of all such moves.{others}"
    sections = [
        _beside(target, truth, middles),
        bars("What it goes by", about, named),
        _by_part(target, truth, middles),
        _furthest(target, lines, truth, middles),
    ]
    shares = zip(header.facts["members"], header.facts["weights"], strict=True)
    members = [(_name(member), f"{weight:.0%} of the mixture") for member, weight in shares]
    origin = [("closeup", header.version), ("fitted at", header.fitted_at), ("SHA-256 of the data", header.sha256)]
    return learner_page(
        "appraise, a fit",
        header.data,
        lede=f"{_half(target, truth, middles)} Every figure is of rows that the model in question did not learn.",
        facts=[("Rows", f"{header.rows:,}"), ("Target", target), ("Features", str(len(header.facts["features"])))],
        figures=figure_cards(header.metrics),
        sections=sections,
        notes=header.notes,
        made=[*members, *origin],
    )


def measured_page(
    found: LearnerEvaluation, target: str, lines: NDArray[np.int64], truth: Floats, middles: Floats, span: Span
) -> str:
    """The page of an evaluation, as HTML, by the truth of N rows, (N,), and what they were taken to be worth."""
    sections = [
        _beside(target, truth, middles),
        _by_part(target, truth, middles, span),
        _furthest(target, lines, truth, middles, span),
    ]
    return evaluation_page(found, "rows", _half(target, truth, middles), sections)


def _name(member: dict[str, Any]) -> str:
    learns = "logarithms" if member["log"] else "amounts"
    beside = " beside a plain regression" if member["beside"] else ""
    return f"{NAMES[member['kind']]}, {learns}{beside}, seed {member['seed']}"


def _half(target: str, truth: Floats, middles: Floats) -> str:
    """How near half of the estimates come, in a sentence."""
    away = np.abs(middles - truth)
    if (truth > 0).all():
        return f"Half of its estimates of {target} are within {np.median(away / truth):.1%} of the truth."
    return f"Half of its estimates of {target} are within {number(float(np.median(away)))} of the truth."


def _beside(target: str, truth: Floats, middles: Floats) -> Section:
    words = "The darker, the more rows; on the dashed line an estimate is right."
    return cells("Estimates beside the truth", words, ("truth", truth), (f"estimated {target}", middles))


def _by_part(target: str, truth: Floats, middles: Floats, span: Span | None = None) -> Section:
    """Errors from the rows that are worth least to those that are worth most."""
    positive = bool((truth > 0).all())
    parts = [part for part in np.array_split(np.argsort(truth, kind="stable"), PARTS) if len(part)]
    rows = []
    for part in parts:
        away = (middles[part] - truth[part]) / (truth[part] if positive else 1.0)
        row = [number(float(truth[part].min())), number(float(truth[part].max())), f"{len(part):,}"]
        middle, size = float(np.median(away)), float(np.median(np.abs(away)))
        row += [f"{middle:+.1%}", f"{size:.1%}"] if positive else [f"{middle:+,.4g}", f"{size:,.4g}"]
        if span is not None:
            within = (span[0][part] <= truth[part]) & (truth[part] <= span[1][part])
            row.append(f"{within.mean():.0%}")
        rows.append(row)
    head = ["from", "to", "rows", "middle error", "its size"] + (["within low and high"] if span is not None else [])
    words = f"A tenth of the rows a line, from the least {target} to the most: whether estimates lean, and how far."
    return {"kind": "rows", "title": "From the least to the most", "words": words, "head": head, "rows": rows}


def _furthest(
    target: str, lines: NDArray[np.int64], truth: Floats, middles: Floats, span: Span | None = None
) -> Section:
    """Rows whose estimate is furthest off, by ratio where all is above 0."""
    positive = bool((truth > 0).all() and (middles > 0).all())
    off = np.abs(np.log(middles / truth)) if positive else np.abs(middles - truth)
    rows = []
    for place in np.argsort(-off, kind="stable")[:FURTHEST].tolist():
        row = [f"{lines[place]:,}", number(float(truth[place])), number(float(middles[place]))]
        if span is not None:
            row += [number(float(span[0][place])), number(float(span[1][place]))]
        rows.append(
            [
                *row,
                f"{middles[place] / truth[place] - 1:+.0%}" if positive else f"{middles[place] - truth[place]:+,.4g}",
            ]
        )
    head = ["line", "truth", "estimate"] + (["low", "high"] if span is not None else []) + ["off by"]
    words = f"The {counted(len(rows), 'row')} whose {target} is estimated worst: slips in the table, or like no other."
    return {"kind": "rows", "title": "Furthest off", "words": words, "head": head, "rows": rows}
