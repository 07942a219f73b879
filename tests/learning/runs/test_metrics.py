from pathlib import Path

import numpy as np
import pytest

from closeup.learning.runs.metrics import measure, reported
from closeup.learning.runs.reading import read_run
from closeup.learning.runs.words import interval_words
from learning.runs.made_runs import MOODS, answer, begun, finished, keys, split_table


def test_heads_as_in_the_recipe_and_test_before_val(tmp_path: Path) -> None:
    found = measure(finished(tmp_path), resamples=20)
    assert [(one.head, one.side) for one in found] == [
        ("mood", "test"),
        ("mood", "val"),
        ("age", "test"),
        ("age", "val"),
    ]
    assert [(one.head, one.side) for one in reported(found)] == [("mood", "test"), ("age", "test")]


def test_the_figures_are_those_of_the_answers(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    probabilities = np.eye(3)[[0, 0, 1, 2, 2, 2]]
    writer.predictions("val", "mood", keys(6), [0, 0, 1, 1, 2, np.nan], probabilities, MOODS)
    writer.predictions("val", "age", keys(2), [30.0, 40.0], [33.0, 39.0])
    mood, age = measure(read_run(writer.path), resamples=20)
    assert (mood.kind, mood.count, mood.wrong, mood.groups) == ("classes", 5, 1, None)
    assert {name: it.value for name, it in mood.metrics.items()} == pytest.approx(
        {"accuracy": 0.8, "macro_recall": 2.5 / 3, "macro_f1": (1 + 2 / 3 + 2 / 3) / 3, "ece": 0.2}
    )
    assert mood.confusion.tolist() == [[2, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert [*mood.per_class] == list(MOODS)
    assert (age.kind, age.count, age.wrong) == ("value", 2, 0)
    assert {name: it.value for name, it in age.metrics.items()} == pytest.approx({"mae": 2, "rmse": 5**0.5, "bias": 1})
    for one in (mood, age):
        assert all(it.low <= it.value <= it.high for it in one.metrics.values())


def test_groups_widen_the_intervals(tmp_path: Path) -> None:
    """Six pictures of each person, all right or all wrong: ten people tell less than sixty."""
    writer = begun(tmp_path)
    given = np.repeat(np.arange(10) % 2, 6)
    writer.predictions("val", "mood", keys(60), np.zeros(60), np.eye(3)[given], MOODS)
    alone = measure(read_run(writer.path), resamples=300)[0]
    (writer.path / "split.csv").write_text(split_table(60, 6))
    together = measure(read_run(writer.path), resamples=300)[0]
    assert (alone.groups, together.groups) == (None, 10)
    narrow, wide = (one.metrics["accuracy"].high - one.metrics["accuracy"].low for one in (alone, together))
    assert wide > 1.8 * narrow


def test_a_head_without_labels_is_left_out(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    writer.predictions("val", "mood", keys(2), [np.nan, -1], np.eye(3)[:2], MOODS)
    assert measure(read_run(writer.path)) == ()


def test_the_same_answers_give_the_same_intervals(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    answer(writer)
    run = read_run(writer.path)
    assert [one.metrics for one in measure(run, 50)] == [one.metrics for one in measure(run, 50)]


def test_figures_are_said_with_their_intervals() -> None:
    assert interval_words("accuracy", 0.7, 0.65, 0.75) == "0.700 (0.650 to 0.750)"
    assert interval_words("mae", 5.0, 4.5, 5.5, "years") == "5.00 years (4.50 to 5.50)"
