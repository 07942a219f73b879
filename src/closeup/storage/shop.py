"""A shop's database: products with their prices, pictures of them, and sales."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, or_, select, update

from closeup.core.errors import InputError
from closeup.core.settings import default_gallery_path
from closeup.core.types import FloatArray
from closeup.documents.checkout import SALE, AskedThing, ProductRecord, SaleRecord
from closeup.storage.database import Database, open_database
from closeup.storage.names import clean_name, name_key
from closeup.storage.shop_tables import VERSION_TABLE, asked, frames, metadata, products, sales, state, vectors, views
from closeup.storage.upgrade import Schema, bring_up_to_date

SHOP = Schema(metadata, VERSION_TABLE, Path(__file__).parent / "migrations" / "shop", vectors=False)

FILE = "shop.db"

ASKED_KEPT = timedelta(days=1)
"""How long things that were in doubt or unknown are kept for the operator."""

Picture = tuple[bytes, str]
"""A small picture of a product, JPEG, and the SHA-256 of what it was made of."""


def shop_place(path: Path | None = None) -> Path:
    """The file of a shop; None for shop.db in the platform's data folder, beside the gallery."""
    return (default_gallery_path().with_name(FILE) if path is None else path).expanduser().absolute()


def open_shop(path: Path | None = None, *, wait_s: float = 30.0) -> "ShopStore":
    """Open the shop in an SQLite file, and make it or bring its tables up to date where that is needed.

    Args:
        path: As `shop_place` takes it.
        wait_s: How long to wait for other processes that hold it.

    Raises:
        StorageError: It is locked, damaged, not ours, or of a newer closeup.
    """
    database = open_database(f"sqlite:///{shop_place(path)}", wait_s, "shop")
    try:
        bring_up_to_date(database, SHOP)
    except BaseException:
        database.engine.dispose()
        raise
    return ShopStore(database)


