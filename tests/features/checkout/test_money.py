import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.features.checkout.money import DECIMALS, MOST_MINOR, amount_text, included_tax, parse_price


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1,500", "KRW", 1500),
        ("₩1,500", "KRW", 1500),
        ("1500원", "KRW", 1500),
        ("1.234.500", "KRW", 1_234_500),
        ("0.59", "EUR", 59),
        ("1,50 €", "EUR", 150),
        ("1,234.50", "USD", 123_450),
        ("1.234,50", "EUR", 123_450),
        ("1 234,50", "EUR", 123_450),
        ("3", "EUR", 300),
        ("1,500", "EUR", 150_000),
    ],
)
def test_prices_as_people_write_them(text: str, currency: str, minor: int) -> None:
    assert parse_price(text, currency) == minor


@pytest.mark.parametrize("text", ["", "-5", "1.5.00", "1,50,0", "12,34", "1e3", "free", "١٥٠٠", "nan", "1,5 00"])
def test_what_is_no_price_is_said(text: str) -> None:
    with pytest.raises(InputError, match="is no price in KRW"):
        parse_price(text, "KRW")


@given(st.integers(1, MOST_MINOR), st.sampled_from(sorted(DECIMALS)))
def test_what_is_written_reads_back_equal(minor: int, currency: str) -> None:
    assert parse_price(amount_text(minor, currency), currency) == minor


def test_nothing_is_given_away_and_no_digit_slips() -> None:
    for text in ("0", "0.00"):
        with pytest.raises(InputError, match="price of 0"):
            parse_price(text, "EUR")
    with pytest.raises(InputError, match="digit too many"):
        parse_price("99,999,999,999,999", "KRW")
    with pytest.raises(InputError, match="'XXX' is no currency"):
        parse_price("1", "XXX")


@given(st.integers(0, MOST_MINOR), st.integers(0, 10_000))
def test_tax_is_the_part_that_the_net_price_lacks(minor: int, points: int) -> None:
    tax = included_tax(minor, points)
    assert 0 <= tax <= minor
    assert abs((minor - tax) * points - 10_000 * tax) <= (10_000 + points) / 2 + 1
