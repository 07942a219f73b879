import numpy as np
import pytest

from closeup.core.errors import InputError, ModelError
from closeup.core.types import FloatArray
from closeup.features.gallery import roster as module
from closeup.features.gallery.roster import Groups, Roster, other_models, read_roster
from closeup.features.gallery.scoring import fellows, identity_similarity
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import NewTemplate, TemplateMatrix
from features.gallery.people import DIM, faces_of, unit


def number(owner: int) -> str:
    return f"{owner:032x}"


def roster(owners: list[int], vectors: FloatArray) -> Roster:
    ids = np.array([number(owner) for owner in owners], dtype=object)
    matrix = TemplateMatrix("some-model", np.arange(100, 100 + len(owners)), ids, vectors)
    return Roster(Groups(matrix, 0.5), lambda identity: f"person {int(identity, 16)}")


def test_everybody_is_found_by_a_face_that_was_not_enrolled() -> None:
    owners = [n % 5 for n in range(20)]  # templates of one person do not stand together
    vectors = np.stack([faces_of(owner, 1, first=place)[0] for place, owner in enumerate(owners)])
    queries = np.concatenate([faces_of(person, 1, first=90) for person in range(5)])
    answers = roster(owners, vectors).ranked(queries, most=3)
    assert [answer[0].name for answer in answers] == [f"person {n}" for n in range(5)]
    assert all(len({match.identity_id for match in answer}) == 3 for answer in answers)


@pytest.mark.parametrize("seed", range(8))
def test_the_short_way_finds_what_the_long_way_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owners = rng.integers(0, 12, 60).tolist()
    vectors = unit(rng.normal(size=(60, 6)).astype(np.float32))
    query = unit(rng.normal(size=(1, 6)).astype(np.float32))
    expected = {}
    for owner in set(owners):
        own = vectors[[place for place, other in enumerate(owners) if other == owner]]
        expected[number(owner)] = identity_similarity((own @ query[0])[fellows(own, 0.5)])
    best = sorted(expected, key=lambda identity: -expected[identity])[:4]
    found = roster(owners, vectors).ranked(query, most=4)[0]
    assert [match.identity_id for match in found] == best
    assert [match.similarity for match in found] == pytest.approx([expected[identity] for identity in best], abs=1e-5)


def test_a_wrong_picture_is_flagged_and_attracts_nobody() -> None:
    vectors = np.concatenate([faces_of(1, 3), faces_of(2, 1), faces_of(3, 2)])
    ready = roster([1, 1, 1, 1, 3, 3], vectors)
    assert ready.flagged(number(1)) == (103,)
    assert ready.flagged(number(3)) == ()
    assert ready.flagged("nobody") == ()
    (answer,) = ready.ranked(faces_of(2, 1, first=5))
    assert answer[0].similarity < 0.5


def test_many_people_are_ranked_as_few_are() -> None:
    vectors = unit(np.random.default_rng(5).normal(size=(400, 6)).astype(np.float32))
    query = vectors[17:18]
    found = roster(list(range(400)), vectors).ranked(query, most=100)[0]
    expected = np.argsort(-(vectors @ query[0]), kind="stable")[:100]
    assert [match.name for match in found] == [f"person {place}" for place in expected]


def template(person: int, variant: int = 0) -> NewTemplate:
    return NewTemplate("some-model", faces_of(person, 1, first=variant)[0], "front", 0, 0, 0, 0.5)


def test_a_roster_follows_every_change(store: GalleryStore) -> None:
    def best(person: int) -> str:
        return read_roster(store, "some-model", 0.5).ranked(faces_of(person, 1, first=9))[0][0].name

    ann, bob = store.enrol("Ann", [template(1)]), store.enrol("Bob", [template(2)])
    assert [best(1), best(2)] == ["Ann", "Bob"]
    store.rename(bob.id, "Robert")
    store.enrol("Cid", [template(3)])
    assert [best(2), best(3)] == ["Robert", "Cid"]
    store.merge(ann.id, bob.id)
    assert len(read_roster(store, "some-model", 0.5)) == 2
    assert [len(read_roster(store, "some-model", 0.5).flagged(who)) for who in (ann.id, bob.id)] == [1, 0]
    store.delete(ann.id)
    assert best(1) == "Cid"


def test_an_unchanged_gallery_is_grouped_once(store: GalleryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.enrol("Ann", [template(1)])
    read_roster(store, "some-model", 0.5)
    monkeypatch.setattr(module, "Groups", lambda *_: pytest.fail("it was grouped again"))
    assert read_roster(store, "some-model", 0.5).ranked(faces_of(1, 1))[0][0].name == "Ann"


def test_templates_of_a_model_that_is_gone_say_how_to_renew_them(store: GalleryStore) -> None:
    store.enrol("Ann", [NewTemplate("dlib-resnet-128", faces_of(1, 1)[0], "front", 0, 0, 0, 0.5)])
    with pytest.raises(ModelError, match="dlib-resnet-128, which this closeup no longer has") as caught:
        read_roster(store, "some-model", 0.5)
    assert caught.value.code == "gallery.old-model"
    assert "Enrol everybody again" in (caught.value.hint or "")


def test_an_empty_gallery_and_one_of_another_model_are_told_apart(store: GalleryStore) -> None:
    with pytest.raises(InputError, match="Nobody is enrolled"):
        read_roster(store, "some-model", 0.5)
    vector = faces_of(1, 1)[0]
    store.enrol("Ann", [NewTemplate("face-reid-0095", vector, "front", 0, 0, 0, 0.5)])
    with pytest.raises(ModelError, match="of face-reid-0095, and faces are read with some-model") as caught:
        read_roster(store, "some-model", 0.5)
    assert (caught.value.code, caught.value.facts) == ("gallery.other-model", {"name": "face-reid-0095"})
    assert len(read_roster(store, "face-reid-0095", 0.5)) == 1
    assert "no templates" in other_models("some-model", []).message
    assert vector.shape == (DIM,)
