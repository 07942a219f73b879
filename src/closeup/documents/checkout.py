"""What a counter answers and gives out: products and prices."""

from dataclasses import dataclass
from typing import Annotated

from closeup.core.fields import Text, Within
from closeup.documents.form import Form

Minor = Annotated[int, Within(0)]
"""An amount of money, in the smallest unit of its currency."""

Currency = Annotated[str, Text(r"[A-Z]{3}", "three capitals (ISO 4217)")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """A product of a shop.

    Attributes:
        id: 32 hexadecimal digits; empty before it is stored.
        price_minor: What one costs, tax included, in the smallest unit of the currency.
        tax_basis_points: Of the price's tax: 1000 is 10 %.
        barcode: EAN-13, EAN-8 or GTIN-14; None where there is none.
        views: How many pictures there are of it.
        retired: Whether it is not sold any more.
    """

    id: str = ""
    name: str
    price_minor: Minor
    currency: Currency
    tax_basis_points: Annotated[int, Within(0, 10_000)] = 0
    barcode: str | None = None
    views: int = 0
    retired: bool = False


PRODUCT = Form(ProductRecord, "closeup checkout: a product")
