"""closeup.toml: where it is found, what it may say, and what wins over it."""

import json
import logging
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from typer.testing import CliRunner, Result

from closeup.cli.config_file import flags_of, read_defaults
from closeup.cli.main import app, command_line
from closeup.core import settings
from closeup.core.errors import InputError

from .conftest import FakeFind


@pytest.fixture
def home(find: FakeFind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to be in, with a video, another folder for the user's own file, and settings of this test alone."""
    (tmp_path / "film.mp4").write_bytes(b"video")
    (tmp_path / "users").mkdir()
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(tmp_path / "users"))
    monkeypatch.setattr(settings, "_ORIGINS", {})
    monkeypatch.setenv("CLOSEUP_COMMERCIAL_ONLY", "")
    monkeypatch.setenv("CLOSEUP_DEVICE", "")
    yield tmp_path
    for name in ("CLOSEUP_DEVICE", "CLOSEUP_ENCODER"):
        os.environ.pop(name, None)


def closeup(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(words))


def test_defaults_of_the_folder_hold_and_what_is_typed_wins(home: Path, find: FakeFind) -> None:
    (home / "closeup.toml").write_text("[cast]\ndetect-fps = 3\nmin_face = 40\nno-clothing = true\n")
    done = closeup("cast", "film.mp4", "--detect-fps", "8")
    assert done.exit_code == 0, done.output
    options = find.calls[0][2]
    assert (options.detect_fps, options.min_face_px, options.clothing) == (8, 40, False)
    assert "Defaults of closeup.toml: cast.detect-fps, cast.min-face, cast.no-clothing" in done.stderr
    assert "Defaults" not in closeup("cast", "film.mp4", "-q", "-o", "b").stderr


def test_the_nearest_file_above_is_taken_and_then_the_users_own(
    home: Path, find: FakeFind, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "users" / "closeup.toml").write_text("[cast]\ndetect-fps = 2\nmin-face = 50\n")
    (home / "closeup.toml").write_text("[cast]\ndetect-fps = 3\n")
    (home / "below").mkdir()
    monkeypatch.chdir(home / "below")
    assert closeup("cast", "../film.mp4").exit_code == 0
    assert (find.calls[0][2].detect_fps, find.calls[0][2].min_face_px) == (3, 50)
    findings = json.loads(closeup("doctor", "--json").stdout)["findings"]
    said = {each["name"]: (each["state"], each["says"]) for each in findings if each["topic"] == "defaults"}
    assert said["cast.detect-fps"] == ("note", f"2 ({home / 'users' / 'closeup.toml'}, line 2): not used")
    assert said["cast.min-face"] == ("fine", f"50 ({home / 'users' / 'closeup.toml'}, line 3)")


def test_settings_come_from_the_file_unless_the_environment_says_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "closeup.toml").write_text('device = "cpu"\ncommercial_only = true\ndatabase_url = "sqlite:///secret.db"\n')
    assert closeup("cast", "film.mp4").exit_code == 0
    assert settings.read_settings().device == "cpu"
    assert settings.read_settings().commercial_only
    assert settings.origin("device") == f"{home / 'closeup.toml'}, line 1"
    assert "secret" not in str(
        [e for e in json.loads(closeup("doctor", "--json").stdout)["findings"] if e["topic"] == "defaults"]
    )
    monkeypatch.setattr(settings, "_ORIGINS", {})
    monkeypatch.setenv("CLOSEUP_DEVICE", "auto")
    assert closeup("cast", "film.mp4", "--overwrite").exit_code == 0
    assert settings.read_settings().device == "auto"


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("[cast]\n\ndetekt_fps = 3\n", "line 3: there is no flag of `closeup cast` called 'detekt_fps'", "detect-fps?"),
        ("[cost]\n", "line 1: there is no command called 'cost'", "Did you mean cast?"),
        ("[gallery.enrole]\n", "line 1: there is no command called 'enrole'", "Did you mean enrol?"),
        ('devise = "cpu"\n', "line 1: there is no setting called 'devise'", "Did you mean device?"),
        ('[cast]\ndetect_fps = "fast"\n', "line 2: Invalid value for '--detect-fps'", ""),
        ('[cast]\nmodels = "best"\n', "line 2: Invalid value for '--models'", ""),
        ("[cast]\nno-clothing = 3\n", "line 2: no-clothing is 3, and has to be true or false", ""),
        ("[cast]\ndetect-fps = [3]\n", "line 2: detect-fps is [3], and has to be one value", ""),
        ("device = true\n", "line 1: device is True, and has to be text", ""),
        ("x =\n", "is not valid TOML", "A line is KEY = VALUE"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(home: Path, text: str, problem: str, hint: str) -> None:
    (home / "closeup.toml").write_text(text)
    done = closeup("cast", "film.mp4")
    assert done.exit_code == 2
    assert problem in done.stderr
    assert hint in done.stderr


def test_paths_are_those_of_the_files_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "closeup.toml").write_text('models_dir = "models"\n[shorts]\nfont = "letters.ttf"\n')
    (home / "below").mkdir()
    monkeypatch.chdir(home / "below")
    monkeypatch.delenv("CLOSEUP_MODELS_DIR")
    findings = json.loads(closeup("doctor", "--json").stdout)["findings"]
    said = {each["name"]: each["says"] for each in findings if each["topic"] == "defaults"}
    assert said["shorts.font"].startswith(f"{home / 'letters.ttf'} (")
    assert settings.read_settings().models_dir == home / "models"


