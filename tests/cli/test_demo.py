from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.main import app


def names(folder: str = ".") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture(autouse=True)
def programme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeup.features.demo.programme.make_programme", lambda path, _: path.write_bytes(b"film"))


def test_demo_makes_its_own_programme_and_says_where_the_report_is(find: Any) -> None:
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 0, result.output
    assert find.calls[0][:2] == (Path("demo/demo.mp4"), Path("demo/demo.cast"))
    assert "Report: demo/demo.cast/report.html" in result.stdout


def test_demo_can_be_run_again(find: Any) -> None:
    for _ in range(2):
        assert CliRunner().invoke(app, ["demo", "-o", "there"]).exit_code == 0
    assert names("there") == ["demo.cast", "demo.mp4"]


def test_demo_takes_a_video(find: Any) -> None:
    Path("film.mp4").touch()
    result = CliRunner().invoke(app, ["demo", "film.mp4"])
    assert result.exit_code == 0, result.output
    assert find.calls[0][:2] == (Path("film.mp4"), Path("demo/film.cast"))
    assert names("demo") == ["film.cast"]


def test_demo_of_a_missing_video_leaves_nothing(find: Any) -> None:
    result = CliRunner().invoke(app, ["demo", "missing.mp4"])
    assert result.exit_code == 2
    assert names() == []


def test_demo_replaces_no_folder_of_others(find: Any) -> None:
    Path("demo/demo.cast").mkdir(parents=True)
    Path("demo/demo.cast/thesis.txt").touch()
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 2
    assert names("demo/demo.cast") == ["thesis.txt"]
