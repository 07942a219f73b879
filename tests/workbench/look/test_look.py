from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress
from closeup.media.image import read_image
from closeup.workbench.look.look import EVERYTHING, look_at
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
    assert look.leaks[0].measure in ("width", "height", "bytes")
    assert look.leaks[0].auc > 0.9
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


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    said: list[Progress] = []
    look_at(pets(tmp_path), progress=said.append)
    assert {report.stage for report in said} == {"Reading pictures", "Comparing pictures"}
    assert said[-1].done == said[-1].total == 27, "exact copies are compared once"


def test_without_a_picture_there_is_nothing_to_see(tmp_path: Path) -> None:
    dataset = pets(tmp_path)
    broken = [index for index, item in enumerate(dataset.items) if "broken" in item.key]
    for indices, said in ((broken, "no picture that can be read.*broken"), ([], "no picture")):
        with pytest.raises(InputError, match=said):
            look_at(dataset.select(indices))
