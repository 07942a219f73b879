"""What commands print: results on stdout as a table or as JSON; errors, notes and hints on stderr, a line each."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import typer

from closeup.cli import hints
from closeup.cli.exit_codes import count_losses
from closeup.core.errors import CloseupError
from closeup.core.words import LeftOut, counted

if TYPE_CHECKING:
    from pathlib import Path

    from closeup.documents.learners import LearnerEvaluation, Metrics


def one_line(text: str) -> str:
    """`text` for a terminal: control characters, as file names may hold, are written out and not obeyed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def show_error(error: CloseupError) -> None:
    """Say what is wrong, and below it what to do about it."""
    _say("error", typer.colors.RED, error.message)
    if words := hints.hint(error):
        show_hint(words, always=True)


def show_note(text: str) -> None:
    """Say something odd that did not stop the work; under -q nothing."""
    if not _quiet:
        _say("note", typer.colors.YELLOW, text)


def show_loss(text: str, number: int = 1) -> None:
    """Say what was asked for and left out, under -q too, and count it.

    Args:
        number: How many things that are; 0 for a sentence that says more of what was counted.
    """
    count_losses(number)
    _say("note", typer.colors.YELLOW, text)


def show_notes(notes: Iterable[str], *, in_json: bool = False) -> None:
    """Say each note, and count those that are losses.

    Args:
        in_json: The JSON that was printed says them already, so only count.
    """
    for note in notes:
        if in_json:
            count_losses(isinstance(note, LeftOut))
        else:
            (show_loss if isinstance(note, LeftOut) else show_note)(note)


def show_finding(text: str) -> None:
    """Say what a command was asked to find out: part of its answer, and so said under -q too."""
    _say("note", typer.colors.YELLOW, text)


def show_hint(text: str, *, always: bool = False) -> None:
    """Say what could be typed next; under -q nothing, unless it is what ends the command (`always`)."""
    if always or not _quiet:
        _say("hint", typer.colors.CYAN, text)


def be_quiet(context: typer.Context, quiet: bool) -> bool:
    """Say no notes and hints until the command ends, if -q was typed; the flag's callback."""
    global _quiet
    _quiet = quiet
    context.call_on_close(_speak_again)
    return quiet


def _speak_again() -> None:
    global _quiet
    _quiet = False


def usage_words(message: str) -> str:
    """What Typer says of a wrong value, without the words of the library that checked it."""
    return message.replace("Value error, ", "").replace("Input should be", "it has to be")


def is_quiet() -> bool:
    """Whether -q was typed."""
    return _quiet


_quiet = False

QUIET = "No progress, notes and hints: the answer, errors and what was left out."
"""What -q is for, with commands that answer; those that make something say nothing at all when that went well."""


def _say(kind: str, colour: str, text: str) -> None:
    typer.secho(f"{kind}: ", fg=colour, bold=True, nl=False, err=True)
    typer.echo(one_line(text), err=True)


def show_json(value: Any, *, indent: int | None = 1) -> None:
    """Print plain values as one JSON document; with no indent on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=indent))


def error_json(error: CloseupError) -> dict[str, str]:
    """What JSON says of an error: its sentence, what to do, and its stable code."""
    return {"error": error.message, "hint": hints.hint(error), "code": error.code}


def show_table(*rows: Sequence[str], head: Sequence[str], unbroken: Collection[int] = ()) -> None:
    """Print rows under a head.

    Args:
        rows: Their cells.
        head: Names of the columns; ">" before a name puts the column at the right.
        unbroken: Places of columns that are never broken into lines; those at the right never are.
    """
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    for place, name in enumerate(head):
        at_right = name.startswith(">")
        whole = at_right or place in unbroken
        where: Literal["left", "right"] = "right" if at_right else "left"
        table.add_column(name.removeprefix(">"), justify=where, no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*(one_line(cell) for cell in row))
    console = Console(markup=False, highlight=False)
    lines = [[name.removeprefix(">") for name in head], *rows]
    widths = [max(cell_len(one_line(line[place])) for line in lines) for place in range(len(head))]
    whole_width = sum(
        width if head[p].startswith(">") or p in unbroken else min(width, 12) for p, width in enumerate(widths)
    )
    # A narrow terminal breaks the lines: better than figures that are cut off.
    console.width = max(console.width, whole_width + 3 * len(head) + 1)
    console.print(table)


def show_evaluation(found: "LearnerEvaluation", things: str, *, as_json: bool, quiet: bool) -> None:
    """Print what a learner's evaluation found: the document, or its figures beside those of simpler ways.

    Args:
        things: What the figures are means of: "user", "row", "text".
    """
    if as_json:
        from closeup.documents.learners import LEARNER_EVALUATION

        show_json(LEARNER_EVALUATION.to_data(found))
    elif not quiet:
        typer.echo(f"{one_line(found.data)}: {counted(found.n, things)}.")
        show_metrics(found.metrics, found.baselines, found.differences)
    show_notes(found.notes)


def show_page(folder: "Path | None", *, quiet: bool = False) -> None:
    """Say where the page of a folder is, where there is such a folder."""
    if folder is not None and not quiet:
        typer.echo(f"The page: {one_line(str(folder / 'report.html'))}")


def show_metrics(
    metrics: "Metrics",
    baselines: "Mapping[str, Metrics] | None" = None,
    differences: "Mapping[str, Metrics] | None" = None,
) -> None:
    """A table of figures with their intervals, and those of baselines; a star marks what differs beyond chance."""
    rows, stars = [], False
    for name, each in metrics.items():
        row = [name, _figure(each.value), f"{_figure(each.low)} to {_figure(each.high)}"]
        for baseline, figures in (baselines or {}).items():
            apart = (differences or {}).get(baseline, {}).get(name)
            star = apart is not None and (apart.low > 0 or apart.high < 0)
            stars |= star
            row.append((_figure(figures[name].value) + (" *" if star else "  ")) if name in figures else "")
        rows.append(row)
    names = [f">{name.replace('_', ' ')}" for name in baselines or ()]
    show_table(*rows, head=("figure", ">model", ">95 % interval", *names), unbroken=(0,))
    if stars:
        typer.echo("* differs from the model by more than chance: the 95 % interval of the paired difference says so.")


def _figure(value: float) -> str:
    """Shares to four decimals, amounts whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}"
