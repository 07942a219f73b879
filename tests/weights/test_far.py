"""Thresholds by false-accept rate, from the tables on the cards."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError, ModelError
from closeup.weights.cards import FarTable, all_cards, card
from closeup.weights.far import DEFAULT_FAR, threshold_for

TABLE = FarTable(rates=(0.1, 0.01, 0.001), thresholds=(0.2, 0.4, 0.7), pairs=5000, read_from="Somewhere.")
CARD = replace(card("sface-2021dec"), far=TABLE)


def test_rates_of_the_table_have_its_thresholds_and_its_source() -> None:
    for rate, threshold in zip(TABLE.rates, TABLE.thresholds, strict=True):
        point = threshold_for(CARD, rate)
        assert (point.threshold, point.far, point.pairs, point.read_from) == (threshold, rate, 5000, "Somewhere.")


def test_between_two_rates_the_logarithm_decides() -> None:
    assert threshold_for(CARD, 10**-1.5).threshold == pytest.approx(0.3)
    assert threshold_for(CARD, 10**-2.5).threshold == pytest.approx(0.55)


@given(st.floats(0.001, 0.1), st.floats(0.001, 0.1))
def test_a_lower_rate_has_no_lower_threshold(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert threshold_for(CARD, low).threshold >= threshold_for(CARD, high).threshold
    assert 0.2 <= threshold_for(CARD, low).threshold <= 0.7


@pytest.mark.parametrize("far", [0.2, 0.0009, 0.0, -1.0, float("nan"), float("inf")])
def test_where_nothing_is_known_nothing_is_said(far: float) -> None:
    with pytest.raises(InputError, match="cannot be had with sface-2021dec") as caught:
        threshold_for(CARD, far)
    assert "from 0.001 to 0.1" in caught.value.hint


def test_a_model_without_a_table_cannot_decide() -> None:
    with pytest.raises(ModelError, match="has not been measured"):
        threshold_for(replace(CARD, far=None), 0.01)


@pytest.mark.parametrize("name", [name for name, each in all_cards().items() if each.far])
def test_the_cards_tables_reach_the_usual_rates_and_say_where_they_come_from(name: str) -> None:
    table = card(name).far
    assert table is not None
    assert table.pairs * min(table.rates) > 50  # fewer pairs make no rate
    assert "Labeled Faces in the Wild" in table.read_from
    assert -1 < threshold_for(card(name), 0.01).threshold < threshold_for(card(name), DEFAULT_FAR).threshold < 1
