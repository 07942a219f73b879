"""What the commands that read a dataset share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="A folder with a folder for each class, a CSV file, or a zip of either."),
]

NO_FLAGS = ("path", "name", "fields", "rename", "constant", "repeat", "only", "licence")
"""Fields of `DataSource` that are for recipes, or that a command asks for in its own way."""
