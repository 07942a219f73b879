import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import closeup
from closeup.cli.main import LATE, ONE_REQUEST_S, Stop, app
from closeup.core.errors import InputError, ModelError, OutputError

HEAVY = {"cv2", "av", "onnxruntime", "onnx", "dlib", "scipy", "scenedetect", "jinja2", "matplotlib", "skimage"}


@pytest.fixture
def film(find: Any) -> Path:
    path = Path("film.mp4")
    path.touch()
    return path


def raising(error: BaseException) -> Any:
    def result(_: str) -> Any:
        raise error

    return result


def test_version_is_the_packages() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.stdout == f"closeup {closeup.__version__}\n"
    assert result.exit_code == 0


@pytest.mark.parametrize("error", [InputError, OutputError, ModelError])
def test_what_the_user_can_mend_is_a_sentence_a_hint_and_code_2(error: Any, find: Any, film: Path) -> None:
    find.result = raising(error("It is broken.", "Mend it."))
    result = CliRunner().invoke(app, ["cast", str(film), "--quiet"])
    assert result.exit_code == 2
    assert result.stderr == "error: It is broken.\nhint: Mend it.\n"
    assert result.stdout == ""


def test_no_hint_where_nothing_can_be_done(find: Any, film: Path) -> None:
    find.result = raising(InputError("It is broken."))
    assert CliRunner().invoke(app, ["cast", str(film), "--quiet"]).stderr == "error: It is broken.\n"


def test_a_fault_of_our_own_says_how_to_see_where(find: Any, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/closeup", "cast", "my film.mp4"])
    find.result = raising(KeyError("x"))
    result = CliRunner().invoke(app, ["cast", str(film), "--quiet"])
    assert result.exit_code == 1
    assert "closeup itself failed (KeyError: 'x')" in result.stderr
    assert "closeup --debug cast 'my film.mp4'" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback(find: Any, film: Path) -> None:
    find.result = raising(KeyError("x"))
    result = CliRunner().invoke(app, ["--debug", "cast", str(film), "--quiet"])
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def test_interruption_is_130(find: Any, film: Path) -> None:
    find.result = raising(KeyboardInterrupt())
    result = CliRunner().invoke(app, ["cast", str(film), "--quiet"])
    assert result.exit_code == 130
    assert result.stderr == "Interrupted; nothing half-done was left behind.\n"


def test_usage_errors_are_typers_own_and_code_2(find: Any) -> None:
    result = CliRunner().invoke(app, ["cast", "--no-such-option"])
    assert result.exit_code == 2
    assert "--no-such-option" in result.stderr
    assert "error: closeup itself" not in result.stderr


def test_no_command_shows_the_help() -> None:
    result = CliRunner().invoke(app, [])
    assert "cast" in result.output
    assert "demo" in result.output


def python(code: str, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['closeup', '--help']; import closeup.cli.main as m\n"
    code += "try: m.run()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    _, loaded = python(code).communicate(timeout=30)
    assert "closeup.cli.cast" in loaded.split()
    assert HEAVY & set(loaded.split()) == set()


def test_a_closed_pipe_is_left_quietly() -> None:
    code = "import sys; sys.argv = ['closeup', 'demo']; sys.stdin.read()\n"
    code += "import closeup.cli.main as m, closeup.cli.demo as d\n"
    code += "d.made_folder = lambda _: (print('line'), d.typer.echo('line'))\nm.run()"
    process = python(code, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 141


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to catch")
def test_a_request_to_stop_tidies_up() -> None:
    code = "import sys, time; sys.argv = ['closeup', 'demo']\n"
    code += "import closeup.cli.main as m, closeup.cli.demo as d\n"
    code += "def wait(*_, **__):\n try:\n  print('ready', flush=True); time.sleep(30)\n finally: print('tidied')\n"
    code += "d.made_folder = wait\nm.run()"
    process = python(code)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert said == "tidied\n"
    assert process.returncode == 143


@pytest.mark.parametrize(("typed", "completed"), [("closeup ca", "cast"), ("closeup models ver", "verify")])
def test_completion_knows_the_commands(typed: str, completed: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_CLOSEUP_COMPLETE": "complete_bash"}
    code = "import sys; sys.argv = ['closeup']; from closeup.cli.main import app; app(prog_name='closeup')"
    said, _ = python(code, env={**os.environ, **words}).communicate(timeout=30)
    assert said.split() == [completed]


def test_late_groups_are_helped_with_the_words_of_their_own() -> None:
    for name, said in LATE.items():
        help_of_its_own = typer.main.get_command(import_module(f"closeup.cli.{name}").app).help or ""
        assert help_of_its_own.split(". ")[0].rstrip(".") == said.rstrip("."), name


def test_late_groups_have_their_commands() -> None:
    result = CliRunner().invoke(app, ["models", "--help"])
    assert result.exit_code == 0
    assert "verify" in result.stdout


def test_control_characters_in_names_are_written_out(find: Any, film: Path) -> None:
    find.result = raising(InputError("a\x1b[2J\nb is empty.", "rm 'a\nb'"))
    result = CliRunner().invoke(app, ["cast", str(film), "--quiet"])
    assert result.stderr == "error: a\\x1b[2J\\nb is empty.\nhint: rm 'a\\nb'\n"


def test_a_second_ctrl_c_does_not_disturb_the_tidying_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("closeup.cli.main.time.monotonic", lambda: now[0])
    stop = Stop()
    with pytest.raises(KeyboardInterrupt):
        stop(signal.SIGINT, None)
    now[0] += ONE_REQUEST_S / 2
    stop(signal.SIGINT, None)
    now[0] += ONE_REQUEST_S
    with pytest.raises(KeyboardInterrupt):
        stop(signal.SIGINT, None)
    with pytest.raises(SystemExit) as ended:
        Stop()(signal.SIGTERM, None)
    assert ended.value.code == 143


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_code_that_fails_because_it_was_interrupted_counts_as_interrupted(
    find: Any, film: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    stopped = Stop()
    stopped.asked = number
    monkeypatch.setattr("closeup.cli.main.STOP", stopped)
    find.result = raising(ImportError("initialization failed"))
    result = CliRunner().invoke(app, ["cast", str(film), "--quiet"])
    assert result.exit_code == code
    assert result.stderr == "Interrupted; nothing half-done was left behind.\n"
