"""`closeup data look`: what is in a dataset, and what is wrong with it, before anything is learnt from it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.data_options import NO_FLAGS, Data
from closeup.cli.exit_codes import count_losses
from closeup.cli.flags import AnswerOnly, with_flags
from closeup.cli.output import one_line, show_finding, show_notes
from closeup.cli.progress_bar import progress_bar
from closeup.jobs.work import work
from closeup.workbench.recipes.recipe import DataSource

if TYPE_CHECKING:
    from closeup.workbench.look.folder import LookReport

app = typer.Typer()


@app.command("look")
@with_flags(DataSource, leave_out=NO_FLAGS)
def look_command(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to make.")],
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="COLUMN", help="CSV: a column of labels; may be given several times."),
    ] = None,
    split: Annotated[
        Path | None, typer.Option("--split", metavar="FILE", help="A split saved before, instead of the data's own.")
    ] = None,
    *,
    given: dict[str, Any],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder that is there.")] = False,
    quiet: AnswerOnly = False,
) -> None:
    """Look at pictures with labels: counts, sizes, light, blur, copies, contradictions, leakage; as one page.

    DIR/report.html shows it, report.json says it for programs, pictures.csv has a line for each picture.
    """
    source = DataSource(str(data), fields={name: name for name in fields or ()}, **given)
    with progress_bar(data.name, quiet=quiet) as progress:
        found: LookReport = work("data.look")(
            source=source, out=output, split=split, overwrite=overwrite, progress=progress
        )
    typer.echo(f"{one_line(found.dataset)}: {found.pictures:,} pictures.")
    show_notes(found.notes)
    for finding in found.findings:
        show_finding(finding)
    count_losses(len(found.unreadable))
    typer.echo(f"The page: {output / 'report.html'}")
