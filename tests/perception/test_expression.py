"""The expression network as its card drives it, what is said where it is missing, and what it tells of real faces."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import ModelError
from closeup.core.settings import Settings
from closeup.core.types import FloatArray
from closeup.media.image import read_image
from closeup.perception import expression as module
from closeup.perception.classifier import PictureClassifier, average_landmarks
from closeup.perception.expression import CARD_NAME, ExpressionJudge, missing
from closeup.perception.face_crop import FRAMES
from closeup.weights.cards import card
from closeup.weights.network_card import NetworkHead
from stills import FACES_XYXY, astronaut, hopper
from tiny_networks import save_tiny, tiny_card

CARD = card(CARD_NAME)
SEVEN = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@pytest.fixture(autouse=True)
def without_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_shipped", lambda *_: False)


@pytest.fixture
def our_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PictureClassifier:
    """A tiny network in the place of our own: bright pictures are hardly neutral."""
    head = NetworkHead("expression", "classes", SEVEN)
    made = tiny_card(name="expression", heads=(head,), input_px=16, alignment=FRAMES["expression"].alignment)
    classifier = PictureClassifier(save_tiny(tmp_path / "expression.onnx", made))
    monkeypatch.setattr(module, "is_shipped", lambda *_: True)
    monkeypatch.setattr(module, "shipped", lambda *_: classifier)
    return classifier


class FirstPixelNetwork:
    """Takes the first pixel's first channel, over 255, for the probability of neutral."""

    def __init__(self) -> None:
        self.inputs: list[FloatArray] = []

    def run(self, inputs: FloatArray) -> FloatArray:
        assert inputs.flags.c_contiguous
        assert inputs.dtype == np.float32
        self.inputs.append(inputs)
        neutral = inputs[:, :1, 0, 0] / 255
        return np.concatenate([neutral, np.repeat((1 - neutral) / 6, 6, axis=1)], axis=1)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FirstPixelNetwork:
    made = FirstPixelNetwork()
    monkeypatch.setattr(module, "require", lambda *_: tmp_path / CARD.file)
    monkeypatch.setattr(module, "open_session", lambda *_: made)
    return made


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_the_network_is_given_what_the_card_says(
    network: FirstPixelNetwork, monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    model = replace(CARD, colour=colour, mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 8.0))
    monkeypatch.setattr(module, "card", lambda _: model)
    faces = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    ExpressionJudge().strengths(faces)
    order = [0, 1, 2] if colour == "RGB" else [2, 1, 0]
    expected = (faces[..., order].astype(np.float32) - [10, 20, 30]) / [2, 4, 8]
    np.testing.assert_allclose(network.inputs[0], expected.transpose(0, 3, 1, 2), rtol=1e-6)


def test_strength_is_what_neutral_leaves(network: FirstPixelNetwork) -> None:
    faces = np.zeros((3, 112, 112, 3), np.uint8)
    faces[:, 0, 0, 0] = (255, 0, 51)
    judge = ExpressionJudge()
    np.testing.assert_allclose(judge.strengths(faces), [0, 1, 0.8], atol=1e-6)
    assert judge.strengths(faces[:0]).shape == (0,)


@pytest.mark.usefixtures("network")
def test_the_square_around_a_box_is_cut_out() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[100:212, 150:262] = np.indices((112, 112)).transpose(1, 2, 0).repeat(2, axis=2)[..., :3] * 2
    judge = ExpressionJudge()
    square = judge.crop(image, np.array([150, 100, 262, 212], np.float32))
    np.testing.assert_array_equal(square, image[100:212, 150:262])
    narrow = judge.crop(image, np.array([186, 100, 226, 212], np.float32))  # its middle, and its longer side
    np.testing.assert_array_equal(narrow, square)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("box", [(-50, -50, 30, 30), (390, 290, 800, 900), (5, 5, 5, 5)])
def test_boxes_at_and_beyond_the_edge_can_be_cut_out(box: tuple[int, ...]) -> None:
    image = np.full((300, 400, 3), 7, np.uint8)
    assert (ExpressionJudge().crop(image, np.array(box, np.float32)) == 7).all()


def test_what_is_missing_is_said_with_what_to_type(tmp_path: Path) -> None:
    bare = Settings(tmp_path, None)
    why = missing(bare)
    assert why is not None
    assert "not on this machine" in why
    assert CARD_NAME in why
    with pytest.raises(ModelError, match="not on this machine"):
        ExpressionJudge(bare)


def test_a_damaged_file_counts_as_missing_and_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / CARD.file).write_bytes(b"half of it")
    assert "is damaged" in (missing(Settings(tmp_path, None)) or "")


def test_our_own_network_comes_first_and_is_asked_for_neutral(our_own: PictureClassifier, tmp_path: Path) -> None:
    bare = Settings(tmp_path, None)
    assert missing(bare) is None
    judge = ExpressionJudge(bare)
    assert judge.card_name == "expression"
    crops = np.stack([np.full((16, 16, 3), level, np.uint8) for level in (0, 60, 255)])
    expected = 1 - our_own.answers(crops)["expression"][:, 6]
    np.testing.assert_allclose(judge.strengths(crops), expected)
    assert expected[0] == pytest.approx(6 / 7)
    assert expected[0] < expected[1] < expected[2]
    assert judge.strengths(crops[:0]).shape == (0,)


def test_our_own_network_sees_faces_aligned(our_own: PictureClassifier) -> None:
    box = np.array(FACES_XYXY["astronaut"], np.float32)
    landmarks = average_landmarks(box) + np.float32(5)
    judge = ExpressionJudge()
    np.testing.assert_array_equal(judge.crop(astronaut(), box, landmarks), our_own.crop(astronaut(), landmarks))
    np.testing.assert_array_equal(judge.crop(astronaut(), box), our_own.crop(astronaut(), None, box))


def test_a_network_without_neutral_is_told(our_own: PictureClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = replace(our_own.card, heads=(NetworkHead("expression", "classes", ("red", "green")),))
    monkeypatch.setattr(our_own, "card", odd)
    with pytest.raises(ModelError, match="no class 'neutral'"):
        ExpressionJudge()


@pytest.fixture
def real(shared: Path, tmp_path: Path) -> ExpressionJudge:
    shutil.copy(shared / "models" / CARD.file, tmp_path / CARD.file)
    given = Settings(tmp_path, None)
    assert missing(given) is None
    return ExpressionJudge(given)


@pytest.mark.shared
def test_a_broad_smile_is_stronger_than_a_sober_look(real: ExpressionJudge) -> None:
    faces = {name: (image(), FACES_XYXY[name]) for name, image in (("astronaut", astronaut), ("hopper", hopper))}
    crops = {name: real.crop(image, np.array(box, np.float32)) for name, (image, box) in faces.items()}
    smiling, sober = real.strengths(np.stack([crops["astronaut"], crops["hopper"]]))
    assert smiling > 0.9
    assert sober < 0.5


@pytest.mark.shared
def test_faces_labelled_neutral_are_told_from_others(real: ExpressionJudge, shared: Path) -> None:
    # Without a detector: the central square of LFW's pictures, which is where its faces are.
    folder = shared / "data" / "lfw"
    with (folder / "emotion_labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::30]
    box = np.array([82, 75, 168, 185], np.float32)
    strengths = real.strengths(np.stack([real.crop(read_image(folder / row["path"]), box) for row in rows]))
    neutral = np.array([row["emotion"] == "neutral" for row in rows])
    wins = (strengths[~neutral][:, None] > strengths[neutral][None, :]).mean()  # the area under the curve
    assert len(rows) > 100
    assert wins > 0.9
