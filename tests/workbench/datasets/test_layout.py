import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.workbench.datasets.layout import read_layout
from workbench.datasets.tiny import refusal


def said(*names: str) -> dict[str, tuple[str | None, str]]:
    """By path: the side and the class."""
    return {found.path: (found.split, found.columns["class"]) for found in read_layout(names, "it")[0]}


def test_a_folder_for_each_class() -> None:
    assert said("cat/1.png", "dog/1.JPG") == {"cat/1.png": (None, "cat"), "dog/1.JPG": (None, "dog")}


def test_what_lies_deeper_belongs_to_the_class() -> None:
    assert said("cat/a/b/1.png", "dog/1.png")["cat/a/b/1.png"] == (None, "cat")


def test_sides_lie_above_classes_whatever_they_are_called() -> None:
    assert said("Train/cat/1.png", "valid/cat/2.png", "testing/dog/3.png") == {
        "Train/cat/1.png": ("train", "cat"),
        "valid/cat/2.png": ("val", "cat"),
        "testing/dog/3.png": ("test", "dog"),
    }


def test_folders_around_everything_are_passed_by() -> None:
    assert said("data/cat/1.png", "data/dog/1.png")["data/cat/1.png"] == (None, "cat")
    assert said("a/b/train/cat/1.png", "a/b/val/dog/1.png")["a/b/train/cat/1.png"] == ("train", "cat")


def test_a_single_class_is_a_class() -> None:
    assert said("cat/1.png", "cat/2.png") == {"cat/1.png": (None, "cat"), "cat/2.png": (None, "cat")}
    assert said("train/cat/1.png") == {"train/cat/1.png": ("train", "cat")}


def test_a_class_may_be_called_test() -> None:
    assert said("test/1.png", "trial/1.png")["test/1.png"] == (None, "test")


def test_pictures_without_a_class_have_no_label_and_are_counted() -> None:
    found, notes = read_layout(["1.png", "2.png", "cat/3.png"], "it")
    assert [row.columns["class"] for row in found] == ["", "", "cat"]
    assert notes == ["2 of 3 pictures in it lie in no class folder, so they have no label."]
    assert said("train/1.png", "val/2.png") == {"train/1.png": ("train", ""), "val/2.png": ("val", "")}


def test_sides_beside_other_folders_are_refused() -> None:
    with pytest.raises(InputError, match="folders train and val of a split, and beside them 'extra'"):
        read_layout(["train/cat/1.png", "val/cat/1.png", "extra/cat/1.png"], "it")


def test_other_files_are_passed_by_and_counted() -> None:
    assert read_layout(["cat/1.png", "cat/a.txt", "b.txt", "LICENSE"], "it")[1] == [
        "3 files are no pictures by their names and were passed by (2 .txt, 1 LICENSE)."
    ]


def test_no_pictures_at_all_are_refused() -> None:
    with pytest.raises(InputError, match="There are no pictures in it"):
        read_layout(["cat/1.txt"], "it")


names = st.lists(
    st.sampled_from(["train", "val", "test", "cat", "dog", "a.png", "b.png", "c.txt"]), min_size=1, max_size=5
)


@given(st.lists(names.map("/".join), max_size=8, unique=True))
def test_every_picture_is_there_once_in_order_or_all_is_refused(paths: list[str]) -> None:
    if refusal(lambda: read_layout(paths, "it")) is None:
        found, _ = read_layout(paths, "it")
        assert [f.path for f in found] == sorted(path for path in paths if path.endswith(".png"))
        assert all(f.split in (None, "train", "val", "test") for f in found)
