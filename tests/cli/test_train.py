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
