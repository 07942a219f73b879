"""MODELS.md says what the cards say."""

from pathlib import Path

import pytest

from closeup.weights.cards import all_cards
from closeup.weights.models_page import licence_text, models_page, size_text

from .conftest import make_card

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_page_in_the_repository_is_the_one_that_the_cards_make() -> None:
    assert (ROOT / "MODELS.md").read_text(encoding="utf-8") == models_page(), "run `make docs`"


@pytest.mark.parametrize("name", all_cards())
def test_the_page_says_what_people_must_know(name: str) -> None:
    card = all_cards()[name]
    part = models_page().split(f"\n### {name}\n")[1].split("\n### ")[0]
    for text in (card.summary, card.licence, card.licence_note, *card.data, card.source, card.sha256):
        assert (text or "") in part
    assert ("not allowed" in part) == (not card.commercial_use)
    if card.far is not None:
        assert f"| {100 * card.far.rates[0]:g} % | {card.far.thresholds[0]:g} |" in part
        assert f"Read from {card.far.pairs:,} pairs. {card.far.read_from}" in part
    for threshold in card.thresholds.values():
        assert f"| {threshold.value:g} | {threshold.meaning} |" in part


def test_sizes_and_licences_in_few_words() -> None:
    assert size_text(38_696_353) == "38.7 MB"
    assert size_text(None) == "-"
    assert licence_text(make_card()) == "MIT"
    assert licence_text(make_card(commercial_use=False)) == "not for commercial use"
