"""Options and arguments that several commands of the gallery share."""

from typing import Annotated, Literal

import typer

ModelChoice = Literal["auto", "builtin", "zoo"]

Models = Annotated[ModelChoice, typer.Option(help="builtin works offline; zoo is better and is pulled first.")]
Who = Annotated[str, typer.Argument(metavar="NAME", help="A name, or an id.", show_default=False)]
