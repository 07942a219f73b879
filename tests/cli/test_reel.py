"""`closeup reel` at the command line, over the feature's own work."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app
from features.cast.fake_cast import fake_folder

MADE = {
    "file": "Ada.reel.mp4",
    "duration_s": 61.5,
    "scenes": [
        {"video": "a.mp4", "start_s": 1.0, "end_s": 31.0, "at_s": 0.0},
        {"video": "b.mp4", "start_s": 0.0, "end_s": 31.5, "at_s": 30.0},
    ],
    "notes": ["b.mp4 is odd."],
}


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["reel", *words])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the feature was asked for."""
    calls: list[dict[str, Any]] = []

    def make_reel(casts: list[Path], person: str, output: Path, options: Any = None, **more: Any) -> Any:
        calls.append({"casts": casts, "person": person, "output": output, "options": options, **more})
        return MADE

    monkeypatch.setattr("closeup.features.shorts.scenes.make_reel", make_reel)
    return calls


def test_a_reel_is_named_after_the_person(asked: list[dict[str, Any]]) -> None:
    result = run("a.cast", "b.cast", "--person", "Ada/Eve", "--aspect", "9:16", "--side", "720")
    assert result.exit_code == 0, result.output
    assert result.stdout == "2 scenes of 2 videos, 1:02: Ada.reel.mp4\n"
    assert "note: b.mp4 is odd." in result.stderr
    (call,) = asked
    assert call["casts"] == [Path("a.cast"), Path("b.cast")]
    assert (call["output"], call["person"]) == (Path("Ada_Eve.reel.mp4"), "Ada/Eve")
    assert call["options"].size_wh == (720, 1280)
    assert call["overwrite"] is False


def test_json_is_one_object(asked: list[dict[str, Any]]) -> None:
    said = json.loads(run("a.cast", "--person", "p1", "--json", "--quiet").stdout)
    assert said.pop("elapsed_s") >= 0
    assert said == MADE


def test_what_is_missing_is_said() -> None:
    assert "--person" in run("a.cast").stderr
    result = run("missing.cast", "--person", "p1")
    assert result.exit_code == EXIT_COULD_NOT
    assert "There is no folder missing.cast." in result.stderr


def test_shorts_of_a_season_lead_to_the_reel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = fake_folder(tmp_path)
    cast = json.loads((folder / "cast.json").read_text(encoding="utf-8"))
    cast["kind"] = "season"
    cast["parts"] = [{"video": cast["video"], "start_frame": 0, "start_s": 0.0, "taken": None}]
    (folder / "cast.json").write_text(json.dumps(cast), encoding="utf-8")
    result = CliRunner().invoke(app, ["shorts", "talk.cast", "--person", "p1"])
    assert result.exit_code == EXIT_COULD_NOT
    assert "is the cast of several videos" in result.stderr
    assert "closeup reel talk.cast --person ID" in result.stderr
