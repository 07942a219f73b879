"""Opening the database: SQLite or PostgreSQL, the same to whoever uses it."""

import errno
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from closeup.core.errors import DependencyError, InputError, StorageError
from closeup.core.settings import default_gallery_path
from closeup.storage.faults import spoken
from closeup.storage.tables import state

_FORMS = "Give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME in CLOSEUP_DATABASE_URL."
_CONNECT_S = 10
_LOG = logging.getLogger("closeup.storage")


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Attributes:
        engine: SQLAlchemy's.
        place: What people know it by: its file, or its address without user and password.
        path: Its file; None for PostgreSQL.
        wait_s: How long to wait for others that hold it.
        read_only: Its file or folder may not be written.
        called: What is kept in it, a word for people.
    """

    engine: Engine
    place: str
    path: Path | None
    wait_s: float
    read_only: bool = False
    called: str = "gallery"

    @property
    def subject(self) -> str:
        """What sentences about it begin with."""
        return f"The {self.called} {self.place}"

    @property
    def is_postgresql(self) -> bool:
        """Whether it is PostgreSQL, and not SQLite."""
        return self.path is None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read by, from one state of the database throughout.

        Raises:
            StorageError: The database cannot be used.
        """
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if self.is_postgresql else {}
        with spoken(self.subject), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection to change things by: all of the block is stored, or none of it.

        Raises:
            StorageError: The database cannot be used or only be read, or others have held it for `wait_s`.
        """
        if self.read_only:
            raise StorageError(
                f"{self.subject} may not be written to.", "Check the permissions of the file and its folder."
            )
        with (
            spoken(self.subject),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            if self.is_postgresql:
                set_lock_timeout(connection, self.wait_s)
            yield connection

    @contextmanager
    def write(self, *, removing: bool = False) -> Iterator[Connection]:
        """A connection to change the gallery by; one writes at a time.

        Args:
            removing: Something personal will be gone after it, so that its bytes have to be scrubbed.

        Raises:
            StorageError: As `transaction`.
        """
        with self.transaction() as connection:
            values: dict[Any, Any] = {state.c.changes: state.c.changes + 1}
            if removing:
                values |= {state.c.removals: state.c.removals + 1, state.c.scrub_pending: True}
            connection.execute(update(state).values(values))
            yield connection


def set_lock_timeout(connection: Connection, wait_s: float) -> None:
    """Let PostgreSQL give up after `wait_s` where others hold what this transaction needs."""
    connection.execute(
        text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{max(1, round(wait_s * 1000))}ms"}
    )


def open_database(given: str | None, wait_s: float, called: str = "gallery") -> Database:
    """Open the database at a URL, or the default one; its tables are not looked at yet.

    An SQLite file that may not be written is opened to be read, which is logged as a warning.

    Raises:
        InputError: The URL cannot be read, or names a kind of database that closeup does not know.
        DependencyError: PostgreSQL is named, and a package for it is missing.
        StorageError: The SQLite file cannot be made or is no database.
    """
    url = URL.create("sqlite", database=str(default_gallery_path())) if given is None else parse_url(given)
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database)).expanduser().absolute()
        return replace(_open_sqlite(url.set(database=str(path)), path, wait_s), called=called)
    return replace(_open_postgresql(url, wait_s), called=called)


def parse_url(given: str) -> URL:
    """Read a database URL. What cannot be read is not repeated in the error: there may be a password in it.

    Raises:
        InputError: It is not the URL of an SQLite file or of a PostgreSQL database.
    """
    try:
        url = make_url(given.strip())
    except (ArgumentError, ValueError) as error:
        raise InputError("The address of the gallery's database cannot be read.", _FORMS) from error
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
            raise InputError("The address of the gallery's database names no plain file.", _FORMS)
        return url.set(drivername="sqlite")
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise InputError(f"The gallery cannot be kept in a database of the kind {url.drivername!r}.", _FORMS)


def _open_sqlite(url: URL, path: Path, wait_s: float) -> Database:
    writable = _made_writable(path)
    if writable:
        engine = create_engine(url, connect_args={"timeout": wait_s}, hide_parameters=True)

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _: object) -> None:
            # The driver's own transactions begin late and commit early; ours are begun by the listener below.
            connection.isolation_level = None
            _use_wal(connection, path, wait_s)
            for setting in ("foreign_keys=ON", "secure_delete=ON", "synchronous=FULL"):
                connection.execute(f"PRAGMA {setting}")

    else:
        _LOG.warning("The gallery %s may not be written to; it is only read.", path)
        engine = create_engine(
            url, creator=lambda: _connect_to_read(path, wait_s), poolclass=NullPool, hide_parameters=True
        )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later can fail in the middle; one that will write says so at once.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    _LOG.info("the gallery is %s", path)
    return Database(engine, str(path), path, wait_s, read_only=not writable)


def _made_writable(path: Path) -> bool:
    """Make the file and its folder where they are missing, for their owner's eyes only; say whether both can change."""
    try:
        str(path).encode("utf-8")  # SQLite knows no other names
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and _allows(path, os.R_OK):
            return False
        raise StorageError(
            f"The gallery {path} cannot be opened: {error.strerror or error}.",
            "Name another file in CLOSEUP_DATABASE_URL, as sqlite:///FILE.",
        ) from error
    except UnicodeEncodeError as error:
        raise InputError(f"The gallery's path {str(path)!a} is not UTF-8.", _FORMS) from error
    return _allows(path.parent, os.W_OK)  # the write-ahead log lies beside the file


def _allows(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _connect_to_read(path: Path, wait_s: float) -> sqlite3.Connection:
    """Connect to a file that may only be read, and leave nothing beside it.

    While others have it open, their write-ahead log is read too (https://sqlite.org/wal.html#readonly). Otherwise
    there is none, and the file is read as one that does not change; each transaction connects anew and looks again.
    """
    log, index = (Path(f"{path}{ending}") for ending in ("-wal", "-shm"))
    if log.exists() and index.exists():
        how = "mode=ro&readonly_shm=1"
    elif log.exists() and log.stat().st_size:
        raise StorageError(
            f"The gallery {path} was not closed properly, and may only be read.",
            "Open it once where it may be written to, and it is put in order.",
        )
    else:
        how = "immutable=1"
    return sqlite3.connect(
        f"{path.as_uri()}?{how}", uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
    )


def _use_wal(connection: sqlite3.Connection, path: Path, wait_s: float) -> None:
    """Switch to the write-ahead log. SQLite does not wait where two processes do so at once, so that we do."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
                return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
        else:
            if time.monotonic() > deadline:
                raise StorageError(
                    f"The gallery {path} lies where SQLite's write-ahead log does not work.",
                    "Name a file on a disk of this machine in CLOSEUP_DATABASE_URL, or a PostgreSQL server.",
                )
        time.sleep(0.01)


def _open_postgresql(url: URL, wait_s: float) -> Database:
    try:
        import pgvector.sqlalchemy
        import psycopg
    except ImportError as error:
        raise DependencyError(
            f"A gallery in PostgreSQL needs the package {error.name or 'psycopg'}, which is not installed.",
            "Install it.",
            code="package.absent",
            extra="postgres",
        ) from error
    del pgvector, psycopg
    arguments = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_S}
    engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, hide_parameters=True)
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return Database(engine, f"postgresql://{host}{port}/{url.database or ''}", None, wait_s)
