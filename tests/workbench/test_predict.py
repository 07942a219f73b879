"""Models asked about photos: whole, face by face, and photos that cannot be read."""

import json
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress
from closeup.core.settings import Settings
from closeup.media.image import encode_jpeg, read_image
from closeup.perception.classifier import PictureClassifier
from closeup.perception.face_crop import FRAMES
from closeup.workbench.models import ResolvedModel
from closeup.workbench.predict import PREDICTION, ClassPrediction, predict
from stand_ins import put_detector
from stills import astronaut
from tiny_networks import save_tiny, tiny_card
from workbench.colours import LEVELS, HalvesDetector, save_picture


def model(place: Path, **changes: object) -> ResolvedModel:
    return ResolvedModel("tiny", PictureClassifier(save_tiny(place / "tiny.onnx", tiny_card(**changes))))


@pytest.fixture
def whole(tmp_path: Path) -> ResolvedModel:
    return model(tmp_path)


@pytest.fixture
def aligned(tmp_path: Path) -> ResolvedModel:
    return model(tmp_path, alignment=FRAMES["expression"].alignment, input_px=32)


def test_photos_are_taken_whole_by_a_model_of_whole_pictures(whole: ResolvedModel, tmp_path: Path) -> None:
    paths = [save_picture(tmp_path / f"{name}.png", colour) for name, colour in LEVELS.items()]
    reports: list[Progress] = []
    found = predict(whole, paths, progress=reports.append)
    assert (found.model, found.detector) == ("tiny", None)
    answers = [photo.shown[0].answers["colour"] for photo in found.photos]
    assert [answer.name for answer in answers if isinstance(answer, ClassPrediction)] == ["red", "green", "blue"]
    assert [photo.path for photo in found.photos] == list(map(str, paths))
    assert reports[-1] == Progress("Looking", 3, 3, "photos")


def test_folders_are_gone_through(whole: ResolvedModel, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    inner = [save_picture(folder / name, LEVELS["red"]) for name in ("b.png", "a/c.png")]
    (folder / "notes.txt").write_text("no picture")
    assert sorted(photo.path for photo in predict(whole, [folder]).photos) == sorted(map(str, inner))
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        predict(whole, [tmp_path / "none"])


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> HalvesDetector:
    detector = HalvesDetector()
    put_detector(monkeypatch, lambda: detector)
    return detector


def test_every_face_is_shown_to_a_model_of_faces(
    aligned: ResolvedModel, tmp_path: Path, halves: HalvesDetector
) -> None:
    two = np.concatenate([astronaut(), astronaut()[:, ::-1]], axis=1)
    path = tmp_path / "two.jpg"
    path.write_bytes(encode_jpeg(two))
    found = predict(aligned, [path], models="builtin", settings=Settings(tmp_path, None))
    assert found.detector == "yunet-2023mar"
    left, right = found.photos[0].shown
    assert (left.box_xyxy is not None, right.box_xyxy is not None) == (True, True)
    np.testing.assert_allclose(left.box_xyxy, [128, 128, 384, 384])
    np.testing.assert_allclose(right.box_xyxy, [640, 128, 896, 384])
    assert (left.score, list(left.answers)) == (pytest.approx(0.9), ["colour", "light"])
    landmarks = halves.detect(two).landmarks_xy[1]
    crop = aligned.classifier.crop(read_image(path), landmarks)
    (wanted,) = aligned.classifier.named(aligned.classifier.answers(crop[None]))
    assert {head: getattr(said, "name", None) for head, said in left.answers.items()} == {
        head: getattr(said, "name", None) for head, said in wanted.items()
    }


@pytest.mark.usefixtures("halves")
def test_no_face_is_no_answer_and_asking_for_the_whole_is_one(aligned: ResolvedModel, tmp_path: Path) -> None:
    path = save_picture(tmp_path / "plain.png", LEVELS["red"])
    assert predict(aligned, [path], settings=Settings(tmp_path, None)).photos[0].shown == ()
    assert predict(aligned, [path], faces=False).photos[0].shown[0].box_xyxy is None


def test_photos_that_cannot_be_read_are_told(whole: ResolvedModel, tmp_path: Path) -> None:
    good = save_picture(tmp_path / "good.png", LEVELS["red"])
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    first, second = predict(whole, [bad, good]).photos
    assert "bad.jpg" in (first.problem or "")
    assert (first.shown, second.problem) == ((), None)
    with pytest.raises(InputError, match=r"bad\.jpg"):
        predict(whole, [bad])
    with pytest.raises(InputError, match="So it is with all 2 photos"):
        predict(whole, [bad, bad])
    with pytest.raises(InputError, match="There is no photo"):
        predict(whole, [tmp_path / "gone.jpg"])
    with pytest.raises(InputError, match="No photo was given"):
        predict(whole, [])


def test_as_json(whole: ResolvedModel, tmp_path: Path) -> None:
    path = save_picture(tmp_path / "green.png", LEVELS["green"])
    table = json.loads(PREDICTION.encode(predict(whole, [path])))
    (only,) = table["photos"]
    assert (table["model"], table["detector"], only["path"], only["problem"]) == ("tiny", None, str(path), None)
    answers = only["shown"][0]["answers"]
    assert answers["colour"]["class"] == "green"
    assert sum(answers["colour"]["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert answers["light"] == {"value": pytest.approx(80, abs=0.1), "unit": "levels"}
