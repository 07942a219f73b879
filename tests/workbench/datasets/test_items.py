import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress
from closeup.workbench.datasets import items
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_dataset, open_one
from closeup.workbench.recipes.recipe import DataSource
from workbench.datasets.tiny import folder, made_up, png, zipped

NAMES = ["cat/1.png", "cat/2.png", "dog/3.png"]


@pytest.mark.parametrize("kind", ["folder", "zip", "table"])
def test_bytes_are_read_from_every_form(tmp_path: Path, kind: str) -> None:
    dataset = opened(tmp_path, kind)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(dataset.read_bytes, dataset.items)) == [png(n) for n in range(3)]
    assert dataset.hashes() == [hashlib.sha256(png(n)).hexdigest() for n in range(3)]


def opened(place: Path, kind: str) -> Dataset:
    if kind == "folder":
        return open_one(folder(place / "pets", NAMES))
    if kind == "zip":
        return open_one(zipped(place / "pets.zip", NAMES))
    zipped(place / "pets.zip", NAMES)
    (place / "pets.csv").write_text("path,class\n" + "".join(f"pets.zip!{n},{n[:3]}\n" for n in NAMES))
    return open_one(place / "pets.csv")


def test_labels_fields_and_sources_by_name(tmp_path: Path) -> None:
    dataset = opened(tmp_path, "folder")
    assert len(dataset) == 3
    assert dataset.labels("class") == ["cat", "cat", "dog"]
    assert dataset.labels("other") == [None] * 3
    assert dataset.field("class").classes == ("cat", "dog")
    assert dataset.source("pets").folder == tmp_path / "pets"
    with pytest.raises(InputError, match="no labels called 'clas'") as caught:
        dataset.field("clas")
    assert caught.value.hint == "It has: class."


def test_a_selection_keeps_its_order() -> None:
    dataset = made_up([{"a": "x"}, {"a": "y"}, {"a": "z"}])
    assert dataset.select([2, 0]).labels("a") == ["z", "x"]


def test_the_fingerprint_follows_the_data_and_not_its_place(tmp_path: Path) -> None:
    first = opened(tmp_path / "one", "folder")
    fingerprint = first.fingerprint()
    assert len(fingerprint) == 64
    assert opened(tmp_path / "two", "folder").fingerprint() == fingerprint
    (tmp_path / "z").mkdir()
    assert opened(tmp_path / "z", "zip").fingerprint() == fingerprint
    assert first.select([2, 1, 0]).fingerprint() == fingerprint


@pytest.mark.parametrize("change", ["label", "group", "split", "picture", "missing"])
def test_the_fingerprint_notices(tmp_path: Path, change: str) -> None:
    dataset = opened(tmp_path, "folder")
    before = dataset.fingerprint()
    first = dataset.items[0]
    if change == "label":
        first = replace(first, labels={"class": "dog"})
    elif change == "group":
        first = replace(first, group="g")
    elif change == "split":
        first = replace(first, split="val")
    elif change == "picture":
        (tmp_path / "pets" / "cat" / "1.png").write_bytes(png(9) + b"more")
    else:
        (tmp_path / "pets" / "cat" / "1.png").unlink()
    assert replace(dataset, items=(first, *dataset.items[1:])).fingerprint() != before


def test_hashes_are_remembered_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = opened(tmp_path, "folder")
    first = dataset.hashes()
    monkeypatch.setattr(items.DatasetSource, "read_bytes", lambda *_: pytest.fail("it was read again"))
    assert dataset.hashes() == first


def test_progress_ends_at_the_end(tmp_path: Path) -> None:
    told: list[Progress] = []
    opened(tmp_path, "zip").hashes(told.append)
    assert [(p.done, p.total, p.unit) for p in told] == [(3, 3, "pictures")]


def test_what_cannot_be_read_is_said_why(tmp_path: Path) -> None:
    dataset = opened(tmp_path, "folder")
    (tmp_path / "pets" / "cat" / "1.png").unlink()
    (tmp_path / "pets" / "cat" / "2.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"1\.png does not exist"):
        dataset.read_bytes(dataset.items[0])
    assert dataset.hashes()[0] == ""
    with pytest.raises(InputError, match="name that a file can have"):
        dataset.source("pets").read_bytes("a\0b")
    with pytest.raises(InputError, match="is a folder"):
        dataset.source("pets").read_bytes("dog")


def test_sources_know_each_their_own(tmp_path: Path) -> None:
    folder(tmp_path / "a", NAMES)
    folder(tmp_path / "b", list(reversed(NAMES)))
    dataset = open_dataset([DataSource("a"), DataSource("b")], base=tmp_path)
    by_key = {item.key: dataset.read_bytes(item) for item in dataset.items}
    assert by_key["a/cat/1.png"] == png(0) == by_key["b/dog/3.png"]
