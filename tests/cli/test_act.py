"""`closeup act` at the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app
from closeup.documents.act import PERFORMANCE_JSON
from features.act.played import LEVELS, acting, film_of, performance, stand_ins

__all__ = ["stand_ins"]


def run(*words: object) -> Any:
    return CliRunner().invoke(app, ["act", *map(str, words)])


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Path]:
    """Two kept performances, the second 0.6 s late."""
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for path, moved in zip(paths, (0, 6), strict=True):
        path.write_bytes(PERFORMANCE_JSON.encode(performance(np.roll(acting(1), moved, axis=0))))
    return paths


def test_two_kept_performances_are_compared(kept: tuple[Path, Path]) -> None:
    result = run("score", *kept)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Score 100 of 100 (95 % interval")
    assert "Timing: 0.6 s late as a whole" in result.stdout
    assert "+ 0:" in result.stdout


def test_json_has_score_timing_coverage_and_baselines(kept: tuple[Path, Path]) -> None:
    said = json.loads(run("score", *kept, "--json", "-q").stdout)
    assert said["score"] > 90
    assert said["timing"]["lag_s"] == pytest.approx(0.6)
    assert said["coverage"]["original"] == 1
    assert set(said["baselines"]) == {"motionless", "shuffled", "other_scene", "chance"}


@pytest.mark.usefixtures("stand_ins")
def test_the_command_need_not_be_named_and_writes_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    film_of(tmp_path / "take.mp4", LEVELS)
    result = run("take.mp4", "take.mp4", "--quiet", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["folder"], said["score"]) == ("take.act", 100)
    assert (tmp_path / "take.act" / "report.html").is_file()
    again = run("compare", "take.mp4", "take.mp4")
    assert again.exit_code == EXIT_COULD_NOT
    assert "--overwrite" in again.stderr
    board = run("rank", "take.mp4", "take.mp4", "-o", "board", "--json")
    assert json.loads(board.stdout)["attempts"][0]["score"] == 100


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    result = run("score", tmp_path / "a.json", tmp_path / "b.json")
    assert result.exit_code == EXIT_COULD_NOT
    assert "Cannot read" in result.stderr


def test_live_says_what_to_type_where_its_page_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from closeup.server import loopback

    monkeypatch.setattr(loopback.resources, "files", lambda _: tmp_path)
    result = run("live", tmp_path / "film.mp4")
    assert result.exit_code == EXIT_COULD_NOT
    assert "make studio" in result.stderr


@pytest.mark.usefixtures("stand_ins")
def test_live_prints_its_link_and_ends_by_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from closeup.server import act_live, loopback
    from closeup.server.loopback import LoopbackServer

    def interrupted(self: LoopbackServer) -> None:
        raise KeyboardInterrupt

    for module in (act_live, loopback):
        monkeypatch.setattr(module, "built_files", lambda _: {act_live.PAGE: tmp_path / "page.html"})
    monkeypatch.setattr(LoopbackServer, "serve_forever", interrupted)
    film_of(tmp_path / "film.mp4", LEVELS)
    result = run("live", tmp_path / "film.mp4", "-o", tmp_path / "takes", "--quiet")
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:" in result.stdout
    assert not (tmp_path / "takes").exists()
