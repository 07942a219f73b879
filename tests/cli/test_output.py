"""How answers of learners are printed: one way for all."""

import json

import pytest

from closeup.cli.output import show_evaluation, show_metrics
from closeup.documents.learners import LEARNER_EVALUATION, LearnerEvaluation, Metric

SURE, UNSURE = Metric(0.05, 0.01, 0.09), Metric(0.01, -0.02, 0.04)
FOUND = LearnerEvaluation(
    "headline",
    "pairs.jsonl",
    2,
    {"rouge1": Metric(0.5, 0.4, 0.6), "words": Metric(10, 9, 11)},
    {"lead_1": {"rouge1": Metric(0.45, 0.4, 0.5)}, "rules": {"rouge1": Metric(0.49, 0.4, 0.6)}},
    {"lead_1": {"rouge1": SURE}, "rules": {"rouge1": UNSURE}},
    notes=("One line was left out.",),
)


def test_a_star_marks_what_differs_beyond_chance(capsys: pytest.CaptureFixture[str]) -> None:
    show_evaluation(FOUND, "text", as_json=False, quiet=False)
    out, err = capsys.readouterr()
    (line,) = [line.split() for line in out.splitlines() if "rouge1" in line]
    assert line == ["rouge1", "0.5000", "0.4000", "to", "0.6000", "0.4500", "*", "0.4900"]
    assert "pairs.jsonl: 2 texts." in out
    assert "beyond" not in out
    assert "more than chance" in out
    assert "One line was left out." in err


def test_json_is_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    show_evaluation(FOUND, "text", as_json=True, quiet=True)
    assert LEARNER_EVALUATION.from_data(json.loads(capsys.readouterr().out)) == FOUND


def test_amounts_are_whole_and_shares_have_four_decimals(capsys: pytest.CaptureFixture[str]) -> None:
    show_metrics({"rmse": Metric(110_970.3, 104_000, 118_000), "r2": Metric(0.91, 0.9, 0.92)})
    out = capsys.readouterr().out
    assert "110,970" in out
    assert "104,000 to 118,000" in out
    assert "0.9100" in out
    assert "*" not in out


def test_no_figure_is_cut_off_by_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show_evaluation(FOUND, "text", as_json=False, quiet=False)
    out = capsys.readouterr().out
    assert all(word in out for word in ("rouge1", "0.4000 to 0.6000", "0.4500 *", "0.4900"))