class ShopStore:
    """An open shop. Threads may share it. Every change is stored whole or not at all.

    Every method raises `StorageError` where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.database.engine.dispose()

    @property
    def place(self) -> str:
        """Its file."""
        return self.database.place

    def currency(self) -> str | None:
        """Of all prices (ISO 4217); None as long as there is no product."""
        with self.database.read() as connection:
            return connection.execute(select(state.c.currency)).scalar()

    def add(self, new: Sequence[tuple[ProductRecord, Sequence[Picture]]]) -> tuple[ProductRecord, ...]:
        """Add products, all of them or none; ids, and how many views there are, are the store's to say.

        Raises:
            InputError: A name or barcode is taken, or a price is in another currency than the shop's.
        """
        with self.database.transaction() as connection:
            return tuple(self._add(connection, product, pictures) for product, pictures in new)

    def _add(self, connection: Connection, product: ProductRecord, pictures: Sequence[Picture]) -> ProductRecord:
        currency = connection.execute(select(state.c.currency)).scalar()
        if currency is None:
            connection.execute(insert(state).values(id=1, currency=product.currency))
        elif currency != product.currency:
            raise InputError(
                f"{product.name} is priced in {product.currency}, and this shop's prices are in {currency}.",
                "Give the price in that, or keep another shop in a file of its own.",
            )
        name = clean_name(product.name)
        _check_free(connection, name, product.barcode)
        number, now = uuid.uuid4().hex, datetime.now(UTC)
        connection.execute(
            insert(products).values(
                id=number,
                name=name,
                name_key=name_key(name),
                price_minor=product.price_minor,
                tax_basis_points=product.tax_basis_points,
                barcode=product.barcode,
                created_at=now,
                weight_g=product.weight_g,
                size_mm=_edges(product.size_mm),
            )
        )
        _add_views(connection, number, pictures, "photo")
        return _one(connection, number)

    def add_views(self, product_id: str, pictures: Sequence[Picture], origin: str = "photo") -> ProductRecord:
        """Add pictures of a product; one that it has already adds nothing."""
        with self.database.transaction() as connection:
            _add_views(connection, product_id, pictures, origin)
            return _one(connection, product_id)

    def forget_choice(self) -> ProductRecord:
        """Forget the newest view that a choice has taught; gives the product that it was of.

        Raises:
            InputError: No choice has taught any.
        """
        newest = select(views).where(views.c.origin == "choice").order_by(views.c.id.desc()).limit(1)
        with self.database.transaction() as connection:
            row = connection.execute(newest).one_or_none()
            if row is None:
                raise InputError("No choice has taught the counter anything that could be forgotten.")
            connection.execute(views.delete().where(views.c.id == row.id))
            return _one(connection, row.product_id)

    def begin_sale(self, sale: SaleRecord) -> SaleRecord:
        """Note a sale before it is charged; one that is noted already is given back as it is now."""
        with self.database.transaction() as connection:
            there = connection.execute(select(sales).where(sales.c.id == sale.id)).one_or_none()
            if there is not None:
                return _sale(there)
            document = SALE.encode(sale).decode()
            connection.execute(insert(sales).values(id=sale.id, state="open", document=document, payment=""))
            return sale

    def forget_buyer(self, name: str) -> int:
        """Make past sales to somebody a guest's; gives how many."""
        found = [each for each in self.sales() if each.who == name]
        with self.database.transaction() as connection:
            for sale in found:
                document = SALE.encode(replace(sale, who="guest")).decode()
                connection.execute(update(sales).where(sales.c.id == sale.id).values(document=document))
        return len(found)

    def end_sale(self, sale_id: str, ended: str, payment: str) -> SaleRecord:
        """Note what became of an open sale, "paid" or "void"; one that has ended stays as it is."""
        with self.database.transaction() as connection:
            still_open = and_(sales.c.id == sale_id, sales.c.state == "open")
            connection.execute(update(sales).where(still_open).values(state=ended, payment=payment))
            return _sale(connection.execute(select(sales).where(sales.c.id == sale_id)).one())

    def sales(self, *, state: str | None = None) -> tuple[SaleRecord, ...]:
        """All sales, or those of a state, in the order in which they were noted."""
        query = select(sales).order_by(sales.c.number)
        with self.database.read() as connection:
            rows = connection.execute(query if state is None else query.where(sales.c.state == state)).all()
        return tuple(map(_sale, rows))

    def keep_frame(self, sale_id: str, jpeg: bytes, until: datetime) -> None:
        """Keep what the camera saw of a sale until then; those whose time is over go."""
        with self.database.transaction() as connection:
            connection.execute(delete(frames).where(frames.c.kept_until < datetime.now(UTC)))
            connection.execute(insert(frames).values(sale_id=sale_id, jpeg=jpeg, kept_until=until))

    def frame(self, sale_id: str) -> bytes | None:
        """The JPEG that is kept of a sale; None where there is none, or its time is over."""
        wanted = select(frames.c.jpeg).where(frames.c.sale_id == sale_id, frames.c.kept_until >= datetime.now(UTC))
        with self.database.read() as connection:
            return connection.execute(wanted).scalar()

    def note_asked(self, things: Sequence[tuple[bytes, Sequence[str]]]) -> tuple[int, ...]:
        """Note things that were in doubt or unknown, JPEG and the names that were offered; those of other days go."""
        now = datetime.now(UTC)
        with self.database.transaction() as connection:
            connection.execute(delete(asked).where(asked.c.at < now - ASKED_KEPT))
            rows = [{"at": now, "jpeg": jpeg, "choices": "\n".join(names)} for jpeg, names in things]
            made = [connection.execute(insert(asked).values(row)).inserted_primary_key for row in rows]
        return tuple(int(each[0]) for each in made if each is not None)

    def answer_asked(self, number: int, product_id: str) -> bytes | None:
        """Note what a thing is; gives its picture, or None where it is there no more or has an answer."""
        which = and_(asked.c.id == number, asked.c.product_id.is_(None))
        with self.database.transaction() as connection:
            jpeg = connection.execute(select(asked.c.jpeg).where(which)).scalar()
            connection.execute(update(asked).where(which).values(product_id=product_id))
        return jpeg

    def answer_nothing(self, numbers: Sequence[int]) -> None:
        """Note that a shopper said nothing more lies where those things were seen."""
        with self.database.transaction() as connection:
            connection.execute(update(asked).where(asked.c.id.in_(numbers)).values(was_nothing=True))

    def asked_today(self) -> tuple[AskedThing, ...]:
        """Things of the last day that were in doubt or unknown, the newest first."""
        query = select(asked, products.c.name).outerjoin(products).where(asked.c.at >= datetime.now(UTC) - ASKED_KEPT)
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(asked.c.id.desc())).all()
        return tuple(
            AskedThing(
                number=row.id,
                at=row.at,
                choices=tuple(row.choices.split("\n") if row.choices else ()),
                answer=row.name,
                nothing=bool(row.was_nothing),
            )
            for row in rows
        )

    def asked_picture(self, number: int) -> bytes | None:
        """The JPEG of a thing that was in doubt or unknown."""
        with self.database.read() as connection:
            return connection.execute(select(asked.c.jpeg).where(asked.c.id == number)).scalar()

    def products(self, *, retired: bool = False) -> tuple[ProductRecord, ...]:
        """What is sold, by name; with what is not sold any more, if that is wanted too."""
        query = _described().order_by(products.c.name_key)
        with self.database.read() as connection:
            rows = connection.execute(query if retired else query.where(products.c.retired_at.is_(None)))
            return tuple(map(_record, rows.all()))

    def find(self, wanted: str) -> ProductRecord:
        """A product by name, in which upper and lower case do not matter, by barcode or by id; retired ones too.

        Raises:
            InputError: There is none; the hint names those with a name like it.
        """
        key = name_key(wanted)
        which = or_(products.c.name_key == key, products.c.id == wanted, products.c.barcode == wanted)
        with self.database.read() as connection:
            rows = connection.execute(_described().where(which)).all()
            names = connection.execute(select(products.c.name)).scalars().all()
        if not rows:
            near = get_close_matches(wanted, names, n=3)
            raise InputError(
                f"There is no product {wanted!r}.",
                f"Did you mean {', '.join(near)}?" if near else "",
                code="" if near else "checkout.product",
            )
        return _record(rows[0])

    def change(self, product_id: str, **values: Any) -> ProductRecord:
        """Set columns of a product: `price_minor`, `retired_at`, `weight_g`, `size_mm` (three edges)."""
        if "size_mm" in values:
            values["size_mm"] = _edges(values["size_mm"])
        with self.database.transaction() as connection:
            connection.execute(update(products).where(products.c.id == product_id).values(values))
            return _one(connection, product_id)

    def unseen(self, model: str) -> tuple[tuple[int, bytes], ...]:
        """The views, id and JPEG, that a model has made no vector of."""
        made = select(vectors.c.view_id).where(vectors.c.model == model)
        with self.database.read() as connection:
            rows = connection.execute(select(views.c.id, views.c.jpeg).where(views.c.id.not_in(made)))
            return tuple((row.id, row.jpeg) for row in rows)

    def keep_vectors(self, model: str, made: Mapping[int, FloatArray]) -> None:
        """Store what a model has made of views: vectors (D,) by the views' ids; of those that are gone nothing."""
        with self.database.transaction() as connection:
            there = set(connection.execute(select(views.c.id).where(views.c.id.in_(list(made)))).scalars())
            kept = set(connection.execute(select(vectors.c.view_id).where(vectors.c.model == model)).scalars())
            rows = [{"view_id": each, "model": model, "vector": made[each]} for each in there - kept]
            if rows:
                connection.execute(insert(vectors), rows)

    def exemplars(self, model: str) -> tuple[NDArray[np.object_], FloatArray]:
        """Of all views of what is sold: whose each is, ids (N,), and the vectors (N, D) of a model."""
        joined = vectors.join(views).join(products)
        which = and_(vectors.c.model == model, products.c.retired_at.is_(None))
        query = select(views.c.product_id, vectors.c.vector).select_from(joined).where(which).order_by(views.c.id)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        owners = np.array([row.product_id for row in rows], dtype=object)
        return owners, np.stack([row.vector for row in rows]) if rows else np.zeros((0, 0), np.float32)


