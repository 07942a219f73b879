from pathlib import Path
from typing import Any

import pytest

from closeup.learning.runs.folder import create_run
from closeup.learning.runs.metrics import Figure
from closeup.learning.runs.reading import read_run
from closeup.learning.runs.words import figure_words, head_units, option_words, share_words, trained_words
from learning.runs.made_runs import begun, finished


def test_figures_with_their_intervals() -> None:
    assert figure_words(Figure("accuracy", 0.7, 0.65, 0.75)) == "0.700 (0.650 to 0.750)"
    assert figure_words(Figure("mae", 5.0, 4.5, 5.5), "years") == "5.00 years (4.50 to 5.50)"
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


def test_units_and_times(tmp_path: Path) -> None:
    assert head_units(finished(tmp_path)) == {"age": "years"}
    assert trained_words(read_run(begun(tmp_path).path)) == "2:00"
    assert trained_words(read_run(create_run(tmp_path, "x", "", {}).path)) == "0:00"
