"""Plain pictures of three colours with labels, for a model that tells colours (tests/tiny_networks.py); and a detector
that finds no face in them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import Image
from closeup.perception.classifier import average_landmarks
from closeup.perception.protocols import Detections, FaceDetector, no_detections
from tiny_networks import plain_picture

LEVELS: Mapping[str, Sequence[int]] = {"red": (200, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 200)}


def save_picture(path: Path, colour: Sequence[int]) -> Path:
    """Write a plain picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, encoded = cv2.imencode(path.suffix, plain_picture(colour)[..., ::-1])
    assert done
    path.write_bytes(encoded.tobytes())
    return path


def colour_folder(place: Path, counts: Mapping[str, Sequence[str]]) -> Path:
    """A folder of classes: for each, the colours that its pictures really have."""
    for label, colours in counts.items():
        for number, colour in enumerate(colours):
            save_picture(place / label / f"{number}.png", LEVELS[colour])
    return place


def colour_table(place: Path, lines: Sequence[str], header: str = "path,colour") -> Path:
    """A CSV file whose first column is a colour's name and a number, "red1.png", and the pictures that it names."""
    for line in lines:
        name = line.split(",")[0]
        save_picture(place / name, LEVELS[name.removesuffix(".png").rstrip("0123456789")])
    path = place / "table.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


class HalvesDetector(FaceDetector):
    """Finds a face in the middle of every picture that is not plain; of wide ones in each half, right one first."""

    card_name = "halves"

    def detect(self, image: Image) -> Detections:
        """Look at a picture (H, W, 3)."""
        height, width = image.shape[:2]
        if image[height // 3 : -height // 3, width // 3 : -width // 3].std(axis=(0, 1)).max() < 5:
            return no_detections()
        middles = (0.75 * width, 0.25 * width) if width > 1.5 * height else (0.5 * width,)
        side = height / 4
        boxes = np.array([(x - side, height / 2 - side, x + side, height / 2 + side) for x in middles], np.float32)
        landmarks = np.stack([average_landmarks(box) for box in boxes])
        return Detections(boxes, landmarks, np.full(len(boxes), 0.9, np.float32))
