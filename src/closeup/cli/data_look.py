"""`closeup data look`: what is in a dataset, and what is wrong with it, before anything is learnt from it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.data_options import (
    Corrections,
    Data,
    GroupColumn,
    PathColumn,
    SplitColumn,
    Where,
    columns_and_values,
    tell_notes,
)
from closeup.cli.exit_codes import count_losses
from closeup.cli.flags import NoProgress
from closeup.cli.output import one_line, show_note
from closeup.cli.progress_bar import progress_bar

if TYPE_CHECKING:
    from closeup.workbench.look.look import DatasetProfile

app = typer.Typer()


@app.command("look")
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
    path_column: PathColumn = "path",
    group_column: GroupColumn = "",
    split_column: SplitColumn = "",
    where: Where = None,
    corrections: Corrections = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder that is there.")] = False,
    quiet: NoProgress = False,
) -> None:
    """Look at pictures with labels: counts, sizes, light, blur, copies, contradictions, leakage; as one page.

    DIR/report.html shows it, report.json says it for programs, pictures.csv has a line for each picture.
    """
    from closeup.workbench.datasets.reading import open_one
    from closeup.workbench.datasets.splits import load_split
    from closeup.workbench.look.folder import check_place, write_look
    from closeup.workbench.look.look import look_at

    check_place(output, overwrite=overwrite)
    dataset = open_one(
        data,
        path_column=path_column,
        fields={name: name for name in fields or ()},
        group_column=group_column,
        split_column=split_column,
        where=columns_and_values(where),
        corrections=str(corrections or ""),
    )
    tell_notes(dataset)
    sides = None if split is None else load_split(split).sides
    with progress_bar(dataset.name, quiet=quiet) as progress:
        look = look_at(dataset, sides, progress=progress)
        write_look(look, output, overwrite=overwrite)
    _tell(look, output)


def _tell(look: "DatasetProfile", output: Path) -> None:
    from closeup.workbench.look.findings import findings

    count_losses(len(look.unreadable))
    typer.echo(f"{one_line(look.dataset.name)}: {len(look.dataset):,} pictures.")
    for sentence in findings(look):
        show_note(sentence)
    typer.echo(f"The page: {output / 'report.html'}")
