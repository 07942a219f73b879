from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError, ModelError
from closeup.core.types import FloatArray, Image
from closeup.documents.gallery import EnrolReport
from closeup.features.cast.folder import CastFolder, write_cast_folder
from closeup.features.cast.operations import merge_people, name_person
from closeup.features.gallery.cast_people import import_cast, name_cast, read_cast_faces
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.options import EnrolOptions
from closeup.features.gallery.photos import BY_EVERY_MODEL
from closeup.features.gallery.roster import read_roster
from closeup.features.gallery.standing import standing_of
from closeup.storage.gallery import GalleryStore
from features.cast.fake_cast import fake_result
from features.gallery.made_up import FakeAnalyzer, Shown, embedding, made_up_card, photo

# The cast: A (t1, t3, t6) is p1, B (t2, t4) is p2, C (t5) is p3, D (t7) is p4 and passes by; t8 is nobody's.
OWNERS = (0, 1, 0, 1, 2, 0, 3, 9)


def folder_of(place: Path, names: dict[str, str] | None = None, model: str = "made-up") -> Path:
    """A cast whose faces are those of the made-up people 0, 1, 2, 3."""
    result = fake_result()
    faces = np.stack([embedding(owner, track) for track, owner in enumerate(OWNERS)])
    people = tuple(replace(person, name=(names or {}).get(person.id)) for person in result.cast.people)
    vectors = replace(result.vectors, face=faces, embedder=model)
    write_cast_folder(
        place / "talk.cast",
        replace(result, cast=replace(result.cast, people=people), vectors=vectors),
        overwrite=False,
    )
    return place / "talk.cast"


def enrolled(store: GalleryStore, reader: Any, place: Path, *people: int) -> None:
    for person in people:
        photos = [photo(place / f"{person}-{n}.png", Shown(person, 50 + n)) for n in range(2)]
        enrol(store, reader, f"person {person}", photos)


def no_reader() -> Any:
    raise AssertionError("no picture need be read")


