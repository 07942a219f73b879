"""All templates of a model in memory: streamed from the database once, and kept up with what any process changes."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from closeup.core.errors import StorageError
from closeup.core.types import FloatArray
from closeup.storage.database import Database
from closeup.storage.records import TemplateMatrix
from closeup.storage.tables import models, state, templates

ROWS_AT_ONCE = 8192
"""Templates that are read at once: 4 MB of 128 dimensions."""

_SPARE = 8
"""One eighth more rows than needed are set aside, so that templates that arrive one by one need no copy of all."""

Part = tuple[NDArray[np.int64], list[str], FloatArray]
"""Template ids (M,), whose they are, and their vectors (M, D)."""


@dataclass(slots=True)
class _Held:
    """What is in memory of one model."""

    changes: int
    removals: int
    ids: NDArray[np.int64]
    owners: NDArray[np.object_]
    vectors: FloatArray
    count: int = 0
    names: dict[str, str] = field(default_factory=dict)  # one str object for each identity, not for each template

    def reserve(self, rows: int) -> None:
        """Make room for `rows` in all. What was handed out before stays as it is."""
        if rows <= len(self.ids):
            return
        room = rows + rows // _SPARE
        for name in ("ids", "owners", "vectors"):
            old = getattr(self, name)
            new = np.empty((room, *old.shape[1:]), dtype=old.dtype)
            new[: self.count] = old[: self.count]
            setattr(self, name, new)

    def append(self, part: Part) -> None:
        """Add templates at the end."""
        ids, owners, vectors = part
        end = self.count + len(ids)
        self.reserve(end)
        self.ids[self.count : end] = ids
        self.vectors[self.count : end] = vectors
        self.owners[self.count : end] = [self.names.setdefault(owner, owner) for owner in owners]
        self.count = end

    def matrix(self, model: str) -> TemplateMatrix:
        """What is held, as read-only views."""
        ids, owners, vectors = self.ids[: self.count], self.owners[: self.count], self.vectors[: self.count]
        for view in (ids, owners, vectors):
            view.flags.writeable = False
        return TemplateMatrix(model, ids, owners, vectors)


class MatrixCache:
    """Matrices of the models that were asked for; each is renewed when the database has changed since.

    New templates are appended. After a removal the ids are read again and the vectors that are left are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def matrix(self, model: str) -> TemplateMatrix:
        """The templates of a model as they are now, arrays (N,), (N,) and (N, D).

        Raises:
            StorageError: The database cannot be used.
        """
        with self._lock, self._database.read() as connection:
            changes, removals = connection.execute(select(state.c.changes, state.c.removals)).one()
            held = self._held.get(model)
            if held is None or held.changes != changes:
                held = self._renewed(connection, model, held, removals)
                held.changes, held.removals = changes, removals
                self._held[model] = held
            return held.matrix(model)

    def forget(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._held.clear()

    def _renewed(self, connection: Connection, model: str, held: _Held | None, removals: int) -> _Held:
        known = connection.execute(select(models.c.number, models.c.dimensions).where(models.c.name == model)).first()
        if known is None:
            return _empty(0)
        number, dimensions = known
        held = _empty(dimensions) if held is None or not held.count else held
        if held.count and held.removals != removals:
            held = _without_removed(connection, number, held)
        last = int(held.ids[held.count - 1]) if held.count else 0
        # At most as many as there are ids since: counting them would read the whole table once more, and memory that is
        # set aside and not used costs nothing.
        newest = connection.execute(select(func.max(templates.c.id))).scalar() or 0
        held.reserve(held.count + max(0, newest - last))
        for part in _stream(connection, number, last, dimensions):
            held.append(part)
        return held


def _empty(dimensions: int) -> _Held:
    return _Held(-1, -1, np.empty(0, np.int64), np.empty(0, object), np.empty((0, dimensions), np.float32))


def _without_removed(connection: Connection, number: int, held: _Held) -> _Held:
    """What is held, without the templates that are gone, and with those that have moved in their new place."""
    old = held.ids[: held.count]
    fresh = _empty(held.vectors.shape[1])
    query = select(templates.c.id, templates.c.identity_id).where(
        (templates.c.model == number) & (templates.c.id <= int(old[-1]))
    )
    rows = connection.execution_options(stream_results=True).execute(query.order_by(templates.c.id))
    for some in rows.partitions(ROWS_AT_ONCE):
        ids = np.array([row[0] for row in some], dtype=np.int64)
        fresh.append((ids, [row[1] for row in some], held.vectors[np.searchsorted(old, ids)]))
    return fresh


def _stream(connection: Connection, number: int, after: int, dimensions: int) -> Iterator[Part]:
    """The templates of a model with ids above `after`, in their order."""
    read = _stream_postgresql if connection.dialect.name == "postgresql" else _stream_sqlite
    return read(connection, number, after, dimensions)


def _stream_sqlite(connection: Connection, number: int, after: int, dimensions: int) -> Iterator[Part]:
    # Past SQLAlchemy, whose rows take as long again as SQLite itself.
    driver: Any = connection.connection.driver_connection
    rows = driver.execute(
        "SELECT id, identity_id, vector FROM gallery_templates WHERE model = ? AND id > ? ORDER BY id", (number, after)
    )
    while some := rows.fetchmany(ROWS_AT_ONCE):
        ids, owners, vectors = zip(*some, strict=True)
        values = np.frombuffer(b"".join(vectors), dtype="<f4")
        if values.size != len(ids) * dimensions:
            raise StorageError("A vector in the gallery is damaged: it does not have its model's length.")
        yield np.array(ids, dtype=np.int64), list(owners), values.reshape(len(ids), dimensions)


def _stream_postgresql(connection: Connection, number: int, after: int, dimensions: int) -> Iterator[Part]:
    """By COPY in its binary format, in which all rows of one model are equally long.

    The format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS; a vector is its number
    of dimensions and an unused number, 16 bits each, and its float32 values, all big-endian (pgvector's vector_send).
    """
    record = np.dtype(
        [
            ("fields", ">i2"),
            *(("id_bytes", ">i4"), ("id", ">i8")),
            *(("owner_bytes", ">i4"), ("owner", "S32")),
            *(("vector_bytes", ">i4"), ("dimensions", ">i2"), ("unused", ">i2"), ("vector", ">f4", (dimensions,))),
        ]
    )
    driver: Any = connection.connection.driver_connection
    # Numbers only, and COPY takes no parameters.
    query = (
        f"COPY (SELECT id, identity_id, vector FROM gallery_templates WHERE model = {number:d} AND id > {after:d} "
        "ORDER BY id) TO STDOUT (FORMAT BINARY)"
    )
    with driver.cursor() as cursor, cursor.copy(query) as copy:
        held, skip = bytearray(), 19  # the head: signature, flags, length of the extension
        for data in copy:
            held += data
            if len(held) >= skip + record.itemsize * ROWS_AT_ONCE:
                count = (len(held) - skip) // record.itemsize
                yield _parsed(bytes(held), record, skip, count)
                held, skip = held[skip + count * record.itemsize :], 0
        count = (len(held) - skip) // record.itemsize
        yield _parsed(bytes(held), record, skip, count)


def _parsed(data: bytes, record: np.dtype[np.void], skip: int, count: int) -> Part:
    rows = np.frombuffer(data, dtype=record, count=count, offset=skip)
    vector_bytes = record["vector"].itemsize + 4
    if not ((rows["fields"] == 3) & (rows["owner_bytes"] == 32) & (rows["vector_bytes"] == vector_bytes)).all():
        raise StorageError("A vector in the gallery is damaged: it does not have its model's length.")
    owners = [owner.decode("ascii") for owner in rows["owner"].tolist()]
    return rows["id"].astype(np.int64), owners, rows["vector"].astype(np.float32)
