import os
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from closeup.core.errors import CloseupError, DependencyError, InputError, StorageError
from closeup.core.settings import Settings
from closeup.storage.database import _use_wal, open_database, parse_url
from closeup.storage.gallery import open_gallery
from galleries import sqlite_url, template


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "postgresql://me:hunter2@host:port/db",
        "mysql://me:hunter2@host/db",
        "postgresql+psycopg2://me:hunter2@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x.db?mode=ro",
        "sqlite:///x.db?timeout=hunter2",
    ],
)
def test_addresses_that_cannot_be_used_are_not_repeated(url: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_url(url)
    assert "sqlite:///FILE" in caught.value.hint
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("kind", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_name_postgresql(kind: str) -> None:
    assert parse_url(f" {kind}://me@host/db\n").drivername == "postgresql+psycopg"


def test_a_gallery_is_for_its_owners_eyes(tmp_path: Path) -> None:
    with open_gallery(sqlite_url(tmp_path / "a" / "b" / "gallery.db")) as store:
        store.enrol("Ada", [template(1)])
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "a" / "b").iterdir()}
    assert modes == {"gallery.db": 0o600, "gallery.db-wal": 0o600, "gallery.db-shm": 0o600}
    assert (tmp_path / "a" / "b").stat().st_mode & 0o077 == 0


def test_the_settings_name_the_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = Settings(tmp_path, None, sqlite_url(tmp_path / "named.db"))
    open_gallery(settings=named).close()
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    with open_gallery(settings=Settings(tmp_path, None)) as store:
        assert store.place == str(tmp_path / "data" / "gallery.db")
    assert (tmp_path / "named.db").exists()


def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "gallery.db"), 1.0)
    with database.read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "secure_delete", "synchronous", "busy_timeout")
        }
    database.engine.dispose()
    assert settings == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "secure_delete": 1,
        "synchronous": 2,
        "busy_timeout": 1000,
    }


def test_a_locked_gallery_is_waited_for_and_then_told(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "gallery.db")
    with open_gallery(url, wait_s=0.05) as store, closing(sqlite3.connect(tmp_path / "gallery.db")) as other:
        ada = store.enrol("Ada", [template(1)])
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match=r"gallery\.db is locked by another process") as caught:
            store.enrol("Bea", [template(2)])
        assert caught.value.hint == "Try again when that one is done."
        assert store.identities() == (ada,), "it can still be read"
        other.rollback()
        assert store.enrol("Bea", [template(2)]).name == "Bea"


def test_a_locked_postgresql_is_waited_for_and_then_told(postgresql_url: str) -> None:
    import psycopg

    with open_gallery(postgresql_url, wait_s=0.05) as store, psycopg.connect(postgresql_url) as other:
        other.execute("SELECT * FROM gallery_state FOR UPDATE")
        with pytest.raises(StorageError, match="is locked by another process"):
            store.enrol("Bea", [template(2)])
        assert store.identities() == ()
        other.rollback()
        assert store.enrol("Bea", [template(2)]).name == "Bea"


def test_an_unreachable_server_is_told_without_the_password() -> None:
    secret = "hun" + "ter"  # in two parts, for a traceback quotes this file too
    with pytest.raises(StorageError, match="cannot be reached") as caught:
        open_gallery(f"postgresql://me:{secret}2@127.0.0.1:9/faces?password={secret}3&connect_timeout=2")
    assert "postgresql://127.0.0.1:9/faces" in caught.value.message
    told = "".join(traceback.format_exception(caught.value))
    assert secret not in told


def test_a_database_that_is_not_there_and_a_user_who_may_not(postgresql_url: str) -> None:
    nowhere = postgresql_url.replace("/gallery_", "/no_gallery_")
    with pytest.raises(StorageError, match="does not exist") as caught:
        open_gallery(nowhere)
    assert "createdb" in caught.value.hint
    with pytest.raises(StorageError, match=r"refuses the user|does not exist|cannot be reached"):
        open_gallery(postgresql_url.replace("postgres@", "stranger:hunter2@"))


@pytest.mark.parametrize("missing", ["psycopg", "pgvector.sqlalchemy"])
def test_a_missing_package_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(DependencyError, match=missing.partition(".")[0]) as caught:
        open_gallery("postgresql://127.0.0.1/faces")
    assert (caught.value.code, caught.value.facts) == ("package.absent", {"extra": "postgres"})


