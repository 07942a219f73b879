"""What the pages promise is true: generated pages are up to date, and every command, word, folder and link exists."""

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import closeup
from closeup.cli.flags import FirstByDefault
from closeup.cli.main import command_line

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    for path, text in generator().pages().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path} is out of date: run `make docs`"


@pytest.mark.skipif(sys.platform != "linux", reason="wheels show their libraries on Linux only")
def test_every_package_and_library_has_a_licence() -> None:
    page = generator().licences()[Path("docs/licences.md")]
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    assert [row for row in rows if len(row) != 3 or row[1] in ("", "not known", "UNKNOWN")] == []
    packages = {row[0] for row in rows}
    assert {"av", "numpy", "onnxruntime", "torch", "psycopg", "opencv-python-headless"} <= packages
    assert ["av", "GPL-2.0-or-later", "x264, x265"] in rows


def test_generated_pages_name_every_command() -> None:
    page = generator().cli_page()
    for words in commands(command_line()):
        assert f" closeup {' '.join(words)}".rstrip() + "\n" in page


def commands(command: Any, *words: str) -> Iterator[tuple[str, ...]]:
    yield words
    for word, below in getattr(command, "commands", {}).items():
        yield from commands(below, *words, word)


def consoles(page: Path) -> Iterator[str]:
    """The lines typed in the console blocks of a page, and the commands named in its text."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        yield from (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from re.findall(r"`((?:closeup|make) [^`]+)`", prose)


def faults(line: str) -> list[str]:
    """What is wrong with a typed line that calls closeup: unknown commands and unknown options."""
    words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)]
    if words[:1] != ["closeup"]:
        return []
    command: Any = command_line()
    rest = words[1:]
    options = {"--help", "-h"}
    found = []
    for word in rest:
        if isinstance(command, FirstByDefault) and word not in {*command.commands, "--help", "-h"}:
            command = next(iter(command.commands.values()))
        options |= {name for param in command.params for name in param.opts}
        if word.startswith("-") and word not in options:
            found.append(f"{word} is no option")
        below = getattr(command, "commands", None)
        if below and not word.startswith("-") and word.islower():
            if word not in below:
                sub = [name for name in below if name in rest]
                if not sub:
                    return [*found, f"{word} is no command"]
                continue
            command = below[word]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_the_pages_exists(page: Path) -> None:
    assert [(line, fault) for line in consoles(page) for fault in faults(line)] == []


def test_a_command_that_is_not_there_is_seen() -> None:
    assert faults("closeup film a.mp4") == ["film is no command"]
    assert faults("closeup cast a.mp4 --colour") == ["--colour is no option"]
    assert faults("CLOSEUP_MODELS_DIR=x closeup cast a.mp4 -o x   # closeup nonsense") == []


def test_every_make_word_in_the_pages_exists_and_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = set(re.findall(r"^(\w+):(?!=)", makefile, flags=re.MULTILINE))
    explained = set(re.findall(r"^#   make (\w+)", makefile, flags=re.MULTILINE))
    named = {word for page in PAGES for line in consoles(page) for word in re.findall(r"^make (\w+)", line)}
    assert named <= rules
    assert explained | {"help", "setup"} == rules
    assert {"demo", "test"} <= named


def test_the_tree_is_the_tree() -> None:
    tree = (ROOT / "docs" / "how-it-is-built.md").read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    package = ROOT / "src" / "closeup"
    parents = {0: ROOT}
    listed = set()
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        parents[depth + 1] = parents[depth] / line.split("/ ")[0].strip().rstrip("/")
        listed.add(parents[depth + 1])
    assert [path for path in listed if not path.is_dir()] == []
    there = {path.parent for path in package.rglob("*.py")} - {package}
    there = {path for path in there if path.parent in (package, package / "features")}
    there |= {ROOT / name for name in ("benchmarks", "docs", "tests") if any((ROOT / name).rglob("*.py"))}
    assert there - listed == set()


def test_readme_example_compiles_and_uses_public_names() -> None:
    example = (ROOT / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    compile(example, "README.md", "exec")
    assert set(re.findall(r"\bcloseup\.(\w+)", example)) <= set(closeup.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith(("http://", "https://"))]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_changelog_knows_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog or f"## [{closeup.__version__}]" in changelog
