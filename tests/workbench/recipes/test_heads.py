import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.workbench.recipes.heads import resolve_head, settled_head, targets
from closeup.workbench.recipes.recipe import HeadRecipe


def test_classes_come_from_the_data_in_order() -> None:
    head = resolve_head(HeadRecipe("mood"), ["sad", "glad", "glad", None, "sad"])
    assert head.classes == ("glad", "sad")
    assert np.array_equal(targets(head, ["sad", None, "glad"]), [1, np.nan, 0], equal_nan=True)


def test_given_classes_keep_their_order() -> None:
    head = resolve_head(HeadRecipe("mood", classes=("sad", "glad")), ["sad", "glad"] * 2)
    assert list(targets(head, ["glad", "sad"])) == [1, 0]
    assert settled_head(head.recipe).classes == head.classes


def test_a_label_that_is_no_class_is_named() -> None:
    head = resolve_head(HeadRecipe("mood", classes=("sad", "glad")), ["sad", "glad"] * 2)
    with pytest.raises(InputError, match="'angry' is none of the classes") as caught:
        targets(head, ["angry"])
    assert "data.rename.mood" in caught.value.hint


@pytest.mark.parametrize(
    ("labels", "words"),
    [(["a", "a", "b"], "a single training picture"), (["a", "a"], "no training picture"), ([None], "No training")],
)
def test_what_cannot_be_learnt_is_refused(labels: list[str | None], words: str) -> None:
    with pytest.raises(InputError, match=words):
        resolve_head(HeadRecipe("x", classes=("a", "b")), labels)


@given(st.lists(st.floats(0, 100), min_size=1))
def test_bins_hold_what_lies_between_their_edges(values: list[float]) -> None:
    head = settled_head(HeadRecipe("age", kind="bins", edges=(30, 60)))
    assert head.classes == ("under 30", "30 to 60", "60 and over")
    expected = [sum(np.float32(value) >= edge for edge in (30, 60)) for value in values]
    assert list(targets(head, values)) == expected


def test_values_stay_within_their_bounds() -> None:
    head = settled_head(HeadRecipe("age", kind="value", low=0, high=100, loss="distribution"))
    assert head.outputs == len(head.steps) == 101
    assert list(targets(head, ["-3", "7.5", 250])) == [0, 7.5, 100]


@pytest.mark.parametrize("label", ["old", "nan", "inf"])
def test_a_number_is_wanted(label: str) -> None:
    with pytest.raises(InputError, match="learns a number"):
        resolve_head(HeadRecipe("age", kind="value"), ["1", label])


@given(st.lists(st.sampled_from("abc"), min_size=1).map(lambda rest: [*"aabbcc", *rest]))
@pytest.mark.parametrize("kind", ["balanced", "sqrt"])
def test_class_weights_even_out_and_have_mean_one(kind: str, labels: list[str]) -> None:
    head = resolve_head(HeadRecipe("x", class_weights=kind), labels)  # type: ignore[arg-type]
    counts = np.array([labels.count(name) for name in "abc"])
    weights = np.array(head.weights)
    assert np.isclose((weights * counts).sum() / counts.sum(), 1)
    power = 1.0 if kind == "balanced" else 0.5
    assert np.allclose(weights * counts**power, (weights * counts**power)[0])


def test_one_class_is_nothing_to_tell_apart() -> None:
    with pytest.raises(InputError, match="one label"):
        resolve_head(HeadRecipe("x"), ["a", "a", None])
