"""Networks with cards: pictures cut as the card says, answers by name, and what is refused."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from closeup.algorithms.metrics.classification import softmax
from closeup.core.errors import ModelError
from closeup.core.settings import Settings
from closeup.documents.faces import ClassAnswer, ValueAnswer
from closeup.media.square import square
from closeup.perception.classifier import (
    BATCH,
    PictureClassifier,
    average_landmarks,
    is_shipped,
    shipped,
    shipped_names,
)
from closeup.perception.face_crop import FRAMES, crop_face
from closeup.weights.network_card import METADATA_KEY, NETWORK_CARD, NetworkHead
from stills import FACES_XYXY, astronaut
from tiny_networks import PER_LEVEL, plain_picture, save_tiny, tiny_bytes, tiny_card

FRAME = FRAMES["expression"]
EYES_LEVEL = np.array([[30, 30], [50, 30], [40, 42], [33, 52], [47, 52]], np.float32)


@pytest.fixture
def whole(tmp_path: Path) -> PictureClassifier:
    return PictureClassifier(save_tiny(tmp_path / "whole.onnx"))


@pytest.fixture
def aligned(tmp_path: Path) -> PictureClassifier:
    return PictureClassifier(
        save_tiny(
            tmp_path / "aligned.onnx", tiny_card(alignment=FRAME.alignment, cut_larger=1.2, input_px=32, fit="stretch")
        )
    )


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 3])
def test_answers_come_by_head(whole: PictureClassifier, count: int) -> None:
    crops = np.random.default_rng(1).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    answers = whole.answers(crops)
    assert list(answers) == ["colour", "light"]
    means = crops.reshape(count, -1, 3).mean(axis=1) if count else np.zeros((0, 3))
    np.testing.assert_allclose(answers["colour"], softmax(means * PER_LEVEL) if count else np.zeros((0, 3)), atol=1e-5)
    np.testing.assert_allclose(answers["light"], means.mean(axis=1), rtol=1e-5)
    assert answers["colour"].dtype == answers["light"].dtype == np.float32
    assert len(whole.named(answers)) == count


def test_pictures_are_normalised_as_the_card_says(tmp_path: Path) -> None:
    card = tiny_card(mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 8.0))
    made = PictureClassifier(save_tiny(tmp_path / "tiny.onnx", card))
    crops = np.stack([plain_picture((110, 100, 70), (8, 8))])
    np.testing.assert_allclose(made.answers(crops)["light"], [(50 + 20 + 5) / 3], rtol=1e-5)


def test_answers_in_words(whole: PictureClassifier) -> None:
    crops = np.stack([plain_picture((0, 255, 0), (8, 8)), plain_picture((0, 0, 90), (8, 8))])
    green, blue = whole.named(whole.answers(crops))
    assert isinstance(green["colour"], ClassAnswer)
    assert green["colour"].name == "green"
    assert list(green["colour"].probabilities) == ["red", "green", "blue"]
    assert green["colour"].probability == green["colour"].probabilities["green"] > 0.99
    assert sum(green["colour"].probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert blue["light"] == ValueAnswer(pytest.approx(30, rel=1e-5), "levels")


@pytest.mark.parametrize("fit", ["cover", "stretch", "pad"])
@pytest.mark.parametrize("grey", [False, True])
def test_whole_pictures_are_squared_as_in_training(tmp_path: Path, fit: str, grey: bool) -> None:
    made = PictureClassifier(save_tiny(tmp_path / "tiny.onnx", tiny_card(fit=fit, grey=grey)))
    image = noise(30, 50)
    np.testing.assert_array_equal(made.crop(image), square(image, 8, fit, grey=grey))  # type: ignore[arg-type]
    assert not made.wants_faces


def test_faces_are_aligned_as_in_training(aligned: PictureClassifier) -> None:
    image = noise(80, 90)
    assert aligned.wants_faces
    larger = crop_face(image, EYES_LEVEL, FRAME, round(32 * 1.2))
    np.testing.assert_array_equal(aligned.crop(image, EYES_LEVEL), square(larger, 32))
    box = np.array([20, 10, 60, 70], np.float32)
    np.testing.assert_array_equal(aligned.crop(image, EYES_LEVEL, box), aligned.crop(image, EYES_LEVEL))
    np.testing.assert_array_equal(aligned.crop(image), square(image, 32, "stretch"))


def test_grey_networks_get_grey_faces(tmp_path: Path) -> None:
    card = tiny_card(alignment=FRAME.alignment, cut_larger=1.2, input_px=32, grey=True)
    crop = PictureClassifier(save_tiny(tmp_path / "tiny.onnx", card)).crop(noise(80, 90), EYES_LEVEL)
    assert (crop[..., 0] == crop[..., 1]).all()
    assert (crop[..., 0] == crop[..., 2]).all()


def test_a_box_alone_gives_nearly_the_aligned_face(aligned: PictureClassifier) -> None:
    box = np.array(FACES_XYXY["astronaut"], np.float32)
    guessed = average_landmarks(box)
    assert guessed.shape == (5, 2)
    assert (guessed > box[:2]).all()
    assert (guessed < box[2:]).all()
    np.testing.assert_array_equal(aligned.crop(astronaut(), None, box), aligned.crop(astronaut(), guessed))


def test_without_alignment_a_box_gives_its_square(whole: PictureClassifier) -> None:
    image = plain_picture((0, 0, 0), (40, 30))
    image[5:25, 8:28] = (200, 100, 50)
    crop = whole.crop(image, None, np.array([13, 5, 23, 25], np.float32))
    assert (crop == (200, 100, 50)).all()
    far = whole.crop(image, None, np.array([-30, -30, -10, -10], np.float32))
    assert (far == 0).all()


@pytest.mark.parametrize(
    "crops", [np.zeros((8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3)), np.zeros((1, 9, 9, 3), np.uint8)]
)
def test_crops_of_another_form_are_refused(whole: PictureClassifier, crops: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \(N, 8, 8, 3\)"):
        whole.answers(crops)


def test_a_network_that_answers_something_else_is_told(tmp_path: Path) -> None:
    says = tiny_card(heads=(NetworkHead("colour", "classes", ("red", "green")),))
    model = onnx.load_model_from_string(
        tiny_bytes(tiny_card(heads=(NetworkHead("colour", "classes", ("r", "g", "b")),)))
    )
    onnx.helper.set_model_props(model, {METADATA_KEY: NETWORK_CARD.encode(says).decode()})
    path = tmp_path / "odd.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"answers colour with numbers of shape \(1, 3\), not \(1, 2\)"):
        PictureClassifier(path).answers(np.zeros((1, 8, 8, 3), np.uint8))


def test_what_is_not_shipped_is_told(tmp_path: Path) -> None:
    bare = Settings(tmp_path, None)
    assert not is_shipped("moods", bare)
    with pytest.raises(ModelError, match="no model called 'moods' in this package"):
        shipped("moods", bare)


@pytest.mark.parametrize("name", shipped_names())
def test_what_is_shipped_can_be_asked(name: str, tmp_path: Path) -> None:
    bare = Settings(tmp_path, None)
    assert is_shipped(name, bare)
    made = shipped(name, bare)
    crops = np.stack([made.crop(astronaut(), None, np.array(FACES_XYXY["astronaut"], np.float32))])
    for head in made.card.heads:
        answer = made.answers(crops)[head.name]
        if head.kind == "classes":
            np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-3)
