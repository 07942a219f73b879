import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import app
from features.recommend.plays import rows, write


@pytest.fixture(autouse=True)
def _plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    write(tmp_path / "plays.csv", rows()[:-30])
    write(tmp_path / "held.csv", rows()[-32:])
    Path("names.csv").write_text("id,name\n" + "".join(f"i{k:02d},Bänd {k}\n" for k in range(37)))


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["recommend", *words])


def fit(*more: str) -> Any:
    return type_in("fit", "plays.csv", "-o", "model", "--factors", "6", "--names", "names.csv", *more)


def test_from_plays_to_reasons() -> None:
    result = fit("--check")
    assert result.exit_code == 0, result.output
    assert "model: a model of 42 users, 37 items, 375 pairs." in result.stdout
    assert "Measured on the last fifth of plays.csv" in result.stdout
    assert "Guessed from the header" in result.stderr
    found = json.loads(type_in("for", "model", "u03", "--top", "3", "--json").stdout)
    assert len(found) == 3
    assert found[0]["name"].startswith("Bänd")
    assert found[0]["name"] in type_in("for", "model", "u03").stdout
    assert "cosine" in type_in("similar", "model", "band 4").stdout
    reasons = type_in("explain", "model", "u03", found[0]["name"].upper(), "--top", "2")
    assert f"{found[0]['name']} has the score {found[0]['score']:.3f} for u03" in reasons.stdout
    assert "others" in reasons.stdout
    because = json.loads(type_in("explain", "model", "u03", found[0]["item"], "--json").stdout)["because"]
    assert sum(each["adds"] for each in because) == pytest.approx(found[0]["score"], abs=1e-8)


def test_evaluate_says_the_protocols_names() -> None:
    fit("-q")
    result = type_in("evaluate", "model", "held.csv", "--json", "-q")
    assert result.exit_code == EXIT_LOSSES, result.output  # a user that the model does not know
    found = json.loads(result.stdout)
    assert set(found["metrics"]) == {"recall_at_20", "ndcg_at_10", "ndcg_at_100", "map_at_10", "coverage_at_20"}
    assert found["kind"] == "recommend"
    shown = type_in("evaluate", "model", "held.csv", "-q").stdout
    assert "item cosine" in shown
    assert f"{found['metrics']['recall_at_20']['value']:.4f}" in shown


def test_add_makes_new_users_known() -> None:
    fit("-q")
    assert type_in("for", "model", "u44").exit_code == EXIT_COULD_NOT
    result = type_in("add", "model", "held.csv", "-o", "grown")
    assert result.exit_code == 0, result.output
    assert "3 new users, 1 known one." in result.stderr
    assert type_in("for", "grown", "u44").exit_code == 0
    assert type_in("for", "model", "u44").exit_code == EXIT_COULD_NOT
    assert type_in("add", "model", "held.csv").exit_code == 0
    assert type_in("for", "model", "u44").exit_code == 0


def test_look() -> None:
    result = type_in("look", "plays.csv", "-o", "seen", "--names", "names.csv")
    assert result.exit_code == 0, result.output
    assert "plays.csv: 42 users, 37 items, 375 pairs, " in result.stdout
    assert Path("seen/report.html").is_file()
    assert json.loads(type_in("look", "plays.csv", "--json").stdout)["pairs"] == 375
    assert type_in("look", "plays.csv", "-o", "seen").exit_code == EXIT_COULD_NOT


def test_what_is_wrong_is_said_with_what_to_type() -> None:
    Path("odd.csv").write_text("who,what\na,b\n")
    result = type_in("fit", "odd.csv", "-o", "model")
    assert result.exit_code == EXIT_COULD_NOT
    assert "Say which it is: --user COLUMN" in result.stderr
    result = type_in("for", "nowhere", "u00")
    assert "closeup recommend --help" in result.stderr
    Path("two.csv").write_text("user,item\n1.0,x\n1.0,y\n2.0,x\n2.0,y\n")
    type_in("fit", "two.csv", "-o", "two", "-q", "--factors", "2")
    result = type_in("for", "two", "1.0")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing is left to recommend" in result.stderr
    fit("-q")
    result = type_in("similar", "model", "bnad 4")
    assert "Nearest are: Bänd 4 (i04)" in result.stderr
    assert "--overwrite" in fit().stderr
