"""Pages of recommenders."""

from pathlib import Path

from closeup.features.recommend.evaluate import evaluate_recommender
from closeup.features.recommend.fit import fit_recommender
from features.recommend.plays import SMALL, rows, write
from html_page import Page


def test_a_fit_shows_what_is_like_what_and_its_check(tmp_path: Path) -> None:
    fit_recommender(write(tmp_path / "plays.csv", rows()), tmp_path / "m", options=SMALL, check=True)
    page = Page((tmp_path / "m" / "report.html").read_text())
    for words in ("plays.csv", "45 users", "recall@20", "item cosine", "What is like what", "Guessed from the header"):
        assert words in page.text, words
    assert len(page.has_class("card")) == 12


def test_an_evaluation_shows_users_with_what_they_took(tmp_path: Path) -> None:
    lines = rows()
    fit_recommender(
        write(tmp_path / "plays.csv", [line for n, line in enumerate(lines) if n % 5]), tmp_path / "m", options=SMALL
    )
    found = evaluate_recommender(tmp_path / "m", write(tmp_path / "held.csv", lines[::5]), out=tmp_path / "e")
    page = Page((tmp_path / "e" / "report.html").read_text())
    assert f"{found.metrics['recall_at_20'].value:.4f}" in page.text
    assert "What users are offered" in page.text
    assert page.has_class("hit")


def test_one_user_has_a_page_too(tmp_path: Path) -> None:
    fit_recommender(write(tmp_path / "one.csv", rows()[:1]), tmp_path / "m", options=SMALL)
    assert "teach nothing" in Page((tmp_path / "m" / "report.html").read_text()).text
