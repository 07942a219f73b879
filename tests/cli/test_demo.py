from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli import demo, shorts
from closeup.cli.main import app
from closeup.core.errors import InputError


def names(folder: str = ".") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture(autouse=True)
def programme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeup.features.demo.programme.make_programme", lambda path, _: path.write_bytes(b"film"))


@pytest.fixture(autouse=True)
def wishes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What shorts were asked for: folder, person and video; all fail."""
    asked: list[Any] = []

    def make(folder: Path, person: str, options: Any, *, video: Path, overwrite: bool) -> Any:
        assert options == demo.SHORT
        assert overwrite
        asked.append((folder, person, video))
        raise InputError("They are seen too little.")

    monkeypatch.setattr(shorts, "make", make)
    return asked


def test_demo_makes_a_short_of_the_first_person(find: Any, wishes: list[Any]) -> None:
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 0, result.output
    assert "closeup serve" in result.output
    assert wishes == [(Path("demo/demo.cast"), "p1", Path("demo/demo.mp4"))]
    assert "note: No short was made. They are seen too little.\n" in result.stderr


def test_demo_of_nobody_makes_no_short(find: Any, wishes: list[Any]) -> None:
    find.finds(people=())
    assert CliRunner().invoke(app, ["demo"]).exit_code == 0
    assert wishes == []


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
