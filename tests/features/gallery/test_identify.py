from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError, ModelError
from closeup.features.gallery import identify as module
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.identify import Trails, identify, identify_photo, identify_video
from closeup.features.gallery.recognise import Recogniser, model_for
from closeup.media.container import is_video
from closeup.storage.gallery import GalleryStore
from features.gallery.made_up import FakeAnalyzer, Shown, embedding, made_up_card, photo, picture
from stand_ins import PictureSource


@pytest.fixture
def people(store: GalleryStore, reader: Any, tmp_path: Path) -> GalleryStore:
    """A gallery with Ann (1) and Bob (2), three photos each."""
    for name, person in (("Ann", 1), ("Bob", 2)):
        enrol(store, reader, name, [photo(tmp_path / f"{name}{n}.png", Shown(person, n)) for n in range(3)])
    return store


def film(monkeypatch: pytest.MonkeyPatch, *looks: list[Shown], fps: int = 10) -> None:
    """Let the next video that is opened show each of these for half a second."""
    pictures = ((n / fps, picture(*looks[n * 2 // fps])) for n in range(len(looks) * fps // 2))

    class Reader(PictureSource):
        end_time, notes = Fraction(len(looks), 2), ("a note",)

    @contextmanager
    def opened(path: Path) -> Iterator[Any]:
        yield Reader(pictures, len(looks) / 2)

    monkeypatch.setattr(module, "open_video", opened)


def test_every_face_gets_an_answer_from_left_to_right(people: GalleryStore, reader: Any) -> None:
    found = identify(people, reader, picture(Shown(2, 9), Shown(7), Shown(1, 9)))
    assert [face.name for face in found] == ["Bob", None, "Ann"]
    assert [float(face.box_xyxy[0]) for face in found] == [0, 32, 64]


def test_unknown_is_an_answer_with_the_figures(people: GalleryStore, reader: Any) -> None:
    (face,) = identify(people, reader, picture(Shown(7)), far=0.01)
    answer = face
    assert (answer.name, answer.identity_id) == (None, None)
    assert answer.nearest in ("Ann", "Bob")
    assert answer.similarity < answer.threshold
    assert (answer.threshold, answer.far, answer.read_from) == (0.4, 0.01, "made-up pairs")
    assert (answer.candidates, answer.model) == (2, "made-up")
    assert answer.stranger_rate == pytest.approx(0.0199)


def test_the_rate_decides(people: GalleryStore, reader: Any) -> None:
    similarity = identify(people, reader, picture(Shown(1, 9)))[0].similarity
    assert similarity > 0.6
    for far, threshold in ((0.1, 0.35), (0.0001, 0.6)):
        answer = identify(people, reader, picture(Shown(1, 9)), far)[0]
        assert (answer.threshold, answer.name) == (threshold, "Ann")
    with pytest.raises(InputError, match=r"false-accept rate of 0\.5"):
        identify(people, reader, picture(Shown(1)), far=0.5)


def test_a_picture_without_faces_has_no_answers_and_a_photo_is_told(
    people: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    assert identify(people, reader, picture()) == ()
    with pytest.raises(InputError, match="No face was found"):
        identify_photo(people, reader, photo(tmp_path / "nobody.png"))
    text = tmp_path / "text.png"
    text.write_text("x")
    with pytest.raises(InputError, match="no picture"):
        identify_photo(people, reader, text)


def test_an_empty_gallery_and_a_foreign_one(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nobody is enrolled"):
        identify(store, reader, picture(Shown(1)))
    old = FakeAnalyzer((made_up_card("older"),))
    enrol(store, old, "Ann", [photo(tmp_path / "a.png", Shown(1))])  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="of older, and faces are read with made-up here") as caught:
        identify(store, reader, picture(Shown(1)))
    assert caught.value.facts == {"name": "older"}


def test_a_gallery_of_an_older_model_is_read_with_that_one(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    old, both = FakeAnalyzer((made_up_card("older"),)), FakeAnalyzer((made_up_card(), made_up_card("older")))
    for name, person in (("Ann", 1), ("Bob", 2)):
        enrol(store, old, name, [photo(tmp_path / f"{name}.png", Shown(person))])  # type: ignore[arg-type]
    enrol(store, both, "Cid", [photo(tmp_path / "c.png", Shown(3))])  # type: ignore[arg-type]
    assert model_for(store, both) == "older"  # type: ignore[arg-type]
    (answer,) = identify(store, both, picture(Shown(1, 4)))  # type: ignore[arg-type]
    assert (answer.name, answer.model) == ("Ann", "older")
    for name, person in (("Ann", 1), ("Bob", 2)):
        enrol(store, both, name, [photo(tmp_path / f"{name}2.png", Shown(person, 1))])  # type: ignore[arg-type]
    assert model_for(store, both) == "made-up"  # type: ignore[arg-type]


def test_faces_known_to_be_one_persons_decide_together(people: GalleryStore, reader: Any) -> None:
    recogniser = Recogniser(people, "made-up", 0.001)
    faces = np.stack([embedding(1, 7), embedding(1, 8), embedding(2, 7)])
    answer = recogniser.answer_together(faces)
    alone = recogniser.answer(faces)
    assert [one.name for one in alone] == ["Ann", "Ann", "Bob"]
    assert answer.nearest == "Ann"
    assert answer.similarity < alone[0].similarity


def test_a_video_is_looked_at_twice_a_second_and_answered_with_times(
    people: GalleryStore, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(monkeypatch, *[[Shown(1, n)] for n in range(4)], *[[Shown(2, n), Shown(7, n)] for n in range(3)], [])
    told: list[Any] = []
    found = identify_video(people, reader, Path("film.mp4"), progress=told.append)
    assert (found.looks, found.duration_s, found.notes) == (8, 4.0, ("a note",))
    seen = {a.name: (a.start_s, a.end_s, a.looks) for a in found.sightings}
    # Bob takes the place of Ann from one look to the next.
    assert seen == {"Ann": (0.0, 1.5, 4), "Bob": (2.0, 3.0, 3), None: (2.0, 3.0, 3)}
    assert list(found.people) == ["Ann", "Bob"]
    assert len(told) == 8


def test_a_face_that_comes_back_is_another_sighting(
    people: GalleryStore, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(monkeypatch, [Shown(1)], [Shown(1, 1)], [], [], [], [Shown(1, 2)])
    found = identify_video(people, reader, Path("film.mp4"))
    assert found.people["Ann"] == ((0.0, 0.5), (2.5, 2.5))


def test_a_face_is_followed_over_missed_looks_and_not_over_the_picture(reader: Any) -> None:
    trails = Trails("made-up", 0.4)
    here, there = reader.faces(picture(Shown(1))), reader.faces(picture(Shown(1, small=True), Shown(1)))[:1]
    for number, faces in enumerate([here, (), (), here, there]):
        trails.look(number / 2, faces)
    assert [trail.times_s for trail in trails.all()] == [[0.0, 1.5], [2.0]]


def test_files_are_told_apart(tmp_path: Path) -> None:
    assert not is_video(photo(tmp_path / "a.png", Shown(1)))
    assert not is_video(tmp_path / "absent.mp4")
