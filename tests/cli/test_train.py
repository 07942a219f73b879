import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closeup.cli.main import app
from closeup.media.image import read_image
from closeup.workbench.recipes.recipe_file import recipe_to_toml
from workbench.detection.test_train import blocks
from workbench.training.shades import shades_recipe, write_shades


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    table = write_shades(tmp_path / "data")
    path = tmp_path / "shades.toml"
    path.write_text(recipe_to_toml(shades_recipe(table)))
    return path


def test_a_recipe_or_a_run_is_wanted() -> None:
    done = CliRunner().invoke(app, ["train"])
    assert done.exit_code == 2
    assert "Name a recipe" in done.output


def test_a_detector_is_trained_shown_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks(tmp_path, 16)
    monkeypatch.chdir(tmp_path)
    Path("boxes.toml").write_text('name = "boxes"\ntask = "detection"\nannotations = "coco.json"\ninput_px = 96\n')
    refused = CliRunner().invoke(app, ["train", "boxes.toml", "--preview", "p.png"])
    assert refused.exit_code == 2
    assert "A detector has no augmentations" in refused.output
    wrong = CliRunner().invoke(app, ["train", "boxes.toml", "--set", "zooom=1"])
    assert "Did you mean 'zoom'" in wrong.output
    done = CliRunner().invoke(app, ["train", "boxes.toml", "--set", "stages=[{epochs = 1, batch = 8}]", "-q"])
    assert done.exit_code == 0, done.output
    assert "detection, mAP at IoU 0.5 on val: " in done.stdout
    shown = CliRunner().invoke(app, ["runs", "show", "last"])
    assert "boxes" in shown.stdout
    assert "finished" in shown.stdout
    found = json.loads(CliRunner().invoke(app, ["evaluate", "last", "coco.json", "--json"]).stdout)
    assert (found["pictures"], found["things"]) == (16, 24)
    assert 0 <= found["map50_95"] <= found["map50"] <= 1


def test_a_preview_is_drawn(recipe: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(recipe), "--preview", str(tmp_path / "p.png"), "-q"])
    assert done.exit_code == 0, done.output
    assert read_image(tmp_path / "p.png").shape[2] == 3


def test_an_unknown_key_names_the_nearest(recipe: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(recipe), "--set", "model.architectur=vgg11"])
    assert done.exit_code == 2
    assert "architecture" in done.output


def test_ctrl_c_says_how_to_go_on_and_it_does(recipe: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "closeup", "train"]
    runs = tmp_path / "runs"
    long = [*command, str(recipe), "--set", "stages.0.epochs=5000", "--runs", str(runs), "-q"]
    with subprocess.Popen(long, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        deadline = time.monotonic() + 120
        while not list(runs.glob("*/checkpoint.pt")) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    (run,) = runs.iterdir()
    assert f"closeup train --resume {run}" in said
    assert (run / "checkpoint.pt").is_file()
