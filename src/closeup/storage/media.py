"""The media of a server as rows; the files lie in its folder, or where their owner keeps them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, func, insert, select, update

from closeup.documents.server import MediaRecord
from closeup.storage.database import Database
from closeup.storage.server_tables import media


class MediaStore:
    """Media in a database. Threads may share it; every method raises `StorageError` where it cannot be used.

    Attributes:
        home: Folder in which each medium has a folder, called as its id, with the file or a link to it.
    """

    def __init__(self, database: Database, home: Path) -> None:
        self._database, self.home = database, home

    def announce(self, name: str, size: int, *, expires_at: datetime, added_by: str | None) -> MediaRecord:
        """Note that a file of `size` bytes will arrive."""
        row = {"name": name, "bytes": size, "ours": True, "expires_at": expires_at, "added_by": added_by}
        return self._added({"id": uuid4().hex, **row})

    def register(self, source: Path, name: str, kind: str, content_type: str, *, added_by: str | None) -> MediaRecord:
        """Note a file that lies where its owner keeps it, by a link to it."""
        number = uuid4().hex
        (self.home / number).mkdir(parents=True, mode=0o700)
        (self.home / number / name).symlink_to(source)
        row = {"id": number, "name": name, "ours": False, "added_by": added_by}
        return self._added({**row, "kind": kind, "content_type": content_type, "bytes": source.stat().st_size})

    def complete(self, media_id: str, kind: str, content_type: str, sha256: str) -> None:
        """Note that a file is there: from now on it is a medium like others."""
        values = {"kind": kind, "content_type": content_type, "sha256": sha256, "expires_at": None}
        with self._database.transaction() as connection:
            connection.execute(update(media).where(media.c.id == media_id, media.c.kind.is_(None)).values(values))

    def find(self, media_id: str) -> tuple[MediaRecord, Path] | None:
        """A medium by its id, whole or not, and where it lies."""
        with self._database.read() as connection:
            row = connection.execute(select(media).where(media.c.id == media_id)).one_or_none()
        return None if row is None else (self._record(row), self._place(row))

    def page(self, limit: int, before: str | None = None) -> tuple[MediaRecord, ...]:
        """The newest media, or those that came before the one with the id `before`."""
        wanted = select(media).order_by(media.c.number.desc()).limit(limit)
        if before is not None:
            last = select(media.c.number).where(media.c.id == before).scalar_subquery()
            wanted = wanted.where(media.c.number < last)
        with self._database.read() as connection:
            return tuple(map(self._record, connection.execute(wanted).all()))

    def expired(self) -> tuple[str, ...]:
        """Ids of uploads that were given up."""
        with self._database.read() as connection:
            wanted = select(media.c.id).where(media.c.kind.is_(None), media.c.expires_at < datetime.now(UTC))
            return tuple(connection.execute(wanted).scalars())

    def taken_bytes(self) -> int:
        """The bytes of all uploads, those that are yet to arrive too."""
        with self._database.read() as connection:
            wanted = select(func.coalesce(func.sum(media.c.bytes), 0)).where(media.c.ours)
            return int(connection.execute(wanted).scalar_one())

    def forget(self, media_id: str) -> None:
        """Delete a medium's row."""
        with self._database.transaction() as connection:
            connection.execute(delete(media).where(media.c.id == media_id))

    def _added(self, values: dict[str, Any]) -> MediaRecord:
        with self._database.transaction() as connection:
            made = insert(media).values(created_at=datetime.now(UTC), **values).returning(media)
            return self._record(connection.execute(made).one())

    def _place(self, row: Row[Any]) -> Path:
        return self.home / str(row.id) / str(row.name)

    def _record(self, row: Row[Any]) -> MediaRecord:
        plain, path = row._asdict(), self._place(row)
        names = ("id", "name", "kind", "content_type", "bytes", "ours", "sha256", "created_at", "expires_at")
        arrived = plain["bytes"] if plain["kind"] else path.stat().st_size if path.is_file() else 0
        return MediaRecord(**{name: plain[name] for name in names}, arrived=arrived)
