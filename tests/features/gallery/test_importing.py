from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.documents.gallery import EnrolReport, NotEnrolled
from closeup.features.gallery.enrol import import_people, person_folders
from closeup.features.gallery.options import EnrolOptions
from closeup.storage.gallery import GalleryStore
from features.gallery.made_up import Shown, photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ann and 李 with two photos each, Nil without a face, one photo beside."""
    place = tmp_path / "people"
    for name, person in (("Ann", 1), ("李小龙", 2)):
        for n in range(2):
            photo(place / name / f"{n}.png", Shown(person, n))
    photo(place / "Nil" / "sea.png")
    photo(place / "beside.png", Shown(9))
    return place


def test_each_folder_is_a_person(store: GalleryStore, reader: Any, folder: Path) -> None:
    report = import_people(store, reader, folder)
    assert [(p.name, isinstance(p, EnrolReport)) for p in report.people] == [
        ("Ann", True),
        ("Nil", False),
        ("李小龙", True),
    ]
    nil = report.people[1]
    assert isinstance(nil, NotEnrolled)
    assert "No face was found" in nil.error
    assert nil.hint
    assert report.ignored == (str(folder / "beside.png"),)
    assert [(r.name, r.templates) for r in store.identities()] == [("Ann", 2), ("李小龙", 2)]


def test_it_can_be_run_again(store: GalleryStore, reader: Any, folder: Path) -> None:
    import_people(store, reader, folder)
    photo(folder / "Ann" / "new.png", Shown(1, 5))
    again = import_people(store, reader, folder)
    added = [person.added for person in again.people if isinstance(person, EnrolReport)]
    assert added == [("front",), ()]
    assert sum(record.templates for record in store.identities()) == 5


def test_a_face_with_two_folders_stops_the_second_only(store: GalleryStore, reader: Any, folder: Path) -> None:
    photo(folder / "Anna Double" / "0.png", Shown(1, 7))
    report = import_people(store, reader, folder)
    problems = {person.name: person.error for person in report.people if isinstance(person, NotEnrolled)}
    assert "is enrolled as Ann already" in problems["Anna Double"]
    assert len(store.identities()) == 2
    forced = import_people(store, reader, folder, EnrolOptions(force=True))
    assert {p.name for p in forced.people if isinstance(p, EnrolReport)} == {"Ann", "Anna Double", "李小龙"}


def test_folders_that_gave_nothing_are_named(store: GalleryStore, reader: Any, folder: Path) -> None:
    (folder / "Ben").mkdir()
    (folder / "Ben" / "film.mov").write_bytes(b"x")
    report = import_people(store, reader, folder)
    ben = next(person for person in report.people if person.name == "Ben")
    assert isinstance(ben, NotEnrolled)
    assert "Ben holds no pictures" in ben.error
    assert report.notes == (
        f"1 folder in {folder} without pictures: Ben.",
        "1 file is no picture by its name and was passed by (1 .mov).",
    )


def test_a_folder_without_folders_is_told(tmp_path: Path, reader: Any) -> None:
    photo(tmp_path / "only.png", Shown(1))
    with pytest.raises(InputError, match="no folders with pictures in them") as caught:
        person_folders(tmp_path)
    assert "people/Anna/1.jpg" in caught.value.hint


def test_progress_counts_photos(store: GalleryStore, reader: Any, folder: Path) -> None:
    told: list[Any] = []
    import_people(store, reader, folder, progress=told.append)
    assert [(p.done, p.total) for p in told] == [(0, 5), (2, 5), (3, 5), (5, 5)]