@pytest.mark.parametrize("table", ["headline", "headline.write"])
def test_a_command_that_need_not_be_named_need_not_be_here(home: Path, table: str) -> None:
    (home / "closeup.toml").write_text(f"[{table}]\nsentences = 1\n[headline.train]\nabstractive = true\n")
    (home / "t.txt").write_text("The council met. It voted on the bridge. The mayor was there.")
    done = closeup("headline", "t.txt", "--json")
    assert len(json.loads(done.stdout)["stories"][0]["summary"]) == 1
    assert f"Defaults of closeup.toml: headline.write.sentences ({home / 'closeup.toml'})." in done.stderr
    (home / "closeup.toml").write_text(f"[{table}]\nsentences = 0\n")
    wrong = closeup("headline", "t.txt")
    assert "line 2: Invalid value for '--sentences': it has to be greater than" in wrong.stderr


GIVEN = (1, "auto", 8, 320, 640, 0.1, ".", date(2024, 1, 31), "x=1", "a", "1", "en", "coco")


def test_every_kind_of_flag_can_have_a_default(home: Path) -> None:
    kinds, lines = set[Any](), list[str]()

    def accepted(place: tuple[str, ...], parameter: Any) -> str:
        kind = parameter.type_descriptor.annotation
        choices = (True,) if kind is bool else get_args(kind) if get_origin(kind) is Literal else GIVEN
        for value in choices:
            said = str(value) if isinstance(value, date) else json.dumps([value] if parameter.multiple else value)
            line = f"{place[-1]} = {said}"
            (home / "closeup.toml").write_text(f"[{'.'.join(place[:-1])}]\n{line}\n")
            try:
                (found,) = read_defaults(root, home)
            except InputError:
                continue
            assert found.place == place
            return line
        return f"none for {place}"

    def walk(command: Any, words: tuple[str, ...]) -> None:
        for name, below in getattr(command, "commands", {}).items():
            walk(below, (*words, name))
        if not getattr(command, "commands", {}):
            for name, parameter in flags_of(command).items():
                kind = (str(parameter.type_descriptor.annotation), parameter.multiple, parameter.min, parameter.max)
                if kind not in kinds:
                    kinds.add(kind)
                    lines.append(accepted((*words, name), parameter))

    root = command_line()
    walk(root, ())
    assert [line for line in lines if line.startswith("none")] == []
    assert len(lines) > 40


def test_defaults_do_not_count_as_typed(home: Path, find: FakeFind) -> None:
    (home / "closeup.toml").write_text("[cast]\ndetect-fps = 3\n")
    assert closeup("cast", "--recluster", "film.cast").exit_code == 0
    assert find.changes == [(Path("film.cast"), {})]
    assert closeup("cast", "--recluster", "film.cast", "--detect-fps", "3").exit_code == 2


@pytest.mark.parametrize(("words", "level"), [(("-v",), logging.INFO), (("-vv",), logging.DEBUG)])
def test_v_says_what_is_done(home: Path, words: tuple[str, ...], level: int) -> None:
    logger = logging.getLogger("closeup")
    before = (logger.level, list(logger.handlers))
    try:
        first = closeup("cast", "film.mp4", *words)
        second = closeup(*words, "cast", "film.mp4", "--overwrite")
        for done in (first, second):
            assert done.stderr.count("closeup.jobs: cast begins") == 1
            assert ("overwrite is" in done.stderr) == (level == logging.DEBUG)
        assert logger.level == level
        assert logging.getLogger().handlers == logging.getLogger().handlers
    finally:
        logger.setLevel(before[0])
        logger.handlers[:] = before[1]
    assert "closeup.jobs" not in closeup("cast", "film.mp4", "--overwrite").stderr
