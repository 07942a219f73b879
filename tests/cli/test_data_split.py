import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app
from closeup.workbench.datasets.splits import load_split
from workbench.datasets.tiny import folder


@pytest.fixture(autouse=True)
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of thirty cats and ten dogs to stand in, and a table that says which were taken on one day."""
    folder(tmp_path / "pets", [f"{'dog' if n % 4 == 0 else 'cat'}/{n:02}.png" for n in range(40)])
    rows = [
        f"{'dog' if n % 4 == 0 else 'cat'}/{n:02}.png,{'dog' if n % 4 == 0 else 'cat'},{n // 2}\n" for n in range(40)
    ]
    (tmp_path / "pets.csv").write_text("path,pet,day\n" + "".join(f"pets/{row}" for row in rows))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["data", "split", *words])


def test_a_table_is_written_and_told() -> None:
    result = type_in("pets", "-o", "split.csv", "--val", "0.2")
    assert result.exit_code == 0, result.output
    assert load_split(Path("split.csv")).counts() == {"train": 32, "val": 8, "test": 0}
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["pictures", "32", "8"] in lines
    assert ["cat", "24", "(75.0%)", "6", "(75.0%)"] in lines
    assert "Saved in split.csv." in result.stdout


def test_json_says_the_same() -> None:
    result = type_in("pets.csv", "-o", "s.csv", "--field", "pet", "--group-column", "day", "--test", "0.1", "--json")
    said = json.loads(result.stdout)
    assert said["sides"] == {"train": 30, "val": 6, "test": 4}
    assert said["groups"] == {"train": 15, "val": 3, "test": 2}
    assert sum(said["labels"]["train"].values()) == 30
    assert (said["seed"], said["field"], said["file"]) == (0, "pet", "s.csv")
    groups = load_split(Path("s.csv")).groups
    assert len(set(groups.values())) == 20


def test_the_same_seed_gives_the_same_table_and_another_another() -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert type_in("pets", "-o", name, "--seed", seed).exit_code == 0
    assert Path("a").read_bytes() == Path("b").read_bytes() != Path("c").read_bytes()


def test_a_saved_split_is_kept() -> None:
    assert type_in("pets", "-o", "a.csv", "--val", "0.3").exit_code == 0
    Path("pets/cat/new.png").write_bytes(Path("pets/cat/01.png").read_bytes())
    result = type_in("pets", "-o", "b.csv", "--from", "a.csv")
    assert result.exit_code == 0
    assert "Not in the split file: 1 picture" in result.stderr
    assert load_split(Path("b.csv")).counts() == {"train": 29, "val": 12, "test": 0}


def test_only_some_rows() -> None:
    result = type_in("pets.csv", "-o", "s.csv", "--where", "pet=cat", "--json")
    assert sum(json.loads(result.stdout)["sides"].values()) == 30


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nothing", "-o", "s.csv"], "nothing does not exist"),
        (["pets", "-o", "pets.csv"], "exists already"),
        (["pets", "-o", "s.csv", "--field", "clas"], "no labels called 'clas'"),
        (["pets", "-o", "s.csv", "--val", "1"], "leave nothing to learn from"),
        (["pets.csv", "-o", "s.csv", "--where", "pet"], "--where pet cannot be used"),
        (["pets.csv", "-o", "s.csv", "--group-column", "dy"], "no column 'dy'. Did you mean 'day'?"),
        (["pets", "-o", "pets/dog/00.png/s.csv"], "Cannot make the folder"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], complaint: str) -> None:
    result = type_in(*words)
    assert result.exit_code == EXIT_COULD_NOT, result.output
    assert complaint in result.stderr
    assert "hint: " in result.stderr
    assert not Path("s.csv").exists()


def test_folders_on_the_way_are_made() -> None:
    assert type_in("pets", "-o", "new/er/s.csv").exit_code == 0
    assert Path("new/er/s.csv").exists()


def test_an_older_table_is_replaced_when_asked() -> None:
    Path("s.csv").write_text("old")
    assert type_in("pets", "-o", "s.csv", "--overwrite").exit_code == 0
    assert len(load_split(Path("s.csv")).sides) == 40
