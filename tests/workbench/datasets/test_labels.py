import unicodedata

import pytest

from closeup.core.errors import InputError
from closeup.workbench.datasets.labels import composed, label_of, number_of


def test_a_label_is_renamed_then_read() -> None:
    assert label_of("angry", is_value=False, rename={"angry": "anger"}) == "anger"
    assert label_of("happy", is_value=False, rename={"angry": "anger"}) == "happy"
    assert label_of("baby", is_value=True, rename={"baby": "1"}) == 1.0


def test_nothing_is_no_label_and_a_name_can_be_renamed_to_nothing() -> None:
    assert label_of("", is_value=False, rename={}) is None
    assert label_of("", is_value=True, rename={}) is None
    assert label_of("contempt", is_value=False, rename={"contempt": ""}) is None


@pytest.mark.parametrize("text", ["x", "nan", "inf", "-inf", "1,5", "1e999"])
def test_what_is_no_finite_number_is_no_number(text: str) -> None:
    assert number_of(text) is None
    with pytest.raises(InputError, match="is no number"):
        label_of(text, is_value=True, rename={})


def test_two_spellings_of_one_word_are_one_label() -> None:
    apart = unicodedata.normalize("NFD", "놀람")
    assert apart != "놀람"
    assert composed(apart) == label_of(apart, is_value=False, rename={}) == "놀람"
