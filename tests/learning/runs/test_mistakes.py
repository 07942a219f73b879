from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.learning.runs.metrics import HeadMetrics, measure
from closeup.learning.runs.mistakes import mistakes, mistakes_page, worst_indices
from closeup.learning.runs.reading import Run, read_run
from html_page import HOSTILE, Page
from learning.runs.made_runs import MOODS, begun, picture


@pytest.fixture
def judged(tmp_path: Path) -> tuple[Run, HeadMetrics, HeadMetrics]:
    writer = begun(tmp_path)
    probabilities = [[0.9, 0.1, 0], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0, 1, 0], [0.4, 0.35, 0.25]]
    keys = ["right", "unsure", "sure", HOSTILE[0], "near"]
    writer.predictions("val", "mood", keys, [0, 0, 0, 0, 1], probabilities, MOODS)
    writer.predictions("val", "age", ["a", "b", "c"], [30.0, 40.0, 50.0], [30.0, 61.04, 47.5])
    run = read_run(writer.path)
    mood, age = measure(run, 20)
    return run, mood, age


def test_the_surest_come_first_and_what_is_right_is_none(judged: tuple[Run, HeadMetrics, HeadMetrics]) -> None:
    _, mood, age = judged
    assert worst_indices(mood.predictions) == [3, 2, 1, 4]
    assert worst_indices(mood.predictions, most=2) == [3, 2]
    assert worst_indices(age.predictions) == [1, 2]


def test_what_is_said_of_them(judged: tuple[Run, HeadMetrics, HeadMetrics]) -> None:
    _, mood, age = judged
    first = mistakes(mood.predictions, picture)[0]
    assert (first.key, first.label, first.prediction, first.sure) == (HOSTILE[0], "happy", "sad", "100%")
    assert first.picture is not None
    assert first.picture.startswith("data:image/jpeg;base64,")
    told = [(it.label, it.prediction, it.sure) for it in mistakes(age.predictions, picture)]
    assert told == [("40", "61", "+21"), ("50", "47.5", "-2.5")]


def test_pictures_that_cannot_be_read_are_said_to_be_missing(judged: tuple[Run, HeadMetrics, HeadMetrics]) -> None:
    run, mood, _ = judged

    def read(key: str) -> Image:
        if key == "sure":
            raise InputError("It is gone.")
        return np.zeros((500, 300, 3), np.uint8)

    found = mistakes(mood.predictions, read)
    assert [it.picture is None for it in found] == [False, True, False, False]
    assert all(it.picture is None for it in mistakes(mood.predictions, None))
    assert "no picture" in Page(mistakes_page(run, [(mood, found)])).text


def test_the_page_is_whole_and_safe(judged: tuple[Run, HeadMetrics, HeadMetrics]) -> None:
    run, mood, age = judged
    page = Page(
        mistakes_page(run, [(mood, mistakes(mood.predictions, picture)), (age, mistakes(age.predictions, picture))])
    )
    assert page.scripts == []
    assert len(page.all("img")) == 6
    assert all((img["src"] or "").startswith("data:image/jpeg;base64,") for img in page.all("img"))
    assert "4 of 5 pictures were taken for another class" in page.text
    assert "in years, on val" in page.text
    assert HOSTILE[0] in page.text
