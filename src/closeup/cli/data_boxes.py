"""`closeup data boxes`: pictures with boxes as COCO or Pascal VOC."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from closeup.cli.flags import Quiet
from closeup.cli.output import one_line, show_notes
from closeup.cli.progress_bar import progress_bar
from closeup.core.words import counted
from closeup.jobs.work import work

app = typer.Typer()


@app.command("boxes")
def boxes_command(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A COCO file, or a folder in Pascal VOC's form.", show_default=False)
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.", show_default=False)],
    form: Annotated[Literal["coco", "voc"], typer.Option("--format", help="What to write.", show_default=False)],
    quiet: Quiet = False,
) -> None:
    """Write pictures with boxes as a COCO file or in Pascal VOC's form, into a folder that stands alone.

    The pictures are copied as they are. closeup train and evaluate read both forms of a detector's data.
    """
    with progress_bar(source.name, quiet=quiet) as progress:
        found = work("data.boxes")(source=source, out=out, form=form, progress=progress)
    if not quiet:
        what = f"{counted(found.pictures, 'picture')}, {counted(found.boxes, 'box', 'boxes')}"
        typer.echo(f"{one_line(str(out))}: {what}, {counted(len(found.names), 'class', 'classes')}.")
    show_notes(found.notes)
