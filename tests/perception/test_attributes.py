"""Mask, gender and age of faces, as our own network answers them, and networks that are not it."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import ModelError
from closeup.documents.faces import ClassAnswer, ValueAnswer
from closeup.perception import attributes as module
from closeup.perception.attributes import attributes_model
from closeup.perception.classifier import PictureClassifier
from closeup.perception.face_crop import FRAMES
from closeup.weights.network_card import NetworkHead
from tiny_networks import save_tiny, tiny_card

MASK = NetworkHead("mask", "classes", ("mask", "no_mask", "incorrect"))
GENDER = NetworkHead("gender", "classes", ("female", "male"))
AGE = NetworkHead("age", "value", (), "years")


def put(heads: tuple[NetworkHead, ...], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    card = tiny_card(name="attributes", heads=heads, input_px=16, alignment=FRAMES["expression"].alignment)
    classifier = PictureClassifier(save_tiny(folder / "attributes.onnx", card))
    monkeypatch.setattr(module, "shipped", lambda *_: classifier)


def test_faces_are_described(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put((AGE, GENDER, MASK), monkeypatch, tmp_path)
    model = attributes_model()
    crops = np.zeros((2, 16, 16, 3), np.uint8)
    crops[0, :, :, 0], crops[1, :, :, 1] = 240, 120
    said = model.named(model.answers(crops))
    names = [[row[head].name for head in ("mask", "gender") if isinstance(row[head], ClassAnswer)] for row in said]
    assert names == [["mask", "female"], ["no_mask", "male"]]
    ages = [row["age"] for row in said]
    assert [age.value for age in ages if isinstance(age, ValueAnswer)] == pytest.approx([80, 40], rel=1e-5)


@pytest.mark.parametrize("heads", [(MASK, GENDER), (MASK, GENDER, NetworkHead("age", "classes", ("young", "old")))])
def test_another_network_is_told(
    heads: tuple[NetworkHead, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(heads, monkeypatch, tmp_path)
    with pytest.raises(ModelError, match="does not answer"):
        attributes_model()
