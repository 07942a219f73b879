from typing import Any

import pytest

from closeup.documents.learners import METRIC_WORDS
from closeup.learning.runs.words import (
    CLASS_METRICS,
    VALUE_METRICS,
    WORDS,
    is_error,
    number_words,
    option_words,
    share_words,
)


@pytest.mark.parametrize(
    ("name", "lower"),
    [("val/age/mae", True), ("ece", True), ("val_loss", True), ("val/mood/accuracy", False), ("macro_f1", False)],
)
def test_what_is_better_the_lower(name: str, lower: bool) -> None:
    assert is_error(name) == lower


def test_words() -> None:
    assert set(WORDS) == {*CLASS_METRICS, *VALUE_METRICS, *METRIC_WORDS}
    assert number_words("accuracy", 0.70449) == "0.704"
    assert number_words("mae", 5.41, "years") == "5.41 years"
    assert number_words("bias", -0.5) == "-0.50"
    assert share_words(0.5) == "0.500"
    assert share_words(None) == share_words(float("nan")) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (0.0001, "0.0001"),
        ([], "none"),
        ((1, "a"), "1, a"),
        ({"train": 3, "file": "", "val": 0.5}, "train 3, val 0.5"),
        ({}, "none"),
        (None, ""),
        ("x", "x"),
    ],
)
def test_options(value: Any, words: str) -> None:
    assert option_words(value) == words
