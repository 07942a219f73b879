"""After a deletion not one byte of it is left in the database's files."""

import os
import random
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from closeup.core.errors import StorageError
from closeup.documents.gallery import IdentityRecord
from closeup.storage import erasure
from closeup.storage.gallery import GalleryStore, open_gallery
from closeup.storage.records import NewTemplate
from galleries import sqlite_url, template

DAY = date(2020, 1, 1)


def traces(person: IdentityRecord, templates: list[NewTemplate]) -> dict[str, bytes]:
    """Bytes that are somebody's, wherever they are found; parts of what is long, which may lie on several pages."""
    found = {"name": person.name.encode(), "key": person.name.lower().encode(), "id": person.id.encode()}
    found["consent"] = (person.consent or person.name).encode()
    for index, face in enumerate(templates):
        found[f"vector {index}"] = face.vector.tobytes()[:32]
        found[f"source {index}"] = (face.source or person.name).encode()
        found[f"picture {index}"] = (face.picture_jpeg or found["name"])[-40:]
    return found


def left_in(folder: Path, wanted: dict[str, bytes]) -> dict[str, list[str]]:
    """Which of the bytes are in which files."""
    content = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = {name: [what for what, some in wanted.items() if some in data] for name, data in content.items()}
    return {name: what for name, what in found.items() if what}


def fill(store: GalleryStore, count: int, seed: int = 1) -> dict[str, dict[str, bytes]]:
    """Enrol people with random names and with pictures of many lengths; gives the traces of each by id."""
    rng, people = random.Random(seed), {}
    for number in range(count):
        faces = [
            template(
                seed * 100_000 + number * 10 + index,
                dimensions=128,
                source=rng.randbytes(32).hex(),
                picture_jpeg=rng.randbytes(rng.choice((200, 3000, 9000))) if rng.random() < 0.3 else None,
            )
            for index in range(rng.randint(1, 4))
        ]
        name = f"Name{rng.randbytes(rng.randint(6, 60)).hex()}"
        person = store.enrol(name, faces, consent=f"Agreed{rng.randbytes(20).hex()}")
        people[person.id] = traces(person, faces)
    return people


@pytest.mark.parametrize("way", ["delete", "purge"])
def test_nothing_is_left_of_who_is_deleted(way: str, tmp_path: Path) -> None:
    with (
        open_gallery(sqlite_url(tmp_path / "gallery.db")) as store,
        open_gallery(sqlite_url(tmp_path / "gallery.db")) as other,
    ):
        people = fill(store, 60)
        other.matrix("a-model")
        before = left_in(tmp_path, {what: some for traces in people.values() for what, some in traces.items()})
        assert {"gallery.db-wal", "gallery.db"} & set(before), "the traces are looked for in the right way"
        for index, (person, wanted) in enumerate(people.items()):
            if index % 6:
                continue
            assert left_in(tmp_path, wanted)
            if way == "purge":
                store.enrol(store.find(person).name, [], retain_until=DAY)
                store.purge(date.today())
            else:
                store.delete(person)
            assert left_in(tmp_path, wanted) == {}
        assert len(store.identities()) == 50
        assert sorted(path.name for path in tmp_path.iterdir()) == ["gallery.db", "gallery.db-shm", "gallery.db-wal"]
    assert [path.name for path in tmp_path.iterdir()] == ["gallery.db"]


def test_nothing_is_left_of_a_face_that_is_removed(gallery_url: str, tmp_path: Path) -> None:
    rng = random.Random(7)

    def photo(seed: int) -> list[NewTemplate]:
        """One face by two models, with the picture."""
        values = {"dimensions": 128, "source": rng.randbytes(32).hex()}
        return [
            template(seed, picture_jpeg=rng.randbytes(9000), **values),
            template(seed + 1, model="b-model", **values),
        ]

    with open_gallery(gallery_url) as store, open_gallery(gallery_url) as other:
        fill(store, 12)
        photos = [photo(10 * number) for number in range(4)]
        ada = store.enrol("Ada", [face for faces in photos for face in faces])
        other.matrix("a-model")
        if gallery_url.startswith("postgresql"):
            store.nearest("a-model", template(1, dimensions=128).vector[None], 1, search="hnsw")
        written = [face_traces(faces) for faces in photos]
        folder = files_of(gallery_url, tmp_path)
        for number in (1, 2):
            wanted = {what for found in left_in(folder, written[number]).values() for what in found}
            assert wanted == set(written[number]), "the traces are looked for in the right way"
            store.remove(ada.id, [store.templates_of(ada.id)[2].id])
            assert left_in(files_of(gallery_url, tmp_path), written[number]) == {}
        stays = written[0] | {f"last {what}": some for what, some in written[3].items()}
        assert {what for found in left_in(folder, stays).values() for what in found} == set(stays)


