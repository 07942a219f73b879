import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from closeup.cli import evaluate, predict
from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import CommandLine
from tiny_networks import save_tiny
from workbench.colours import colour_table

APP = typer.Typer(cls=CommandLine)
APP.add_typer(predict.app)
APP.add_typer(evaluate.app)

LINES = ["red1.png,red,80,x,real", "red2.png,rouge,90,x,real", "green1.png,red,,y,real", "blue1.png,,,y,drawn"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a model and labelled pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    save_tiny(tmp_path / "tiny.onnx")
    colour_table(tmp_path / "data", LINES, "path,hue,light,who,kind")
    return tmp_path


def type_in(*words: str) -> Any:
    return CliRunner().invoke(APP, ["evaluate", "tiny.onnx", "data/table.csv", "--resamples", "50", *words])


FIELDS = ("--field", "colour=hue", "--field", "light=light", "--rename", "colour:rouge=red")


def test_figures_are_printed_as_tables() -> None:
    result = type_in(*FIELDS)
    assert result.exit_code == EXIT_LOSSES, result.output  # a picture without a label
    assert "3 pictures, taken whole" in result.stdout
    lines = {re.split(r"\s{2,}", line.strip())[0]: line for line in result.stdout.splitlines()}
    assert "0.6667" in lines["accuracy"]
    assert "5.00 levels" in lines["mean absolute error"]
    assert lines["red"].split()[1:4] == ["3", "1.000", "0.667"]
    assert "1 pictures have no label" in result.stderr


def test_json_and_a_folder_say_the_same(place: Path) -> None:
    result = type_in(*FIELDS, "--json", "-q", "-o", "out")
    assert result.exit_code == EXIT_LOSSES, result.output
    table = json.loads(result.stdout)
    assert table == json.loads((place / "out" / "figures.json").read_text())
    assert table["heads"]["colour"]["accuracy"] == pytest.approx(2 / 3)
    assert (place / "out" / "predictions-light.csv").is_file()


def test_one_head_some_rows_and_groups() -> None:
    words = ("--head", "light", "--where", "kind=real", "--group-column", "who", "--json", "-q")
    table = json.loads(type_in(*words).stdout)
    assert list(table["heads"]) == ["light"]
    assert (table["heads"]["light"]["count"], table["heads"]["light"]["groups"]) == (2, 1)
    assert table["unlabelled"] == 1


def test_pictures_that_cannot_be_read_are_told(place: Path) -> None:
    (place / "data" / "red2.png").write_bytes(b"")
    result = type_in(*FIELDS)
    assert "1 pictures cannot be read" in result.stderr
    assert "red2.png" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--field", "colour"),
        ("--field", "age=hue"),
        ("--field", "colour=hue"),
        ("--field", "colour=hue", "--rename", "rouge=red"),
        ("--field", "colour=none"),
        (*FIELDS, "--where", "kind"),
        (*FIELDS, "--split", "val"),
        (*FIELDS, "--split-file", "none.csv"),
    ],
)
def test_what_cannot_be_done_is_told(words: tuple[str, ...]) -> None:
    if not words:
        words = ("--head", "colour")
    result = type_in(*words)
    assert result.exit_code == EXIT_COULD_NOT, result.output
    assert "error:" in result.stderr
    assert "hint:" in result.stderr
