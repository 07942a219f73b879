import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closeup.cli.appraise import _seconds
from closeup.cli.main import app
from closeup.core.errors import InputError
from closeup.features.appraise import boosting
from features.appraise.houses import house_rows, write_rows


def _typed(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["appraise", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def test_looking_makes_a_page_and_says_what_stands_out(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.csv", house_rows(60))
    code, said, noted = _typed("look", table, "--target", "price", "-o", tmp_path / "look", "-q")
    assert code == 0
    assert (tmp_path / "look" / "report.html").exists()
    assert "60 rows" in said
    assert "id repeats" in noted
    code, said, _ = _typed("look", table, "--target", "price", "--json")
    assert code == 0
    assert json.loads(said)["rows"] == 60
    assert _typed("look", table, "--target", "price")[0] == 2


def test_what_cannot_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.csv", house_rows(60))
    code, _, noted = _typed("fit", table, "--target", "prize", "-o", tmp_path / "m", "-q")
    assert (code, "Did you mean 'price'?" in noted) == (2, True)
    code, _, noted = _typed("predict", tmp_path / "m", table, "-o", tmp_path / "p.csv")
    assert (code, "not a model" in noted) == (2, True)
    (tmp_path / "m").mkdir()
    assert _typed("fit", table, "--target", "price", "-o", tmp_path / "m", "-q")[0] == 2


def test_from_a_table_to_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {kind: {**settings, "rounds": 60} for kind, settings in boosting.PUBLISHED.items()}
    monkeypatch.setattr("closeup.features.appraise.tuning.PUBLISHED", small)
    table, model = write_rows(tmp_path / "t.csv", house_rows(60)), tmp_path / "m"
    code, said, _ = _typed("fit", table, "--target", "price", "-o", model, "--json")
    assert code == 0
    assert {"rmse", "mae", "mape", "log_rmse", "r2"} < set(json.loads(said)["metrics"])
    assert _typed("predict", model, table, "-o", tmp_path / "p.csv")[0] == 0
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 61
    answered = json.loads(_typed("predict", model, table, "--json")[1])
    assert (answered["target"], len(answered["rows"])) == ("price", 60)
    assert answered["rows"][0]["low"] < answered["rows"][0]["price"] < answered["rows"][0]["high"]
    assert _typed("predict", model, table)[0] == 2
    assert json.loads(_typed("evaluate", model, table, "--json")[1])["n"] == 60
    found = json.loads(_typed("explain", model, table, "--row", "7", "--json")[1])
    assert found["start"] + sum(part["adds"] for part in found["parts"]) == pytest.approx(found["price"], rel=6e-6)
    assert "Nine in ten such lie between" in _typed("explain", model, table)[1]


@pytest.mark.parametrize(("text", "seconds"), [("", None), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("45", 45)])
def test_a_budget_is_a_time(text: str, seconds: float | None) -> None:
    assert _seconds(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-3m", "0s", "10d"])
def test_a_budget_that_is_none(text: str) -> None:
    with pytest.raises(InputError):
        _seconds(text)