def test_named_people_are_enrolled_by_their_tracks(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p1": "Ann", "p3": "Cid"})
    report = import_cast(store, reader, folder, EnrolOptions(consent="in the contract"))
    assert [(p.name, isinstance(p, EnrolReport)) for p in report.people] == [("Ann", True), ("Cid", True)]
    roster = read_roster(store, "made-up", 0.4)
    answers = [ranked[0].name for ranked in roster.ranked(np.stack([embedding(0, 40), embedding(2, 41)]))]
    assert answers == ["Ann", "Cid"]
    assert {record.consent for record in store.identities()} == {"in the contract"}
    assert import_cast(store, reader, folder).people[0].added == ()  # type: ignore[union-attr]


def test_pictures_of_the_tracks_are_kept_where_asked_for(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p1": "Ann"})
    import_cast(store, reader, folder, EnrolOptions(keep_pictures=True))
    kept = [t.picture_jpeg for t in store.templates_of(store.find("Ann").id)]
    assert (folder / "tracks" / "t1.jpg").read_bytes() in kept


def test_the_readers_other_models_read_the_pictures_of_the_tracks(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    both = FakeAnalyzer((made_up_card("older"), made_up_card()))

    def faces(image: Image, *_: Any) -> Any:
        return (replace(FakeAnalyzer.faces(both, _coded(0), BY_EVERY_MODEL)[0], landmarks_xy=_landmarks(image)),)

    both.faces = faces  # type: ignore[method-assign]
    import_cast(store, both, folder_of(tmp_path, {"p1": "Ann"}))  # type: ignore[arg-type]
    models = [t.model for t in store.templates_of(store.find("Ann").id)]
    assert models.count("made-up") == 2
    assert models.count("older") == 2


def _coded(person: int) -> Image:
    from features.gallery.made_up import picture

    return picture(Shown(person))


def _landmarks(image: Image) -> FloatArray:
    return np.array([[50, 60], [70, 60], [60, 70], [52, 80], [68, 80]], np.float32)


def test_nobody_with_a_name_is_told(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Nobody in .*talk\.cast has a name") as caught:
        import_cast(store, reader, folder_of(tmp_path))
    assert (caught.value.code, caught.value.facts) == ("cast.nameless", {"folder": tmp_path / "talk.cast"})
    with pytest.raises(InputError, match="not the cast of a video"):
        import_cast(store, reader, tmp_path)


def test_a_cast_is_told_who_is_who(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    enrolled(store, reader, tmp_path, 0, 2, 7)
    answers = name_cast(store, folder_of(tmp_path, {"p3": "Cid"}), no_reader)
    assert {a.person: a.name for a in answers} == {"p1": "person 0", "p2": None, "p3": "person 2", "p4": None}
    assert {a.person: a.called for a in answers}["p3"] == "Cid"
    assert all(a.conflict == "" for a in answers)


def test_two_in_one_picture_do_not_get_one_name(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    enrolled(store, reader, tmp_path, 0)
    folder = folder_of(tmp_path)
    faces = read_cast_faces(folder)
    # B, who is beside A in the first shot, looks much like A.
    like = np.stack([embedding(0 if owner == 1 else owner, 60 + n) for n, owner in enumerate(OWNERS)])
    result = fake_result()
    write_cast_folder(folder, replace(result, vectors=replace(faces.vectors, face=like)), overwrite=True)
    answers = {a.person: a for a in name_cast(store, folder, no_reader)}
    assert [answers[p].name for p in ("p1", "p2")] == ["person 0", "person 0"]
    assert sorted(bool(answers[p].conflict) for p in ("p1", "p2")) == [False, True]
    told = answers["p1"].conflict + answers["p2"].conflict
    assert "is in the picture at the same time, and more like person 0." in told


def test_the_pictures_are_read_where_the_gallery_has_another_model(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    enrolled(store, reader, tmp_path, 0, 1)
    folder = folder_of(tmp_path, model="older")
    fake = FakeAnalyzer()
    order = iter([0, 0, 0, 1, 1, 2, 3])

    def faces(image: Image, *_: Any) -> Any:
        return (replace(FakeAnalyzer.faces(fake, _coded(next(order)))[0], landmarks_xy=_landmarks(image)),)

    fake.faces = faces  # type: ignore[method-assign]
    answers = name_cast(store, folder, lambda: fake)  # type: ignore[arg-type, return-value]
    assert [a.name for a in answers] == ["person 0", "person 1", None, None]
    assert {a.model for a in answers} == {"made-up"}


def test_an_empty_gallery_and_one_that_cannot_be_compared(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, model="older")
    with pytest.raises(InputError, match="Nobody is enrolled"):
        name_cast(store, folder, no_reader)
    gone: Any = FakeAnalyzer((made_up_card("gone"),))
    enrol_gone = embedding(0, 0)
    from closeup.storage.records import NewTemplate

    store.enrol("Ann", [NewTemplate("gone", enrol_gone, "front", 0, 0, 0, 0.5)])
    assert gone.embedder_card.name == "gone"
    with pytest.raises(ModelError, match="of gone"):
        name_cast(store, folder, lambda: reader)


def test_a_cast_of_a_model_that_is_gone_is_read_from_its_pictures(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    enrolled(store, reader, tmp_path, 0, 1)
    folder = folder_of(tmp_path, model="dlib-resnet-128")
    fake = FakeAnalyzer()
    order = iter([0, 0, 0, 1, 1, 2, 3])

    def faces(image: Image, *_: Any) -> Any:
        return (replace(FakeAnalyzer.faces(fake, _coded(next(order)))[0], landmarks_xy=_landmarks(image)),)

    fake.faces = faces  # type: ignore[method-assign]
    answers = name_cast(store, folder, lambda: fake)  # type: ignore[arg-type, return-value]
    assert {a.model for a in answers} == {"made-up"}
    assert [a.name for a in answers] == ["person 0", "person 1", None, None]


def test_tracks_that_only_touch_are_not_in_one_picture(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    """A of shot 1 and D of shot 4, where A's track is padded into D's: no frame shows both."""
    enrolled(store, reader, tmp_path, 0)
    folder = folder_of(tmp_path)
    like = np.stack([embedding(0 if owner == 3 else owner, 60 + n) for n, owner in enumerate(OWNERS)])
    result = fake_result()
    longer = tuple(replace(t, end_frame=360, end_s=14.4) if t.id == "t6" else t for t in result.cast.tracks)
    vectors = replace(read_cast_faces(folder).vectors, face=like)
    write_cast_folder(
        folder, replace(result, cast=replace(result.cast, tracks=longer), vectors=vectors), overwrite=True
    )
    answers = {a.person: a for a in name_cast(store, folder, no_reader)}
    assert [answers[p].name for p in ("p1", "p4")] == ["person 0", "person 0"]
    assert [answers[p].conflict for p in ("p1", "p4")] == ["", ""]


def test_whom_the_user_made_whole_comes_in_as_one(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    """C is nothing like A; the user says that they are one person."""
    folder = folder_of(tmp_path, {"p1": "Ann"})
    import_cast(store, reader, folder)
    place = CastFolder(folder)
    place.edit(partial(merge_people, identities=["p1", "p3"]))
    place.edit(partial(name_person, identity="p1", name="Ann"))
    (ann,) = import_cast(store, reader, folder).people
    assert isinstance(ann, EnrolReport)
    assert ann.flagged == ()
    assert [template.vouched for template in store.templates_of(ann.id)] == [True] * 3
    assert not any(face.flagged_by for face in standing_of(store, "Ann").faces)
    roster = read_roster(store, "made-up", 0.4)
    found = roster.ranked(np.stack([embedding(0, 40), embedding(2, 41)]))
    assert [(ranked[0].name, ranked[0].similarity > 0.45) for ranked in found] == [("Ann", True), ("Ann", True)]


def test_of_whom_nobody_spoke_a_face_unlike_the_others_does_not_count(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, {"p1": "Ann"})
    faces = read_cast_faces(folder)
    odd = np.stack([embedding(5 if track == 2 else owner, track) for track, owner in enumerate(OWNERS)])
    result = fake_result()
    people = tuple(replace(p, name="Ann" if p.id == "p1" else None) for p in result.cast.people)
    changed = replace(result, cast=replace(result.cast, people=people), vectors=replace(faces.vectors, face=odd))
    write_cast_folder(folder, changed, overwrite=True)
    (ann,) = import_cast(store, reader, folder).people
    assert isinstance(ann, EnrolReport)
    assert [origin.rpartition(" ")[2] for origin in ann.flagged] == ["t3"]
    assert not any(template.vouched for template in store.templates_of(ann.id))


def test_a_cast_without_its_baseline_is_imported_all_the_same(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p1": "Ann"})
    (folder / "baseline.json").unlink()
    assert isinstance(import_cast(store, reader, folder).people[0], EnrolReport)
