"""From pictures and videos to faces and answers, with small networks whose answers can be worked out."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import closeup
from closeup.core.errors import InputError, ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import Image
from closeup.documents.faces import ClassAnswer, ValueAnswer
from closeup.features.faces import finder as module
from closeup.features.faces.finder import FaceFinder, find_faces
from closeup.media.encoder import VideoEncoder
from closeup.media.image import encode_jpeg, encode_png
from closeup.perception.classifier import PictureClassifier, average_landmarks
from closeup.perception.face_crop import FRAMES
from closeup.perception.protocols import Detections, FaceDetector, no_detections
from closeup.weights.network_card import NetworkHead
from stand_ins import put_detector
from stills import FACES_XYXY, astronaut
from tiny_networks import save_tiny, tiny_card

HEADS = {
    "expression": (NetworkHead("expression", "classes", ("happy", "sad", "neutral")),),
    "attributes": (
        NetworkHead("age", "value", (), "years"),
        NetworkHead("gender", "classes", ("female", "male")),
        NetworkHead("mask", "classes", ("mask", "no_mask", "incorrect")),
    ),
}
"""Red faces are happy, female and masked; green ones sad, male and not masked; the age is the mean level."""

RED, GREEN = (210, 30, 30), (30, 210, 30)


class SquaresDetector(FaceDetector):
    """Finds squares of a strong colour, the last one first."""

    card_name = "squares"

    def detect(self, image: Image) -> Detections:
        found = []
        for channel in (0, 1):
            strong = (image[..., channel] > 150) & (image[..., 1 - channel] < 90) & (image[..., 2] < 90)
            rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
            if len(rows) and len(columns):
                found.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
        if not found:
            return no_detections()
        boxes = np.array(sorted(found, reverse=True), np.float32)
        return Detections(
            boxes, np.stack([average_landmarks(box) for box in boxes]), np.full(len(boxes), 0.95, np.float32)
        )


def picture(red_x: int | None, green_x: int | None = None, side: int = 60) -> Image:
    """A grey picture (180, 320, 3) with up to two faces."""
    image = np.full((180, 320, 3), 120, np.uint8)
    for x, colour in ((red_x, RED), (green_x, GREEN)):
        if x is not None:
            image[50 : 50 + side, x : x + side] = colour
    return image


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Put the detector and the small networks in place; those of our own models that are named are not there."""

    def put(*absent: str) -> None:
        def load(name: str, _: Settings) -> PictureClassifier | str:
            if name in absent:
                return f"There is no {name}."
            card = tiny_card(name=name, heads=HEADS[name], input_px=16, alignment=FRAMES["expression"].alignment)
            return PictureClassifier(save_tiny(tmp_path / f"{name}.onnx", card))

        put_detector(monkeypatch, SquaresDetector)
        monkeypatch.setattr(module, "load_model", load)

    return put


def names(answers: object) -> dict[str, str]:
    assert isinstance(answers, dict)
    return {name: answer.name for name, answer in answers.items() if isinstance(answer, ClassAnswer)}


def test_faces_of_a_picture_from_left_to_right(fakes: Callable[..., None]) -> None:
    fakes()
    found = find_faces(picture(200, 20))
    left, right = found.faces
    assert names(left.answers) == {"expression": "sad", "gender": "male", "mask": "no_mask"}
    assert names(right.answers) == {"expression": "happy", "gender": "female", "mask": "mask"}
    assert left.answers["age"] == ValueAnswer(pytest.approx(90, abs=1), "years")
    assert left.box_xyxy.tolist() == [20, 50, 80, 110]
    assert (left.track, found.video, found.source, found.absent) == (None, None, "", {})
    assert found.models["expression"] == "expression"


def test_files_are_known_by_what_is_in_them(fakes: Callable[..., None], tmp_path: Path) -> None:
    fakes()
    (tmp_path / "a.bin").write_bytes(encode_png(picture(100)))
    found = closeup.find_faces(str(tmp_path / "a.bin"))
    assert (len(found.faces), found.source, found.size_wh) == (1, str(tmp_path / "a.bin"), (320, 180))
    (tmp_path / "b.bin").write_text("no picture")
    with pytest.raises(InputError, match="no picture"):
        find_faces(tmp_path / "b.bin")


def test_what_is_not_there_is_told_and_left_out(fakes: Callable[..., None]) -> None:
    fakes("attributes")
    found = find_faces(picture(100))
    assert found.absent == {"attributes": "There is no attributes."}
    assert set(found.faces[0].answers) == {"expression"}
    assert set(found.models) == {"detector", "expression"}


