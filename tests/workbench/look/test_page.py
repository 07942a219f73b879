import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.workbench.look.look import DatasetProfile, look_at
from closeup.workbench.look.page import COPIES_SHOWN, report_page, value_words
from html_page import HOSTILE, Page
from workbench.look.looked import pets


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> DatasetProfile:
    return look_at(pets(Path(tmp_path_factory.mktemp("data"))))


def test_the_page_says_what_was_seen(look: DatasetProfile) -> None:
    page = Page(report_page(look))
    for words in (
        "What stands out",
        "3 classes; the largest has 14 times as many pictures as the smallest.",
        "Exact copies whose labels differ",
        "Leakage: what gives a class away",
        "The most blurred",
        "What cannot be read",
        "val/cat/broken.jpg",
    ):
        assert words in page.text, words
    titles = [image["title"] for image in page.all("li") if image.get("title")]
    assert "train/dog/50.jpg" in titles


def test_each_group_of_copies_is_shown_once_under_the_gravest(look: DatasetProfile) -> None:
    page = Page(report_page(look))
    assert len(page.has_class("group")) == 2
    assert "Across the split" in page.text
    assert "Nearly the same, and" not in page.text


def test_the_page_needs_nothing_and_runs_nothing(look: DatasetProfile) -> None:
    text = report_page(look)
    page = Page(text)
    assert page.scripts == []
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert not any("style" in attributes for _, attributes in page.elements)


def test_the_same_data_give_the_same_page(look: DatasetProfile) -> None:
    assert report_page(look) == report_page(look)


def renamed(look: DatasetProfile, name: Callable[[int], str]) -> DatasetProfile:
    """With other keys, labels, and reasons."""
    items = tuple(
        replace(item, key=name(index), labels={"class": name(index)}) for index, item in enumerate(look.dataset.items)
    )
    (field,) = look.fields
    classes = tuple(replace(each, name=name(number)) for number, each in enumerate(field.classes))
    dataset = replace(look.dataset, items=items, name=name(0), notes=(name(1),))
    fields = (replace(field, name=name(2), classes=classes),)
    told = tuple(replace(each, field=name(2), label=name(0)) for each in look.leaks)
    return replace(look, dataset=dataset, fields=fields, unreadable=((name(3), name(4)),), leaks=told)


def test_hostile_names_do_nothing(look: DatasetProfile) -> None:
    plain = Page(report_page(renamed(look, lambda n: f"plain {n}")))
    hostile = Page(report_page(renamed(look, lambda n: HOSTILE[n % len(HOSTILE)])))
    assert [name for name, _ in plain.elements] == [name for name, _ in hostile.elements]


def test_a_set_without_labels_and_faults_has_a_page(look: DatasetProfile) -> None:
    bare = replace(look, fields=(), copies=(), leaks=(), unreadable=(), sides=(None,) * len(look.sides))
    page = Page(report_page(bare))
    assert "Nothing: no copies" in page.text
    assert "What is there twice" not in page.text


def test_many_copies_are_counted_and_some_shown(look: DatasetProfile) -> None:
    many = tuple(replace(look.copies[0], indices=(0, 1, *range(2, 9))) for _ in range(COPIES_SHOWN + 5))
    page = Page(report_page(replace(look, copies=many)))
    assert len(page.has_class("group")) == COPIES_SHOWN
    assert f"The first {COPIES_SHOWN} are shown" in page.text
    assert "and 3 more" in page.text


def test_a_picture_that_has_gone_leaves_a_gap(look: DatasetProfile, tmp_path: Path) -> None:
    dataset = pets(tmp_path)
    seen = look_at(dataset)
    (tmp_path / "pets/train/bird/00.jpg").unlink()
    assert "gone" in Page(report_page(seen)).text


def test_pictures_all_alike_have_no_ends(look: DatasetProfile) -> None:
    page = Page(report_page(replace(look, values=np.ones_like(look.values))))
    assert "The widest" not in page.text
    assert len(page.has_class("histogram")) == look.values.shape[1]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.434, "", "0.43"), (1200, "px", "1,200 px"), (999, "bytes", "999 bytes"), (2.5e6, "bytes", "2.5 MB")],
)
def test_values_for_people(value: float, unit: str, text: str) -> None:
    assert value_words(value, unit) == text
