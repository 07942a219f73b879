import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from closeup.cli import evaluate, predict
from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import CommandLine
from closeup.media.image import encode_jpeg
from closeup.perception.face_crop import FRAMES
from stand_ins import put_detector
from stills import astronaut
from tiny_networks import save_tiny, tiny_card
from workbench.colours import LEVELS, HalvesDetector, save_picture

APP = typer.Typer(cls=CommandLine)
APP.add_typer(predict.app)
APP.add_typer(evaluate.app)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a model of whole pictures, one of faces, and photos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    save_tiny(tmp_path / "tiny.onnx")
    save_tiny(tmp_path / "faces.onnx", tiny_card(alignment=FRAMES["expression"].alignment, input_px=32))
    for name, colour in LEVELS.items():
        save_picture(tmp_path / f"{name}.png", colour)
    return tmp_path


def type_in(*words: str) -> Any:
    return CliRunner().invoke(APP, ["predict", *words])


def test_answers_are_printed_as_a_table() -> None:
    result = type_in("tiny.onnx", "red.png", "blue.png")
    assert result.exit_code == 0, result.output
    red, blue = (line for line in result.stdout.splitlines() if ".png" in line)
    assert "red 99 %" in red
    assert "80.0 levels" in red
    assert "blue 99 %" in blue


def test_as_json() -> None:
    result = type_in("tiny.onnx", "red.png", "--json", "-q")
    assert json.loads(result.stdout)["photos"][0]["shown"][0]["answers"]["colour"]["class"] == "red"


def test_faces_and_photos_without(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_detector(monkeypatch, HalvesDetector)
    (place / "face.jpg").write_bytes(encode_jpeg(astronaut()))
    result = type_in("faces.onnx", "face.jpg", "red.png")
    assert result.exit_code == 0, result.output
    assert "face.jpg" in result.stdout
    assert "No face was found in red.png" in result.stderr
    alone = type_in("faces.onnx", "red.png")
    assert "--whole" in alone.stderr
    assert "red 99 %" in type_in("faces.onnx", "red.png", "--whole").stdout


@pytest.mark.parametrize("words", [("nothing", "red.png"), ("red.png", "tiny.onnx"), ("tiny.onnx", "gone.png")])
def test_what_cannot_be_done_is_told(words: tuple[str, ...]) -> None:
    result = type_in(*words)
    assert result.exit_code == EXIT_COULD_NOT
    assert "error:" in result.stderr
    assert "hint:" in result.stderr
