import unicodedata
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress
from closeup.features.gallery.enrol import AlreadyEnrolledError, already_known, enrol, enrol_samples, sample_photo
from closeup.features.gallery.options import EnrolOptions
from closeup.media.image import decode_jpeg
from closeup.media.photos import photo_at
from closeup.media.video import hash_file
from closeup.storage.gallery import GalleryStore
from features.gallery.made_up import FakeAnalyzer, Shown, embedding, made_up_card, photo


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Three photos of one person: front, left, down."""
    poses = ("front", "left", "down")
    return [photo(tmp_path / f"ann{n}.png", Shown(1, n, pose)) for n, pose in enumerate(poses)]


def test_a_person_is_enrolled_by_poses(store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    report = enrol(store, reader, "  Ann ", photos)
    assert (report.name, report.templates) == ("Ann", 3)
    assert report.added == ("front", "left", "down")
    assert report.missing == ("right",)
    assert (report.refused, report.flagged, report.already_known) == ((), (), None)


def test_what_is_stored_is_the_vector_and_no_picture_and_no_path(
    store: GalleryStore, reader: Any, photos: list[Path]
) -> None:
    report = enrol(store, reader, "Ann", photos[:1])
    (template,) = store.templates_of(report.id)
    assert template.vector == pytest.approx(embedding(1, 0))
    assert template.picture_jpeg is None
    assert template.source == hash_file(photos[0])
    assert (template.pose, template.quality) == ("front", pytest.approx(0.8))


def test_pictures_are_kept_where_that_is_asked_for(store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    report = enrol(store, reader, "Ann", photos[:1], EnrolOptions(keep_pictures=True))
    (template,) = store.templates_of(report.id)
    assert template.picture_jpeg is not None
    assert decode_jpeg(template.picture_jpeg).shape[2] == 3


def test_notes_are_stored(store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    day = date(2030, 12, 31)
    report = enrol(store, reader, "Ann", photos, EnrolOptions(consent="asked her", retain_until=day))
    assert (report.consent, report.retain_until) == ("asked her", day)


def test_the_same_photo_adds_nothing_and_others_are_added(store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    enrol(store, reader, "Ann", photos[:2])
    again = enrol(store, reader, "ANN", photos[1:])
    assert again.added == ("down",)
    assert (again.name, again.templates) == ("Ann", 3)


def test_every_model_on_the_machine_gets_a_template(store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    two = FakeAnalyzer((made_up_card(), made_up_card("older")))
    report = enrol(store, two, "Ann", photos[:1], EnrolOptions(keep_pictures=True))  # type: ignore[arg-type]
    templates = store.templates_of(report.id)
    assert [(t.model, t.picture_jpeg is None) for t in templates] == [("made-up", False), ("older", True)]
    assert report.added == ("front",)


def test_photos_of_no_use_are_left_out_with_reasons(
    store: GalleryStore, reader: Any, photos: list[Path], tmp_path: Path
) -> None:
    nobody = photo(tmp_path / "nobody.png")
    two = photo(tmp_path / "two.png", Shown(1), Shown(2))
    blurred = photo(tmp_path / "blurred.png", Shown(1, fault=True))
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    bad = [tmp_path / "absent.png", nobody, two, blurred, text]
    report = enrol(store, reader, "Ann", [*bad, photos[0]])
    assert report.added == ("front",)
    assert [Path(item.photo) for item in report.refused] == bad
    reasons = [item.reason for item in report.refused]
    assert "does not exist" in reasons[0]
    assert "No face was found in" in reasons[1]
    assert "It shows 2 faces of about one size" in reasons[2]
    assert "of no use. The face is blurred" in reasons[3]
    assert "no picture that can be read" in reasons[4]


def test_folders_and_zip_files_stand_for_their_photos(
    store: GalleryStore, reader: Any, photos: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "ann" / "more").mkdir(parents=True)
    photos[0].rename(tmp_path / "ann" / "more" / "a.png")
    (tmp_path / "ann" / "broken.jpg").write_text("x")
    (tmp_path / "ann" / "notes.txt").write_text("x")
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        for path in photos[1:]:
            archive.write(path, path.name)
    report = enrol(store, reader, "Ann", [tmp_path / "ann", tmp_path / "ann.zip", tmp_path / "absent"])
    assert report.added == ("front", "left", "down")
    assert [Path(item.photo).name for item in report.refused] == ["absent", "broken.jpg"]
    assert report.notes == ("1 file is no picture by its name and was passed by (1 .txt).",)
    assert enrol(store, reader, "Ann", photos[1:]).added == (), "the same photos, out of the zip file"


def test_where_no_photo_is_of_use_nothing_is_stored(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    nobody, two = photo(tmp_path / "nobody.png"), photo(tmp_path / "two.png", Shown(1), Shown(2))
    with pytest.raises(InputError, match="No face was found") as caught:
        enrol(store, reader, "Ann", [nobody])
    assert caught.value.hint
    with pytest.raises(InputError, match=r"None of 2 photos of Ann can be used\. No face was found"):
        enrol(store, reader, "Ann", [nobody, two])
    assert store.identities() == ()


def test_somebody_in_the_background_does_not_matter_and_the_largest_can_be_taken(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    behind = photo(tmp_path / "behind.png", Shown(2, small=True), Shown(1))
    two = photo(tmp_path / "two.png", Shown(1, 1), Shown(2))
    report = enrol(store, reader, "Ann", [behind, two], EnrolOptions(largest=True))
    assert report.refused == ()
    vectors = np.stack([template.vector for template in store.templates_of(report.id)])
    assert vectors == pytest.approx(np.stack([embedding(1, 0), embedding(1, 1)]))


def test_a_face_with_another_name_is_refused_and_nothing_is_stored(
    store: GalleryStore, reader: Any, photos: list[Path], tmp_path: Path
) -> None:
    enrol(store, reader, "Ann", photos)
    new = [photo(tmp_path / "stranger.png", Shown(5)), photo(tmp_path / "ann9.png", Shown(1, 9))]
    with pytest.raises(AlreadyEnrolledError, match=r"ann9\.png shows a face that is enrolled as Ann already") as caught:
        enrol(store, reader, "Bea", new)
    assert (caught.value.code, caught.value.facts) == ("gallery.already-enrolled", {"known": "Ann"})
    known = caught.value.known
    assert (known.name, known.photo) == ("Ann", str(new[1]))
    assert known.similarity >= known.threshold
    assert [record.name for record in store.identities()] == ["Ann"]


def test_force_enrols_all_the_same_and_tells(
    store: GalleryStore, reader: Any, photos: list[Path], tmp_path: Path
) -> None:
    enrol(store, reader, "Ann", photos)
    twin = photo(tmp_path / "twin.png", Shown(1, 9))
    report = enrol(store, reader, "Bea", [twin], EnrolOptions(force=True))
    assert report.already_known is not None
    assert report.already_known.name == "Ann"
    assert [record.name for record in store.identities()] == ["Ann", "Bea"]


def test_the_rate_is_parted_among_the_people(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    for person in range(20):
        enrol(store, reader, f"person {person}", [photo(tmp_path / f"{person}.png", Shown(person))])
    sample = sample_photo(reader, photo_at(photo(tmp_path / "again.png", Shown(3, 4))), EnrolOptions())
    known = already_known(store, "somebody else", [sample])
    assert known is not None
    assert known.name == "person 3"
    assert known.far == pytest.approx(0.001 / 20)
    assert already_known(store, "PERSON 3", [sample]) is None


def test_a_face_that_only_another_model_knows_is_found_too(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    old = FakeAnalyzer((made_up_card("older"),))
    enrol(store, old, "Ann", [photo(tmp_path / "a.png", Shown(1))])  # type: ignore[arg-type]
    two = FakeAnalyzer((made_up_card(), made_up_card("older")))
    with pytest.raises(AlreadyEnrolledError):
        enrol(store, two, "Bea", [photo(tmp_path / "b.png", Shown(1, 1))])  # type: ignore[arg-type]


def test_two_people_under_one_name_are_flagged(
    store: GalleryStore, reader: Any, photos: list[Path], tmp_path: Path
) -> None:
    stranger = photo(tmp_path / "bob.png", Shown(2))
    report = enrol(store, reader, "Ann", [photos[0], stranger, photos[1]])
    assert report.flagged == (str(stranger),)
    later = photo(tmp_path / "cid.png", Shown(3))
    assert enrol(store, reader, "Ann", [later]).flagged == (str(later),)


@pytest.mark.parametrize("name", ["Renée", "李小龙", "محمد", "Ólafur 🧊", "Nguyễn Thị Minh Khai"])
def test_names_of_any_script(name: str, store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    first = enrol(store, reader, name, photos[:1])
    apart = enrol(store, reader, unicodedata.normalize("NFD", name), photos[1:2])
    assert first.id == apart.id
    assert apart.name == unicodedata.normalize("NFC", name)


def test_a_name_that_cannot_be_stored_costs_no_reading(store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    with pytest.raises(InputError, match="empty"):
        enrol(store, reader, "  ", photos)
    assert reader.reads == 0


def test_progress_is_told_and_an_interruption_stores_nothing(
    store: GalleryStore, reader: Any, photos: list[Path]
) -> None:
    told: list[Progress] = []
    enrol(store, reader, "Ann", photos, progress=told.append)
    assert [(p.done, p.total) for p in told] == [(0, 3), (1, 3), (2, 3), (3, 3)]

    def stop(progress: Progress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrol(store, reader, "Bea", photos, progress=stop)
    assert [record.name for record in store.identities()] == ["Ann"]


def test_samples_without_a_source_are_added_each_time(store: GalleryStore, reader: Any, photos: list[Path]) -> None:
    sample = sample_photo(reader, photo_at(photos[0]), EnrolOptions())
    loose = replace(sample, templates=(replace(sample.templates[0], source=None),))
    enrol_samples(store, "Ann", [loose], EnrolOptions())
    assert enrol_samples(store, "Ann", [loose], EnrolOptions()).added == ("front",)