def face_traces(faces: list[NewTemplate]) -> dict[str, bytes]:
    """Bytes of a face, by what they are; parts of what is long."""
    found = {f"vector of {face.model}": face.vector.tobytes()[:32] for face in faces}
    found["source"] = (faces[0].source or "").encode()
    found["picture"] = (faces[0].picture_jpeg or b"")[-40:]
    return found


def files_of(url: str, folder: Path) -> Path:
    """The folder in which a database keeps its files; PostgreSQL has written down what it knows by then."""
    if url.startswith("sqlite"):
        return folder
    import psycopg

    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("CHECKPOINT")
        base = Path(raw.execute("SHOW data_directory").fetchone()[0]) / "base"  # type: ignore[index]
    if not os.access(base, os.R_OK):
        pytest.skip("the server's files cannot be read")
    return base


def test_copies_that_moving_rows_has_left_go_too(tmp_path: Path) -> None:
    """SQLite's secure_delete clears the row that is deleted, not old copies of it that a page holds since it moved."""
    with open_gallery(sqlite_url(tmp_path / "gallery.db")) as store:
        names = fill_and_move(tmp_path / "gallery.db", 1200)
        content = (tmp_path / "gallery.db").read_bytes()
        # Twice in the table, as the name and as its key, and once in the index.
        more = [name for name in names if content.count(name.encode()) > 3]
        assert more, "this test needs names of which a page holds an old copy"
        for name in more[:5]:
            store.delete(store.find(name).id)
            assert name.encode() not in (tmp_path / "gallery.db").read_bytes()


