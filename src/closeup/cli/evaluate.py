"""`closeup evaluate`: how good a model is on labelled pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.exit_codes import count_losses
from closeup.cli.flags import RUNS, AsJson, Quiet, Runs
from closeup.cli.gallery_options import Models
from closeup.cli.output import show_json, show_note, show_table
from closeup.cli.predict import MODEL_HELP
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.jobs.work import work
from closeup.workbench.options import EvaluateOptions

if TYPE_CHECKING:
    from closeup.workbench.evaluate import EvaluatedClasses, EvaluatedValue, Evaluation

app = typer.Typer()

LISTED = 5
"""Pictures that are named where something is wrong with them; --json has them all."""


Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA", help="A folder with a folder for each class, a CSV file, or a zip.", show_default=False
    ),
]
Heads = Annotated[
    list[str] | None, typer.Option("--head", metavar="NAME", help="Only this answer of the model; repeatable.")
]
FieldsOf = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="HEAD=COLUMN", help="CSV: the column with a head's labels; repeatable."),
]
Renames = Annotated[
    list[str] | None,
    typer.Option("--rename", metavar="HEAD:LABEL=CLASS", help="What the model calls a label; empty leaves it out."),
]
Where = Annotated[
    list[str] | None, typer.Option("--where", metavar="COLUMN=VALUE", help="CSV: only these rows; repeatable.")
]
GroupColumn = Annotated[str, typer.Option("--group-column", metavar="NAME", help="CSV: who is in a picture, say.")]
SideOf = Annotated[str, typer.Option("--split", metavar="SIDE", help="Only train, val or test.")]
SplitFile = Annotated[
    Path | None, typer.Option("--split-file", metavar="CSV", help="Says the sides; a run's own without it.")
]
ByFaces = Annotated[
    bool, typer.Option("--faces/--whole", help="Find a face in each picture first, or take pictures as they are.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Write the metrics and every answer into a new folder."),
]


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False)],
    data: Data,
    head: Heads = None,
    field: FieldsOf = None,
    rename: Renames = None,
    where: Where = None,
    group_column: GroupColumn = "",
    split: SideOf = "",
    split_file: SplitFile = None,
    faces: ByFaces = False,
    out: Out = None,
    resamples: Annotated[int, typer.Option(min=10, help="Draws behind each interval.")] = 1000,
    models: Models = "auto",
    runs: Runs = RUNS,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model on labelled pictures: accuracy, macro recall and F1, calibration, errors, with 95 % intervals.

    Pictures are taken as they are, which is right for faces that were cut out (closeup data crop-faces); --faces finds
    the face nearest to the middle of each first.
    """
    options = EvaluateOptions(
        heads=tuple(head or ()),
        fields=dict(_pair(text, "--field HEAD=COLUMN") for text in field or ()),
        rename=_renames(rename or ()),
        where=dict(_pair(text, "--where COLUMN=VALUE") for text in where or ()),
        group_column=group_column,
        split=split,
        split_file=split_file,
        faces=faces,
        models=models,
        resamples=resamples,
    )
    with progress_bar(data.name, quiet=quiet) as progress:
        found: Evaluation = work("evaluate")(
            model=model, data=data, options=options, runs_dir=runs, folder=out, progress=progress
        )
    count_losses(len(found.unreadable))
    if as_json:
        from closeup.workbench.evaluate import METRICS

        show_json(METRICS.to_data(found))
    else:
        _show(found)


def _pair(text: str, form: str) -> tuple[str, str]:
    left, mark, right = text.partition("=")
    if not mark or not left:
        raise InputError(f"{text!r} is not of the form that is wanted.", f"Write it as {form}")
    return left, right


def _renames(texts: list[str] | tuple[str, ...]) -> dict[str, dict[str, str]]:
    form = "--rename HEAD:LABEL=CLASS"
    renames: dict[str, dict[str, str]] = {}
    for text in texts:
        head, mark, rest = text.partition(":")
        if not mark or not head:
            raise InputError(f"{text!r} is not of the form that is wanted.", f"Write it as {form}")
        old, new = _pair(rest, form)
        renames.setdefault(head, {})[old] = new
    return renames


def _show(found: "Evaluation") -> None:
    """Print the metrics as tables, and what is odd as notes."""
    what = f"{found.model} on {found.data}" + (f" ({found.split})" if found.split else "")
    how = f"faces found by {found.faces}" if found.faces else "taken whole"
    typer.echo(f"{what}: {found.pictures:,} pictures, {how}")
    for name, head in found.heads.items():
        show_table(*_metric_rows(head), head=(name, "value", "95 % interval"))
        if head.kind == "classes":
            show_table(*_class_rows(head), head=("class", "pictures", "precision", "recall", "95 % interval", "F1"))
    if found.unlabelled:
        show_note(f"{found.unlabelled:,} pictures have no label and were left out.")
    if found.corrected:
        show_note(f"{found.corrected:,} labels are corrected.")
    _list("cannot be read", [each.reason for each in found.unreadable])
    _list("show no face that was found, and are in no metric", found.no_face)
    for note in found.notes:
        show_note(note)


def _list(what: str, each: Sequence[str]) -> None:
    if each:
        more = "; ..." if len(each) > LISTED else ""
        show_note(f"{len(each):,} pictures {what}: {'; '.join(each[:LISTED])}{more}")


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
