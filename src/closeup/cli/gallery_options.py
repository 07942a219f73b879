"""Options and arguments that several commands of the gallery share."""

import json
from typing import Annotated, Any, Literal

import typer

ModelChoice = Literal["auto", "builtin", "zoo"]

Models = Annotated[ModelChoice, typer.Option(help="builtin works offline; zoo is better and is pulled first.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Largest = Annotated[bool, typer.Option("--largest", help="Of several faces in a photo take the largest.")]
Far = Annotated[
    float,
    typer.Option(metavar="RATE", help="False-accept rate to answer at: the share of pairs of strangers that pass."),
]
Who = Annotated[str, typer.Argument(metavar="NAME", help="A name, or an id.", show_default=False)]


def show_json(value: Any) -> None:
    """Print plain values as one JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


def show_table(*rows: tuple[str, ...], head: tuple[str, ...]) -> None:
    """Print rows under a head."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from closeup.cli.messages import one_line

    table = Table(*head, box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(one_line(cell) for cell in row))
    Console(markup=False, highlight=False).print(table)
