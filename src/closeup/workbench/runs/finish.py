"""Complete a run's folder: curves, confusion, worst mistakes as pictures, card and report."""

import re
from collections.abc import Callable
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.core.whole import write_whole
from closeup.media.image import decode_image
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.runs.card import card_markdown
from closeup.workbench.runs.folder import CORRECTIONS_FILE, correction_table
from closeup.workbench.runs.measuring import Measured, measure, reported
from closeup.workbench.runs.mistakes import mistakes, mistakes_page
from closeup.workbench.runs.plots import confusion_svg, curves_svg, estimates_svg
from closeup.workbench.runs.reading import Run, read_run
from closeup.workbench.runs.report import Drawn, run_page
from closeup.workbench.runs.words import head_units

REPORT_FILE = "report.html"
CARD_FILE = "CARD.md"
MISTAKES_FILE = "mistakes.html"
CURVES_FILE = "curves.svg"


def complete_run(
    path: Path,
    dataset: Dataset | None = None,
    pixels_of: Callable[[str], Image] | None = None,
    *,
    progress: ProgressCallback = ignore,
) -> Path:
    """Draw and write what people look at: curves.svg, confusion-HEAD.svg, mistakes.html, CARD.md, report.html.

    A run that is not finished has a report too, of how far it came.

    Args:
        path: The run's folder.
        dataset: What it was trained on; None where it is not at hand. A mistakes.html that is there with its pictures
            stays then.
        pixels_of: The picture of a key, RGB (H, W, 3), where it is not to be had from the dataset.
        progress: Told what is being made.

    Returns:
        The report.

    Raises:
        InputError: If it is no run.
        FormatError: If something in it is damaged.
        DependencyError: If Matplotlib is not installed.
        OutputError: If something cannot be written.
    """
    run = read_run(path)
    if dataset is not None and dataset.corrections and not (run.path / CORRECTIONS_FILE).exists():
        write_whole(run.path / CORRECTIONS_FILE, correction_table(dataset.corrections))
    if pixels_of is None and dataset is not None:
        pixels_of = pictures_of(dataset)
    tell = _Teller(progress)
    tell("measuring")
    measured = measure(run)
    tell("drawing")
    drawn = _draw(run, measured)
    tell("looking for mistakes")
    worst = [(one, mistakes(one, pixels_of)) for one in reported(measured)]
    if measured and (pixels_of is not None or not (run.path / MISTAKES_FILE).exists()):
        write_whole(run.path / MISTAKES_FILE, mistakes_page(run, worst).encode())
    tell("writing the report")
    write_whole(run.path / CARD_FILE, card_markdown(run, measured).encode("utf-8", "replace"))
    report = run.path / REPORT_FILE
    write_whole(report, run_page(run, measured, drawn, worst).encode())
    tell("done")
    return report


def pictures_of(dataset: Dataset) -> Callable[[str], Image]:
    """How to get at the picture of a key: RGB uint8 (H, W, 3); it raises InputError where it cannot be read."""
    items = {item.key: item for item in dataset.items}

    def read(key: str) -> Image:
        if key not in items:
            raise InputError(f"The data has no picture {key} any more.")
        return decode_image(dataset.read_bytes(items[key]), key)

    return read


def plot_name(one: Measured) -> str:
    """File name of a head's plot."""
    word = re.sub(r"[^\w.-]+", "-", one.head)
    return f"confusion-{word}.svg" if one.kind == "classes" else f"estimates-{word}.svg"


class _Teller:
    """Tells of five steps."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, stage: str) -> None:
        self._progress(Progress(f"Report: {stage}", self._done, 4, "steps"))
        self._done += 1


def _draw(run: Run, measured: tuple[Measured, ...]) -> Drawn:
    """Draw and keep the plots."""
    steps = run.steps()
    curves = curves_svg(steps, run.epochs()) if len(steps) else None
    if curves is not None:
        write_whole(run.path / CURVES_FILE, curves)
    units = head_units(run)
    by_head = {}
    for one in reported(measured):
        if one.kind == "classes":
            plot = confusion_svg(one.confusion, one.answers.classes)
        else:
            plot = estimates_svg(one.answers.values, one.answers.label_numbers(), units.get(one.head, ""))
        write_whole(run.path / plot_name(one), plot)
        by_head[one.head] = plot
    return Drawn(curves, by_head)
