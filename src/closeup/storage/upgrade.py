"""Bringing a database up to this version of closeup: its tables made or changed by Alembic, once, by one process."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError

from closeup.core.errors import StorageError
from closeup.storage.database import Database, set_lock_timeout
from closeup.storage.faults import spoken
from closeup.storage.tables import VERSION_TABLE, metadata

_MIGRATIONS = Path(__file__).parent / "migrations"

_ADVISORY_LOCK = 7_254_963_118
"""Number of PostgreSQL's advisory lock that keeps two processes from upgrading at once; any that is ours will do."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables that are brought up to date together.

    Attributes:
        folder: Of their migrations.
        vectors: Whether PostgreSQL needs its extension `vector` for them.
    """

    metadata: MetaData
    version_table: str
    folder: Path
    vectors: bool


GALLERY = Schema(metadata, VERSION_TABLE, _MIGRATIONS / "versions", vectors=True)


def bring_up_to_date(database: Database, schema: Schema = GALLERY) -> None:
    """Make or change the tables, if that is needed. Processes that start at once wait for the first.

    All of it happens in one transaction: a process that is killed in the middle leaves the database as it was.

    Raises:
        StorageError: The database is of a newer closeup, cannot be used, or may only be read where its tables have to
            change; or PostgreSQL lacks the extension `vector`.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(schema.folder).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    with database.read() as connection:
        if _revision(connection, scripts, database.subject, schema) == newest:
            return
    if database.read_only:
        raise StorageError(
            f"{database.subject} has no tables of this version of closeup, and may not be written to.",
            "Open it once where it may be written to.",
        )
    with (
        spoken(database.subject),
        database.engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        if database.is_postgresql:
            set_lock_timeout(connection, database.wait_s)
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
        if _revision(connection, scripts, database.subject, schema) == newest:
            return  # another process was faster
        if database.is_postgresql:
            _prepare_postgresql(connection, database.subject, vectors=schema.vectors)
        config.attributes |= {
            "connection": connection,
            "metadata": schema.metadata,
            "version_table": schema.version_table,
        }
        command.upgrade(config, "head")


def _revision(connection: Connection, scripts: ScriptDirectory, subject: str, schema: Schema) -> str | None:
    """How far the database is; None where there are no tables yet."""
    context = MigrationContext.configure(connection, opts={"version_table": schema.version_table})
    revision = context.get_current_revision()
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise StorageError(
            f"{subject} was made by a newer closeup (its tables are of version {revision}).",
            "Update closeup.",
            code="file.newer",
        )
    return revision


def _prepare_postgresql(connection: Connection, subject: str, *, vectors: bool) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StorageError(
            f"{subject} is encoded as {encoding}, in which not every name can be written.",
            "Create the database anew, in UTF-8.",
            code="gallery.encoding",
        )
    if not vectors:
        return
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError as error:
        raise StorageError(
            f"{subject} has no extension `vector` (pgvector), and it cannot be created.",
            "Install pgvector on the server, and have an administrator run in that database: CREATE EXTENSION vector;",
        ) from error
