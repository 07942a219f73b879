"""The image, as far as that can be told without Docker: what it copies is there and enough, what it promises holds."""

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from closeup.cli.main import command_line
from closeup.core.settings import SWITCHES

ROOT = Path(__file__).resolve().parent.parent
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, each on one line, without comments."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]


def copied() -> list[str]:
    """What the image takes from the repository."""
    return [name for word, rest in instructions() if word == "COPY" for name in shlex.split(rest)[:-1]]


def test_it_is_slim_and_not_run_as_root() -> None:
    words = [word for word, _ in instructions()]
    assert instructions()[0][0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim", instructions()[0][1])
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert dict(instructions())["USER"] not in ("root", "0")
    assert "RUN" not in words[words.index("USER") :]


def test_what_keeps_packages_silent_is_set_before_any_is_there() -> None:
    word, rest = next((word, rest) for word, rest in instructions() if word in ("ENV", "RUN"))
    assert word == "ENV"
    said = dict(pair.split("=") for pair in shlex.split(rest))
    assert {name: said.get(name) for name in SWITCHES} == SWITCHES


def test_all_that_is_copied_is_there_and_sent() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    sent = [line[1:] for line in ignored if line.startswith("!")]
    assert ignored[0] == "*"
    assert sorted(copied()) == sorted(sent)
    assert all((ROOT / name).exists() for name in copied())
    assert not any(fnmatch.fnmatch(name, pattern) for name in copied() for pattern in ignored[1:])


def test_the_readme_says_the_same() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    for command in (line[1:].strip() for line in lines if line.startswith("#   docker ")):
        assert f"`{command}`" in readme


def test_the_models_are_made_by_the_command_that_the_image_runs(tmp_path: Path) -> None:
    (command,) = [rest for word, rest in instructions() if word == "RUN" and "ready_all" in rest]
    _, _, code = shlex.split(command.partition("&&")[0])
    variables = os.environ | {"CLOSEUP_MODELS_DIR": str(tmp_path / "models")}
    subprocess.run([sys.executable, "-c", code], env=variables, check=True)
    assert {path.name.split("-")[0] for path in (tmp_path / "models").iterdir()} == {"sface", "yunet"}


@pytest.mark.slow
def test_what_is_copied_is_enough_to_build_the_package(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in copied():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    done = subprocess.run([sys.executable, "-c", BUILD, tmp_path / "out"], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "out").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "closeup/media/caption_styles.toml" in names
    assert any(name.endswith(".onnx") for name in names)


def test_services_run_commands_that_there_are_and_only_this_machine_reaches_one() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    root = command_line()
    for name in ("server", "worker"):
        words = services[name]["command"]
        command = root.commands[words[0]]
        command = getattr(command, "commands", {}).get("run", command)
        known = {flag for parameter in command.params for flag in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
    assert [(name, each["ports"]) for name, each in services.items() if "ports" in each] == [
        ("server", ["127.0.0.1:8460:8460"])
    ]
    assert "outside" not in {*services["worker"]["networks"], *services["database"]["networks"]}
