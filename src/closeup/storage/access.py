"""Keys, by their hashes only, and the log of who did what.

A secret is 32 random bytes, so that its SHA-256 cannot be turned back by trying: slow hashes are for passwords, which
people choose. Looking one up compares hashes, whose order says nothing of the secret.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, insert, or_, select, update

from closeup.documents.server import AuditEntry, KeyRecord
from closeup.storage.database import Database
from closeup.storage.server_tables import audit, keys

PREFIX = "clo_"

SESSION = timedelta(days=30)
LINK = timedelta(minutes=15)
_NOTED = timedelta(minutes=1)
"""The last use is noted to the minute: reading does not write each time."""


class AccessStore:
    """The keys of a server. Threads may share it; every method raises `StorageError` where it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self,
        name: str,
        kind: str,
        scopes: Collection[str],
        *,
        lasts: timedelta | None = None,
        parent: str | None = None,
    ) -> tuple[KeyRecord, str]:
        """Make a key; gives what is kept of it, and the secret, which is not.

        Args:
            kind: "token", "link" or "session".
            lasts: None for as long as it is not revoked.
            parent: Of a session the token that it came from.
        """
        secret = PREFIX + secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "id": uuid4().hex,
            "name": name,
            "kind": kind,
            "hash": _hash(secret),
            "scopes": " ".join(scopes),
            "parent": parent,
            "created_at": now,
            "expires_at": None if lasts is None else now + lasts,
        }
        with self._database.transaction() as connection:
            connection.execute(delete(keys).where(keys.c.expires_at < now))
            row = connection.execute(insert(keys).values(values).returning(keys)).one()
        return _record(row), secret

    def find(self, secret: str, kinds: Collection[str] = ("token", "session")) -> KeyRecord | None:
        """The key of a secret, unless it is revoked or over."""
        key = self.find_all([secret])[0]
        return key if key is not None and key.kind in kinds else None

    def find_all(self, secrets: Sequence[str]) -> list[KeyRecord | None]:
        """The keys of secrets, of any kind; None for one that is of no key, or of one that is revoked or over."""
        now = datetime.now(UTC)
        hashes = [_hash(secret) for secret in secrets]
        with self._database.read() as connection:
            rows = connection.execute(select(keys).where(keys.c.hash.in_(set(hashes)))).all()
        counting = {row.hash: row for row in rows if row.expires_at is None or row.expires_at > now}
        used = [row.id for row in counting.values() if row.used_at is None or now - row.used_at > _NOTED]
        if used:
            with self._database.transaction() as connection:
                connection.execute(update(keys).where(keys.c.id.in_(used)).values(used_at=now))
        found = {each: _record(row) for each, row in counting.items()}
        return [found.get(each) for each in hashes]

    def enter(self, secret: str) -> tuple[KeyRecord, str] | None:
        """Open a session by a token, or by a link, which then is used up; None where the secret is neither."""
        key = self.find(secret, ("token", "link"))
        if key is None:
            return None
        if key.kind == "link":
            with self._database.transaction() as connection:
                if not connection.execute(delete(keys).where(keys.c.id == key.id)).rowcount:
                    return None  # somebody was faster
        lasts = SESSION if key.expires_at is None or key.kind == "link" else key.expires_at - datetime.now(UTC)
        parent = key.id if key.kind == "token" else None
        return self.make(key.name, "session", key.scopes, lasts=min(lasts, SESSION), parent=parent)

    def all(self) -> tuple[KeyRecord, ...]:
        """All keys that count, oldest first."""
        wanted = select(keys).where(or_(keys.c.expires_at.is_(None), keys.c.expires_at > datetime.now(UTC)))
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(wanted.order_by(keys.c.created_at)).all()))

    def revoke(self, key_id: str) -> bool:
        """End a key, and the sessions that came from it, at once; gives whether there was one."""
        with self._database.transaction() as connection:
            gone = delete(keys).where(or_(keys.c.id == key_id, keys.c.parent == key_id))
            return bool(connection.execute(gone).rowcount)

    def note(self, entries: Sequence[tuple[str, str, str]]) -> list[None]:
        """Write down who did what with what or whom, by its id: all of the entries, or none; gives None for each."""
        now = datetime.now(UTC)
        values = [{"at": now, "who": who, "action": action, "subject": subject} for who, action, subject in entries]
        with self._database.transaction() as connection:
            connection.execute(insert(audit), values)
        return [None] * len(values)

    def log(self, limit: int, before: int | None = None) -> tuple[AuditEntry, ...]:
        """The newest entries, or those with numbers below `before`."""
        wanted = select(audit).order_by(audit.c.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(audit.c.number < before)
        with self._database.read() as connection:
            return tuple(AuditEntry(**row._asdict()) for row in connection.execute(wanted).all())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _record(row: Row[Any]) -> KeyRecord:
    plain = row._asdict()
    names = ("id", "name", "kind", "created_at", "used_at", "expires_at")
    return KeyRecord(**{name: plain[name] for name in names}, scopes=tuple(plain["scopes"].split()))
