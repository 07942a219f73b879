from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.workbench.look.classes import PARTS, label_fields, label_text
from workbench.datasets.tiny import made_up


def test_classes_are_counted_on_each_side() -> None:
    dataset = made_up([{"pet": "dog"}, {"pet": "cat"}, {"pet": "cat"}, {}, {"pet": "cat"}])
    (field,) = label_fields(dataset, ["train", "train", "val", "val", None])
    assert [(each.name, each.indices.tolist(), dict(each.sides)) for each in field.classes] == [
        ("cat", [1, 2, 4], {"train": 1, "val": 1}),
        ("dog", [0], {"train": 1}),
    ]
    assert field.unlabelled == 1
    assert field.imbalance == 3
    assert field.values == {}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_numbers_are_cut_into_ranges_that_hold_them_all(numbers: list[float]) -> None:
    (field,) = label_fields(made_up([{"age": number} for number in numbers]), [None] * len(numbers))
    assert field.values["min"] == min(numbers)
    assert field.values["max"] == max(numbers)
    assert sorted(index for each in field.classes for index in each.indices.tolist()) == list(range(len(numbers)))
    ends = [[numbers[index] for index in each.indices] for each in field.classes]
    assert all(max(low) < min(high) for low, high in pairwise(ends)), "in order, and apart"


def test_ranges_hold_about_as_many_each() -> None:
    (field,) = label_fields(made_up([{"age": float(n)} for n in range(80)]), [None] * 80)
    assert len(field.classes) == PARTS
    assert {each.count for each in field.classes} == {10}
    assert field.classes[0].name == "0 to 9"


def test_one_number_is_one_range() -> None:
    (field,) = label_fields(made_up([{"age": 4.0}] * 3), [None] * 3)
    assert [(each.name, each.count) for each in field.classes] == [("4", 3)]
    assert field.imbalance is None


def test_what_cannot_be_read_is_counted_out() -> None:
    dataset = made_up([{"pet": "dog"}, {"pet": "cat"}, {}, {"pet": "cat"}])
    (field,) = label_fields(dataset, ["train", "train", "val", "val"])
    left = field.among([1, 2, 3], 4, ["train", "val", "val"])
    assert [(each.name, each.indices.tolist(), dict(each.sides)) for each in left.classes] == [
        ("cat", [0, 2], {"train": 1, "val": 1})
    ]
    assert left.unlabelled == 1


@pytest.mark.parametrize(("label", "text"), [(None, ""), ("x", "x"), (3.0, "3"), (0.25, "0.25")])
def test_labels_as_text(label: str | float | None, text: str) -> None:
    assert label_text(label) == text
