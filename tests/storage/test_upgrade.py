import multiprocessing
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from closeup.core.errors import StorageError
from closeup.storage.database import open_database
from closeup.storage.gallery import open_gallery
from closeup.storage.tables import VERSION_TABLE, metadata, state
from closeup.storage.upgrade import bring_up_to_date
from galleries import sqlite_url, template


def test_the_migrations_make_what_the_tables_say(gallery_url: str) -> None:
    database = open_database(gallery_url, 5.0)
    bring_up_to_date(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert connection.execute(state.select()).all() == [(1, 0, 0, False)]
    database.engine.dispose()


def test_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    open_gallery(sqlite_url(path)).close()
    before = path.read_bytes()
    open_gallery(sqlite_url(path)).close()
    assert path.read_bytes() == before


def test_a_gallery_of_a_newer_closeup_is_left_alone(gallery_url: str) -> None:
    open_gallery(gallery_url).close()
    database = open_database(gallery_url, 5.0)
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StorageError, match=r"was made by a newer closeup .*9999") as caught:
        open_gallery(gallery_url)
    assert caught.value.code == "file.newer"
    with database.engine.connect() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all() == ["9999"]
    database.engine.dispose()


def test_an_older_gallery_opens_and_nothing_in_it_was_vouched_for(gallery_url: str) -> None:
    with open_gallery(gallery_url) as store:
        store.enrol("Ada", [replace(template(1), source="a photo")])
    database = open_database(gallery_url, 5.0)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE gallery_vouched"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))
    database.engine.dispose()
    with open_gallery(gallery_url) as store:
        assert store.vouched() == frozenset()
        record = store.enrol("Ada", [replace(template(1), source="a photo", vouched=True)])
        assert (record.templates, [each.vouched for each in store.templates_of(record.id)]) == (1, [True])


def test_a_migration_that_breaks_off_leaves_nothing(gallery_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Operations.create_table

    def cut_short(self: Operations, name: str, *columns: object, **options: object) -> object:
        if name == "gallery_pictures":
            raise KeyboardInterrupt
        return plain(self, name, *columns, **options)  # type: ignore[arg-type]

    database = open_database(gallery_url, 5.0)
    with monkeypatch.context() as patch:
        patch.setattr(Operations, "create_table", cut_short)
        with pytest.raises(KeyboardInterrupt):
            bring_up_to_date(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        found = {change[1].name for change in compare_metadata(context, metadata) if change[0] == "add_table"}
        assert found == set(metadata.tables), "none is there"
    database.engine.dispose()
    with open_gallery(gallery_url) as store:
        assert store.enrol("Ada", [template(1)]).templates == 1


def test_a_gallery_shares_its_database_with_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("INSERT INTO alembic_version VALUES ('theirs')")
        other.commit()
        open_gallery(sqlite_url(path)).close()
        assert other.execute("SELECT * FROM alembic_version").fetchall() == [("theirs",)]


def start(url: str, number: int, answers: "multiprocessing.Queue[str]") -> None:
    try:
        with open_gallery(url) as store:
            answers.put(store.enrol("Everybody", [template(number)]).name)
    except BaseException as error:
        answers.put(repr(error))
        raise


def test_eight_first_starts_at_once(gallery_url: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["test_upgrade", "closeup.storage.gallery"])
    answers: multiprocessing.Queue[str] = context.Queue()
    processes = [context.Process(target=start, args=(gallery_url, number, answers)) for number in range(8)]
    for process in processes:
        process.start()
    told = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    assert told == ["Everybody"] * 8
    with open_gallery(gallery_url) as store:
        assert [(person.name, person.templates) for person in store.identities()] == [("Everybody", 8)]


def test_postgresql_without_pgvector(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as raw:
        raw.execute("DROP ROLE IF EXISTS nobody_special")
        raw.execute("CREATE ROLE nobody_special LOGIN")
        raw.execute("GRANT ALL ON SCHEMA public TO nobody_special")
        theirs = postgresql_url.replace("postgres@", "nobody_special@")
        with pytest.raises(StorageError, match="no extension `vector`") as caught:
            open_gallery(theirs)
        assert "CREATE EXTENSION vector;" in caught.value.hint
        raw.execute("CREATE EXTENSION vector")
        with open_gallery(theirs) as store:
            ada = store.enrol("Ada", [template(1)])
            assert store.delete(ada.id) == ada, "its owner may do without an administrator"
        raw.execute("DROP OWNED BY nobody_special")


def test_postgresql_in_an_encoding_that_has_not_every_name(server: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as raw:
        raw.execute("DROP DATABASE IF EXISTS western")
        raw.execute("CREATE DATABASE western ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StorageError, match="encoded as LATIN1"):
        open_gallery(server.replace("/postgres?", "/western?"))
