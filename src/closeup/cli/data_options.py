"""Arguments and options of the commands that read a dataset, and the dataset that they name."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.output import show_note
from closeup.core.errors import InputError

if TYPE_CHECKING:
    from closeup.workbench.datasets.items import Dataset

Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="A folder with a folder for each class, a CSV file, or a zip of either."),
]
PathColumn = Annotated[str, typer.Option(metavar="NAME", help="CSV: the column that names the pictures.")]
GroupColumn = Annotated[
    str, typer.Option(metavar="NAME", help="CSV: pictures of one group stay together.", show_default="group")
]
SplitColumn = Annotated[
    str, typer.Option(metavar="NAME", help="CSV: the column that says train, val or test.", show_default="split")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="COLUMN=VALUE", help="CSV: only these rows; may be given several times."),
]
Corrections = Annotated[Path | None, typer.Option(metavar="FILE", help="A corrections file to apply.")]


def columns_and_values(pairs: list[str] | None) -> dict[str, str]:
    """What `--where COLUMN=VALUE` says.

    Raises:
        InputError: If there is no "=" in it, or a column twice.
    """
    found: dict[str, str] = {}
    for pair in pairs or ():
        column, mark, value = pair.partition("=")
        if not mark or not column or column in found:
            raise InputError(f"--where {pair} cannot be used.", "Write --where COLUMN=VALUE, each column once.")
        found[column] = value
    return found


def tell_notes(dataset: "Dataset") -> None:
    """Say on stderr what is odd about a dataset."""
    for note in dataset.notes:
        show_note(note)
