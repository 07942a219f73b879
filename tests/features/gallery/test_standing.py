from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.documents.gallery import Standing
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.standing import faces_by_number, flagged_faces, standing_of
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import NewTemplate
from features.gallery.made_up import Shown, embedding, photo


def test_what_is_missing_and_what_does_not_fit(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    shown = [Shown(1, 0), Shown(1, 1, "left"), Shown(2)]
    enrol(store, reader, "Ann", [photo(tmp_path / f"{n}.png", face) for n, face in enumerate(shown)])
    standing = standing_of(store, "ann")
    assert [bool(face.flagged_by) for face in standing.faces] == [False, False, True]
    assert standing.missing == ("right", "down")
    with pytest.raises(InputError, match="Bob"):
        standing_of(store, "Bob")


def photos_of(store: GalleryStore, *seen_in: tuple[str, ...]) -> Standing:
    """Enrol Ann by photos, each given as models and whom they see: "A1 B1" is one photo of person 1 by two models."""
    names = {"A": "made-up", "B": "older"}
    for number, views in enumerate(seen_in):
        templates = [
            NewTemplate(
                names[seen[0]],
                embedding(int(seen[1]), number, names[seen[0]]),
                "front",
                0,
                0,
                0,
                0.5,
                None,
                str(number),
            )
            for seen in views
        ]
        store.enrol("Ann", templates)
    return standing_of(store, "Ann")


def marks(standing: Standing) -> str:
    """F for a face that is flagged, D for one in doubt, a dot for the others."""
    return "".join("F" if face.flagged else "D" if face.in_doubt else "." for face in standing.faces)


def test_a_photo_is_one_face_by_several_models(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1", "B1"), ("A1", "B1"), ("A2", "B2"))
    assert [face.models for face in standing.faces] == [("made-up", "older")] * 3
    assert [face.number for face in standing.faces] == [each.id for each in store.templates_of(standing.id)[::2]]
    assert standing.faces[2].flagged_by == ("made-up", "older")
    assert marks(standing) == "..F"


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        ((("A1",),), "."),
        ((("A1",), ("A2",)), ".D"),  # one against one: the first may be the wrong one
        ((("A1",), ("A1",), ("A2",), ("A2",)), "..DD"),
        ((("A1",), ("A1",), ("A2",), ("A3",)), "..FF"),  # two against one and one
        ((("A2",), ("A1",), ("A1",)), "F.."),
        ((("A1", "B1"), ("A1", "B1"), ("A2", "B1")), "..D"),  # the models differ
        ((("A1",), ("A1",), ("A2", "B2")), "..F"),  # the other model knows one face only
        ((("A1",), ("A1",), ("A2", "B2"), ("A1", "B1")), "..FD"),  # or one of each, so that it cannot tell
    ],
)
def test_what_is_wrong_is_told_from_what_is_in_doubt(
    store: GalleryStore, reader: Any, photos: tuple[tuple[str, ...], ...], expected: str
) -> None:
    assert marks(photos_of(store, *photos)) == expected


def test_templates_of_a_model_that_is_not_known_are_left_alone(store: GalleryStore) -> None:
    vectors = [embedding(1, 0), embedding(2, 0)]
    store.enrol("Ann", [NewTemplate("long-gone", vector, "front", 0, 0, 0, 0.5) for vector in vectors])
    assert [face.flagged_by for face in standing_of(store, "Ann").faces] == [(), ()]


def test_faces_are_named_by_their_numbers(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1", "B1"), ("A1", "B1"), ("A1",))
    first, second, third = (face.number for face in standing.faces)
    assert faces_by_number(standing, [third, first, third]) == (standing.faces[0], standing.faces[2])
    for number in (second + 1, 99, -1):
        with pytest.raises(InputError, match=f"Ann has no face {number}"):
            faces_by_number(standing, [first, number])


def test_numbers_stay_when_another_face_goes(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1",), ("A1",), ("A1",))
    first, second, third = (face.number for face in standing.faces)
    store.remove(standing.id, [second])
    after = standing_of(store, "Ann")
    assert [face.number for face in after.faces] == [first, third]
    with pytest.raises(InputError, match=f"has no face {second}"):
        faces_by_number(after, [second])


def test_not_all_faces_can_be_removed(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1", "B1"), ("A1",))
    store.rename(standing.id, "Ann O'Neil")
    standing = standing_of(store, "ann o'neil")
    with pytest.raises(InputError, match="No face of Ann O'Neil would be left") as caught:
        faces_by_number(standing, [face.number for face in standing.faces])
    assert (caught.value.code, caught.value.facts) == ("gallery.last-face", {"name": "Ann O'Neil"})


def test_those_that_are_flagged_go_and_those_in_doubt_stay(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1",), ("A1",), ("A2", "B2"), ("A1", "B1"))
    assert flagged_faces(standing) == (standing.faces[2],)
    left = store.remove(standing.id, [face.number for face in flagged_faces(standing)])
    assert left.templates == 4
    assert flagged_faces(standing_of(store, "Ann")) == ()


def test_nothing_is_guessed_where_all_is_in_doubt(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1",), ("A2",))
    with pytest.raises(InputError, match=f"not clear which faces of Ann are wrong: {standing.faces[1].number}, or"):
        flagged_faces(standing)
