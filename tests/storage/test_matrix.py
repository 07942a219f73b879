import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import StorageError
from closeup.storage import matrix
from closeup.storage.gallery import open_gallery
from galleries import sqlite_url, template, unit_vectors


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three rows, so that their borders are met."""
    monkeypatch.setattr(matrix, "ROWS_AT_ONCE", 3)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 31])
def test_all_parts_arrive_once_and_in_order(gallery_url: str, count: int) -> None:
    vectors = unit_vectors(count, 32)
    with open_gallery(gallery_url) as store:
        store.enrol("Ada", [template(vector=vector) for vector in vectors])
        found = store.matrix("a-model")
        assert found.vectors.tobytes() == vectors.tobytes()
        assert (np.diff(found.template_ids) > 0).all()
        assert {type(owner) for owner in found.identity_ids} == {str}


def test_appending_is_the_same_as_reading_anew(gallery_url: str) -> None:
    with open_gallery(gallery_url) as mine:
        for number in range(12):
            mine.enrol(f"Person {number % 5}", [template(number * 3 + i) for i in range(number % 3 + 1)])
            if number % 4 == 2:
                mine.delete(mine.identities()[0].id)
            kept = mine.matrix("a-model")
            with open_gallery(gallery_url) as fresh:
                anew = fresh.matrix("a-model")
            assert kept.template_ids.tolist() == anew.template_ids.tolist()
            assert kept.identity_ids.tolist() == anew.identity_ids.tolist()
            assert kept.vectors.tobytes() == anew.vectors.tobytes()


def test_templates_that_arrive_one_by_one_are_not_copied_each_time() -> None:
    held = matrix._empty(4)
    moves = 0
    for number in range(1000):
        before = held.vectors
        held.append((np.array([number]), ["x"], np.full((1, 4), number, np.float32)))
        moves += held.vectors is not before
    assert moves < 80
    assert held.vectors[: held.count, 0].tolist() == list(range(1000))


def test_a_vector_of_another_length_in_the_file_is_told(tmp_path: Path) -> None:
    with open_gallery(sqlite_url(tmp_path / "gallery.db")) as store:
        store.enrol("Ada", [template(1), template(2)])
        with closing(sqlite3.connect(tmp_path / "gallery.db")) as raw:
            raw.execute("UPDATE gallery_templates SET vector = x'00000000' WHERE id = 2")
            raw.execute("UPDATE gallery_state SET changes = changes + 1")
            raw.commit()
        with pytest.raises(StorageError, match="damaged"):
            store.matrix("a-model")
