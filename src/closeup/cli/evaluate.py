"""`closeup evaluate`: how good a model is on labelled pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.data_options import Data
from closeup.cli.flags import RUNS, AsJson, Quiet, Runs, with_flags
from closeup.cli.output import show_json, show_loss, show_note, show_notes, show_table
from closeup.cli.predict import MODEL_HELP
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import FormatError, InputError
from closeup.documents.learners import METRIC_WORDS
from closeup.jobs.work import work
from closeup.workbench.options import EvaluateOptions

if TYPE_CHECKING:
    from closeup.workbench.evaluate import EvaluatedClasses, EvaluatedValue, Evaluation

app = typer.Typer()

LISTED = 5
"""Pictures that are named where something is wrong with them; --json has them all."""


ByFaces = Annotated[
    bool, typer.Option("--faces/--whole", help="Find a face in each picture first, or take pictures as they are.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Write the metrics and every prediction into a new folder."),
]


@app.command()
@with_flags(EvaluateOptions, leave_out=("faces", "seed"))
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False)],
    data: Data,
    *,
    given: dict[str, Any],
    faces: ByFaces = False,
    out: Out = None,
    runs: Runs = RUNS,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model on labelled pictures: accuracy, macro recall and F1, calibration, errors, with 95 % intervals.

    Pictures are taken as they are, which is right for faces that were cut out (closeup data crop-faces); --faces finds
    the face nearest to the middle of each first. Of a detector's run, DATA is a COCO file or a folder in Pascal VOC's
    form, and mAP is counted as COCO does.
    """
    if (detector := _detector(model, runs)) is not None:
        _evaluate_detector(detector, data, as_json=as_json, quiet=quiet)
        return
    options = EvaluateOptions(**given, faces=faces)
    with progress_bar(data.name, quiet=quiet) as progress:
        found: Evaluation = work("evaluate")(
            model=model, data=data, options=options, runs_dir=runs, folder=out, progress=progress
        )
    if as_json:
        from closeup.workbench.evaluate import METRICS

        show_json(METRICS.to_data(found))
    else:
        _show(found)
    if found.unlabelled:
        show_loss(f"{found.unlabelled:,} pictures have no label and were left out.")
    if found.corrected:
        show_note(f"{found.corrected:,} labels are corrected.")
    if found.unreadable:
        show_loss(_listed("cannot be read", [each.reason for each in found.unreadable]))
    if found.no_face:
        show_note(_listed("show no face that was found, and are in no metric", found.no_face))
    show_notes(found.notes)


def _show(found: "Evaluation") -> None:
    """Print the metrics as tables, and what is odd as notes."""
    what = f"{found.model} on {found.data}" + (f" ({found.split})" if found.split else "")
    how = f"faces found by {found.faces}" if found.faces else "taken whole"
    typer.echo(f"{what}: {found.pictures:,} pictures, {how}")
    for name, head in found.heads.items():
        show_table(*_metric_rows(head), head=(name, "value", "95 % interval"))
        if head.kind == "classes":
            show_table(*_class_rows(head), head=("class", "pictures", "precision", "recall", "95 % interval", "F1"))


def _listed(what: str, each: Sequence[str]) -> str:
    more = "; ..." if len(each) > LISTED else ""
    return f"{len(each):,} pictures {what}: {'; '.join(each[:LISTED])}{more}"


def _metric_rows(head: "EvaluatedClasses | EvaluatedValue") -> list[tuple[str, ...]]:
    from closeup.learning.runs.words import CLASS_METRICS, VALUE_METRICS, WORDS

    value = head.kind == "value"
    unit = f" {head.unit}" if head.kind == "value" and head.unit else ""
    digits = 2 if value else 4
    rows = []
    for name in VALUE_METRICS if value else CLASS_METRICS:
        low, high = head.intervals[name]
        rows.append((WORDS[name], f"{getattr(head, name):.{digits}f}{unit}", f"{low:.{digits}f} to {high:.{digits}f}"))
    grouped = f" in {head.groups:,} groups" if head.groups < head.count else ""
    return [*rows, ("pictures", f"{head.count:,}{grouped}", "")]


def _class_rows(head: "EvaluatedClasses") -> list[tuple[str, ...]]:
    rows = []
    for name, each in head.classes.items():
        both = head.intervals.get(f"recall:{name}")
        span = f"{both[0]:.3f} to {both[1]:.3f}" if both and each.recall is not None else ""
        shares = [_share(value) for value in (each.precision, each.recall)]
        rows.append((name, f"{each.count:,}", *shares, span, _share(each.f1)))
    return rows


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _detector(model: str, runs: Path) -> Path | None:
    """The run of a detector, if that is what is named."""
    from closeup.learning.runs.reading import DETECTION, find_run, read_run

    try:
        run = find_run(runs, model)
        return run if read_run(run).learner == DETECTION else None
    except (InputError, FormatError):  # a file, or a model of ours
        return None


def _evaluate_detector(run: Path, data: Path, *, as_json: bool, quiet: bool) -> None:
    with progress_bar(data.name, quiet=quiet or as_json) as progress:
        found = work("evaluate.detector")(model=run, annotations=data, progress=progress)
    if as_json:
        show_json(dict(found))
    elif not quiet:
        rows = [(METRIC_WORDS.get(name, name), f"{value:.4g}") for name, value in found.items()]
        show_table(*rows, head=("figure", ">value"))
