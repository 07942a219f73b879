"""The command line's words for the codes of errors, held against every place that raises one."""

import ast
import importlib.metadata
import json
import re
from collections import defaultdict
from pathlib import Path
from string import Formatter
from types import SimpleNamespace

import pytest

from closeup.cli.hints import HINTS, hint
from closeup.core.errors import InputError, ModelError

SRC = Path(__file__).resolve().parents[2] / "src" / "closeup"


def raised() -> dict[str, list[tuple[str, set[str] | None]]]:
    """Code to the places that give it, each with the names of its facts; None where they come from a mapping."""
    found = defaultdict(list)
    for path in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                for code in ast.walk(given.get("code", ast.Constant(0))):
                    if isinstance(code, ast.Constant) and isinstance(code.value, str) and code.value:
                        facts = None if None in given else {str(name) for name in given} - {"code"}
                        found[code.value].append((f"{path.name}:{node.lineno}", facts))
    return found


RAISED = raised()


def test_every_code_with_words_is_raised_somewhere() -> None:
    assert HINTS.keys() <= RAISED.keys()


@pytest.mark.parametrize("code", [code for code, words in HINTS.items() if isinstance(words, str)])
def test_every_fact_that_words_name_is_given_wherever_their_code_is(code: str) -> None:
    words = HINTS[code]
    assert isinstance(words, str)
    named = {field for _, field, _, _ in Formatter().parse(words) if field} - {"hint", "folder"}
    lacking = {place: named - facts for place, facts in RAISED[code] if facts is not None and named - facts}
    assert lacking == {}


def test_words_are_filled_with_facts_quoted_for_the_shell() -> None:
    error = InputError("It is the last.", code="gallery.last-face", name="Ann O'Neil")
    assert hint(error) == """To remove them altogether: closeup gallery delete 'Ann O'"'"'Neil'"""
    assert hint(InputError("No.", "Choose one of: a.", code="model.unknown")) == (
        "Choose one of: a. `closeup models list` says more."
    )


def test_words_that_depend_on_a_fact() -> None:
    facts = {"name": "small-1"}
    bare = ModelError("It is not here.", code="model.pull", mirror_only=False, **facts)
    assert hint(bare) == "Pull it with: closeup models pull small-1"
    mirrored = ModelError("It is not here.", code="model.pull", mirror_only=True, **facts)
    assert hint(mirrored) == "Pull it with: CLOSEUP_MODELS_MIRROR=FOLDER closeup models pull small-1"


def test_what_is_missing_is_installed_by_its_own_name_since_closeup_is_in_no_index(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs = ["numpy>=2.0", 'pi-heif>=1.0; extra == "heif"', 'psycopg[binary]>=3.2; extra == "postgres"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: needs)
    heic = InputError("It is HEIC.", "Install it.", code="package.absent", extra="heif")
    assert hint(heic) == 'Install what it needs: pip install "pi-heif>=1.0"'
    gallery = InputError("No driver.", code="package.absent", extra="postgres")
    assert hint(gallery) == 'Install what it needs: pip install "psycopg[binary]>=3.2"'


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ({"url": "https://x.org/c.git", "vcs_info": {"vcs": "git"}}, '"closeup @ git+https://x.org/c.git"'),
        ({"url": "file:///home/me/closeup", "dir_info": {"editable": True}}, "/home/me/closeup"),
        ({"url": "file:///home/me/closeup-0.1.whl", "archive_info": {}}, "from where this one came from, file:///home"),
        (None, "from where this one came from"),
    ],
)
def test_a_newer_closeup_comes_from_where_this_one_came_from(
    monkeypatch: pytest.MonkeyPatch, origin: object, words: str
) -> None:
    found = SimpleNamespace(read_text=lambda _: json.dumps(origin) if origin else None)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: found)
    assert words in hint(InputError("It is newer.", code="file.newer"))


def test_no_message_installs_closeup_by_its_bare_name() -> None:
    for path in SRC.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install (--upgrade )?[\"'\\]*closeup(\[|\s*[\"'`.]|$)", text), path


def test_an_error_without_words_keeps_its_own_hint() -> None:
    assert hint(InputError("There is none.", "Make one.")) == "Make one."
    assert hint(InputError("There is none.")) == ""
