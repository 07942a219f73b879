"""Mask, gender and age of faces, as our own network answers them, and networks that are not it."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import ModelError
from closeup.core.settings import Settings
from closeup.perception import attributes as module
from closeup.perception.attributes import AttributesJudge, missing
from closeup.perception.classifier import PictureClassifier
from closeup.perception.face_crop import FRAMES
from closeup.weights.network_card import NetworkHead
from stills import FACES_XYXY, astronaut
from tiny_networks import save_tiny, tiny_card

MASK = NetworkHead("mask", "classes", ("mask", "no_mask", "incorrect"))
GENDER = NetworkHead("gender", "classes", ("female", "male"))
AGE = NetworkHead("age", "value", (), "years")


def put(heads: tuple[NetworkHead, ...], monkeypatch: pytest.MonkeyPatch, folder: Path) -> PictureClassifier:
    card = tiny_card(name="attributes", heads=heads, input_px=16, alignment=FRAMES["expression"].alignment)
    classifier = PictureClassifier(save_tiny(folder / "attributes.onnx", card))
    monkeypatch.setattr(module, "is_shipped", lambda *_: True)
    monkeypatch.setattr(module, "shipped", lambda *_: classifier)
    return classifier


def test_faces_are_described(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put((AGE, GENDER, MASK), monkeypatch, tmp_path)
    assert missing() is None
    judge = AttributesJudge()
    crops = np.zeros((2, 16, 16, 3), np.uint8)
    crops[0, :, :, 0], crops[1, :, :, 1] = 240, 120
    first, second = judge.judge(crops)
    assert (first.mask.name, first.gender.name) == ("mask", "female")
    assert (second.mask.name, second.gender.name) == ("no_mask", "male")
    assert (first.age.value, second.age.value) == (pytest.approx(80, rel=1e-5), pytest.approx(40, rel=1e-5))
    assert first.age.unit == "years"
    assert judge.judge(crops[:0]) == ()


def test_faces_are_aligned_by_landmarks_or_by_their_box(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    classifier = put((MASK, GENDER, AGE), monkeypatch, tmp_path)
    box = np.array(FACES_XYXY["astronaut"], np.float32)
    landmarks = np.array([[200, 100], [250, 100], [225, 130], [205, 160], [245, 160]], np.float32)
    judge = AttributesJudge()
    np.testing.assert_array_equal(judge.crop(astronaut(), box, landmarks), classifier.crop(astronaut(), landmarks))
    np.testing.assert_array_equal(judge.crop(astronaut(), box), classifier.crop(astronaut(), None, box))


@pytest.mark.parametrize("heads", [(MASK, GENDER), (MASK, GENDER, NetworkHead("age", "classes", ("young", "old")))])
def test_another_network_is_told(
    heads: tuple[NetworkHead, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(heads, monkeypatch, tmp_path)
    with pytest.raises(ModelError, match="does not answer"):
        AttributesJudge()


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "is_shipped", lambda *_: False)
    monkeypatch.setattr(module, "NAME", "not-there")
    assert "without a model called 'not-there'" in (missing(Settings(tmp_path, None)) or "")
