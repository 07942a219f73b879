"""`closeup export`: what is asked for, and what is said of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import app
from closeup.workbench.export.forms import NetworkForm, Speed
from closeup.workbench.export.scoring import HeadScore
from closeup.workbench.options import ExportOptions

pytest.importorskip("torch", reason="the extra train is not installed")

from closeup.learning.runs.folder import create_run
from closeup.workbench.export import export as exporting
from closeup.workbench.export.export import EXPORT, Export
from closeup.workbench.training.parity import Parity


def form(name: str, worse: float, why: str = "") -> NetworkForm:
    scores = (
        HeadScore("mood", "accuracy", "", 0.75 - worse, 400, worse, worse, worse, worse),
        HeadScore("age", "mean absolute error", "years", 5.5, 400, 2 * worse, worse, worse, worse),
    )
    return NetworkForm(name, 8_000_000, scores, Speed(1.5, 0.8, 0.7, 0.9), not why, why)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The calls that reach the export, which finds int8 too inexact; the folder has one run, "tiny"."""
    calls: list[Any] = []

    def fake(run: Path, target: Path, options: ExportOptions, *, overwrite: bool, progress: Any) -> Export:
        calls.append((run, target, options, overwrite))
        forms = (form("fp32", 0.0), form("int8", 0.02, "Accuracy of mood falls by 2.00 points."))
        made = Export("1", {}, run.name, "tiny", 400, 3, (Parity("mood", 2e-7, 256),), forms, {"fp32": "tiny.onnx"})
        target.mkdir()
        (target / "export.json").write_bytes(EXPORT.encode(made))
        return made

    monkeypatch.setattr(exporting, "export_run", fake)
    monkeypatch.chdir(tmp_path)
    with create_run(tmp_path / "runs", "tiny", "", {}) as writer:
        writer.finish({})
    return calls


def test_the_table_says_what_each_form_costs_and_why_one_was_not_kept(asked: list[Any]) -> None:
    result = CliRunner().invoke(app, ["export", "last", "-o", "out", "--int8"])
    assert result.exit_code == EXIT_LOSSES, result.output
    assert "0.7500" in result.stdout
    assert "0.7300 (-2.00 points)" in result.stdout
    assert "5.500 years (+4.00 %)" in result.stdout
    assert result.stdout.count("8.00") == 2, "the size of each form once, whatever the number of heads"
    assert "fp32 and PyTorch agree to 2e-07 on 256 pictures." in result.stdout
    assert "Wrote out/tiny.onnx" in result.stdout
    assert "int8 was not kept. Accuracy of mood falls by 2.00 points." in result.stderr
    assert "3 pictures could not be read; 400 were evaluated on." in result.stderr


def test_every_option_reaches_the_export(asked: list[Any], tmp_path: Path) -> None:
    words = "export tiny --half --int8 --fp16 --calibrate some --budget 0.01 --want faster --threads 2 --overwrite -q"
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == EXIT_LOSSES, result.output
    run = next((tmp_path / "runs").iterdir()).resolve()
    wanted = ExportOptions(True, True, True, Path("some"), 0.01, "faster", 2)
    assert asked == [(run, Path(f"{run.name}.export"), wanted, True)]


def test_json_is_what_the_folder_holds(asked: list[Any]) -> None:
    result = CliRunner().invoke(app, ["export", "last", "-o", "out", "--json", "-q"])
    assert result.exit_code == EXIT_LOSSES, result.output
    assert json.loads(result.stdout) == json.loads(Path("out/export.json").read_text())
    assert json.loads(result.stdout)["forms"][1]["why"] == "Accuracy of mood falls by 2.00 points."


def test_pictures_to_calibrate_by_without_int8_are_told(asked: list[Any]) -> None:
    result = CliRunner().invoke(app, ["export", "last", "--calibrate", "some"])
    assert result.exit_code == EXIT_COULD_NOT
    assert "--calibrate is for --int8" in result.stderr
    assert asked == []
