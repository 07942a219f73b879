"""Making the bytes of what was deleted go away too, not the rows alone."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import select, text, update

from closeup.core.errors import StorageError
from closeup.storage.database import Database
from closeup.storage.faults import spoken
from closeup.storage.hnsw import build_index, drop_indexes
from closeup.storage.tables import identities, models, pictures, state, templates

BRIEFLY_S = 0.5
"""How long to wait for others where scrubbing can as well be done another time."""


def is_pending(database: Database) -> bool:
    """Whether bytes of something deleted may still be there: its process was killed, or somebody held the files."""
    with database.read() as connection:
        return bool(connection.execute(select(state.c.scrub_pending)).scalar())


def scrub_if_possible(database: Database) -> None:
    """Finish what is pending, unless others hold the files just now: then it stays pending."""
    if is_pending(database):
        with suppress(StorageError):
            scrub(replace(database, wait_s=min(BRIEFLY_S, database.wait_s)))


_FILE = text("SELECT pg_relation_filenode('gallery_identities')")
"""Number of the file that a table is in."""


def scrub(database: Database) -> None:
    """Rewrite the database without what was deleted.

    SQLite: VACUUM writes all that is left into fresh pages, and a checkpoint empties the write-ahead log.
    PostgreSQL: VACUUM FULL writes the tables and their indexes into new files and removes the old ones. Its own
    write-ahead log, replicas and backups are beyond our reach.

    Raises:
        StorageError: Others hold the database; what was deleted is, but its bytes may be there still. It is tried
            again after the next deletion, by the next purge, and when the gallery is opened next.
    """
    try:
        with spoken(database.subject):
            seen = _mark(database)
            _scrub_postgresql(database) if database.is_postgresql else _scrub_sqlite(database)
            _clear(database, seen)
    except StorageError as error:
        raise StorageError(
            f"It is deleted, but its bytes may still be in the gallery's files: {error.message}",
            "Close what uses the gallery, then purge it.",
            code="gallery.scrub",
        ) from error


def _mark(database: Database) -> int:
    """How many removals there have been before we begin to scrub."""
    with database.read() as connection:
        return int(connection.execute(select(state.c.removals)).scalar_one())


def _clear(database: Database, seen: int) -> None:
    """Note that nothing is pending, unless something was removed meanwhile."""
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(update(state).where(state.c.removals == seen).values(scrub_pending=False))


def _scrub_sqlite(database: Database) -> None:
    raw = database.engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        driver.execute(f"PRAGMA busy_timeout = {round(database.wait_s * 1000)}")
        driver.execute("VACUUM")
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageError(f"{database.subject} is being read by another process.")
    finally:
        raw.invalidate()  # it may wait for another time than others do
        raw.close()


def _scrub_postgresql(database: Database) -> None:
    # Written anew with the tables, an HNSW index would keep everybody from reading for as long as it takes to build.
    # So that is done afterwards, when others can read; without it, the next search that needs it would do it.
    indexed = drop_indexes(database)
    names = ", ".join(table.name for table in (pictures, templates, identities, models))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"SET lock_timeout = {max(1, round(database.wait_s * 1000))}"))
        before = connection.execute(_FILE).scalar()
        connection.execute(text(f"VACUUM (FULL) {names}"))
        connection.execute(text("RESET lock_timeout"))
        if connection.execute(_FILE).scalar() == before:  # PostgreSQL only warns of it
            raise StorageError(
                f"The tables of the gallery {database.place} belong to another user, who alone may write them anew."
            )
    for number, dimensions in indexed.items():
        build_index(database, number, dimensions)
