"""Options and arguments that several commands of the gallery share."""

from typing import Annotated, Literal

import typer

ModelChoice = Literal["auto", "builtin", "zoo"]

Models = Annotated[ModelChoice, typer.Option(help="builtin works offline; zoo is better and is pulled first.")]
Largest = Annotated[bool, typer.Option("--largest", help="Of several faces in a photo take the largest.")]
Far = Annotated[
    float,
    typer.Option(metavar="RATE", help="False-accept rate to answer at: the share of pairs of strangers that pass."),
]
Who = Annotated[str, typer.Argument(metavar="NAME", help="A name, or an id.", show_default=False)]
