"""Models of our own in the package: the card that everybody reads says the same as the one that the file carries."""

from pathlib import Path

import pytest

from closeup.core.settings import Settings
from closeup.weights.cards import ModelCard, all_cards
from closeup.weights.network_card import read_card
from closeup.weights.store import FINE, require, verify

OWN = [
    found for found in all_cards().values() if found.package == "closeup" and found.task in ("expression", "attributes")
]
"""A matte, a box and a vector have no classes and no value that a card in its file would name (`perception.matte`)."""
NOWHERE = Settings(Path("nowhere"), None)


@pytest.mark.parametrize("found", OWN, ids=lambda found: found.name)
def test_both_cards_agree(found: ModelCard) -> None:
    assert verify(found, NOWHERE).state == FINE
    carried = read_card(require(found, NOWHERE))
    assert carried.name == found.name
    assert (carried.mean, carried.std) == (found.mean, found.std)
    assert (found.input_px, found.cut_larger) == (carried.input_px, carried.cut_larger)
    assert found.alignment == carried.alignment
    for head in carried.heads:
        assert head.name in found.output
        assert all(name in found.output for name in head.classes)
    assert carried.licence == found.licence
    assert carried.metrics
    assert carried.recipe
    assert ' = "/' not in carried.recipe  # nobody else has the folders of the machine that it was trained on


@pytest.mark.parametrize("found", OWN, ids=lambda found: found.name)
def test_its_recipe_is_in_the_repository(found: ModelCard) -> None:
    assert (Path(__file__).parent.parent.parent / found.source).is_file()


@pytest.mark.parametrize("found", OWN, ids=lambda found: found.name)
def test_it_is_small_enough_to_ship(found: ModelCard) -> None:
    assert found.bytes is not None
    assert found.bytes < 20_000_000
