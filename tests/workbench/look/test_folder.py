import csv
import json
from pathlib import Path

import pytest

from closeup.core.errors import OutputError
from closeup.workbench.look.folder import write_look
from closeup.workbench.look.look import look_at
from workbench.look.looked import pets


def test_a_folder_is_written_whole(tmp_path: Path) -> None:
    look = look_at(pets(tmp_path))
    write_look(look, tmp_path / "look")
    assert {path.name for path in (tmp_path / "look").iterdir()} == {"report.html", "report.json", "pictures.csv"}
    with (tmp_path / "look/pictures.csv").open(newline="") as file:
        rows = {row["key"]: row for row in csv.DictReader(file)}
    assert len(rows) == 28
    assert rows["train/cat/00.jpg"]["same_as"] == rows["train/dog/50.jpg"]["same_as"] == "1"
    assert rows["val/cat/60.jpg"]["near"] == rows["train/cat/00.jpg"]["near"] == "2"
    assert rows["train/dog/03.jpg"]["same_as"] == ""
    assert rows["train/dog/03.jpg"]["label_class"] == "dog"
    document = json.loads((tmp_path / "look/report.json").read_text())
    assert document["pictures"] == 28
    assert document["measures"]["width"]["max"] == 96
    assert document["copies"][0]["pictures"] == ["train/cat/00.jpg", "train/dog/50.jpg"]
    assert document["fields"][0]["classes"][1] == {"name": "cat", "pictures": 13, "splits": {"train": 12, "val": 1}}


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    look = look_at(pets(tmp_path))
    (tmp_path / "look").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_look(look, tmp_path / "look")
    write_look(look, tmp_path / "look", overwrite=True)
    assert (tmp_path / "look/report.json").is_file()
