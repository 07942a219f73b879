"""Databases for galleries, and templates to fill them with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.types import FloatArray
from closeup.storage.records import NewTemplate
from postgres_server import NoServerError, postgres_server

KINDS = ("sqlite", "postgresql")
DATABASE = "gallery_tests"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of the administrator's database of a PostgreSQL with pgvector; skipped, with the reason, without one."""
    try:
        with postgres_server() as url:
            yield url
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture
def postgresql_url(server: str) -> str:
    """URL of an empty database in that server."""
    return empty_database(server)


@pytest.fixture(params=KINDS)
def gallery_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "gallery.db")
    return str(request.getfixturevalue("postgresql_url"))


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def empty_database(server: str) -> str:
    """The tests' one database, emptied: that is faster than a new one for each test."""
    import psycopg

    url = server.replace("/postgres?", f"/{DATABASE}?")
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")
        # A test that failed may have left a connection that holds a lock.
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [DATABASE])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    return url


def unit_vectors(count: int, dimensions: int = 16, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((count, dimensions)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def template(seed: int = 0, dimensions: int = 16, **values: Any) -> NewTemplate:
    """A template like no other; `values` replaces what is said of it."""
    plain = {
        "model": "a-model",
        "vector": unit_vectors(1, dimensions, seed)[0],
        "pose": "front",
        "yaw_deg": 1.5,
        "pitch_deg": -2.25,
        "roll_deg": 0.125,
        "quality": 0.75,
    }
    return NewTemplate(**(plain | values))
