"""Fits of learners kept as runs, by made-up fits; `closeup runs` and a training's words are asked about them."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from closeup.cli import runs
from closeup.core.errors import InputError
from closeup.documents.learners import Metric, ModelHeader, read_model, write_model
from closeup.learning.runs.comparison import compare, default_metric
from closeup.learning.runs.fits import finish_fit, kept_fit
from closeup.learning.runs.reading import Run, list_runs, read_run
from closeup.learning.runs.report import write_report


def fitted(folder: Path, *, shift: float = 0.0, factors: int = 4) -> Run:
    """A finished fit, and its run."""
    header = ModelHeader(
        "appraise", 1, {}, 0, "t.csv", 40, "0" * 64, metrics={"mae": Metric(1200.4 + shift, 1100.0, 1300.0)}
    )
    truth = np.arange(40.0)
    with kept_fit(folder / "runs", "appraise", {"factors": factors, "group": None}, data="t.csv") as run:
        model = write_model(folder / "m", header, {"a": truth}, files={"x.txt": b"x"}, overwrite=True)
        assert run is not None
        run.predictions("val", "appraise", [f"line {k}" for k in range(40)], truth, truth + shift + np.sin(truth))
        finish_fit(run, model)
    return read_run(run.path)


def test_a_fit_is_a_run_and_its_folder_the_model(tmp_path: Path) -> None:
    run = fitted(tmp_path)
    assert (run.state, run.name, run.learner) == ("finished", "appraise", "appraise")
    assert read_model(run.path, "appraise", 1)[0].data == "t.csv"
    assert (run.path / "x.txt").read_bytes() == b"x"
    assert run.facts["data"] == {"name": "t.csv", "rows": 40, "fingerprint": "0" * 64}
    assert run.headline() == (("appraise, mean absolute error on val", "1,200 (1,100 to 1,300)"),)
    assert default_metric(run) == "val/appraise/mae"
    shown = CliRunner().invoke(runs.app, ["show", "last", "--runs", str(tmp_path / "runs")])
    assert shown.exit_code == 0, shown.output
    assert "No epoch" not in shown.stdout
    listed = CliRunner().invoke(runs.app, ["list", "--json", "--runs", str(tmp_path / "runs")]).stdout
    assert json.loads(listed)[0]["figures"] == {"val/appraise/mae": 1200.4}


def test_another_fit_replaces_the_model_and_not_the_run(tmp_path: Path) -> None:
    first = fitted(tmp_path)
    second = fitted(tmp_path, shift=3.0, factors=8)
    assert json.loads((first.path / "model.json").read_text())["metrics"]["mae"]["value"] == 1200.4
    found = compare(first, second)
    assert {each.name: each.better for each in found.heads[0].metrics}["mae"] == "a"
    assert [(each.key, each.a, each.b) for each in found.recipes] == [("settings.factors", 4, 8)]


def test_what_goes_wrong_is_kept_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), kept_fit(tmp_path, "recommend", {}, data="a.csv"):
        raise KeyboardInterrupt
    with pytest.raises(InputError), kept_fit(tmp_path, "recommend", {}, data="b.csv"):
        raise InputError("There is nothing.")
    states = {run.facts["data"]["name"]: (run.state, run.record.reason) for run in list_runs(tmp_path).runs}
    assert states == {"a.csv": ("interrupted", ""), "b.csv": ("failed", "There is nothing.")}


def test_without_a_folder_of_runs_there_is_none(tmp_path: Path) -> None:
    with kept_fit(None, "recommend", {}, data="a.csv") as run:
        assert run is None
        finish_fit(run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_only_a_training_has_is_said(tmp_path: Path) -> None:
    from closeup.workbench.models import resolve_model
    from closeup.workbench.training.train import resume

    run = fitted(tmp_path)
    for ask in (lambda: write_report(run.path), lambda: resume(run.path), lambda: resolve_model(str(run.path))):
        with pytest.raises(InputError, match="is a fit of appraise"):
            ask()
