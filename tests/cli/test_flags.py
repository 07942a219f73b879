"""Flags that derive from an options dataclass."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from typer.testing import CliRunner, Result

from closeup.cli.flags import with_flags
from closeup.core.errors import InputError
from closeup.core.fields import OneOf


@dataclass(frozen=True)
class FilmOptions:
    """How a film is made.

    Attributes:
        length_s: Longest length,
            in seconds.
        count: How many.
        kind: Which kind.
        sound: The sound is kept.
        burn: Burn them in.
        file: Where from.
        until: Last day.
        weights: What a part weighs.
        track: Which track.
        hidden: Not for the command line.
    """

    length_s: float = 2.5
    count: int = 3
    kind: Annotated[str, OneOf(("long", "short"))] = "long"
    sound: bool = True
    burn: bool = False
    file: Path | None = None
    until: date | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    track: int | Literal["mix"] = 0
    hidden: int = 0


GIVEN: list[Any] = []
app = typer.Typer()


@app.command()
@with_flags(FilmOptions, leave_out=("hidden",))
def film(
    name: str, *, given: dict[str, Any], quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing.")] = False
) -> None:
    """Make a film."""
    GIVEN.append((name, given, quiet))


def run(*words: str) -> Result:
    GIVEN.clear()
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"})


def test_only_what_is_given_arrives() -> None:
    assert run("a").exit_code == 0
    assert GIVEN == [("a", {}, False)]


def test_each_kind_of_field_is_read() -> None:
    words = "a --length 4 --count 0 --kind short --no-sound --burn --file b.srt --until 2026-11-29 --quiet"
    result = run(*words.split(), "--weight", "speech=0.5", "--weight", "x=2")
    assert result.exit_code == 0, result.output
    given = {
        "length_s": 4.0,
        "count": 0,
        "kind": "short",
        "sound": False,
        "burn": True,
        "file": Path("b.srt"),
        "until": date(2026, 11, 29),
        "weights": {"speech": 0.5, "x": 2.0},
    }
    assert [("a", given, True)] == GIVEN
    assert FilmOptions(**given).weights == {"speech": 0.5, "x": 2.0}


@pytest.mark.parametrize("words", ["--kind other", "--count x", "--hidden 1", "--sound", "--until tomorrow"])
def test_what_is_no_flag_or_no_value_is_a_usage_error(words: str) -> None:
    assert run("a", *words.split()).exit_code == 2
    assert GIVEN == []


def test_the_help_has_units_defaults_and_what_the_docstring_says() -> None:
    said = run("--help").output
    for words in ("--length", "Longest length, in seconds.", "2.5", "--kind", "long|short", "NAME=NUMBER", "DATE"):
        assert words in said
    assert "Without this: The sound is kept." in said
    assert "hidden" not in said


def test_a_number_or_a_word() -> None:
    for typed, value in (("2", 2), ("mix", "mix")):
        assert run("a", "--track", typed).exit_code == 0
        assert GIVEN[0][1] == {"track": value}
    assert "N|mix" in run("--help").output
    refused = run("a", "--track", "both").exception
    assert isinstance(refused, InputError)
    assert refused.message == "'both' is no whole number, nor mix."
