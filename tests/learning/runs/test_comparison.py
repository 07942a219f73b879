from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.algorithms.metrics.classification import mcnemar
from closeup.core.errors import InputError
from closeup.learning.runs.comparison import (
    RecipeDifference,
    best_first,
    compare,
    default_metric,
    flat,
    recipe_differences,
)
from closeup.learning.runs.folder import create_run
from closeup.learning.runs.reading import Run, read_run
from learning.runs.made_runs import MOODS, begun, finished, keys, recipe


def judged(tmp_path: Path, given: np.ndarray, labels: np.ndarray, side: str = "val", **more: object) -> Run:
    """A run whose mood head predictions so, surely."""
    writer = begun(tmp_path)
    names = more.get("names", keys(len(labels)))
    classes = more.get("classes", MOODS)
    writer.predictions(side, "mood", names, labels, np.eye(len(classes))[given], classes)  # type: ignore[arg-type]
    return read_run(writer.path)


def test_the_better_one_is_told_and_the_difference_is_paired(tmp_path: Path) -> None:
    labels = np.arange(200) % 3
    worse, better = labels.copy(), labels.copy()
    worse[:40] = (labels[:40] + 1) % 3
    better[:10] = (labels[:10] + 1) % 3
    a, b = judged(tmp_path, worse, labels), judged(tmp_path, better, labels)
    (head,) = compare(a, b).heads
    assert (head.head, head.side, head.count, head.groups) == ("mood", "val", 200, None)
    accuracy = head.metrics[0]
    assert accuracy.a == pytest.approx(0.8)
    assert accuracy.b == pytest.approx(0.95)
    assert accuracy.difference == pytest.approx(0.15)
    assert accuracy.low > 0.09
    assert {it.name: it.better for it in head.metrics} == dict.fromkeys(
        ("accuracy", "macro_recall", "macro_f1", "ece"), "b"
    )
    assert head.mcnemar == mcnemar(worse == labels, better == labels)
    (mirrored,) = compare(b, a).heads
    assert {it.better for it in mirrored.metrics} == {"a"}
    assert mirrored.metrics[0].low == pytest.approx(-accuracy.high)


def test_no_difference_is_no_lead(tmp_path: Path) -> None:
    comparison = compare(finished(tmp_path, seed=1), finished(tmp_path, seed=2))
    assert [(head.head, head.side, head.groups) for head in comparison.heads] == [
        ("mood", "test", 30),
        ("age", "test", 30),
    ]
    assert comparison.heads[0].metrics[0].better == ""
    assert comparison.heads[1].unit == "years"
    assert comparison.heads[1].mcnemar is None
    assert comparison.recipes == ()
    assert comparison.notes == ()


def test_errors_are_better_the_lower_and_a_bias_is_neither(tmp_path: Path) -> None:
    runs = []
    for shift in (5.0, 1.0):
        writer = begun(tmp_path)
        writer.predictions("val", "age", keys(80), np.arange(80.0), np.arange(80.0) + shift)
        runs.append(read_run(writer.path))
    (head,) = compare(*runs).heads
    assert [(it.name, it.difference, it.better) for it in head.metrics] == [
        ("mae", -4, "b"),
        ("bias", -4, ""),
    ]
    assert compare(*runs, side="val").heads[0].metrics[0].a == 5
    with pytest.raises(InputError, match="no predictions of one head"):
        compare(*runs, side="test")


def test_only_pictures_that_both_judged_with_one_label_count(tmp_path: Path) -> None:
    a = judged(tmp_path, np.zeros(50, int), np.zeros(50, int))
    labels = np.zeros(50, int)
    labels[:5] = 1
    b = judged(tmp_path, labels, labels, names=[f"a/{n}.jpg" for n in range(10, 60)])
    found = compare(a, b)
    assert found.heads[0].count == 35
    assert found.heads[0].metrics[0].difference == 0
    text = " ".join(found.notes)
    assert "compared are the 35 that both predicted" in text
    assert "5 pictures are left out, whose labels differ" in text
    few = compare(a, judged(tmp_path, labels, labels, names=[f"a/{n}.jpg" for n in range(40, 90)]))
    assert "too few to tell much" in " ".join(few.notes)


def test_classes_in_another_order_are_the_same_classes(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    a = judged(tmp_path, labels, labels)
    b = judged(tmp_path, 2 - labels, 2 - labels, classes=MOODS[::-1])
    (head,) = compare(a, b).heads
    assert all(it.difference == 0 for it in head.metrics)
    assert head.mcnemar is not None
    assert head.mcnemar.p_value == 1


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    labels = np.zeros(40, int)
    a = judged(tmp_path, labels, labels)
    with pytest.raises(InputError, match="Both are the run"):
        compare(a, a)
    with pytest.raises(InputError, match="no picture in common") as caught:
        compare(a, judged(tmp_path, labels, labels, names=[f"b/{n}.jpg" for n in range(40)]))
    assert "split.csv" in caught.value.hint
    with pytest.raises(InputError, match="no predictions of one head"):
        compare(a, judged(tmp_path, labels, labels, side="test"))
    writer = begun(tmp_path)
    writer.predictions("val", "mood", keys(40), np.arange(40.0), np.arange(40.0))
    with pytest.raises(InputError, match="no predictions of one head"):
        compare(a, read_run(writer.path))


def test_other_data_is_noted(tmp_path: Path) -> None:
    labels = np.zeros(40, int)
    a, b = judged(tmp_path, labels, labels), judged(tmp_path, labels, labels)
    writer_facts = dict(b.facts) | {"data": {"fingerprint": "cd" * 32}}
    writer = create_run(tmp_path, "faces", (b.path / "recipe.toml").read_text(), writer_facts)
    writer.predictions("val", "mood", keys(40), labels, np.eye(3)[labels], MOODS)
    assert "different data" in compare(a, read_run(writer.path)).notes[0]


def test_where_recipes_differ() -> None:
    a = {"name": "x", "stages": [{"epochs": 3}], "model": {"mean": [1, 2]}, "augment": {}}
    b = {"name": "x", "stages": [{"epochs": 5}, {"epochs": 1}], "model": {"mean": [1, 3]}, "augment": {}}
    assert recipe_differences(a, b) == (
        RecipeDifference("stages.0.epochs", 3, 5),
        RecipeDifference("model.mean", [1, 2], [1, 3]),
        RecipeDifference("stages.1.epochs", None, 1),
    )
    assert recipe_differences(a, a) == ()
    assert flat({"a": {"b": [{"c": 1}]}, "d": []}) == [("a.b.0.c", 1), ("d", [])]


def test_ranking(tmp_path: Path) -> None:
    runs = [finished(tmp_path, right=right) for right in (0.5, 0.9, 0.7)]
    assert [run for run, _ in best_first(runs, "val/mood/accuracy")] == [runs[1], runs[2], runs[0]]
    assert [run for run, _ in best_first(runs, "val/age/mae")] == [runs[1], runs[2], runs[0]]
    assert best_first(runs, "val/mask/accuracy") == []


@pytest.mark.parametrize(("monitor", "figure"), [("loss", "accuracy"), ("macro_f1", "macro_f1")])
def test_a_run_is_ranked_by_what_its_recipe_chose_by(tmp_path: Path, monitor: str, figure: str) -> None:
    given = recipe()
    writer = begun(tmp_path, replace(given, training=replace(given.training, monitor=monitor)))
    assert default_metric(read_run(writer.path)) == f"val/mood/{figure}"
    with pytest.raises(InputError, match="no heads"):
        default_metric(read_run(create_run(tmp_path, "x", "", {}).path))
