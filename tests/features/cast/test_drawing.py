"""Faces that the search has missed: drawn, followed, given to somebody, taken back, and there again after a new run."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.types import FloatArray, Image
from closeup.documents.cast import CAST_JSON
from closeup.features.cast import find, operations
from closeup.features.cast.find import draw_face, make_cast_folder
from closeup.features.cast.folder import CastFolder
from closeup.perception.protocols import Detections
from features.cast.stand_in_video import (
    BLUE,
    FACE_PX,
    GREEN,
    RED,
    SIZE_WH,
    ColourDetector,
    Drawn,
    DrawnShot,
    stand_in_models,
    who_is,
    write_video,
)

SHOTS = (
    DrawnShot(75, 1, (Drawn(RED, 40, 40), Drawn(GREEN, 200, 225))),
    DrawnShot(50, 2, (Drawn(BLUE, 120, 120),)),
)
"""Green is missed throughout, three seconds long; it moves a third of a pixel a frame."""


class Blind(ColourDetector):
    """Sees neither green faces in whole pictures, nor blue ones anywhere."""

    def detect(self, image: Image) -> Detections:
        found = super().detect(image)
        whole = image.shape[:2] == (SIZE_WH[1], SIZE_WH[0])
        rows = [row for row, box in enumerate(found.boxes_xyxy) if self._sees(image, box, whole)]
        return found.take(rows)

    def _sees(self, image: Image, box: FloatArray, whole: bool) -> bool:
        x0, y0, x1, y1 = box.astype(int)
        who = who_is(np.median(image[y0:y1, x0:x1].reshape(-1, 3), axis=0))
        return who == RED or (who == GREEN and not whole)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(find, "cast_models", lambda _: stand_in_models(Blind))
    write_video(tmp_path / "drawn.mp4", SHOTS)
    make_cast_folder(tmp_path / "drawn.mp4", tmp_path / "drawn.cast")
    return tmp_path / "drawn.cast"


def shares(x: float, y: float = 60, side: float = FACE_PX) -> tuple[float, float, float, float]:
    width, height = SIZE_WH
    return x / width, y / height, (x + side) / width, (y + side) / height


def at(frame: int) -> float:
    return frame / 25


def green(frame: int) -> tuple[float, float, float, float]:
    return shares(200 + 25 * frame / 74)


def test_a_missed_face_is_followed_and_somebody_new(folder: Path) -> None:
    before = CastFolder(folder).cast()
    assert [len(before.people), len(before.tracks)] == [1, 1]
    said = draw_face(folder, at(40), green(40), name="Mira")["said"]
    assert said == "A face at 0:00 (t2) is a person of its own now: p2.\np2 is now called Mira."
    kept = CastFolder(folder)
    cast = kept.cast()
    mira = next(person for person in cast.people if person.name == "Mira")
    (track,) = [each for each in cast.tracks if each.person == mira.id]
    assert track.faces[0].frame == 0
    assert track.faces[-1].frame == 70
    for face in track.faces:
        assert np.allclose(face.box_xyxy / np.tile(SIZE_WH, 2), green(face.frame), atol=0.01)
    vectors = kept.vectors(cast)
    own = vectors.face[vectors.face_track == cast.tracks.index(track)]
    assert len(own) >= 1
    assert (own.argmax(axis=1) == GREEN).all()
    assert (folder / "tracks" / f"{track.id}.jpg").is_file()
    assert (folder / mira.portrait).is_file()


def test_drawing_is_undone_and_done_again(folder: Path) -> None:
    before = CAST_JSON.encode(CastFolder(folder).cast())
    draw_face(folder, at(40), green(40), name="Mira")
    kept = CastFolder(folder)
    kept.edit(operations.undo)
    cast = kept.cast()
    assert [person.name for person in cast.people] == [None]
    assert [track.person for track in cast.tracks] == ["p1", None]
    assert CAST_JSON.encode(cast) != before  # the track stays, and is nobody's
    kept.edit(operations.redo)
    assert [person.name for person in kept.cast().people] == [None, "Mira"]
    kept.edit(operations.undo)
    draw_face(folder, at(50), green(50), name="Mira")
    assert [track.id for track in kept.cast().tracks] == ["t1", "t2"]


def test_a_new_run_has_the_drawn_face_again(folder: Path) -> None:
    draw_face(folder, at(40), green(40), name="Mira")
    before = CastFolder(folder).cast()
    after = make_cast_folder(folder.parent / "drawn.mp4", folder, overwrite=True)
    assert after.people == before.people
    for new, old in zip(after.tracks, before.tracks, strict=True):
        assert (new.id, new.person, [f.frame for f in new.faces]) == (old.id, old.person, [f.frame for f in old.faces])
        for one, other in zip(new.faces, old.faces, strict=True):
            assert np.allclose(one.box_xyxy, other.box_xyxy, atol=1)
    assert after.notes == ()


def test_a_face_that_no_detector_sees_is_taken_as_it_was_drawn(folder: Path) -> None:
    draw_face(folder, at(100), shares(120), person="p1")
    cast = CastFolder(folder).cast()
    (track,) = [each for each in cast.tracks if each.shot == 1]
    (face,) = track.faces
    assert (track.person, face.frame, face.score) == ("p1", 100, 0)
    assert np.allclose(face.box_xyxy / np.tile(SIZE_WH, 2), shares(120), atol=0.001)
    vectors = CastFolder(folder).vectors(cast)
    assert cast.tracks.index(track) not in vectors.face_track


@pytest.mark.parametrize(
    ("frame", "box", "person"),
    [
        (40, shares(40), ""),  # it was found already
        (40, green(40), "p1"),  # p1 is in that picture
        (40, green(40), "p9"),
        (4000, green(40), ""),
        (40, (0.5, 0.2, 0.4, 0.4), ""),
        (40, (0.5, 0.2, 1.4, 0.4), ""),
    ],
)
def test_what_cannot_be_changes_nothing(
    folder: Path, frame: int, box: tuple[float, float, float, float], person: str
) -> None:
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(InputError):
        draw_face(folder, at(frame), box, person=person)
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
