"""A server in this process, with its own folder and gallery, and keys of every kind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from closeup.server.app import make_app
from closeup.server.premises import Doors, Premises
from galleries import sqlite_url

HOST = "closeup.test"
ORIGIN = f"http://{HOST}"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Premises, TestClient]]:
    """A server in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOSEUP_DATABASE_URL", sqlite_url(folder / "gallery.db"))
        place = Premises(folder / "data", Doors(frozenset({HOST}), frozenset({ORIGIN}), quota_bytes=1_000_000))
        with TestClient(make_app(place), base_url=ORIGIN, follow_redirects=False) as client:
            yield place, client
        place.close()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Premises, TestClient]]:
    """One for all tests of a module that leave nothing in it that others would mind."""
    with serving(tmp_path_factory.mktemp("server")) as both:
        yield both


@pytest.fixture
def place(shared_server: tuple[Premises, TestClient]) -> Premises:
    return shared_server[0]


@pytest.fixture
def client(shared_server: tuple[Premises, TestClient]) -> TestClient:
    shared_server[1].cookies.clear()
    return shared_server[1]


@pytest.fixture
def bearer(place: Premises) -> Callable[..., dict[str, str]]:
    """Headers with a fresh token of these scopes."""

    def make(*scopes: str) -> dict[str, str]:
        return {"authorization": f"Bearer {place.access.make('a test', 'token', scopes)[1]}"}

    return make
