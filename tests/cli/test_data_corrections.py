import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app
from closeup.workbench.datasets.corrections import read_corrections
from closeup.workbench.datasets.items import Correction
from workbench.datasets.tiny import folder


@pytest.fixture(autouse=True)
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cats and a dog to stand before."""
    folder(tmp_path / "pets", ["cat/1.png", "cat/2.png", "dog/3.png"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["data", "corrections", *words])


def add(*words: str) -> Any:
    return type_in("add", "c.csv", "picture", "cat/2.png", "class", "cat", "dog", *words)


def test_a_line_is_added_dated_and_listed() -> None:
    result = add("--who", "ann", "--why", "it barks", "--data", "pets")
    assert result.exit_code == 0, result.output
    assert result.stdout == "c.csv has 1 correction; it changes 1 picture.\n"
    today = date.today().isoformat()
    expected = Correction("picture", "cat/2.png", "class", "cat", "dog", "ann", today, "it barks", 2)
    assert read_corrections(Path("c.csv")) == (expected,)
    listed = type_in("list", "c.csv").stdout
    for word in ("cat/2.png", "cat > dog", "ann", today, "it barks"):
        assert word in listed
    assert json.loads(type_in("list", "c.csv", "--json").stdout)[0]["new"] == "dog"


def test_a_file_is_checked_against_the_data() -> None:
    add()
    result = type_in("check", "c.csv", "pets")
    assert "1 correction fits; it changes 1 of 3 pictures." in result.stdout
    assert json.loads(type_in("check", "c.csv", "pets", "--json").stdout) == [{"line": 2, "keys": ["cat/2.png"]}]
    Path("c.csv").write_text(Path("c.csv").read_text().replace("cat,dog", "dog,cat"))
    result = type_in("check", "c.csv", "pets")
    assert result.exit_code == EXIT_COULD_NOT
    assert "c.csv, line 2: class of cat/2.png is 'cat' already" in result.stderr


def test_a_line_is_removed() -> None:
    add()
    result = type_in("remove", "c.csv", "2")
    assert result.stdout == "Removed from c.csv: picture cat/2.png, class: cat > dog.\n"
    assert type_in("list", "c.csv").stdout == "c.csv corrects nothing yet.\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["picture", "cat/9.png", "class", "cat", "dog", "--data", "pets"], "there is no picture 'cat/9.png'"),
        (["picture", "cat/1.png", "class", "dog", "cat", "--data", "pets"], "is 'cat' already"),
        (["pictures", "cat/1.png", "class", "cat", "dog"], "'pictures' is no kind of correction"),
        (["picture", "cat/1.png", "class", "cat", "cat"], "old and new are the same"),
        (["picture", "cat/1.png", "class", "cat", "d\nog"], "a line break"),
    ],
)
def test_a_line_that_does_not_fit_is_not_written(words: list[str], complaint: str) -> None:
    result = type_in("add", "c.csv", *words)
    assert result.exit_code == EXIT_COULD_NOT, result.output
    assert complaint in result.stderr
    assert not Path("c.csv").exists()


def test_the_same_line_twice_is_refused() -> None:
    assert add().exit_code == 0
    before = Path("c.csv").read_bytes()
    result = add("--who", "somebody else")
    assert result.exit_code == EXIT_COULD_NOT
    assert "line 3, says the same as line 2" in result.stderr
    assert Path("c.csv").read_bytes() == before
