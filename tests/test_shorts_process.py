"""`closeup shorts` as a process: what stops and kills at any moment leave behind."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closeup.cli.main import app
from features.shorts.drawn_cast import contents, write_drawn_cast

WORDS = [sys.executable, "-m", "closeup", "shorts", "film.cast", "--person", "p1", "--count", "1", "--height", "640"]
LENGTHS = ["--min-length", "2", "--max-length", "3"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    write_drawn_cast(folder)
    assert subprocess.run([*WORDS, *LENGTHS, "-q"], cwd=folder).returncode == 0
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("stage", "number"),
    [("Watching", signal.SIGINT), ("Listening", signal.SIGTERM), ("Rendering", signal.SIGINT)],
)
def test_a_stop_at_any_moment_leaves_what_was_there(stage: str, number: int, place: Path) -> None:
    before, beside = contents(place / "film-p1.shorts"), names(place)
    process = subprocess.Popen(
        [*WORDS, *LENGTHS, "--overwrite"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if stage in line:
            break
    time.sleep(0.05)
    process.send_signal(number)
    said, errors = process.communicate(timeout=60)
    if process.returncode != 0:  # else it was done before the signal came
        assert process.returncode == 128 + number
        assert "Traceback" not in errors
        assert said == ""
        assert contents(place / "film-p1.shorts") == before
    assert names(place) == beside


def test_one_run_after_the_other_gives_the_same_plan(place: Path) -> None:
    before = (place / "film-p1.shorts" / "plan.json").read_bytes()
    done = subprocess.run([*WORDS, *LENGTHS, "--plan", "--overwrite", "--json"], cwd=place, capture_output=True)
    assert done.returncode == 0
    assert json.loads(done.stdout)["rendered"] is False
    assert (place / "film-p1.shorts" / "plan.json").read_bytes() == before


MISTAKES = {
    "nobody called 'Jo'": ["--person", "Jo"],
    "no part called 'charm'": ["--person", "p1", "--weight", "charm=1"],
    "exists already": ["--person", "p1"],
    "film.mp4": ["--person", "p1", "--captions", "film.mp4", "-o", "a"],
    "not the video that this cast was made from": ["--person", "p1", "--video", "film.cast/cast.json", "-o", "a"],
    "is on screen for": ["--person", "p1", "--min-length", "90", "--max-length", "99", "-o", "a"],
    "no captions to burn in": ["--person", "p1", "--burn-captions", "-o", "new/place"],
}


@pytest.mark.parametrize("told", MISTAKES)
def test_mistakes_are_one_error_one_hint_and_code_2(told: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    beside = names(place)
    done = CliRunner().invoke(app, ["shorts", "film.cast", *MISTAKES[told]])
    assert done.exit_code == 2
    assert told in done.stderr
    kinds = [line.partition(": ")[0] for line in done.stderr.splitlines() if not line.startswith("film.cast: ")]
    assert kinds == ["error", "hint"], done.stderr
    assert names(place) == beside


def test_a_video_that_moved_is_named_and_used(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place / "film.cast", tmp_path / "film.cast")
    data = json.loads((tmp_path / "film.cast/cast.json").read_text())
    data["video"]["path"] = "gone.mp4"
    (tmp_path / "film.cast/cast.json").write_text(json.dumps(data))
    monkeypatch.chdir(tmp_path)
    words = ["shorts", "film.cast", "--person", "p1", *LENGTHS, "--plan"]
    lost = CliRunner().invoke(app, words)
    assert lost.exit_code == 2
    assert "gone.mp4, is not there any more" in lost.stderr
    assert "closeup shorts film.cast --video FILE" in lost.stderr
    found = CliRunner().invoke(app, [*words, "--video", str(place / "film.mp4")])
    assert found.exit_code == 0, found.stderr
    assert names(tmp_path) == ["film.cast", "gone-p1.shorts"]
