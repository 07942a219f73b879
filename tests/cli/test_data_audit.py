import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app
from closeup.learning.runs.predictions import predictions_table
from closeup.workbench.datasets.corrections import read_corrections
from workbench.audit.planted import CLASSES, COUNT, WRONG, make_data, probabilities


@pytest.fixture(autouse=True)
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels, some of them wrong, and a table of probabilities that knows better, to stand in."""
    make_data(tmp_path / "pets")
    keys = [f"pictures/{n:02}.png" for n in range(COUNT)]
    table = predictions_table(keys, np.zeros(COUNT, np.int64), probabilities(), CLASSES)
    (tmp_path / "p.csv").write_bytes(table)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["data", "audit", *words])


def audited(*words: str) -> Any:
    return type_in("pets/labels.csv", "-o", "out", "--probabilities", "p.csv", *words)


def test_findings_are_told_and_the_page_is_named() -> None:
    result = audited()
    assert result.exit_code == 0, result.output
    assert f"pets: {len(WRONG)} of 90 labels are probably wrong" in result.stdout
    assert str(Path("out/report.html")) in result.stdout
    assert "--accept 1,5-9 --who NAME" in result.stderr
    assert Path("out/report.html").is_file()


def test_json_says_the_same() -> None:
    told = json.loads(audited("--json").stdout)
    assert (told["field"], told["judged"], len(told["findings"])) == ("kind", 90, len(WRONG))
    assert told["findings"][0]["number"] == 1


def test_accepted_findings_are_no_findings_any_more() -> None:
    audited()
    result = type_in("out", "--accept", "1,3-4", "--who", "Mira")
    assert result.exit_code == 0, result.output
    assert "3 lines added, 3 labels corrected" in result.stdout
    assert "--corrections out/corrections.csv" in result.stderr
    assert len(read_corrections(Path("out/corrections.csv"))) == 3
    again = audited("--corrections", "out/corrections.csv", "--overwrite")
    assert f"pets: {len(WRONG) - 3} of 90 labels" in again.stdout
    told = type_in("out", "--accept", "1", "--who", "Mira", "--json")
    assert json.loads(told.stdout) == [
        {"file": str(Path("out/corrections.csv").resolve()), "added": 1, "pictures": 1, "before": 0}
    ]


def test_unreadable_pictures_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("pets/pictures/04.png").write_bytes(b"no picture")
    result = audited()
    assert result.exit_code == 0, result.output
    assert "cannot be read" in Path("out/report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pets/labels.csv"], "no place for the result"),
        (["pets/labels.csv", "-o", "out", "--field", "colour"], "no column 'colour'"),
        (["pets/labels.csv", "-o", "pets"], "exists already"),
        (["pets/labels.csv", "-o", "pets", "--overwrite"], "will not replace it"),
        (["pets/labels.csv", "-o", "out", "--model", "m.onnx", "--probabilities", "p.csv"], "Give one of them"),
        (["pets/labels.csv", "-o", "out", "--probabilities", "pets/labels.csv"], "does not have the columns"),
        (["pets", "--accept", "1", "--who", "Mira"], "not the result of an audit"),
        (["nowhere.csv", "-o", "out"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], said: str) -> None:
    result = type_in(*words)
    assert result.exit_code == EXIT_COULD_NOT
    assert said in result.stderr
    assert not Path("out").exists()


def test_of_several_fields_one_must_be_named() -> None:
    table = Path("pets/labels.csv")
    rows = table.read_text().splitlines()
    table.write_text(
        "\n".join([f"{rows[0]},size", *(f"{row},{'big' if n % 2 else 'small'}" for n, row in enumerate(rows[1:]))])
    )
    result = audited()
    assert result.exit_code == EXIT_COULD_NOT
    assert "several label fields: kind, size" in result.stderr
    assert audited("--field", "kind").exit_code == 0


def test_nothing_is_probably_wrong_by_a_judge_that_knows_nothing() -> None:
    keys = [f"pictures/{n:02}.png" for n in range(COUNT)]
    blind = np.random.default_rng(0).dirichlet(np.ones(len(CLASSES)), COUNT)
    Path("p.csv").write_bytes(predictions_table(keys, np.zeros(COUNT, np.int64), blind, CLASSES))
    result = audited()
    assert result.exit_code == 0, result.output
    assert "probably" not in result.output
    assert "The classifier: it says the label that is there for" in result.stdout
    assert "look wrong to it, which says nothing of them" in result.stdout
    told = json.loads(audited("--json", "--overwrite").stdout)
    assert told["knows_something"] is False
    assert 0 < told["accuracy"] < 0.6
