"""Paying: a protocol for providers, one to try things with, and a settlement that a power cut cannot break.

A sale is noted before anything is charged, under an id that the provider sees too. Whoever charges it again by that id
gets the same answer and no second charge. After a power cut `settle` asks the provider about every sale that was left
in the middle: what was charged is noted as paid, and what was not is void and can never be charged any more. A sale
that a living process is paying for is left alone: several tills may share a shop.
"""

import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from closeup.core.errors import InputError, OutputError, StorageError
from closeup.core.file_lock import exclusive
from closeup.documents.checkout import BasketLine, SaleRecord
from closeup.features.checkout.money import included_tax
from closeup.features.checkout.read import basket_lines
from closeup.storage.shop import ShopStore

BUSY = "checkout.paying"

HELD = ".paying"
"""Ends the name of the file, beside the shop's, that a process locks while it pays for a sale."""

PATIENCE_S = 60.0
"""For so long a sale is waited for that another process settles."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a provider says of a sale.

    Attributes:
        paid: Whether the money was taken; else it never will be.
        reference: The provider's own number of the charge; or why it was refused.
    """

    paid: bool
    reference: str


class PaymentProvider(Protocol):
    """Takes money. Every method may be called again with the same id, and answers the same."""

    name: str
    """As receipts have it."""

    def charge(self, sale_id: str, amount_minor: int, currency: str) -> Charge:
        """Take the money of a sale, once for each id."""
        ...

    def settle(self, sale_id: str) -> Charge:
        """What became of a sale; one that was not charged yet is refused from now on."""
        ...


class SandboxProvider:
    """Takes no money, and keeps its book in a file as a real one would on its own machine.

    Amounts that end in 13 are refused, so that a refusal can be tried.
    """

    name = "sandbox"

    def __init__(self, book: Path) -> None:
        self._book = book

    def charge(self, sale_id: str, amount_minor: int, currency: str) -> Charge:
        """Take the money of a sale, once for each id.

        Raises:
            InputError: That id was charged another amount.
            StorageError: The book cannot be used.
        """
        paid = amount_minor % 100 != 13
        reference = uuid.uuid4().hex[:12] if paid else "The card was refused."
        amount, charge = self._noted((sale_id, amount_minor, currency, paid, reference))
        if amount not in (amount_minor, None):
            raise InputError(f"The sale {sale_id} was charged {amount} before, not {amount_minor}.")
        return charge

    def settle(self, sale_id: str) -> Charge:
        """What became of a sale; one that was not charged yet is refused from now on."""
        return self._noted((sale_id, None, None, False, "It was given up."))[1]

    def charged(self) -> dict[str, int]:
        """All that was taken: amounts by sale."""
        with self._opened() as connection:
            return dict(connection.execute("SELECT id, amount FROM charges WHERE paid").fetchall())

    def _noted(self, row: tuple[object, ...]) -> tuple[int | None, Charge]:
        """Put a row into the book unless there is one of its id; gives the amount and the charge that are there."""
        with self._opened() as connection:
            connection.execute("INSERT OR IGNORE INTO charges VALUES (?, ?, ?, ?, ?)", row)
            which = "SELECT amount, paid, reference FROM charges WHERE id = ?"
            amount, paid, reference = connection.execute(which, row[:1]).fetchone()
        return amount, Charge(bool(paid), reference)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._book, timeout=30, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS charges (id TEXT PRIMARY KEY, amount, currency, paid, reference)"
                )
                yield connection
        except sqlite3.Error as error:
            raise StorageError(f"The sandbox's book {self._book} cannot be used: {error}.") from error


def sandbox(shop: ShopStore) -> SandboxProvider:
    """The sandbox of a shop, whose book lies beside it."""
    return SandboxProvider(Path(f"{shop.place}.sandbox"))


def new_sale(shop: ShopStore, counts: Mapping[str, int], *, who: str, at: datetime) -> SaleRecord:
    """A sale of a basket, counts by product id, at today's prices; nothing is stored yet.

    Raises:
        InputError: The basket is empty, or a product is not sold any more.
    """
    products = {each.id: each for each in shop.products()}
    gone = [each for each in counts if each not in products]
    if gone:
        raise InputError(f"{shop.find(gone[0]).name} is not sold any more.", "Take it out of the basket.")
    lines = basket_lines(counts, products)
    if not lines:
        raise InputError("There is nothing to pay for.", "Lay something on the counter.")
    taxed = {products[each].name: products[each].tax_basis_points for each in counts}
    return SaleRecord(
        id=uuid.uuid4().hex,
        state="open",
        at=at,
        who=who,
        currency=next(iter(products.values())).currency,
        lines=lines,
        total_minor=sum(line.sum_minor for line in lines),
        tax_minor=_tax(lines, taxed),
    )


def _tax(lines: tuple[BasketLine, ...], taxed: Mapping[str, int]) -> int:
    """The tax in a basket: reckoned once for each rate, from the sum of its lines."""
    sums: dict[int, int] = {}
    for line in lines:
        rate = taxed[line.product]
        sums[rate] = sums.get(rate, 0) + line.sum_minor
    return sum(included_tax(amount, rate) for rate, amount in sums.items())


def pay(shop: ShopStore, sale: SaleRecord, provider: PaymentProvider) -> SaleRecord:
    """Charge a sale, and note what came of it; a sale that has ended already is given back as it is.

    Raises:
        StorageError: It cannot be noted; then `settle` finds out later.
    """
    with _held(shop, sale.id, PATIENCE_S):
        noted = shop.begin_sale(sale)
        if noted.state != "open":
            return noted
        charge = provider.charge(sale.id, sale.total_minor, sale.currency)
        return _end(shop, sale.id, charge, provider)


def settle(shop: ShopStore, provider: PaymentProvider) -> tuple[SaleRecord, ...]:
    """End every sale that was left in the middle: paid if its money was taken, else void for ever.

    Sales that somebody pays for just now stay as they are.
    """
    still_open = {sale.id for sale in shop.sales(state="open")}
    ended = []
    for sale_id in sorted(still_open | _once_held(shop)):
        try:
            with _held(shop, sale_id):
                if sale_id in still_open:
                    ended.append(_end(shop, sale_id, provider.settle(sale_id), provider))
        except StorageError as error:
            if error.code != BUSY:
                raise
    return tuple(ended)


@contextmanager
def _held(shop: ShopStore, sale_id: str, patience_s: float = 0.0) -> Iterator[None]:
    """Be the one process that pays or settles a sale; the system gives the sale free when the process ends.

    Raises:
        StorageError: Another process has it, `BUSY`; or no file can be made beside the shop.
    """
    busy = StorageError(f"The sale {sale_id} is being paid at another counter.", code=BUSY)
    try:
        with exclusive(Path(f"{shop.place}.{sale_id}{HELD}"), busy, patience_s):
            yield
    except OutputError as error:
        raise StorageError(error.message, error.hint) from error


def _once_held(shop: ShopStore) -> set[str]:
    """Sales of which a process that died, or one that is at work, has left its mark."""
    place = Path(shop.place)
    names = (path.name for path in place.parent.iterdir() if path.suffix == HELD)
    return {name[len(place.name) + 1 : -len(HELD)] for name in names if name.startswith(f"{place.name}.")}


def _end(shop: ShopStore, sale_id: str, charge: Charge, provider: PaymentProvider) -> SaleRecord:
    return shop.end_sale(sale_id, "paid" if charge.paid else "void", f"{provider.name} {charge.reference}")