def fill_and_move(path: Path, count: int) -> list[str]:
    """Add people past the store, then delete some and change others, so that rows move; gives who is left."""
    rng = random.Random(5)
    names = [f"name{rng.randbytes(8).hex()}" for _ in range(count)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        for name in names:
            connection.execute(
                "INSERT INTO gallery_identities (id, name, name_key, created_at, consent) VALUES (?, ?, ?, ?, ?)",
                (rng.randbytes(16).hex(), name, name, "2026-01-01 00:00:00", "x" * rng.randint(1, 300)),
            )
        third = count // 3
        connection.executemany("DELETE FROM gallery_identities WHERE name = ?", [(name,) for name in names[:third]])
        connection.executemany(
            "UPDATE gallery_identities SET consent = ? WHERE name = ?",
            [("y" * rng.randint(1, 400), name) for name in names[third : 2 * third]],
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return names[third:]


def test_nothing_is_left_of_an_old_name(tmp_path: Path) -> None:
    with open_gallery(sqlite_url(tmp_path / "gallery.db")) as store:
        ada = store.enrol("Augusta Byron", [template(1)])
        bea = store.enrol("Beatrix", [template(2)])
        store.rename(ada.id, "Ada Lovelace")
        store.merge(ada.id, bea.id)
        old = {"name": b"Augusta", "key": b"augusta", "merged": b"eatrix", "id": bea.id.encode()}
        assert left_in(tmp_path, old) == {}
        assert left_in(tmp_path, {"new": b"Ada Lovelace"})


def test_a_process_that_dies_before_it_has_scrubbed_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_url(tmp_path / "gallery.db")
    store = open_gallery(url)
    (person, wanted), *_ = fill(store, 5).items()
    with monkeypatch.context() as patch:
        patch.setattr(erasure, "scrub", lambda _: None)
        store.delete(person)
    assert left_in(tmp_path, wanted), "only the rows are gone"
    open_gallery(url).close()
    assert left_in(tmp_path, wanted) == {}
    store.close()


def test_who_holds_the_files_keeps_the_bytes_there_and_that_is_said(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "gallery.db")
    with open_gallery(url, wait_s=0.1) as store, closing(sqlite3.connect(tmp_path / "gallery.db")) as reader:
        (person, wanted), *_ = fill(store, 5).items()
        reader.isolation_level = None
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM gallery_identities").fetchone()
        with pytest.raises(StorageError, match="It is deleted, but its bytes may still be"):
            store.delete(person)
        assert person not in {someone.id for someone in store.identities()}
        assert left_in(tmp_path, wanted)
        with open_gallery(url, wait_s=0.1) as second:
            assert len(second.identities()) == 4, "the gallery can be used meanwhile"
            with pytest.raises(StorageError, match="is being read by another process"):
                second.purge(DAY)
            reader.execute("COMMIT")
            assert second.purge(DAY) == ()
        assert left_in(tmp_path, wanted) == {}


def test_a_removal_during_scrubbing_stays_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqlite_url(tmp_path / "gallery.db")
    plain = erasure._scrub_sqlite
    with open_gallery(url) as store, open_gallery(url) as other:
        first, second, *_ = fill(store, 5)

        def interrupted(database: object) -> None:
            plain(database)  # type: ignore[arg-type]
            monkeypatch.setattr(erasure, "scrub", lambda _: None)
            other.delete(second)

        monkeypatch.setattr(erasure, "_scrub_sqlite", interrupted)
        store.delete(first)
        with closing(sqlite3.connect(tmp_path / "gallery.db")) as raw:
            assert raw.execute("SELECT removals, scrub_pending FROM gallery_state").fetchall() == [(2, 1)]


def test_postgresql_keeps_nothing_in_tables_indexes_and_statistics(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as raw, open_gallery(postgresql_url) as store:
        people = fill(store, 12)
        store.nearest("a-model", template(1, dimensions=128).vector[None], 1, search="hnsw")
        raw.execute("ANALYZE")
        raw.execute("CHECKPOINT")
        folder = Path(raw.execute("SHOW data_directory").fetchone()[0]) / "base"  # type: ignore[index]
        if not os.access(folder, os.R_OK):
            pytest.skip("the server's files cannot be read")
        (first, gone), (_, stays), *_ = people.items()
        # What is compressed cannot be looked for by its bytes; nothing here is.
        assert left_in(folder, gone)
        store.delete(first)
        raw.execute("CHECKPOINT")
        assert left_in(folder, gone) == {}
        assert left_in(folder, stays)


def test_postgresql_copies_nothing_personal_into_its_statistics(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as raw, open_gallery(postgresql_url) as store:
        fill(store, 12)
        store.nearest("a-model", template(1, dimensions=128).vector[None], 1, search="hnsw")
        raw.execute("ANALYZE")
        query = "SELECT tablename, attname FROM pg_stats WHERE tablename LIKE '%gallery%'"
        columns = set(raw.execute(query).fetchall())
    assert ("gallery_templates", "pose") in columns
    personal = {"id", "name", "name_key", "consent", "identity_id", "vector", "source", "jpeg"}
    kept_out = {"gallery_identities": personal, "gallery_templates": personal - {"id"}, "gallery_pictures": personal}
    assert not [(table, column) for table, column in columns if column in kept_out.get(table, ())]
    assert not [table for table, _ in columns if table.startswith("ix_")]


def test_a_user_who_may_not_rewrite_the_tables_is_told(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as raw, open_gallery(postgresql_url) as store:
        ada = store.enrol("Ada", [template(1)])
        raw.execute("DROP ROLE IF EXISTS guest")
        raw.execute("CREATE ROLE guest LOGIN")
        raw.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest")
        with open_gallery(postgresql_url.replace("postgres@", "guest@")) as theirs:
            with pytest.raises(StorageError, match="belong to another user"):
                theirs.delete(ada.id)
            assert theirs.identities() == ()
        assert store.purge(DAY) == ()
        assert raw.execute("SELECT scrub_pending FROM gallery_state").fetchall() == [(False,)]
        raw.execute("DROP OWNED BY guest")
