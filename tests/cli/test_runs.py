"""`closeup runs`, on runs that nobody trained."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from closeup.cli import runs
from closeup.cli.hints import hint
from closeup.core.errors import InputError
from closeup.learning.runs import report
from learning.runs.made_runs import begun, finished


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(runs.app, [*words, "--runs", str(folder / "runs")])


def test_list_shows_each_run_whole_and_names_damaged_ones(tmp_path: Path) -> None:
    done = finished(tmp_path / "runs")
    failed = begun(tmp_path / "runs")
    failed.fail("There is no space.")
    (begun(tmp_path / "runs", epochs=1).path / "run.json").write_text("{}")
    result = run(tmp_path, "list")
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert "finished" in lines[done.id]
    assert "mood, accuracy on test: 0." in lines[done.id]
    assert "There is no space." in lines[failed.path.name]
    assert "is left out" in result.stderr
    listed = json.loads(run(tmp_path, "list", "--json", "--name", "faces").stdout)
    assert [one["state"] for one in listed] == ["finished", "failed"]
    assert listed[0]["figures"] == done.flat_metrics
    assert json.loads(run(tmp_path, "list", "--json", "--name", "masks").stdout) == []


def test_list_of_no_runs_says_how_to_make_one(tmp_path: Path) -> None:
    result = run(tmp_path, "list")
    assert result.exit_code == 0
    assert "There are no runs" in result.stdout
    assert "closeup train" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_show(tmp_path: Path) -> None:
    done = finished(tmp_path / "runs")
    result = run(tmp_path, "show", "last")
    assert result.exit_code == 0
    for words in (f"{done.id}: finished", "age, bias on test", "heads", "torch 2.13.0", str(done.path)):
        assert words in result.stdout, words
    assert "1 picture could not be read" in result.stderr
    shown = json.loads(run(tmp_path, "show", done.id, "--json").stdout)
    assert shown["facts"]["start"] == "imagenet"
    assert len(shown["epochs"]) == shown["epochs_count"] == 4


def test_show_says_how_to_go_on(tmp_path: Path) -> None:
    begun(tmp_path / "runs", epochs=0).interrupt()
    result = run(tmp_path, "show", "last")
    assert "No epoch is done yet; 0 steps are." in result.stdout
    assert "closeup train --resume" in result.stderr


def test_long_runs_are_shown_from_their_end(tmp_path: Path) -> None:
    begun(tmp_path / "runs", epochs=30, steps=1).interrupt()
    lines = run(tmp_path, "show", "last").stdout.splitlines()
    assert any(line.split()[:1] == ["30"] for line in lines)
    assert not any(line.split()[:1] == ["18"] for line in lines)
    assert "The last 12 of 30 epochs; all are in epochs.csv." in lines


def test_compare(tmp_path: Path) -> None:
    a, b = finished(tmp_path / "runs", right=0.3), finished(tmp_path / "runs", right=1.0)
    result = run(tmp_path, "compare", a.id, b.id)
    assert result.exit_code == 0
    for words in ("mood on test: 60 pictures that both predicted, 30 groups", "B is better", "McNemar", "are the same"):
        assert words in result.stdout, words
    told = json.loads(run(tmp_path, "compare", a.id, "last", "--json", "--side", "val").stdout)
    assert [(head["head"], head["side"]) for head in told["heads"]] == [("mood", "val"), ("age", "val")]
    assert told["heads"][0]["figures"][0]["better"] == "b"
    assert told["heads"][1]["mcnemar"] is None


def test_best_says_whether_the_lead_is_chance(tmp_path: Path) -> None:
    best = finished(tmp_path / "runs", right=1.0)
    finished(tmp_path / "runs", right=0.4)
    begun(tmp_path / "runs")
    result = run(tmp_path, "best")
    assert "val/mood/accuracy" in result.stdout
    assert "more than chance." in result.stdout
    ranked = json.loads(run(tmp_path, "best", "--by", "test/age/mae", "--json").stdout)
    assert ranked[0]["id"] == best.id
    assert ranked[0]["value"] < ranked[1]["value"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("best", "--by", "val/mask/ece"), "No finished run has the metric"),
        (("best", "--name", "masks"), "There is no finished run"),
        (("show", "masks"), "There is no run 'masks'"),
        (("compare", "last", "last"), "Both are the run"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    finished(tmp_path / "runs")
    error = run(tmp_path, *words).exception
    assert isinstance(error, InputError)
    assert message in error.message
    assert hint(error)


def test_report_is_written_anew_also_without_the_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("curves_svg", "confusion_svg", "estimates_svg"):
        monkeypatch.setattr(report, name, lambda *_: b"<svg></svg>")
    done = finished(tmp_path / "runs")
    result = run(tmp_path, "report", "last")
    assert result.exit_code == 0
    assert "The pictures are not at hand" in result.stderr
    assert (done.path / "report.html").is_file()
    assert run(tmp_path, "report", "last", "--quiet").stdout == ""


def test_export(tmp_path: Path) -> None:
    first, _ = finished(tmp_path / "runs"), finished(tmp_path / "runs")
    result = run(tmp_path, "export", "--format", "csv", "-o", str(tmp_path / "table"))
    assert result.exit_code == 0
    assert "2 runs in" in result.stdout
    run(tmp_path, "export", first.id, first.id, "--format", "csv", "-o", str(tmp_path / "one"), "-q")
    text = (tmp_path / "one/history.csv").read_text()
    assert text.count(f"{first.id},") == text.count("\n") - 1
    assert isinstance(run(tmp_path / "no", "export", "--format", "csv", "-o", "x").exception, InputError)
