"""`closeup doctor`: what is here, what is missing, and what each feature will use."""

from itertools import groupby
from operator import attrgetter
from typing import Literal

import typer

from closeup.cli.config_file import Default
from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.flags import AsJson
from closeup.cli.models import show_how_to_get
from closeup.cli.output import one_line, show_json
from closeup.core.settings import read_settings
from closeup.core.words import counted
from closeup.weights.cards import all_cards
from closeup.weights.store import stored_model

COLOURS = {
    "fine": typer.colors.GREEN,
    "missing": typer.colors.YELLOW,
    "broken": typer.colors.RED,
    "note": typer.colors.CYAN,
}
"""How each state of a finding is shown."""

app = typer.Typer()


def _default(each: Default) -> tuple[str, Literal["fine", "note"], str]:
    """Name, state and words of a default of closeup.toml; a note where something else wins over it."""
    value = "set" if each.place == ("database_url",) else each.value  # there may be a password in it
    says = f"{value} ({each.origin})"
    return ".".join(each.place), "fine" if each.counts else "note", says if each.counts else f"{says}: not used"


@app.command()
def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Say what is on this machine, what is missing, and what each feature will use. Uses no network.

    The exit code is 2 where something is broken that closeup needs or that was asked for; what is only missing, and
    could be added, does no harm.
    """
    from closeup.features.doctor.examine import Diagnosis, examine

    findings = [*examine(), *(Diagnosis("defaults", *_default(each)) for each in context.obj or ())]
    broken = [each for each in findings if each.state == "broken"]
    if as_json:
        keys = ("topic", "name", "state", "says", "hint")
        show_json({"fine": not broken, "findings": [{key: getattr(each, key) for key in keys} for each in findings]})
    else:
        for topic, group in groupby(findings, key=attrgetter("topic")):
            typer.secho(topic, bold=True)
            for each in group:
                typer.echo("  ", nl=False)
                typer.secho(f"{each.state:8}", fg=COLOURS[each.state], nl=False)
                typer.echo(one_line(f"{each.name}: {each.says}"))
                if each.hint:
                    typer.echo(f"{'':10}{one_line(each.hint)}")
        settings = read_settings()
        show_how_to_get([stored_model(each, settings) for each in all_cards().values()], settings)
        missing = sum(each.state == "missing" for each in findings)
        typer.echo(f"{counted(len(broken), 'thing')} broken, {missing} missing that could be added.")
    if broken:
        raise typer.Exit(EXIT_COULD_NOT)
