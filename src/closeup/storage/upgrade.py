"""Bringing a database up to this version of closeup: its tables made or changed by Alembic, once, by one process."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from closeup.core.errors import StorageError
from closeup.storage.database import Database, set_lock_timeout
from closeup.storage.faults import spoken
from closeup.storage.tables import VERSION_TABLE

_ADVISORY_LOCK = 7_254_963_118
"""Number of PostgreSQL's advisory lock that keeps two processes from upgrading at once; any that is ours will do."""


def bring_up_to_date(database: Database) -> None:
    """Make or change the tables, if that is needed. Processes that start at once wait for the first.

    All of it happens in one transaction: a process that is killed in the middle leaves the database as it was.

    Raises:
        StorageError: The database is of a newer closeup, cannot be used, or may only be read where its tables have to
            change; or PostgreSQL lacks the extension `vector`.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    with database.read() as connection:
        if _revision(connection, scripts, database.place) == newest:
            return
    if database.read_only:
        raise StorageError(
            f"The gallery {database.place} has no tables of this version of closeup, and may not be written to.",
            "Open it once where it may be written to.",
        )
    with (
        spoken(database.place),
        database.engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        if database.is_postgresql:
            set_lock_timeout(connection, database.wait_s)
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
        if _revision(connection, scripts, database.place) == newest:
            return  # another process was faster
        if database.is_postgresql:
            _prepare_postgresql(connection, database.place)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection, scripts: ScriptDirectory, place: str) -> str | None:
    """How far the database is; None where there are no tables yet."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    revision = context.get_current_revision()
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise StorageError(
            f"The gallery {place} was made by a newer closeup (its tables are of version {revision}).",
            "Update closeup.",
            code="file.newer",
        )
    return revision


def _prepare_postgresql(connection: Connection, place: str) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StorageError(
            f"The gallery {place} is encoded as {encoding}, in which not every name can be written.",
            "Create the database anew, in UTF-8.",
            code="gallery.encoding",
        )
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError as error:
        raise StorageError(
            f"The gallery {place} has no extension `vector` (pgvector), and it cannot be created.",
            "Install pgvector on the server, and have an administrator run in that database: CREATE EXTENSION vector;",
        ) from error
