"""What databases say when something is wrong, in our words; never with a password, a name or a vector in them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from closeup.core.errors import StorageError

_SQLITE = {
    "SQLITE_BUSY": ("is locked by another process", "Try again when that one is done."),
    "SQLITE_LOCKED": ("is locked by another process", "Try again when that one is done."),
    "SQLITE_CANTOPEN": ("cannot be opened", "Check that its folder is there and that you may write to it."),
    "SQLITE_READONLY": ("may not be written to", "Check the permissions of the file and of its folder."),
    "SQLITE_PERM": ("may not be opened", "Check the permissions of the file and of its folder."),
    "SQLITE_FULL": ("cannot grow: the disk is full", "Free some space. Nothing of this change was stored."),
    "SQLITE_NOTADB": ("is not an SQLite database", "Name another file in CLOSEUP_DATABASE_URL."),
    "SQLITE_CORRUPT": ("is damaged", "Put back a copy of it, or move it away to start an empty gallery."),
    "SQLITE_IOERR": ("cannot be read or written", "Check the disk that it is on."),
}
"""SQLite's primary result codes (https://sqlite.org/rescode.html) to what they mean and what to do."""

_POSTGRESQL = {
    "55P03": ("is locked by another process", "Try again when that one is done."),
    "57014": ("took too long to answer", "Try again when it is less busy."),
    "53100": ("cannot grow: the server's disk is full", "Free some space there. Nothing of this change was stored."),
    "42501": ("does not let this user do that", "Ask its administrator for the right to create and change tables."),
    "25006": ("may only be read", "Name the primary server in CLOSEUP_DATABASE_URL."),
    "3F000": ("has no schema that this user may use", "Ask its administrator: GRANT ALL ON SCHEMA public TO USER"),
    "3D000": ("does not exist", "Create it first: createdb NAME"),
    "28P01": ("refuses the user or the password", "Check CLOSEUP_DATABASE_URL."),
    "28000": ("refuses the user", "Check CLOSEUP_DATABASE_URL."),
    "53300": ("takes no more connections", "Try again when it is less busy."),
}
"""PostgreSQL's SQLSTATE codes (https://www.postgresql.org/docs/current/errcodes-appendix.html), likewise."""


@contextmanager
def spoken(subject: str) -> Iterator[None]:
    """Turn the database's errors inside the block into `StorageError`; their sentences begin with `subject`."""
    try:
        yield
    except DBAPIError as error:
        raise _storage_error(subject, error) from error
    except PoolTimeoutError as error:
        raise StorageError(f"{subject} is busy: all connections are in use.", "Try again later.") from error
    except sqlite3.Error as error:  # from a statement that went past SQLAlchemy
        raise _from_sqlite(subject, error) from error


def _storage_error(subject: str, error: DBAPIError) -> StorageError:
    if isinstance(error.orig, sqlite3.Error):
        return _from_sqlite(subject, error.orig)
    code = getattr(error.orig, "sqlstate", None)
    if code in _POSTGRESQL:
        what, hint = _POSTGRESQL[code]
        return StorageError(f"{subject} {what}.", hint)
    text = str(error.orig).lower()
    for phrase, known in (("authentication failed", "28P01"), ("does not exist", "3D000"), ("too many", "53300")):
        if code is None and phrase in text:  # refused before there is a connection, libpq keeps no code
            what, hint = _POSTGRESQL[known]
            return StorageError(f"{subject} {what}.", hint)
    if code is None or code.startswith("08") or error.connection_invalidated:
        return StorageError(
            f"{subject} cannot be reached.",
            "Check that the server runs, and its address in CLOSEUP_DATABASE_URL.",
        )
    return StorageError(f"{subject} answers with the error {code}.", "The server's log says more.")


def _from_sqlite(subject: str, error: sqlite3.Error) -> StorageError:
    name = getattr(error, "sqlite_errorname", "") or ""
    for known, (what, hint) in _SQLITE.items():
        if name == known or name.startswith(f"{known}_"):
            return StorageError(f"{subject} {what}.", hint)
    return StorageError(f"{subject} answers with the error {name or 'unknown'}: {error}.")
