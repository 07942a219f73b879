"""`closeup export`: a run's network as files for use elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.flags import RUNS, AsJson, Quiet, Runs, with_flags
from closeup.cli.output import show_loss, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.words import counted
from closeup.jobs.work import work
from closeup.workbench.options import ExportOptions

if TYPE_CHECKING:
    from closeup.workbench.export.export import Export
    from closeup.workbench.export.forms import NetworkForm
    from closeup.workbench.export.scoring import HeadScore

app = typer.Typer()


@app.command()
@with_flags(ExportOptions)
def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, id or name, or last.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder to make.", show_default="NAME.export"),
    ] = None,
    *,
    given: dict[str, Any],
    runs: Runs = RUNS,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder that is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a run's network as an ONNX file that carries its card, checked against PyTorch on real pictures.

    Smaller and faster forms are written where they lose no more than the budget and are what is wanted, measured here;
    else it is said why not.
    """
    from closeup.learning.runs.reading import find_run

    options = ExportOptions(**given)
    if options.calibrate is not None and not options.int8:
        raise InputError("--calibrate is for --int8; no other form needs pictures.", "Add --int8.")
    folder = find_run(runs, run)
    target = output or Path(f"{folder.name}.export")
    with progress_bar(folder.name, quiet=quiet) as progress:
        made: Export = work("export")(
            run=folder, target=target, options=options, overwrite=overwrite, progress=progress
        )
    if made.unreadable:
        show_loss(f"{counted(made.unreadable, 'picture')} could not be read; {made.pictures} were evaluated on.")
    if as_json:
        typer.echo((target / "export.json").read_text("utf-8"), nl=False)
    else:
        tell(made, target)


def tell(made: "Export", target: Path) -> None:
    """Print what was made as a table, and why something was not."""
    rows = [row for form in made.forms for row in _rows(form)]
    show_table(*rows, head=("form", "MB", "ms", "time", "answer", "metric", "kept"))
    largest = max(parity.largest for parity in made.parities)
    typer.echo(
        f"{made.forms[0].name} and PyTorch agree to {largest:.1g} on {counted(made.parities[0].pictures, 'picture')}."
    )
    for form in made.forms:
        if not form.kept:
            show_note(f"{form.name} was not kept. {form.why}")
    for name in made.files.values():
        typer.echo(f"Wrote {target / name}")


def _rows(form: "NetworkForm") -> list[tuple[str, ...]]:
    """A row for each head; the form itself is said once. The time is beside fp32's."""
    if form.speed is None:  # it could not be made, which a note says
        return []
    first = (form.name, f"{form.bytes / 1e6:.2f}", f"{form.speed.ms:.2f}", f"{form.speed.ratio:.2f}")
    kept = "yes" if form.kept else "no"
    return [
        (*(first if not place else ("",) * len(first)), score.head, _metric(score), "" if place else kept)
        for place, score in enumerate(form.scores)
    ]


def _metric(score: "HeadScore") -> str:
    """A metric and what was lost of it: "0.7392 (-0.28 points)", "5.43 years (+0.21 %)"."""
    if score.metric == "accuracy":
        return f"{score.value:.4f}" + (f" ({-100 * score.worse:+.2f} points)" if score.largest else "")
    value = f"{score.value:.3f} {score.unit}".strip()
    return value + (f" ({100 * score.worse:+.2f} %)" if score.largest else "")
