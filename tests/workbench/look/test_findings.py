from dataclasses import replace
from pathlib import Path

import pytest

from closeup.workbench.look.findings import MOST_NAMED, counted, findings
from closeup.workbench.look.leakage import Leak
from closeup.workbench.look.look import DatasetProfile, look_at
from workbench.look.looked import pets


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> DatasetProfile:
    return look_at(pets(Path(tmp_path_factory.mktemp("data"))))


def test_what_is_wrong_is_said(look: DatasetProfile) -> None:
    said = "\n".join(findings(look))
    for sentence in (
        "1 picture cannot be read",
        "1 picture is an exact copy of another.",
        "1 group of exact copies has labels that differ",
        "3 pictures have a copy, or nearly one, on another side of the split",
        "class: dog has 14 times as many pictures (14) as bird (1).",
        "class: fewer than 10 pictures of bird (1).",
        "class: dog can be told by",
    ):
        assert sentence in said, sentence


def test_of_a_clean_set_nothing_is_said(look: DatasetProfile) -> None:
    (field,) = look.fields
    classes = tuple(each for each in field.classes if each.name != "bird")
    clean = replace(look, unreadable=(), copies=(), leaks=(), fields=(replace(field, classes=classes),))
    assert findings(clean) == []


def test_one_class_is_nothing_to_learn(look: DatasetProfile) -> None:
    (field,) = look.fields
    said = findings(replace(look, fields=(replace(field, classes=field.classes[1:2], unlabelled=2),)))
    assert "class: every picture is cat; there is nothing to learn." in said
    assert "class: 2 pictures have no label." in said


def test_each_class_is_named_once_by_what_tells_it_best(look: DatasetProfile) -> None:
    told = tuple(
        Leak("a", f"c{n}", measure, 0.99 - n / 100 - shy, larger=True)
        for n in range(MOST_NAMED + 2)
        for measure, shy in (("width", 0.0), ("height", 0.001))
    )
    said = [each for each in findings(replace(look, leaks=told)) if "told" in each or "other class" in each]
    assert len(said) == MOST_NAMED + 1
    assert all("by width alone" in each for each in said[:-1])
    assert said[-1].startswith("So can 2 other classes")


def test_copies_across_groups_are_said(look: DatasetProfile) -> None:
    copies = (replace(look.copies[0], groups=2),)
    assert any("in more than one group" in each for each in findings(replace(look, copies=copies)))


@pytest.mark.parametrize(("number", "text"), [(0, "0 cats"), (1, "1 cat"), (1234, "1,234 cats")])
def test_numbers_with_their_nouns(number: int, text: str) -> None:
    assert counted(number, "cat", "cats") == text
