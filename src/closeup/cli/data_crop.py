"""`closeup data crop-faces`: a dataset of faces from a dataset of pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.data_options import NO_FLAGS
from closeup.cli.flags import AnswerOnly, Given, with_flags
from closeup.cli.output import one_line, show_hint, show_loss, show_notes
from closeup.cli.progress_bar import progress_bar
from closeup.core.words import counted
from closeup.jobs.work import work
from closeup.workbench.options import CropOptions
from closeup.workbench.recipes.recipe import DataSource

if TYPE_CHECKING:
    from closeup.workbench.crops import CropReport

app = typer.Typer()

LISTED = 5
"""Unreadable pictures that are named; the table has them all."""


@app.command("crop-faces")
@with_flags(CropOptions, DataSource, leave_out=(*NO_FLAGS, "group_column", "split_column", "corrections"))
def crop_faces_command(
    data: Annotated[Path, typer.Argument(metavar="IN", help="A folder, CSV or zip file with pictures.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    *,
    given: Given,
    quiet: AnswerOnly = False,
) -> None:
    """Find each picture's central face, turn it upright, cut it out, and keep the labels.

    OUT can be used like any dataset: labels.csv has all columns of IN. crops.csv says what was found where. If it is
    stopped, the same command goes on where it was.
    """
    source, options = DataSource(str(data), **given.of(DataSource)), CropOptions(**given.of(CropOptions))
    try:
        with progress_bar(data.name, quiet=quiet) as progress:
            report: CropReport = work("data.crop-faces")(source=source, out=out, options=options, progress=progress)
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C, and a request to stop from outside
        show_hint("The faces that are done are kept; the same command goes on there.", always=True)
        raise
    show_notes(report.notes)
    _show(report, keep_missed=options.keep_missed)


def _show(report: "CropReport", *, keep_missed: bool) -> None:
    found, missed, unreadable = (report.counts[outcome] for outcome in ("found", "not found", "unreadable"))
    total = len(report.rows)
    place = one_line(str(report.folder))
    faces, pictures = counted(found, "face", "faces"), counted(total, "picture", "pictures")
    typer.echo(f"{place}: {faces} in {pictures} ({found / total:.2%}), by {report.detector}.")
    if missed:
        which = "in the set as a whole picture" if keep_missed else "left out"
        typer.echo(f"No face found in {counted(missed, 'picture', 'pictures')}: {which}.")
    typer.echo(size_sentence(report.bytes_before, report.bytes_after))
    if report.resumed:
        typer.echo(f"{counted(report.resumed, 'picture', 'pictures')} had been done before.")
    if unreadable:
        show_loss(f"{counted(unreadable, 'picture', 'pictures')} cannot be read: left out; crops.csv says why.")
        for row in [row for row in report.rows if row.outcome == "unreadable"][:LISTED]:
            show_loss(f"{row.key}: {row.reason}", 0)
    if missed and not keep_missed:
        show_hint("With --keep-missed the whole picture is put in where no face is found.")


def size_sentence(before: int, after: int) -> str:
    """How the size of a set changed, "Smaller by a factor of 4.3: 101.2 MB before, 23.4 MB now."."""
    sizes = f"{before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now"
    if not before or not after:
        return f"{sizes}."
    factor = before / after
    word, factor = ("Smaller", factor) if factor >= 1 else ("Larger", 1 / factor)
    return f"{word} by a factor of {factor:.1f}: {sizes}."
