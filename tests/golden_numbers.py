"""Golden numbers of every network that pip brings, in files that a browser's tests read too.

A file tells one network's whole way for a picture that any language can draw by whole numbers: the card's figures, the
crop as uint8 RGB, the network's input, and its first answers. `python tests/golden_numbers.py` writes them anew; look
at what has changed before you commit it.
"""

import json
from pathlib import Path

import numpy as np

from closeup.core.settings import read_settings
from closeup.core.types import Image
from closeup.perception.classifier import shipped, shipped_names
from closeup.perception.preprocessing import preprocess
from closeup.perception.registry import DETECTOR, EMBEDDER, load_embedder
from closeup.weights.cards import card
from closeup.weights.network_card import NetworkCard
from closeup.weights.session import open_session
from closeup.weights.store import require

HERE = Path(__file__).resolve().parent / "golden"
EVERY, FIRST = 8, 8
"""Which pixels of a crop and which of a network's answers are kept."""

SIZE_WH = (160, 128)
WAVES = ((7, 2, 0), (3, 5, 90), (1, 9, 200))
"""The picture: channel c at (x, y) is 255 - |((a * x + b * y + c) mod 510) - 255|, which has no sharp edges."""

LANDMARKS = ((58.0, 50.5), (96.25, 44.0), (79.5, 69.0), (66.0, 91.75), (98.5, 86.25))
"""A face turned by some ten degrees, in pixels from the picture's corner."""

CARD_FIELDS = ("input_px", "input_multiple", "mean", "std", "colour", "grey", "fit", "alignment", "cut_larger")


def picture() -> Image:
    """Draw the picture (128, 160, 3)."""
    y, x = np.mgrid[: SIZE_WH[1], : SIZE_WH[0]]
    return np.stack([255 - np.abs((a * x + b * y + c) % 510 - 255) for a, b, c in WAVES], axis=2).astype(np.uint8)


def golden(name: str) -> dict[str, object]:
    """What the network `name` makes of the picture, step by step."""
    points = np.array(LANDMARKS, np.float32)
    network: NetworkCard = card(name)
    if name == DETECTOR:
        crop = picture()
        inputs = preprocess(network, crop[None])
        answers = open_session(require(card(name), read_settings())).run_all(inputs)
        outputs = {str(place): answer for place, answer in enumerate(answers)}
    elif name == EMBEDDER:
        embedder = load_embedder(card(name), read_settings())
        crop = embedder.crop(picture(), points)
        inputs = preprocess(network, crop[None])
        outputs = {"vector": embedder.embed(crop[None])}
    else:
        classifier = shipped(name)
        network, crop = classifier.card, classifier.crop(picture(), points)
        inputs = preprocess(network, crop[None])
        outputs = classifier.answers(crop[None])
    return {
        "model": name,
        "card": {field: getattr(network, field) for field in CARD_FIELDS},
        "picture": {"size_wh": SIZE_WH, "waves": WAVES},
        "landmarks_xy": LANDMARKS,
        "crop": {"size_wh": crop.shape[1::-1], "every_px": EVERY, "rgb": crop[::EVERY, ::EVERY].tolist()},
        "input": {"shape": inputs.shape, "first_row": numbers(inputs[0, :, 0, :FIRST])},
        "outputs": {key: numbers(answer.ravel()[:FIRST]) for key, answer in outputs.items()},
    }


def numbers(values: np.ndarray) -> list[object]:
    """Numbers to five digits behind the point, as JSON has them."""
    rounded: list[object] = np.round(np.asarray(values, np.float64), 5).tolist()
    return rounded


def names() -> list[str]:
    """Every network that has a golden file."""
    return [DETECTOR, EMBEDDER, *shipped_names()]


if __name__ == "__main__":
    for each in names():
        (HERE / f"{each}.json").write_text(json.dumps(golden(each), separators=(",", ":")) + "\n", encoding="utf-8")
