"""`closeup data corrections ...`: write down that a label is wrong, without touching the data."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from closeup.cli.data_options import NO_FLAGS, Data
from closeup.cli.flags import AsJson, with_flags
from closeup.cli.output import one_line, show_json, show_note, show_table
from closeup.core.errors import InputError
from closeup.core.result_folder import made_folder
from closeup.core.words import counted
from closeup.workbench.recipes.recipe import DataSource

Kind = Literal["picture", "group", "swap"]

COLUMNS_ONLY = (*NO_FLAGS, "split_column", "where", "corrections")

app = typer.Typer(
    name="corrections",
    no_args_is_help=True,
    help="Write down wrong labels as a table that is applied when the data is read.",
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A corrections file.")]


@app.command("list")
def list_corrections(file: File, as_json: AsJson = False) -> None:
    """Show what a corrections file says."""
    from closeup.workbench.datasets.corrections import CORRECTION, read_corrections

    lines = read_corrections(file)
    if as_json:
        show_json([CORRECTION.to_data(line) for line in lines], indent=None)
        return
    if not lines:
        typer.echo(f"{file} corrects nothing yet.")
        return
    rows = [(str(c.line), c.kind, c.which, c.field, f"{c.old} > {c.new}", c.who, c.when, c.why) for c in lines]
    show_table(*rows, head=("line", "kind", "which", "field", "label", "who", "when", "why"))


@app.command()
@with_flags(DataSource, leave_out=COLUMNS_ONLY)
def check(
    file: File,
    data: Data,
    *,
    given: dict[str, Any],
    as_json: AsJson = False,
) -> None:
    """Apply a corrections file to a dataset, and show what it changes; the data stays as it is."""
    from closeup.workbench.datasets.corrections import FITTING, FittingCorrection, apply_corrections, read_corrections
    from closeup.workbench.datasets.reading import open_one

    dataset = open_one(data, **given)
    _, applied = apply_corrections(dataset, read_corrections(file), str(file))
    if as_json:
        show_json([FITTING.to_data(FittingCorrection(a.correction.line, a.keys)) for a in applied], indent=None)
        return
    rows = [
        (
            str(a.correction.line),
            a.correction.field,
            f"{a.correction.old} > {a.correction.new}",
            one_line(a.keys[0]),
            f"{len(a.keys):,}",
        )
        for a in applied
    ]
    if rows:
        show_table(*rows, head=("line", "field", "label", "first picture", "pictures"))
    changed = len({key for a in applied for key in a.keys})
    fit = "correction fits; it changes" if len(applied) == 1 else "corrections fit; they change"
    typer.echo(f"{len(applied):,} {fit} {changed:,} of {len(dataset):,} pictures.")
    for note in dataset.notes:
        show_note(note)


@app.command()
@with_flags(DataSource, leave_out=COLUMNS_ONLY)
def add(
    file: File,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="picture, group or swap.")],
    which: Annotated[str, typer.Argument(metavar="WHICH", help="A picture's path or sha256:..., or a group.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The label field.")],
    old: Annotated[str, typer.Argument(metavar="OLD", help="The label that is there; '' for none.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The right one; '' to take it away.")],
    who: Annotated[str, typer.Option(metavar="NAME", help="Who says so.")] = "",
    why: Annotated[str, typer.Option(metavar="TEXT", help="How they know.")] = "",
    data: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Make sure that the file then fits this dataset.")
    ] = None,
    *,
    given: dict[str, Any],
) -> None:
    """Add a line to a corrections file, dated today; the file is made where it is missing."""
    from closeup.workbench.datasets.corrections import append_corrections, apply_corrections, read_corrections
    from closeup.workbench.datasets.items import Correction
    from closeup.workbench.datasets.reading import open_one

    if kind not in get_args(Kind):
        raise InputError(f"{kind!r} is no kind of correction.", f"One of: {', '.join(get_args(Kind))}.")
    said: Kind = kind  # type: ignore[assignment] # looked at above
    line = Correction(said, which, field, old, new, who, date.today().isoformat(), why)
    changes = ""
    if data is not None:
        dataset = open_one(data, **given)
        before = read_corrections(file) if file.exists() else ()
        _, applied = apply_corrections(dataset, (*before, line), str(file))
        changes = f"; it changes {counted(len(applied[-1].keys), 'picture')}"
    with made_folder(file.parent):
        append_corrections(file, [line])
    typer.echo(f"{file} has {counted(len(read_corrections(file)), 'correction')}{changes}.")


@app.command()
def remove(
    file: File, line: Annotated[int, typer.Argument(metavar="LINE", help="Its number, as `list` shows it.")]
) -> None:
    """Undo a correction by taking its line out."""
    from closeup.workbench.datasets.corrections import remove_correction

    gone = remove_correction(file, line)
    typer.echo(f"Removed from {file}: {gone.kind} {one_line(gone.which)}, {gone.field}: {gone.old} > {gone.new}.")
