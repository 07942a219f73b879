from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.features.gallery.removal import faces_by_number, flagged_faces
from closeup.features.gallery.standing import standing_of
from closeup.storage.gallery import GalleryStore
from features.gallery.test_standing import photos_of


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
    store.remove(standing.identity.id, [second])
    after = standing_of(store, "Ann")
    assert [face.number for face in after.faces] == [first, third]
    with pytest.raises(InputError, match=f"has no face {second}"):
        faces_by_number(after, [second])


def test_not_all_faces_can_be_removed(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1", "B1"), ("A1",))
    store.rename(standing.identity.id, "Ann O'Neil")
    standing = standing_of(store, "ann o'neil")
    with pytest.raises(InputError, match="No face of Ann O'Neil would be left") as caught:
        faces_by_number(standing, [face.number for face in standing.faces])
    assert (caught.value.code, caught.value.facts) == ("gallery.last-face", {"name": "Ann O'Neil"})


def test_those_that_are_flagged_go_and_those_in_doubt_stay(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1",), ("A1",), ("A2", "B2"), ("A1", "B1"))
    assert flagged_faces(standing) == (standing.faces[2],)
    left = store.remove(standing.identity.id, [face.number for face in flagged_faces(standing)])
    assert left.templates == 4
    assert flagged_faces(standing_of(store, "Ann")) == ()


def test_nothing_is_guessed_where_all_is_in_doubt(store: GalleryStore, reader: Any) -> None:
    standing = photos_of(store, ("A1",), ("A2",))
    with pytest.raises(InputError, match=f"not clear which faces of Ann are wrong: {standing.faces[1].number}, or"):
        flagged_faces(standing)
