"""Pages of learners: what they show, whole and safe."""

import json
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import OutputError
from closeup.documents.learners import LearnerEvaluation, Metric
from closeup.pages.learner import (
    bars,
    cells,
    check_evaluation_place,
    evaluation_page,
    figure_cards,
    learner_page,
    write_evaluation,
)
from html_page import HOSTILE, Page

FOUND = LearnerEvaluation(
    "appraise",
    "sold.csv",
    40,
    {"mae": Metric(1200.4, 1100.0, 1300.0), "r2": Metric(0.9, 0.85, 0.95), "bias": Metric(0.1, 0.0, 0.2)},
    {"middle_of_all": {"mae": Metric(2000.0, 1900.0, 2100.0), "r2": Metric(0.0, 0.0, 0.0)}},
    {"middle_of_all": {"mae": Metric(-800.0, -900.0, -700.0), "r2": Metric(0.01, -0.1, 0.1)}},
    {"seeds": 2, "libraries": {}},
    notes=("3 rows were left out.",),
)


def test_a_figure_is_better_by_its_own_measure_and_only_beyond_chance() -> None:
    mae, r2, bias = figure_cards(FOUND.metrics, FOUND.baselines, FOUND.differences)
    assert (mae["value"], mae["span"], mae["lower"]) == ("1,200", "1,100 to 1,300", True)
    assert [lane["verdict"] for lane in mae["lanes"]] == ["", "better"]
    assert [lane["verdict"] for lane in r2["lanes"]] == ["", ""]
    assert bias["lanes"] == []
    own, other = mae["lanes"]
    assert (own["left"], other["left"] + other["width"]) == (0, 100)
    assert own["left"] < own["at"] < other["at"]


def test_the_page_says_all_and_is_whole() -> None:
    page = Page(
        evaluation_page(FOUND, "rows", "Half of it.", [bars("By size", "Longest first.", [("a", -2.0, "two")])])
    )
    for words in ("sold.csv", "Half of it.", "less is better", "middle of all", "3 rows were left out.", "seeds"):
        assert words in page.text, words
    assert page.scripts == []
    assert not page.all("img")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name: str) -> None:
    listed = {"title": name, "note": name, "rows": [{"name": name, "text": name, "hit": True}]}
    line = {"text": name, "first": True, "chosen": True, "source": True, "at": name}
    sections = [
        bars(name, name, [(name, 1.0, name)]),
        {"kind": "lists", "title": name, "words": name, "cards": [listed]},
        {"kind": "texts", "title": name, "words": name, "head": (name, name), "rows": [(name, name)]},
        {"kind": "rows", "title": name, "words": name, "head": (name,), "rows": [(name,)]},
        {"kind": "story", "title": name, "words": name, "lines": [line, line]},
        cells(name, name, (name, np.arange(5.0)), (name, np.arange(5.0))),
    ]
    page = Page(
        learner_page(name, name, lede=name, facts=[(name, name)], sections=sections, notes=[name], made=[(name, name)])
    )
    assert page.scripts == []
    assert not page.all("img")
    assert "onmouseover" not in [key for _, attributes in page.elements for key in attributes]


@pytest.mark.parametrize(
    "values", [np.full(4, 3.0), np.array([-1.0, 0.0, 5.0, 9.0]), np.array([1.0, 10.0, 100.0, 1e6])]
)
def test_what_is_right_lies_on_the_line(values: np.ndarray) -> None:
    found = cells("a", "b", ("truth", values), ("estimate", values))
    assert all(abs(cell["x"] + cell["y"] + 100 / 44 - 100) < 0.05 for cell in found["cells"])
    assert sum(cell["a"] > 0 for cell in found["cells"]) == len(set(values.tolist()))


def test_an_evaluation_is_a_folder(tmp_path: Path) -> None:
    out = write_evaluation(tmp_path / "e", FOUND, "<p>page</p>")
    assert json.loads((out / "evaluation.json").read_text())["n"] == 40
    with pytest.raises(OutputError):
        check_evaluation_place(out)
    check_evaluation_place(None)
    write_evaluation(out, FOUND, "<p>other</p>", overwrite=True)
    assert (out / "report.html").read_text() == "<p>other</p>"
