"""Opening the database of a server."""

from pathlib import Path

from closeup.core.settings import read_settings
from closeup.storage.database import Database, open_database, parse_url
from closeup.storage.server_tables import VERSION_TABLE, metadata
from closeup.storage.upgrade import Schema, bring_up_to_date

SERVER = Schema(metadata, VERSION_TABLE, Path(__file__).parent / "migrations" / "server", vectors=False)

FILE = "server.db"


def open_server(data: Path, wait_s: float = 30.0) -> Database:
    """Open the database of a server, and make its tables or bring them up to date where that is needed.

    Where the gallery is in PostgreSQL, so are the rows of the server, and workers on other machines find them there;
    else they are in a file of its own.

    Args:
        data: The server's folder.
        wait_s: How long to wait for other processes that hold the database.

    Raises:
        InputError, DependencyError, StorageError: As the gallery's `open_gallery`.
    """
    given = read_settings().database_url
    if given is None or parse_url(given).get_backend_name() == "sqlite":
        given = f"sqlite:///{data.absolute() / FILE}"
    database = open_database(given, wait_s, "server's database")
    try:
        bring_up_to_date(database, SERVER)
    except BaseException:
        database.engine.dispose()
        raise
    return database
