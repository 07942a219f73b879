"""What people look at of a run: report.html, its plots, its worst mistakes and its card."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from closeup.core.data_uri import data_uri
from closeup.core.errors import FormatError, InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.core.whole import write_whole
from closeup.documents.learners import Metric
from closeup.learning.runs.card import card_markdown, limits
from closeup.learning.runs.folder import RECIPE_FILE
from closeup.learning.runs.metrics import HeadMetrics, measure, reported
from closeup.learning.runs.mistakes import Mistake, mistakes, mistakes_page
from closeup.learning.runs.plots import confusion_svg, curves_svg, estimates_svg, for_page
from closeup.learning.runs.reading import Run, read_run
from closeup.learning.runs.words import CLASS_METRICS, WORDS, number_words, option_words, share_words
from closeup.pages.commands import for_run
from closeup.pages.page import render_page

REPORT_FILE = "report.html"
CARD_FILE = "CARD.md"
MISTAKES_FILE = "mistakes.html"
CURVES_FILE = "curves.svg"


FEW_MISTAKES = 18


def write_report(
    path: Path, image_of: Callable[[str], Image] | None = None, *, progress: ProgressCallback = ignore
) -> Path:
    """Draw and write what people look at: curves.svg, confusion-HEAD.svg, mistakes.html, CARD.md, report.html.

    A run that is not finished has a report too, of how far it came.

    Args:
        path: The run's folder.
        image_of: The picture of a key, RGB uint8 (H, W, 3); None where pictures are not at hand. A mistakes.html that
            is there with its pictures stays then.

    Returns:
        The report.

    Raises:
        InputError: If it is no run, or a learner's fit, whose report came with it.
        FormatError: If something in it is damaged.
        DependencyError: If Matplotlib is not installed.
        OutputError: If something cannot be written.
    """
    run = read_run(path)
    if run.learner:
        raise InputError(
            f"The run {run.id} is a fit of {run.learner}; its {REPORT_FILE} was made with it, and shows what it found.",
            "Fit again for another.",
        )
    progress(Progress("Report: measuring", 0, 4, "steps"))
    measured = measure(run)
    progress(Progress("Report: drawing", 1, 4, "steps"))
    curves, plots = _draw_plots(run, measured)
    progress(Progress("Report: looking for mistakes", 2, 4, "steps"))
    worst = [(one, mistakes(one.predictions, image_of)) for one in reported(measured)]
    if measured and (image_of is not None or not (run.path / MISTAKES_FILE).exists()):
        write_whole(run.path / MISTAKES_FILE, mistakes_page(run, worst).encode())
    progress(Progress("Report: writing the report", 3, 4, "steps"))
    write_whole(run.path / CARD_FILE, card_markdown(run, measured).encode("utf-8", "replace"))
    report = run.path / REPORT_FILE
    write_whole(report, run_page(run, measured, worst, curves=curves, plots=plots).encode())
    progress(Progress("Report: done", 4, 4, "steps"))
    return report


def plot_name(one: HeadMetrics) -> str:
    """File name of a head's plot."""
    word = re.sub(r"[^\w.-]+", "-", one.head)
    return f"confusion-{word}.svg" if one.kind == "classes" else f"estimates-{word}.svg"


def _draw_plots(run: Run, measured: tuple[HeadMetrics, ...]) -> tuple[bytes, dict[str, bytes]]:
    """Draw and keep the plots: curves, empty for a run without a step; and of each head its confusion or estimates."""
    steps = run.steps()
    curves = curves_svg(steps, run.epochs()) if len(steps) else b""
    if curves:
        write_whole(run.path / CURVES_FILE, curves)
    units = run.units
    by_head = {}
    for one in reported(measured):
        if one.kind == "classes":
            plot = confusion_svg(one.confusion, one.predictions.classes)
        else:
            plot = estimates_svg(one.predictions.values, one.predictions.label_numbers(), units.get(one.head, ""))
        write_whole(run.path / plot_name(one), plot)
        by_head[one.head] = plot
    return curves, by_head


