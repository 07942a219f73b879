import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import app
from workbench.look.looked import write


@pytest.fixture(autouse=True)
def _pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "pets")
    monkeypatch.chdir(tmp_path)


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["data", "look", *words])


def test_a_folder_is_made_and_what_stands_out_is_told() -> None:
    result = type_in("pets", "-o", "out/look", "-q")
    assert result.exit_code == EXIT_LOSSES, result.output  # one of its pictures cannot be read
    assert "pets: 28 pictures." in result.stdout
    assert f"The page: {Path('out/look/report.html')}" in result.stdout
    assert "1 group of exact copies has labels that differ" in result.stderr
    assert Path("out/look/report.html").is_file()


def test_files_that_a_zip_file_cannot_give_are_losses() -> None:
    """Names that lead outside, and names that are there already: the rest is looked at, and the command says so."""
    picture = Path("pets/train/cat/00.jpg").read_bytes()
    with zipfile.ZipFile("pets.zip", "w") as archive:
        for name in ("cat/1.jpg", "dog/1.jpg", "../dog/2.jpg"):
            archive.writestr(name, picture)
    result = type_in("pets.zip", "-o", "look", "-q")
    assert "1 file in pets.zip left out: meant to lie outside: ../dog/2.jpg." in result.stderr
    assert result.exit_code == EXIT_LOSSES


def test_another_split_and_some_columns() -> None:
    rows = [("train/cat/00.jpg", "cat", "a"), ("train/dog/50.jpg", "dog", "b"), ("train/bird/00.jpg", "bird", "c")]
    Path("pets.csv").write_text("path,pet,note\n" + "".join(f"pets/{p},{pet},{note}\n" for p, pet, note in rows))
    split = "key,group,split,origin\n" + "".join(
        f"pets/{path},pets/{path},{side},file\n"
        for (path, _, _), side in zip(rows, ("train", "val", "test"), strict=True)
    )
    Path("split.csv").write_text(split)
    result = type_in("pets.csv", "-o", "look", "--field", "pet", "--split", "split.csv", "-q")
    assert result.exit_code == 0, result.output
    document = json.loads(Path("look/report.json").read_text())
    assert [field["name"] for field in document["fields"]] == ["pet"]
    assert document["copies"][0]["splits"] == ["train", "val"]
    assert document["splits"] == {"train": 1, "val": 1, "test": 1}


def test_rows_can_be_chosen() -> None:
    Path("pets.csv").write_text("path,pet\npets/train/cat/00.jpg,cat\npets/train/dog/00.jpg,dog\n")
    result = type_in("pets.csv", "-o", "look", "--where", "pet=dog", "-q")
    assert result.exit_code == 0, result.output
    assert json.loads(Path("look/report.json").read_text())["pictures"] == 1


def test_what_is_there_stays_unless_it_may_go() -> None:
    Path("look").mkdir()
    result = type_in("pets", "-o", "look")
    assert result.exit_code == EXIT_COULD_NOT
    assert "--overwrite" in result.stderr
    assert type_in("pets", "-o", "look", "--overwrite", "-q").exit_code == EXIT_LOSSES


def test_a_dataset_that_is_none_leaves_nothing() -> None:
    result = type_in("nowhere", "-o", "deep/look")
    assert result.exit_code == EXIT_COULD_NOT
    assert not Path("deep").exists()
