import csv
import json
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.media.image import read_image
from closeup.workbench.look.look import EVERYTHING, look_at, write_look
from workbench.look.looked import pets


def test_everything_is_seen(tmp_path: Path) -> None:
    dataset = pets(tmp_path)
    look = look_at(dataset)
    assert len(look.dataset) == len(dataset) - 1 == 28
    assert [key for key, _ in look.unreadable] == ["val/cat/broken.jpg"]
    assert look.side_counts == {"train": 27, "val": 1}
    (field,) = look.fields
    assert {each.name: each.count for each in field.classes} == {"bird": 1, "cat": 13, "dog": 14}
    same, near = look.copies
    keys = [item.key for item in look.dataset.items]
    assert [keys[index] for index in same.indices] == ["train/cat/00.jpg", "train/dog/50.jpg"]
    assert same.conflicts == ("class",)
    assert near.splits == ("train", "val")
    assert len(near.indices) == 3
    assert look.giveaways[0].measure in ("width", "height", "bytes")
    assert look.giveaways[0].auc > 0.9
    assert look.column("width").max() == 96


def test_means_are_means(tmp_path: Path) -> None:
    dataset = pets(tmp_path)
    look = look_at(dataset)
    assert set(look.means) == {EVERYTHING, ("class", "bird"), ("class", "cat"), ("class", "dog")}
    bird = look.means["class", "bird"].mean(axis=(0, 1))
    assert np.abs(bird - read_image(tmp_path / "pets/train/bird/00.jpg").mean(axis=(0, 1))).max() < 2


def test_a_given_split_is_taken_instead_of_the_datas_own(tmp_path: Path) -> None:
    look = look_at(pets(tmp_path), {"train/cat/00.jpg": "test", "train/dog/50.jpg": "val"})
    assert look.side_counts == {"test": 1, "val": 1}
    assert look.copies[0].splits == ("test", "val")


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    dataset = pets(tmp_path)
    one, three = look_at(dataset, threads=1), look_at(dataset, threads=3)
    assert np.array_equal(one.values, three.values)
    assert one.copies == three.copies


def test_a_folder_is_written_whole(tmp_path: Path) -> None:
    said: list[Progress] = []
    look = look_at(pets(tmp_path), progress=said.append)
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
    assert {report.stage for report in said} == {"Reading pictures", "Comparing pictures"}
    assert said[-1].done == said[-1].total == 27, "exact copies are compared once"


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    look = look_at(pets(tmp_path))
    (tmp_path / "look").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_look(look, tmp_path / "look")
    write_look(look, tmp_path / "look", overwrite=True)
    assert (tmp_path / "look/report.json").is_file()


def test_without_a_picture_there_is_nothing_to_see(tmp_path: Path) -> None:
    dataset = pets(tmp_path)
    broken = [index for index, item in enumerate(dataset.items) if "broken" in item.key]
    for indices, said in ((broken, "no picture that can be read.*broken"), ([], "no picture")):
        with pytest.raises(InputError, match=said):
            look_at(dataset.select(indices))
