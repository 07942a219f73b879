from dataclasses import replace
from pathlib import Path

import numpy as np

from closeup.learning.runs.card import card_markdown, limits
from closeup.learning.runs.metrics import measure
from closeup.learning.runs.reading import read_run
from learning.runs.made_runs import CORRECTIONS, MOODS, answer, begun, facts, finished, keys, recipe


def test_the_card_says_what_one_must_know(tmp_path: Path) -> None:
    run = finished(tmp_path)
    text = card_markdown(run, measure(run, 50))
    assert text.startswith("# faces\n\nMood and age of a face.\n")
    for words in (
        "**mood**: one of happy, sad, neutral",
        "**age**: a number in years, 0 to 100",
        "whole groups (people, photos) at a time",
        "| mood | test | 60 | accuracy |",
        "### mood on test, class by class",
        "- pictures: train 400, val 60, test 60",
        f"- fingerprint: {'ab' * 32}",
        "a/broken.jpg: It is cut off.",
        "- started from: imagenet",
        "- time: 2:00",
        "| heads | all | 2 | 64 | 0.001 | adamw | cosine | all |",
        "Weights: MIT.",
        "- torch: 2.13.0",
    ):
        assert words in text, words
    assert "/nowhere" not in text


def test_limits_name_what_is_weak(tmp_path: Path) -> None:
    writer = begun(tmp_path, recipe(alignment=((0.3, 0.4),) * 5))
    labels = np.array([0] * 40 + [1] * 40 + [2] * 5)
    given = np.array([0] * 40 + [0] * 30 + [1] * 10 + [2] * 5)
    writer.predictions("val", "mood", keys(85), labels, np.eye(3)[given], MOODS)
    run = read_run(writer.path)
    text = "\n".join(limits(run, measure(run, 20)))
    assert "There was no test set" in text
    assert "little can be said of: neutral." in text
    assert "(recall): sad (0.25)." in text
    assert "could not be read, 1," in text
    assert "aligned as its card says" in text


def test_few_groups_are_a_limit(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    answer(writer, sides=("test",))
    rows = "".join(f"{key},g{n % 7},test,seed 0\n" for n, key in enumerate(keys(60)))
    (writer.path / "split.csv").write_text(f"key,group,split,origin\n{rows}")
    run = read_run(writer.path)
    text = "\n".join(limits(run, measure(run, 20)))
    assert "from 7 groups" in text
    assert "no test set" not in text


def test_a_run_that_is_not_finished_has_a_card_too(tmp_path: Path) -> None:
    writer = begun(tmp_path, replace(recipe(), summary="", licence=""))
    (writer.path / "corrections.csv").write_text(CORRECTIONS)
    writer.fail("There is no | <b>space</b>.")
    text = card_markdown(read_run(writer.path), ())
    assert "It has not been measured" in text
    assert "failed: There is no | &lt;b>space&lt;/b>." in text
    assert "corrected labels: 1" in text
    assert "is not settled" in text
    assert "No summary" in text


def test_many_unreadable_pictures_are_counted(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    data = facts()["data"] | {"unreadable": [{"key": f"{n}.jpg", "reason": "cut off"} for n in range(25)]}
    writer.note(data=data)
    text = card_markdown(read_run(writer.path), ())
    assert "could not be read: 25" in text
    assert "and 15 more" in text
    assert "20.jpg" not in text
