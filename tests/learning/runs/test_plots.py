import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from closeup.learning.runs.plots import confusion_svg, curves_svg, epochs_done, estimates_svg, for_page
from closeup.learning.runs.reading import read_run
from closeup.tables.growing import GrownTable
from html_page import HOSTILE
from learning.runs.made_runs import begun

NOTHING = GrownTable((), ())


def words(svg: bytes) -> list[str]:
    """The texts in a drawing, which must be XML."""
    return [(node.text or "").strip() for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_curves_show_every_figure(tmp_path: Path) -> None:
    run = read_run(begun(tmp_path).path)
    run_again = curves_svg(run.steps(), run.epochs())
    found = words(run_again)
    assert {"loss", "on val", "mean absolute error on val", "learning rate"} <= set(found)
    assert {"train", "val", "mood accuracy", "mood macro F1", "age"} <= set(found)
    assert run_again == curves_svg(run.steps(), run.epochs())  # the same run, the same bytes


@pytest.mark.parametrize("epochs", [0, 1])
def test_curves_of_a_run_that_stopped_early(tmp_path: Path, epochs: int) -> None:
    writer = begun(tmp_path, epochs=epochs)
    writer.step({"step": 6, "stage": 1, "epoch": epochs + 1, "loss": float("nan"), "learning_rate": 1e-3})
    writer.flush()
    run = read_run(writer.path)
    assert "learning rate" in words(curves_svg(run.steps(), run.epochs()))


def test_epochs_that_were_done() -> None:
    rows = tuple({"epoch": str(epoch)} for epoch in (1, 1, 2, 2, 3))
    assert epochs_done(GrownTable(("epoch",), rows)).tolist() == [0.5, 1, 1.5, 2, 2.5]
    assert epochs_done(NOTHING).tolist() == []


def test_confusion_shows_each_count_and_whatever_names() -> None:
    confusion = np.array([[5, 2, 0], [1, 7, 0], [0, 0, 0]])
    names = [HOSTILE[0], "$a^2$", "عمر"]
    found = words(confusion_svg(confusion, names))
    assert {"5", "2", "1", "7"} <= set(found)
    assert "0" not in found
    assert set(names) <= set(found)


def test_confusion_of_many_classes_has_no_counts() -> None:
    found = words(confusion_svg(np.eye(40, dtype=np.int64) * 7, [f"c{n}" for n in range(40)]))
    assert "c39" in found
    assert "7" not in found


@pytest.mark.parametrize("labels", [np.arange(50.0), np.full(3, 7.0)])
def test_estimates(labels: np.ndarray) -> None:
    found = words(estimates_svg(labels * 0.9, labels, "years"))
    assert {"label (years)", "estimate (years)", "median estimate"} <= set(found)


def test_on_a_page_the_colours_turn_with_it() -> None:
    svg = for_page(confusion_svg(np.eye(2, dtype=np.int64), ["a", "b"]))
    ET.fromstring(svg)
    text = svg.decode()
    assert "prefers-color-scheme: dark" in text
    drawn = text[text.index("</style>") :]
    assert "var(--c0)" in drawn
    assert not re.search("#1d1b18|#666058|#e5e1da", drawn)
