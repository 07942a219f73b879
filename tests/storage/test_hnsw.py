from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from closeup.core.errors import InputError, StorageError
from closeup.storage import hnsw
from closeup.storage.database import open_database
from closeup.storage.gallery import open_gallery
from galleries import sqlite_url, template, unit_vectors


def indexes(url: str) -> list[str]:
    database = open_database(url, 5.0)
    with database.read() as connection:
        query = text("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%hnsw%' ORDER BY indexname")
        found = list(connection.execute(query).scalars())
    database.engine.dispose()
    return found


def test_the_index_finds_what_comparing_all_finds(postgresql_url: str) -> None:
    vectors, queries = unit_vectors(300, seed=1), unit_vectors(6, seed=2)
    with open_gallery(postgresql_url) as store:
        store.enrol("Everybody", [template(vector=vector) for vector in vectors[:200]])
        store.enrol("Another model", [template(vector=vector, model="b-model") for vector in vectors])
        assert indexes(postgresql_url) == []
        store.nearest("a-model", queries, 5, search="hnsw")
        assert len(indexes(postgresql_url)) == 1
        late = store.enrol("Late", [template(vector=vector) for vector in vectors[200:]])
        found, exact = (store.nearest("a-model", queries, 5, search=way) for way in ("hnsw", "exact"))
        # With more candidates than a third of the templates, an index that is asked well misses next to nothing.
        assert (found.template_ids == exact.template_ids).mean() > 0.9
        np.testing.assert_allclose(found.similarities[:, 0], exact.similarities[:, 0], atol=1e-5)
        assert (found.similarities.dtype, found.template_ids.dtype) == (np.float32, np.int64)
        assert late.id in found.identity_ids
        store.nearest("b-model", queries, 5, search="hnsw")
        assert len(indexes(postgresql_url)) == 2


def test_the_index_is_used_at_all(postgresql_url: str) -> None:
    with open_gallery(postgresql_url) as store:
        store.enrol("Everybody", [template(vector=vector) for vector in unit_vectors(50)])
        store.nearest("a-model", unit_vectors(1), 5, search="hnsw")
    database = open_database(postgresql_url, 5.0)
    with database.read() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))  # of so few templates it is faster to read all
        plan = "\n".join(
            connection.execute(
                text(
                    "EXPLAIN SELECT id FROM gallery_templates WHERE model = 1 ORDER BY vector::vector(16) <#> "
                    f"'[{','.join(['0.25'] * 16)}]' LIMIT 5"
                )
            ).scalars()
        )
    database.engine.dispose()
    assert "Index Scan using ix_gallery_templates_hnsw_1" in plan


def test_who_is_deleted_is_not_found_and_their_places_are_filled(postgresql_url: str) -> None:
    with open_gallery(postgresql_url) as store:
        query = unit_vectors(1, seed=9)
        near = store.enrol("Near", [template(vector=query[0]) for _ in range(300)])
        far = store.enrol("Far", [template(vector=vector) for vector in unit_vectors(20)])
        assert set(store.nearest("a-model", query, 10, search="hnsw").identity_ids[0]) == {near.id}
        store.delete(near.id)
        found = store.nearest("a-model", query, 100, search="hnsw")
        assert found.identity_ids.tolist() == [[far.id] * 20]
        store.delete(far.id)
        assert indexes(postgresql_url) == [], "no index of a model without templates"
        assert store.nearest("a-model", query, 3, search="hnsw").template_ids.shape == (1, 0)


@pytest.mark.parametrize(("dimensions", "k", "message"), [(16, 1001, "up to 1000"), (2001, 1, "up to 2000 values")])
def test_limits_of_the_index(postgresql_url: str, dimensions: int, k: int, message: str) -> None:
    with open_gallery(postgresql_url) as store:
        store.enrol("Ada", [template(1, dimensions=dimensions)])
        with pytest.raises(InputError, match=message):
            store.nearest("a-model", unit_vectors(1, dimensions), k, search="hnsw")
        assert store.nearest("a-model", unit_vectors(1, dimensions), k).template_ids.shape == (1, 1)
        with pytest.raises(InputError, match="what is looked for 8"):
            store.nearest("a-model", unit_vectors(1, 8), 1, search="hnsw")


def test_an_old_pgvector_is_told(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hnsw, "_VERSION", (99, 0))
    with open_gallery(postgresql_url) as store, pytest.raises(StorageError, match="used from 99"):
        store.nearest("a-model", unit_vectors(1), 1, search="hnsw")


def test_sqlite_has_no_such_index(tmp_path: Path) -> None:
    with open_gallery(sqlite_url(tmp_path / "gallery.db")) as store, pytest.raises(InputError, match="SQLite has no"):
        store.nearest("a-model", unit_vectors(1), 1, search="hnsw")