def test_small_faces_are_shown_and_not_judged(fakes: Callable[..., None]) -> None:
    fakes()
    (face,) = find_faces(picture(100, side=20)).faces
    assert face.answers == {}
    assert find_faces(picture(100, side=8)).faces == ()


def test_no_face_is_an_answer(fakes: Callable[..., None]) -> None:
    fakes()
    assert find_faces(picture(None)).faces == ()


def test_faces_of_a_video_are_followed(fakes: Callable[..., None], tmp_path: Path) -> None:
    fakes()
    with VideoEncoder(tmp_path / "a.mp4", (320, 180), Fraction(10)) as encoder:
        for frame in range(20):
            encoder.write(picture(20 + 2 * frame, 200 if frame >= 8 else None))
    found = find_faces(tmp_path / "a.mp4")
    assert found.video is not None
    assert (found.video.duration_s, found.video.looks_per_s, found.video.cuts_s) == (2.0, 5.0, ())
    assert [look.frame for look in found.looks] == list(range(0, 20, 2))
    assert [[face.track for face in look.faces] for look in found.looks] == [[1]] * 4 + [[1, 2]] * 6
    for look in found.looks:
        assert look.faces[0].box_xyxy[0] == pytest.approx(20 + 2 * look.frame, abs=2)
        assert [names(face.answers)["expression"] for face in look.faces] == ["happy", "sad"][: len(look.faces)]


def test_large_videos_are_looked_at_smaller_and_told_in_their_own_pixels(
    fakes: Callable[..., None], tmp_path: Path
) -> None:
    fakes()
    with VideoEncoder(tmp_path / "a.mp4", (2240, 1260), Fraction(5)) as encoder:
        encoder.write(np.kron(picture(100), np.ones((7, 7, 1), np.uint8)))
    (face,) = find_faces(tmp_path / "a.mp4").faces
    np.testing.assert_allclose(face.box_xyxy, [700, 350, 1120, 770], atol=8)


def test_how_often_must_make_sense(fakes: Callable[..., None], tmp_path: Path) -> None:
    fakes()
    with VideoEncoder(tmp_path / "a.mp4", (320, 180), Fraction(5)) as encoder:
        encoder.write(picture(100))
    with pytest.raises(ValueError, match="positive"):
        find_faces(tmp_path / "a.mp4", looks_per_s=0)
    with pytest.raises(InputError, match="set of models"):
        find_faces(picture(100), models="best")


def test_models_that_do_not_come_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> PictureClassifier:
        raise ModelError("It is gone.", "Get it.")

    monkeypatch.setattr(module, "is_shipped", lambda *_: False)
    monkeypatch.setattr(module, "shipped", gone)
    assert module.load_model("expression", read_settings()) == "It is gone."
    monkeypatch.setattr(module, "is_shipped", lambda *_: True)
    monkeypatch.setitem(module._LOADERS, "expression", gone)
    with pytest.raises(ModelError, match="gone"):  # there, and damaged: not left out in silence
        module.load_model("expression", read_settings())


def test_what_bars_commercial_use_is_said_or_left_out(tmp_path: Path) -> None:
    image = astronaut()
    (note,) = find_faces(image).notes
    assert "attributes is not for commercial use" in note
    found = find_faces(image, settings=Settings(tmp_path, None, commercial_only=True))
    assert found.notes == ()
    assert list(found.absent) == ["attributes"]
    assert "not for commercial use" in found.absent["attributes"]


def test_a_real_face(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "load_model", lambda name, _: f"There is no {name}.")
    (tmp_path / "a.jpg").write_bytes(encode_jpeg(astronaut()))
    (face,) = FaceFinder("builtin").photo(tmp_path / "a.jpg").faces
    np.testing.assert_allclose(face.box_xyxy, FACES_XYXY["astronaut"], atol=25)
    assert face.quality.total > 0.3


@pytest.mark.shared
def test_a_group_photo_and_what_our_models_say(shared: Path) -> None:
    found = find_faces(shared / "data" / "photos" / "facenet_multiface.jpg", models="builtin")
    assert len(found.faces) == 6
    lefts = [float(face.box_xyxy[0]) for face in found.faces]
    assert lefts == sorted(lefts)
    for face in found.faces:
        said = {name for name in ("expression", "age", "gender", "mask") if name in face.answers}
        assert said == {
            *({"expression"} if "expression" in found.models else ()),
            *({"age", "gender", "mask"} if "attributes" in found.models else ()),
        }
