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
from closeup.perception.expression import CARD_NAME, ExpressionJudge, missing
from closeup.weights.cards import card
from stills import FACES_XYXY, astronaut, hopper

CARD = card(CARD_NAME)


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
    assert f"closeup models pull {CARD_NAME}" in why
    with pytest.raises(ModelError, match="not on this machine"):
        ExpressionJudge(bare)


def test_a_damaged_file_counts_as_missing_and_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / CARD.file).write_bytes(b"half of it")
    assert "is damaged" in (missing(Settings(tmp_path, None)) or "")


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
