"""What is typed after `closeup gallery`, with a made-up reader of made-up photos behind it."""

import json
from importlib import import_module
from typing import Any

from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app

for _module in (
    *("cast.find", "cast.together", "faces.finder", "gallery.cast_people", "gallery.enrol", "gallery.evaluate"),
    *("gallery.guide", "gallery.identify", "gallery.mapping", "gallery.similar", "gallery.verify", "gallery.work"),
):
    import_module(f"closeup.features.{_module}")  # they take Analyzer by name: before a stand-in is in its place


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["gallery", *words])


def answer(*words: str) -> Any:
    """What a command that works prints as JSON."""
    result = type_in(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*words: str) -> str:
    """What a command that cannot work says."""
    result = type_in(*words)
    assert result.exit_code == EXIT_COULD_NOT, result.output
    assert "Traceback" not in result.output
    return str(result.stderr)