def run_page(
    run: Run,
    measured: Sequence[HeadMetrics],
    mistakes: Sequence[tuple[HeadMetrics, Sequence[Mistake]]],
    *,
    curves: bytes,
    plots: Mapping[str, bytes],
) -> str:
    """Write the page: HTML with all plots and pictures inside.

    Args:
        run: The run, finished or not.
        measured: Its metrics, of all sides.
        mistakes: Of each head, worst first.
        curves: SVG, or empty for a run without a step.
        plots: SVG of each head: its confusion, or its estimates beside the truth.

    Raises:
        FormatError: If the recipe is damaged.
    """
    data = run.facts.get("data")
    unreadable = data.get("unreadable", []) if isinstance(data, Mapping) else []
    return render_page(
        "closeup.learning.runs",
        "report.html.j2",
        style="runs.css",
        run=run,
        summary=str(run.recipe.get("summary", "")),
        facts=_facts(run),
        heads=[_head(one, measured, run, plots) for one in reported(measured)],
        curves=_image(curves) if curves else "",
        curves_caption=_curves_caption(run),
        mistakes=[(one, few[:FEW_MISTAKES]) for one, few in mistakes if few],
        units=run.units,
        has_pictures=any(few for _, few in mistakes),
        limits=limits(run, measured) if measured else [],
        corrections=run.corrections().rows,
        correction_columns=run.corrections().columns,
        unreadable=[(str(one.get("key")), str(one.get("reason"))) for one in unreadable if isinstance(one, Mapping)],
        commands=for_run(run.id, run.path / RECIPE_FILE, finished=run.state == "finished"),
        made=_made(run),
        recipe_text=_recipe_text(run),
    )


def _head(one: HeadMetrics, measured: Sequence[HeadMetrics], run: Run, plots: Mapping[str, bytes]) -> dict[str, Any]:
    unit = run.units.get(one.head, "")
    caption = (
        "Labels by row, predictions by column."
        if one.per_class
        else "Estimates beside the labels; the stronger, the more."
    )
    return {
        "name": one.head,
        "side": one.side,
        "count": f"{one.count:,}",
        "rows": [_row(name, found, unit) for name, found in one.metrics.items()],
        "others": _others(one, measured, unit),
        "per_class": [
            (name, f"{c.count:,}", *map(share_words, (c.precision, c.recall, c.f1)))
            for name, c in one.per_class.items()
        ],
        "plot": _image(plots[one.head]),
        "plot_caption": caption,
    }


def _row(name: str, metric: Metric, unit: str) -> dict[str, Any]:
    """One metric on the page; its interval as a line from 0 to 100 where it is a share."""
    value = number_words(name, metric.value, unit)
    span = f"{number_words(name, metric.low)} to {number_words(name, metric.high)}"
    line = None
    if name in CLASS_METRICS:
        low, high, at = (round(100 * min(max(value, 0.0), 1.0), 2) for value in (metric.low, metric.high, metric.value))
        line = {"low": low, "width": round(high - low, 2), "value": min(at, 99.3)}
    return {"words": WORDS[name], "value": value, "span": span, "line": line}


def _others(one: HeadMetrics, measured: Sequence[HeadMetrics], unit: str) -> str:
    """The first metrics on the other sides, in a sentence."""
    parts = []
    for other in measured:
        if other.head == one.head and other.side != one.side:
            metrics = ", ".join(
                f"{row['words']} {row['value']}" for row in (_row(*found, unit) for found in other.metrics.items())
            )
            parts.append(f"On {other.side}, {other.count:,} pictures: {metrics}.")
    return " ".join(parts)


def _facts(run: Run) -> list[tuple[str, str]]:
    data = run.facts.get("data")
    pictures = data.get("pictures") if isinstance(data, Mapping) else None
    model = run.recipe.get("model", {})
    epochs = run.epochs()
    facts = [("State", run.state), ("Begun", f"{run.created:%Y-%m-%d %H:%M}")]
    if isinstance(pictures, Mapping):
        facts += [(f"Pictures, {side}", f"{int(count):,}") for side, count in pictures.items() if count]
    facts += [("Epochs", str(len(epochs))), ("Trained", run.trained())]
    facts += [("Network", option_words(model.get("architecture"))), ("Input", f"{model.get('input_px', '?')} px")]
    return facts


def _curves_caption(run: Run) -> str:
    epochs = run.epochs()
    kept = [row.get("epoch", "") for row in epochs.rows if row.get("kept") == "true"]
    words = "Faint: the loss of single steps. Dashed: where one stage ends."
    return f"{words} The weights of epoch {kept[-1]} were kept (ring)." if kept else words


def _made(run: Run) -> list[tuple[str, list[tuple[str, str]]]]:
    """The columns at the end of the page: environment, data, and the settings of the recipe's single tables."""
    columns = [("Environment", run.facts.get("environment")), ("Data", run.facts.get("data"))]
    columns += [(name.capitalize(), run.recipe.get(name)) for name in ("model", "training", "split", "augment")]
    return [(name, _rows(values)) for name, values in columns if isinstance(values, Mapping)]


def _rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [(name.replace("_", " "), option_words(value)) for name, value in values.items() if name != "unreadable"]
    return [(name, value) for name, value in rows if value]


def _recipe_text(run: Run) -> str:
    try:
        return (run.path / RECIPE_FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{run.path / RECIPE_FILE} cannot be read: {error}.") from error


def _image(svg: bytes) -> str:
    return data_uri(for_page(svg), "image/svg+xml")
