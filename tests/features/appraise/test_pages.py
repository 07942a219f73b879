"""Pages of appraisers."""

from pathlib import Path

import numpy as np

from closeup.features.appraise.fit import fit_appraiser
from closeup.features.appraise.model import evaluate_appraiser
from closeup.features.appraise.pages import measured_page
from features.appraise.houses import house_rows, write_rows
from html_page import Page


def test_a_fit_and_an_evaluation_have_pages(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.csv", house_rows(120))
    model = tmp_path / "m"
    influence = dict(fit_appraiser(table, "price", model, runs_dir=tmp_path / "runs").facts["influence"])
    assert abs(sum(influence.values()) - 1) < 1e-3
    assert max(influence, key=lambda name: influence[name]) != "remark"
    page = Page((model / "report.html").read_text())
    for words in ("t.csv", "What it goes by", "Furthest off", "of the mixture", "are within"):
        assert words in page.text, words
    (run,) = (each for each in (tmp_path / "runs").iterdir() if each.is_dir())
    assert (run / "report.html").read_bytes() == (model / "report.html").read_bytes()
    assert len((run / "predictions-val-appraise.csv").read_text().splitlines()) == 121

    found = evaluate_appraiser(model, write_rows(tmp_path / "n.csv", house_rows(40, seed=5)), out=tmp_path / "e")
    page = Page((tmp_path / "e" / "report.html").read_text())
    assert f"{found.metrics['mae'].value:,.0f}" in page.text
    assert "within low and high" in page.text


def test_amounts_below_zero_have_a_page(tmp_path: Path) -> None:
    table = write_rows(
        tmp_path / "t.csv", [{**row, "gain": n % 7 - 3 + n / 100} for n, row in enumerate(house_rows(60))]
    )
    model = tmp_path / "m"
    fit_appraiser(table, "gain", model)
    found = evaluate_appraiser(model, table)
    truth = np.linspace(-2, 3, 60)
    page = Page(measured_page(found, "gain", np.arange(60), truth, truth + 0.1, (truth - 1, truth + 1)))
    assert "within 0.1" in page.text
    assert "100%" in page.text