def _check_free(connection: Connection, name: str, barcode: str | None) -> None:
    taken = connection.execute(select(products.c.name).where(products.c.name_key == name_key(name))).scalar()
    if taken is not None:
        raise InputError(f"There is a product called {taken!r} already.", code="checkout.taken", name=taken)
    if barcode is None:
        return
    other = connection.execute(select(products.c.name).where(products.c.barcode == barcode)).scalar()
    if other is not None:
        raise InputError(
            f"{name} has the barcode {barcode}, which {other!r} has already.", "A barcode is one product's."
        )


def _add_views(connection: Connection, product_id: str, pictures: Collection[Picture], origin: str) -> None:
    there = set(connection.execute(select(views.c.source).where(views.c.product_id == product_id)).scalars())
    now = datetime.now(UTC)
    fresh = {source: jpeg for jpeg, source in pictures if source not in there}
    for source, jpeg in fresh.items():
        row = {"product_id": product_id, "jpeg": jpeg, "source": source, "origin": origin, "created_at": now}
        connection.execute(insert(views).values(row))


def _edges(size_mm: Sequence[int] | None) -> str | None:
    return None if size_mm is None else "x".join(map(str, size_mm))


def _size(edges: str | None) -> tuple[int, int, int] | None:
    if edges is None:
        return None
    first, second, third = map(int, edges.split("x"))
    return first, second, third


def _sale(row: Row[Any]) -> SaleRecord:
    return replace(SALE.decode(row.document.encode()), state=row.state, payment=row.payment)


def _described() -> Select[Any]:
    """Rows of products with their currency and how many views there are."""
    many = select(func.count()).where(views.c.product_id == products.c.id).scalar_subquery()
    return select(products, many.label("views"), select(state.c.currency).scalar_subquery().label("currency"))


def _one(connection: Connection, product_id: str) -> ProductRecord:
    return _record(connection.execute(_described().where(products.c.id == product_id)).one())


def _record(row: Row[Any]) -> ProductRecord:
    return ProductRecord(
        id=row.id,
        name=row.name,
        price_minor=row.price_minor,
        currency=row.currency,
        tax_basis_points=row.tax_basis_points,
        barcode=row.barcode,
        weight_g=row.weight_g,
        size_mm=_size(row.size_mm),
        views=row.views,
        retired=row.retired_at is not None,
    )
