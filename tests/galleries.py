"""Databases for galleries, and templates to fill them with."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.types import FloatArray
from closeup.storage.records import NewTemplate
from postgres_server import NoServerError, postgres_server

KINDS = ("sqlite", "postgresql")
_COUNT = itertools.count()


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
    return new_database(server)


@pytest.fixture(params=KINDS)
def gallery_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "gallery.db")
    return str(request.getfixturevalue("postgresql_url"))


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def new_database(server: str) -> str:
    import psycopg

    name = f"gallery_{next(_COUNT)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


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