def test_files_that_are_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Nothing but text, and enough of it to look at. " * 100)
    before = (tmp_path / "notes.txt").read_bytes()
    with pytest.raises(StorageError, match="is not an SQLite database"):
        open_gallery(sqlite_url(tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").read_bytes() == before
    with pytest.raises(StorageError, match=r"cannot be opened: Is a directory"):
        open_gallery(sqlite_url(tmp_path))
    with pytest.raises(StorageError, match=r"cannot be opened"):
        open_gallery(sqlite_url(tmp_path / "notes.txt" / "gallery.db"))


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    with open_gallery(sqlite_url(path)) as store:
        for number in range(40):
            store.enrol(f"Person {number}", [template(number, dimensions=128)])
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(bytes(content))
    with pytest.raises(CloseupError, match="is damaged"), open_gallery(sqlite_url(path)) as store:
        store.matrix("a-model")


def test_a_path_that_sqlite_cannot_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gall\\udcffery\.db' is not UTF-8"):
        open_gallery(sqlite_url(tmp_path / "gall\udcffery.db"))


def test_a_place_without_a_write_ahead_log_is_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as memory, pytest.raises(StorageError, match="write-ahead log"):
        _use_wal(memory, tmp_path / "gallery.db", 0.02)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="Permission denied"):
        open_gallery(sqlite_url(tmp_path / "gallery.db"))


@contextmanager
def nobody() -> Iterator[None]:
    """What an administrator's process may do with files, given up for a while."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shelf() -> Iterator[Path]:
    """A folder with a gallery in it, Ada's, that everybody may reach and nobody else may write to."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with open_gallery(sqlite_url(folder / "gallery.db")) as store:
            store.enrol("Ada", [template(1)])
        (folder / "gallery.db").chmod(0o444)
        folder.chmod(0o555)
        try:
            yield folder
        finally:
            folder.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_a_gallery_that_may_only_be_read_is_read(shelf: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = (shelf / "gallery.db").read_bytes()
    with nobody(), open_gallery(sqlite_url(shelf / "gallery.db")) as store:
        ada = store.find("ada")
        assert store.matrix("a-model").identity_ids.tolist() == [ada.id]
        assert [record.name for record in store.identities()] == ["Ada"]
        for change in (lambda: store.enrol("Bea", [template(2)]), lambda: store.delete(ada.id)):
            with pytest.raises(StorageError, match="may not be written to"):
                change()
        assert store.purge(date(2000, 1, 1)) == ()
    assert [record.getMessage() for record in caplog.records] == [
        f"The gallery {shelf / 'gallery.db'} may not be written to; it is only read."
    ]
    assert [path.name for path in shelf.iterdir()] == ["gallery.db"]
    assert (shelf / "gallery.db").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_who_may_only_read_sees_what_others_write_meanwhile(shelf: Path) -> None:
    with nobody():
        reader = open_gallery(sqlite_url(shelf / "gallery.db"))
        assert len(reader.identities()) == 1
    shelf.chmod(0o755)
    (shelf / "gallery.db").chmod(0o644)
    with open_gallery(sqlite_url(shelf / "gallery.db")) as owner:
        owner.enrol("Bea", [template(2)])
        with nobody():
            assert [record.name for record in reader.identities()] == ["Ada", "Bea"]
            assert len(reader.matrix("a-model").vectors) == 2
    with nobody():
        assert len(reader.identities()) == 2
        reader.close()


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_what_has_to_be_changed_before_it_can_be_read(shelf: Path) -> None:
    shelf.chmod(0o755)
    (shelf / "gallery.db-wal").write_bytes(b"what a killed process left")
    (shelf / "empty.db").write_bytes(b"")
    (shelf / "empty.db").chmod(0o444)
    shelf.chmod(0o555)
    with nobody():
        for name, problem in (("gallery.db", "was not closed properly"), ("empty.db", "has no tables of this version")):
            with pytest.raises(StorageError, match=problem) as caught:
                open_gallery(sqlite_url(shelf / name))
            assert "where it may be written to" in caught.value.hint
        with pytest.raises(StorageError, match="cannot be opened: Permission denied"):
            open_gallery(sqlite_url(shelf / "absent.db"))
