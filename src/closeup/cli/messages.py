"""What the commands say beside their result: errors, notes and hints, on stderr, one line each."""

import typer

from closeup.cli import hints
from closeup.core.errors import CloseupError


def one_line(text: str) -> str:
    """`text` for a terminal: control characters, as file names may hold, are written out and not obeyed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def show_error(error: CloseupError) -> None:
    """Say what is wrong, and below it what to do about it."""
    typer.secho("error: ", fg=typer.colors.RED, bold=True, nl=False, err=True)
    typer.echo(one_line(error.message), err=True)
    if words := hints.hint(error):
        show_hint(words)


def show_note(text: str) -> None:
    """Say something odd that did not stop the work."""
    typer.secho("note: ", fg=typer.colors.YELLOW, bold=True, nl=False, err=True)
    typer.echo(one_line(text), err=True)


def show_hint(text: str) -> None:
    """Say what could be typed next."""
    typer.secho("hint: ", fg=typer.colors.CYAN, bold=True, nl=False, err=True)
    typer.echo(one_line(text), err=True)
