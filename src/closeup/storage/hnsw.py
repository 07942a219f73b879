"""Approximate search by pgvector's HNSW index, for galleries that outgrow the memory of the machine that asks.

HNSW: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical Navigable Small
World graphs" (2018). The column of vectors has no fixed length, so that each model has a partial index of its own, the
way pgvector's documentation gives for vectors of different lengths.
"""

import numpy as np
from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError

from closeup.core.errors import InputError, StorageError
from closeup.core.types import FloatArray
from closeup.storage.columns import Vector
from closeup.storage.database import Database
from closeup.storage.records import Neighbours
from closeup.storage.tables import models, templates

MAX_DIMENSIONS = 2000
"""Of the vectors that pgvector's HNSW index takes."""

MAX_NEIGHBOURS = 1000
"""What `hnsw.ef_search` may be at most."""

CANDIDATES = 400
"""How many candidates the index keeps while it searches (`ef_search`): of a million templates it finds 0.97 of the ten
nearest with 400, 0.89 with 200 (benchmarks/search.py)."""

_NO_ROOM = "53100"
"""SQLSTATE of a full disk, and of full shared memory."""

_VERSION = (0, 8)
"""The first pgvector that goes on searching where an index has given fewer rows than were asked for."""


def nearest_by_index(database: Database, model: str, queries: FloatArray, k: int) -> Neighbours:
    """For each query the templates that pgvector's index finds.

    Where there is no index yet it is built first, once; meanwhile the gallery can be read but not changed.

    Args:
        database: PostgreSQL.
        model: Name of the embedder's card.
        queries: Shape (Q, D), float32, each row of length 1.
        k: From 1 to `MAX_NEIGHBOURS`.

    Returns:
        Arrays (Q, K), K the smaller of `k` and the number of templates.

    Raises:
        InputError: The database is SQLite; `k` or D is larger than pgvector's limits, or D is not the model's.
        StorageError: pgvector is older than 0.8, or the database cannot be used.
    """
    if not database.is_postgresql:
        raise InputError(
            "SQLite has no HNSW index.", "Search exactly, or keep the gallery in PostgreSQL (CLOSEUP_DATABASE_URL)."
        )
    if k > MAX_NEIGHBOURS:
        raise InputError(f"An HNSW index finds up to {MAX_NEIGHBOURS} neighbours, not {k}.", "Search exactly.")
    with database.read() as connection:
        _check_version(connection, database.place)
        number = _model_number(connection, model, queries.shape[1])
        has_index = (
            number is not None
            and connection.execute(text("SELECT to_regclass(:name)"), {"name": _index_name(number)}).scalar()
        )
    if number is None:
        return Neighbours(*(np.empty((len(queries), 0), kind) for kind in (np.int64, object, np.float32)))
    if not has_index:
        build_index(database, number, queries.shape[1])
    with database.read() as connection:
        return _search(connection, number, queries, k)


def build_index(database: Database, number: int, dimensions: int) -> None:
    """Build the index of a model unless it is there; a million vectors take minutes.

    Raises:
        StorageError: The database cannot be used.
    """
    with database.write() as connection:
        counted = select(func.count()).where(templates.c.model == number)
        # A graph that does not fit into this memory takes many times as long to build.
        kilobytes = connection.execute(counted).scalar_one() * (4 * dimensions + 800) // 1000
        connection.execute(text(f"SET LOCAL maintenance_work_mem = {min(max(kilobytes, 65_536), 8_000_000)}"))
        try:
            with connection.begin_nested():
                _create_index(connection, number, dimensions)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _NO_ROOM:
                raise
            # Several workers share the graph in /dev/shm, of which containers have little; one alone needs none.
            connection.execute(text("SET LOCAL max_parallel_maintenance_workers = 0"))
            _create_index(connection, number, dimensions)


def _create_index(connection: Connection, number: int, dimensions: int) -> None:
    connection.execute(
        text(
            f"CREATE INDEX IF NOT EXISTS {_index_name(number)} ON gallery_templates "
            f"USING hnsw ((vector::vector({dimensions})) vector_ip_ops) WHERE model = {number}"
        )
    )
    # PostgreSQL would copy vectors into its statistics of the index, where deleting does not reach them.
    connection.execute(text(f"ALTER INDEX {_index_name(number)} ALTER COLUMN 1 SET STATISTICS 0"))


def drop_indexes(database: Database) -> dict[int, int]:
    """Remove all indexes; gives the models that had one and are still there, by number, with their dimensions.

    Raises:
        StorageError: The database cannot be used.
    """
    with database.write() as connection:
        known = {row.number: row.dimensions for row in connection.execute(select(models.c.number, models.c.dimensions))}
        form = f"^{_index_name('[0-9]+')}$"
        query = text("SELECT indexname FROM pg_indexes WHERE tablename = 'gallery_templates' AND indexname ~ :form")
        names = connection.execute(query, {"form": form}).scalars().all()
        for name in names:
            connection.execute(text(f"DROP INDEX {name}"))
    return {number: known[number] for number in known if _index_name(number) in names}


def _index_name(number: int | str) -> str:
    return f"ix_gallery_templates_hnsw_{number}"


def _check_version(connection: Connection, place: str) -> None:
    version = connection.execute(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")).scalar_one()
    if tuple(int(part) for part in version.split(".")[:2]) < _VERSION:
        needed = ".".join(map(str, _VERSION))
        raise StorageError(
            f"The gallery {place} has pgvector {version}; its HNSW index is used from {needed} on.",
            "Update pgvector on the server, or search exactly.",
        )


def _model_number(connection: Connection, model: str, dimensions: int) -> int | None:
    known = connection.execute(select(models.c.number, models.c.dimensions).where(models.c.name == model)).first()
    if known is None:
        return None
    if known.dimensions != dimensions:
        raise InputError(f"A vector of {model} has {known.dimensions} values, and what is looked for {dimensions}.")
    if dimensions > MAX_DIMENSIONS:
        raise InputError(f"An HNSW index takes up to {MAX_DIMENSIONS} values a vector, not {dimensions}.")
    return int(known.number)


def _search(connection: Connection, number: int, queries: FloatArray, k: int) -> Neighbours:
    connection.execute(text(f"SET LOCAL hnsw.ef_search = {max(CANDIDATES, k)}"))
    connection.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
    # The model's number and the length are written out: only then does the planner know that the index fits.
    distance = f"vector::vector({queries.shape[1]}) <#> :query"
    statement = text(
        f"SELECT id, identity_id, {distance} AS distance FROM gallery_templates WHERE model = {number} "
        f"ORDER BY {distance} LIMIT {k}"
    ).bindparams(bindparam("query", type_=Vector()))
    found = [connection.execute(statement, {"query": query}).all() for query in queries]
    kept = min((len(rows) for rows in found), default=0)
    ordered = [sorted(rows[:kept], key=lambda row: (row.distance, row.id)) for rows in found]
    shape = (len(queries), kept)
    return Neighbours(
        np.array([[row.id for row in rows] for rows in ordered], dtype=np.int64).reshape(shape),
        np.array([[row.identity_id for row in rows] for rows in ordered], dtype=object).reshape(shape),
        -np.array([[row.distance for row in rows] for rows in ordered], dtype=np.float32).reshape(shape),
    )
