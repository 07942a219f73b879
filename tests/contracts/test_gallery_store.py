"""What every gallery does, whichever database it is in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.storage.gallery import GalleryStore, open_gallery
from closeup.storage.records import NewTemplate
from galleries import gallery_url, postgresql_url, server, template, unit_vectors

__all__ = ["gallery_url", "postgresql_url", "server"]


@pytest.fixture
def store(gallery_url: str) -> Iterator[GalleryStore]:
    with open_gallery(gallery_url) as opened:
        yield opened


def names(store: GalleryStore) -> list[str]:
    return [person.name for person in store.identities()]


def test_what_is_stored_comes_back_to_the_bit(store: GalleryStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    given = template(1, pose="left", picture_jpeg=b"\xff\xd8\x00'\";", source="ab" * 32)
    ada = store.enrol("Ada", [given], consent="On paper,\n3 May", retain_until=date(2030, 2, 28))
    assert before < ada.created_at < datetime.now(UTC)
    assert (ada.name, ada.consent, ada.retain_until) == ("Ada", "On paper,\n3 May", date(2030, 2, 28))
    assert (ada.templates, ada.poses) == (1, ("left",))
    (kept,) = store.templates_of(ada.id)
    assert kept.vector.dtype == np.float32
    assert kept.vector.tobytes() == given.vector.tobytes()
    same = ("model", "pose", "yaw_deg", "pitch_deg", "roll_deg", "quality", "picture_jpeg", "source")
    assert [getattr(kept, name) for name in same] == [getattr(given, name) for name in same]
    assert (kept.identity_id, kept.created_at.utcoffset()) == (ada.id, timedelta(0))
    assert store.matrix("a-model").vectors[0].tobytes() == given.vector.tobytes()


def test_a_gallery_that_is_opened_again_holds_what_it_held(gallery_url: str) -> None:
    with open_gallery(gallery_url) as first:
        ada = first.enrol("Ada", [template(1)])
    with open_gallery(gallery_url) as second:
        assert second.identities() == (ada,)
        assert second.matrix("a-model").identity_ids.tolist() == [ada.id]


@pytest.mark.parametrize("again", ["Zoë", "zoë", "ZOË", "Zoe\u0308", "  Zoë "])
def test_one_name_is_one_person(store: GalleryStore, again: str) -> None:
    zoe = store.enrol("Zoë", [template(1)])
    more = store.enrol(again, [template(2, pose="up")])
    assert (more.id, more.name, more.templates, more.poses) == (zoe.id, "Zoë", 2, ("front", "up"))
    assert store.find(again) == store.find(zoe.id) == store.identities()[0] == more


@pytest.mark.parametrize(
    "name", ["김민준", "Ночь", "أحمد", "😀", "O'Neil; DROP TABLE x --", '%s {} \\ "', "İ", "ß", "𝔘"]
)
def test_names_of_any_script(store: GalleryStore, name: str) -> None:
    store.enrol("Somebody Else", [template(1)])
    person = store.enrol(name, [template(2)])
    assert store.find(name).id == person.id
    assert name in names(store)


def test_consent_and_last_day_change_only_where_they_are_given(store: GalleryStore) -> None:
    store.enrol("Ada", [template(1)], consent="yes", retain_until=date(2030, 1, 1))
    assert store.enrol("Ada", [template(2)]).consent == "yes"
    changed = store.enrol("Ada", [], retain_until=date(2031, 1, 1))
    assert (changed.consent, changed.retain_until, changed.templates) == ("yes", date(2031, 1, 1), 2)


def test_a_picture_counts_once_for_each_person_and_model(store: GalleryStore) -> None:
    face = template(1, source="f00d")
    store.enrol("Ada", [face, template(2, source="f00d")])
    assert store.enrol("Ada", [face]).templates == 1
    assert store.enrol("Ada", [template(1, source="f00d", model="another")]).templates == 2
    assert store.enrol("Bea", [face]).templates == 1
    assert store.enrol("Cyd", [template(1), template(1)]).templates == 2, "without a source nobody knows"


def test_a_refused_template_leaves_nothing_of_the_others(store: GalleryStore) -> None:
    with pytest.raises(InputError, match="length is not 1"):
        store.enrol("Ada", [template(1), template(2, vector=np.ones(16, dtype=np.float32))])
    store.enrol("Bea", [template(3)])
    with pytest.raises(InputError, match="has 8 values, and those in the gallery have 16"):
        store.enrol("Ada", [template(1), template(2, dimensions=8)])
    assert names(store) == ["Bea"]
    assert len(store.matrix("a-model").template_ids) == 1


def test_nobody_without_a_face(store: GalleryStore) -> None:
    with pytest.raises(InputError, match="no face to enrol"):
        store.enrol("Ada", [])
    assert store.identities() == ()


def test_models_never_meet(store: GalleryStore) -> None:
    face = template(1)
    ada = store.enrol("Ada", [face])
    bea = store.enrol("Bea", [replace(face, model="b-model"), template(5, dimensions=8, model="c-model")])
    assert store.models() == ("a-model", "b-model", "c-model")
    assert store.nearest("a-model", face.vector[None], 5).identity_ids.tolist() == [[ada.id]]
    assert store.nearest("b-model", face.vector[None], 5).identity_ids.tolist() == [[bea.id]]
    assert store.matrix("c-model").vectors.shape == (1, 8)
    with pytest.raises(InputError, match="c-model has 8 values, and what is looked for 16"):
        store.nearest("c-model", face.vector[None], 1)


def test_nothing_is_nearest_in_an_empty_gallery(store: GalleryStore) -> None:
    found = store.nearest("a-model", unit_vectors(3), 5)
    assert found.template_ids.shape == found.identity_ids.shape == found.similarities.shape == (3, 0)
    assert store.models() == ()


def test_nearest_is_what_comparing_all_gives(store: GalleryStore) -> None:
    vectors, queries = unit_vectors(60, seed=1), unit_vectors(7, seed=2)
    for person in range(12):
        store.enrol(f"Person {person}", [template(vector=v) for v in vectors[person::12]])
    matrix = store.matrix("a-model")
    found = store.nearest("a-model", queries, 9)
    scores = queries.astype(np.float64) @ matrix.vectors.T.astype(np.float64)
    order = np.argsort(-scores, axis=1)[:, :9]
    assert found.template_ids.tolist() == matrix.template_ids[order].tolist()
    assert found.identity_ids.tolist() == matrix.identity_ids[order].tolist()
    np.testing.assert_allclose(found.similarities, np.take_along_axis(scores, order, 1), atol=1e-6)
    assert store.nearest("a-model", queries, 100).template_ids.shape == (7, 60)


@pytest.mark.parametrize("bad", [np.ones((1, 16)), np.full((1, 16), np.nan), np.zeros((1, 16)), unit_vectors(1)[0]])
def test_only_vectors_of_length_1_can_be_looked_for(store: GalleryStore, bad: np.ndarray) -> None:
    store.enrol("Ada", [template(1)])
    with pytest.raises(InputError, match="The vectors to look for"):
        store.nearest("a-model", bad, 1)
    with pytest.raises(InputError, match="1 or more"):
        store.nearest("a-model", unit_vectors(1), 0)


def test_a_store_sees_what_others_write(gallery_url: str) -> None:
    with open_gallery(gallery_url) as mine, open_gallery(gallery_url) as others:
        ada = others.enrol("Ada", [template(1), template(2)])
        bea = others.enrol("Bea", [template(3)])
        assert mine.matrix("a-model").identity_ids.tolist() == [ada.id, ada.id, bea.id]
        cyd = others.enrol("Cyd", [template(4)])
        seen = mine.matrix("a-model")
        assert seen.identity_ids.tolist() == [ada.id, ada.id, bea.id, cyd.id]
        others.merge(cyd.id, bea.id)
        assert mine.matrix("a-model").identity_ids.tolist() == [ada.id, ada.id, cyd.id, cyd.id]
        others.delete(ada.id)
        dora = others.enrol("Dora", [template(5)])
        now = mine.matrix("a-model")
        assert now.identity_ids.tolist() == [cyd.id, cyd.id, dora.id]
        assert now.vectors.tobytes() == others.matrix("a-model").vectors.tobytes()
        np.testing.assert_array_equal(now.vectors, [template(n).vector for n in (3, 4, 5)])
        assert seen.identity_ids.tolist() == [ada.id, ada.id, bea.id, cyd.id], "what was handed out stays as it was"


def test_a_matrix_is_kept_while_nothing_changes_and_cannot_be_written_to(store: GalleryStore) -> None:
    store.enrol("Ada", [template(1)])
    matrix = store.matrix("a-model")
    assert np.shares_memory(matrix.vectors, store.matrix("a-model").vectors)
    for array in (matrix.vectors, matrix.template_ids, matrix.identity_ids):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_renaming(store: GalleryStore) -> None:
    ada, _ = store.enrol("Ada", [template(1)]), store.enrol("Bea", [template(2)])
    assert store.rename(ada.id, "ADA  Lovelace").name == "ADA Lovelace"
    assert store.rename(ada.id, "ada lovelace").name == "ada lovelace"
    with pytest.raises(InputError, match="'Bea' already"):
        store.rename(ada.id, "BEA")
    assert names(store) == ["ada lovelace", "Bea"]


def test_merging(store: GalleryStore) -> None:
    both = template(1, source="f00d", picture_jpeg=b"one")
    ada = store.enrol("Ada", [both, template(2, pose="left")], retain_until=date(2031, 1, 1))
    bea = store.enrol("Bea", [both, template(3, pose="down")], consent="by mail", retain_until=date(2030, 1, 1))
    merged = store.merge(ada.id, bea.id)
    assert (merged.id, merged.name, merged.templates) == (ada.id, "Ada", 3)
    assert (merged.poses, merged.consent, merged.retain_until) == (
        ("front", "left", "down"),
        "by mail",
        date(2030, 1, 1),
    )
    assert store.identities() == (merged,)
    with pytest.raises(InputError, match="into itself"):
        store.merge(ada.id, ada.id)


def test_deleting(store: GalleryStore) -> None:
    ada = store.enrol("Ada", [template(1, picture_jpeg=b"picture"), template(2, model="b-model")])
    bea = store.enrol("Bea", [template(3)])
    assert store.delete(ada.id) == ada
    assert store.identities() == (bea,)
    assert store.models() == ("a-model",)
    assert store.nearest("a-model", template(1).vector[None], 3).identity_ids.tolist() == [[bea.id]]
    last = int(store.matrix("a-model").template_ids[-1])
    store.delete(bea.id)
    cyd = store.enrol("Cyd", [template(4, dimensions=8)])
    assert store.templates_of(cyd.id)[0].id > last, "an id is never used again"


def test_removing_one_face_of_several(store: GalleryStore) -> None:
    wrong = [
        template(2, pose="left", source="f00d", picture_jpeg=b"wrong"),
        template(3, model="b-model", source="f00d"),
    ]
    ada = store.enrol("Ada", [template(1, source="aa"), *wrong, template(4, source="bb")], consent="yes")
    bea = store.enrol("Bea", wrong[:1])
    first, second, third, fourth = store.templates_of(ada.id)
    seen = store.matrix("a-model")
    left = store.remove(ada.id, [third.id])
    assert (left.id, left.name, left.consent, left.templates, left.poses) == (ada.id, "Ada", "yes", 2, ("front",))
    assert [face.id for face in store.templates_of(ada.id)] == [first.id, fourth.id], "the picture goes as a whole"
    assert store.models() == ("a-model",)
    assert store.find("Bea") == bea, "the same picture of somebody else stays"
    now = store.matrix("a-model")
    assert now.identity_ids.tolist() == [ada.id, ada.id, bea.id]
    np.testing.assert_array_equal(now.vectors, [template(n).vector for n in (1, 4, 2)])
    assert second.id in seen.template_ids
    again = store.enrol("Ada", wrong)
    assert again.templates == 4, "a picture that was removed can be enrolled anew"
    assert store.templates_of(ada.id)[-1].id > fourth.id


def test_a_face_from_a_camera_goes_as_a_whole_too(store: GalleryStore) -> None:
    def look(seed: int, yaw: float) -> list[NewTemplate]:
        return [template(seed, yaw_deg=yaw), template(seed + 50, model="b-model", yaw_deg=yaw)]

    ada = store.enrol("Ada", [*look(1, 0.1), *look(2, 0.1 + 1e-15), *look(3, 20)])
    faces = store.templates_of(ada.id)
    store.remove(ada.id, [faces[2].id])
    left = [face.id for face in store.templates_of(ada.id)]
    assert left == [faces[number].id for number in (0, 1, 4, 5)]


def test_the_last_face_stays_and_so_does_what_is_not_theirs(store: GalleryStore) -> None:
    ada = store.enrol("Ada O'Neil", [template(1, source="aa"), template(2, model="b-model", source="aa")])
    bea = store.enrol("Bea", [template(3), template(4)])
    (first, second), (theirs, _) = store.templates_of(ada.id), store.templates_of(bea.id)
    for numbers in ([first.id], [second.id], [first.id, second.id]):
        with pytest.raises(InputError, match="No face of Ada O'Neil would be left") as caught:
            store.remove(ada.id, numbers)
    assert (caught.value.code, caught.value.facts["name"]) == ("gallery.last-face", "Ada O'Neil")
    with pytest.raises(InputError, match=f"Ada O'Neil has no template {theirs.id}"):
        store.remove(ada.id, [first.id, theirs.id])
    with pytest.raises(InputError, match="No face to remove is named"):
        store.remove(bea.id, [])
    with pytest.raises(InputError, match="0" * 32):
        store.remove("0" * 32, [first.id])
    assert store.identities() == (ada, bea)


def test_two_who_remove_at_once_leave_a_face(gallery_url: str) -> None:
    with open_gallery(gallery_url) as mine, open_gallery(gallery_url) as others:
        ada = mine.enrol("Ada", [template(1), template(2)])
        one, two = [face.id for face in mine.templates_of(ada.id)]

        def attempt(work: tuple[GalleryStore, int]) -> int:
            try:
                return work[0].remove(ada.id, [work[1]]).templates
            except InputError:
                return 0

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(attempt, [(mine, one), (others, two)])) == [0, 1]
        assert mine.find("Ada").templates == 1


def test_nobody_is_kept_beyond_their_last_day(store: GalleryStore) -> None:
    for name, day in (("Ada", date(2026, 5, 1)), ("Bea", date(2026, 5, 2)), ("Cyd", None)):
        store.enrol(name, [template(1)], retain_until=day)
    before = store.matrix("a-model")
    assert store.purge(date(2026, 5, 1)) == ()
    assert np.shares_memory(store.matrix("a-model").vectors, before.vectors)
    assert [person.name for person in store.purge(date(2026, 5, 2))] == ["Ada"]
    assert names(store) == ["Bea", "Cyd"]


def test_export_holds_all_that_is_known(store: GalleryStore) -> None:
    ada = store.enrol("Ada", [template(1, picture_jpeg=b"jpeg!", source="f00d")], consent="yes")
    told = store.export(ada.id)
    assert told | {"templates": []} == {
        "format": 1,
        "id": ada.id,
        "name": "Ada",
        "created_at": ada.created_at.isoformat(),
        "consent": "yes",
        "retain_until": None,
        "templates": [],
    }
    (face,) = told["templates"]
    assert np.array(face.pop("vector"), dtype=np.float32).tobytes() == template(1).vector.tobytes()
    assert datetime.fromisoformat(face.pop("created_at")).utcoffset() == timedelta(0)
    assert face == {
        "id": store.templates_of(ada.id)[0].id,
        "model": "a-model",
        "pose": "front",
        "yaw_deg": 1.5,
        "pitch_deg": -2.25,
        "roll_deg": 0.125,
        "quality": 0.75,
        "source": "f00d",
        "vouched": False,
        "picture_jpeg_base64": "anBlZyE=",
    }


def test_whoever_is_not_there_is_said_so(store: GalleryStore) -> None:
    store.enrol("Ada Lovelace", [template(1)])
    with pytest.raises(InputError, match="'Ada Lovelaec'") as caught:
        store.find("Ada Lovelaec")
    assert caught.value.hint == "Did you mean Ada Lovelace?"
    nobody = "0" * 32
    for call in (store.find, store.templates_of, store.export, store.delete):
        with pytest.raises(InputError, match=nobody):
            call(nobody)
    with pytest.raises(InputError, match=nobody):
        store.rename(nobody, "Bea")
    assert names(store) == ["Ada Lovelace"]


def test_threads_share_a_store(store: GalleryStore) -> None:
    def work(number: int) -> int:
        store.enrol(f"Person {number % 10}", [template(number, source=f"{number:064x}")])
        return len(store.nearest("a-model", unit_vectors(1), 3).template_ids[0])

    with ThreadPoolExecutor(8) as pool:
        assert min(pool.map(work, range(40))) >= 1
    assert [person.templates for person in store.identities()] == [4] * 10
    assert len(store.matrix("a-model").template_ids) == 40
