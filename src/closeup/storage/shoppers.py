"""Who may pay after being known by face: identities of a gallery, each with a PIN, kept as a slow hash."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import delete, insert, select, update

from closeup.core.errors import InputError
from closeup.documents.checkout import ShopperRecord
from closeup.storage.shop import ShopStore
from closeup.storage.shop_tables import shoppers

COST = {"n": 2**14, "r": 8, "p": 1}
"""Of scrypt (RFC 7914): about 50 ms and 16 MB a try. Four digits can be tried through by who has the file all the same;
what protects a PIN at the counter is that few may be tried."""

DIGITS = (4, 8)
"""A PIN has at least and at most so many."""

WRONG = 5
"""After so many wrong PINs in a row none is taken for `LOCKED`."""

LOCKED = timedelta(minutes=15)


def check_pin(pin: str) -> None:
    """Refuse what is no PIN, or the first that anybody tries.

    Raises:
        InputError: It has other characters or another length, repeats one digit, or counts up or down.
    """
    if not (pin.isascii() and pin.isdecimal() and DIGITS[0] <= len(pin) <= DIGITS[1]):
        raise InputError("A PIN has four to eight digits.", code="shopper.pin")
    if len({int(after) - int(before) for before, after in pairwise(pin)}) == 1:
        raise InputError("That PIN is the first that anybody tries.", "Choose digits that do not count.")


def add_shopper(shop: ShopStore, identity_id: str, name: str, pin: str) -> ShopperRecord:
    """Let somebody of the gallery pay by face and PIN, from now on; or give them another PIN. They have consented.

    Raises:
        InputError: The PIN cannot be.
    """
    check_pin(pin)
    now = datetime.now(UTC)
    row = {"name": name, "pin": _hashed(pin), "consented_at": now, "wrong": 0, "locked_until": None}
    with shop.database.transaction() as connection:
        connection.execute(delete(shoppers).where(shoppers.c.identity_id == identity_id))
        connection.execute(insert(shoppers).values(identity_id=identity_id, **row))
    return ShopperRecord(identity_id=identity_id, name=name, consented_at=now, locked=False)


def list_shoppers(shop: ShopStore) -> tuple[ShopperRecord, ...]:
    """Who may pay by face and PIN, by name."""
    with shop.database.read() as connection:
        rows = connection.execute(select(shoppers).order_by(shoppers.c.name)).all()
    now = datetime.now(UTC)
    return tuple(
        ShopperRecord(
            identity_id=row.identity_id,
            name=row.name,
            consented_at=row.consented_at,
            locked=row.locked_until is not None and row.locked_until > now,
        )
        for row in rows
    )


def try_pin(shop: ShopStore, identity_id: str, pin: str) -> str:
    """Whether a PIN is somebody's: "right", "wrong" or "locked".

    Tries are counted, and stored, before they are looked at, so that neither a second counter nor a cut of the power
    gives more of them.
    """
    now = datetime.now(UTC)
    with shop.database.transaction() as connection:
        row = connection.execute(select(shoppers).where(shoppers.c.identity_id == identity_id)).one_or_none()
        if row is None:
            return "wrong"
        if row.locked_until is not None and row.locked_until > now:
            return "locked"
        wrong = row.wrong + 1 if row.locked_until is None else 1
        until = now + LOCKED if wrong >= WRONG else None
        counted = {"wrong": wrong, "locked_until": until}
        connection.execute(update(shoppers).where(shoppers.c.identity_id == identity_id).values(counted))
    if not _is_hash_of(row.pin, pin):
        return "locked" if until is not None else "wrong"
    with shop.database.transaction() as connection:
        free = {"wrong": 0, "locked_until": None}
        connection.execute(update(shoppers).where(shoppers.c.identity_id == identity_id).values(free))
    return "right"


def remove_shopper(shop: ShopStore, identity_id: str) -> int:
    """Forget somebody's PIN and consent, and make what they bought a guest's; gives how many sales that are."""
    names = [each.name for each in list_shoppers(shop) if each.identity_id == identity_id]
    with shop.database.transaction() as connection:
        connection.execute(delete(shoppers).where(shoppers.c.identity_id == identity_id))
    return sum(shop.forget_buyer(name) for name in names)


def _hashed(pin: str, salt: bytes | None = None) -> str:
    used = secrets.token_bytes(16) if salt is None else salt
    return f"scrypt${used.hex()}${hashlib.scrypt(pin.encode(), salt=used, **COST).hex()}"


def _is_hash_of(kept: str, pin: str) -> bool:
    return hmac.compare_digest(kept, _hashed(pin, bytes.fromhex(kept.split("$")[1])))
