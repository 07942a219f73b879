"""Amounts of money: whole numbers of a currency's smallest unit, read as people write them, and written for people."""

import re

from closeup.core.errors import InputError

MOST_MINOR = 10**12
"""An amount above this is a slip of the hand."""

DECIMALS = {
    **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "IDR", "ILS", "INR"), 2),
    **dict.fromkeys(("MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "RUB", "SEK", "SGD", "THB", "TRY", "TWD"), 2),
    **dict.fromkeys(("UAH", "USD", "ZAR", "HUF"), 2),
    **dict.fromkeys(("JPY", "KRW", "VND", "CLP", "ISK"), 0),
}
"""Currencies, and after how many decimals their smallest unit comes (ISO 4217)."""

_AMOUNT = re.compile(r"[0-9]+|[0-9]{1,3}([ ,.'\u00a0\u202f])[0-9]{3}(\1[0-9]{3})*")


def decimals_of(currency: str) -> int:
    """After how many decimals the smallest unit of a currency comes.

    Raises:
        InputError: It is not one of `DECIMALS`.
    """
    if currency not in DECIMALS:
        raise InputError(
            f"{currency!r} is no currency that is known here.", f"Known are: {', '.join(sorted(DECIMALS))}."
        )
    return DECIMALS[currency]


def parse_price(text: str, currency: str) -> int:
    """A price in the currency's smallest unit: "1,500" in KRW is 1500, "1.50", "1,50" and "1,234.50" in EUR are cents.

    Raises:
        InputError: It is no amount, has more decimals than the currency, is 0 or absurdly high.
    """
    decimals, given = decimals_of(currency), text.strip()
    for mark in (currency, "₩", "원", "€", "$", "£", "¥"):
        given = given.removeprefix(mark).removesuffix(mark).strip()
    whole, part = given, ""
    cut = re.fullmatch(r"(.+)([.,])([0-9]+)", given)
    if decimals and cut and len(cut[3]) == decimals and cut[2] not in cut[1]:
        whole, part = cut[1], cut[3]
    if not _AMOUNT.fullmatch(whole):
        form = "1,500" if decimals == 0 else "1.50 or 1,234.50"
        unit = f"with {decimals} decimals or none" if decimals else "without decimals"
        raise InputError(f"{text!r} is no price in {currency}.", f"Prices are written {unit}: {form}.")
    amount = int(f"{int(re.sub(r'[^0-9]', '', whole))}{part.ljust(decimals, '0')}")
    if not amount:
        raise InputError("A price of 0 would give things away.", "Give a price above 0, or retire the product.")
    if amount > MOST_MINOR:
        raise InputError(
            f"{text} {currency} is more than anything on a counter costs.", "See whether it has a digit too many."
        )
    return amount


def amount_text(minor: int, currency: str) -> str:
    """An amount for people: "1,500 KRW", "12.34 EUR"."""
    decimals = DECIMALS.get(currency, 0)
    sign, digits = "-" * (minor < 0), abs(minor)
    whole = f"{digits // 10**decimals:,}"
    return f"{sign}{whole}{f'.{digits % 10**decimals:0{decimals}d}' if decimals else ''} {currency}"


def included_tax(minor: int, basis_points: int) -> int:
    """The tax in a price that includes it, in the smallest unit, halves up."""
    return (2 * minor * basis_points + 10_000 + basis_points) // (2 * (10_000 + basis_points))
