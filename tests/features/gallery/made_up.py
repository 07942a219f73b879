"""A made-up analyzer and photos for it: who is in a photo stands in the colours of its first row."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import FloatArray, Image, Quality
from closeup.perception.analyzer import AnalysedFace, Part
from closeup.perception.gates import Fault
from closeup.perception.pose import _LEVEL_DEG, POSES, _projected
from closeup.weights.cards import FarTable, ModelCard, card
from features.gallery.people import faces_of

TABLE = FarTable((0.1, 0.01, 0.001, 0.0001, 0.00001), (0.35, 0.4, 0.5, 0.6, 0.65), 1000, "made-up pairs")
ANGLES = {"front": (0.0, 0.0), "left": (-30.0, 0.0), "right": (30.0, 0.0), "up": (0.0, -20.0), "down": (0.0, 20.0)}


def made_up_card(name: str = "made-up") -> ModelCard:
    """An embedder's card with a table of thresholds: 0.5 at a false-accept rate of 0.001."""
    return replace(card("sface-2021dec"), name=name, far=TABLE)


@dataclass(frozen=True)
class Shown:
    """One face in a photo.

    Attributes:
        person: Whose, from 0 up.
        variant: Which of their faces.
        pose: One of `POSES`.
        fault: Whether it is too poor to be enrolled.
        small: Whether it is somebody in the background.
    """

    person: int
    variant: int = 0
    pose: str = "front"
    fault: bool = False
    small: bool = False


def photo(path: Path, *faces: Shown) -> Path:
    """Write a picture with these faces as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(picture(*faces), cv2.COLOR_RGB2BGR))
    return path


def picture(*faces: Shown) -> Image:
    """A picture with these faces, RGB (100, 320, 3)."""
    image = np.full((100, 320, 3), 90, np.uint8)
    image[0] = 0
    for place, face in enumerate(faces):
        image[0, place] = (face.person + 1, face.variant, POSES.index(face.pose) * 10 + face.fault + 2 * face.small)
    return image


@dataclass
class FakeAnalyzer:
    """Reads the photos above as the real one reads photos.

    Attributes:
        embedder_cards: Cards; each describes a face by a vector of its own.
        reads: How many pictures it was given.
    """

    embedder_cards: tuple[ModelCard, ...] = field(default_factory=lambda: (made_up_card(),))
    reads: int = 0

    @property
    def embedder_card(self) -> ModelCard:
        return self.embedder_cards[0]

    def faces(
        self,
        image: Image,
        want: tuple[Part, ...] = (),
        *,
        thorough: bool = True,
        covering_xy: tuple[float, float] | None = None,
    ) -> tuple[AnalysedFace, ...]:
        self.reads += 1
        cards = self.embedder_cards if "embeddings" in want else self.embedder_cards[:1]
        codes = [(place, *(int(v) for v in image[0, place])) for place in range(10) if image[0, place, 0]]
        faces = [self._face(place, red - 1, green, blue, cards) for place, red, green, blue in codes]
        return tuple(sorted(faces, key=lambda face: -float(face.box_xyxy[2] - face.box_xyxy[0])))

    def _face(self, place: int, person: int, variant: int, code: int, cards: Sequence[ModelCard]) -> AnalysedFace:
        side, x = (6.0 if code & 2 else 30.0), 32.0 * place
        box = np.array([x, 40, x + side, 40 + side], np.float32)
        yaw, pitch = ANGLES[POSES[code // 10]]
        points = box[:2] + side / 2 + 0.3 * side * turned(yaw, pitch)
        return AnalysedFace(
            box_xyxy=box,
            landmarks_xy=points,
            score=0.9,
            quality=Quality(0.8 - 0.01 * variant, 0.8, 0.8, 0.9, 0.7, 0.9),
            embeddings={each.name: embedding(person, variant, each.name) for each in cards},
            model=self.embedder_card.name,
            detector="made-up-detector",
            faults=(Fault("blurred", "The face is blurred: its sharpness is 0.10 of 1."),) if code & 1 else (),
        )


def turned(yaw_deg: float, pitch_deg: float) -> FloatArray:
    """Landmarks (5, 2) of the generic face, about their middle, whose pose is known exactly."""
    seen = _projected(np.array([yaw_deg]), np.array([pitch_deg + _LEVEL_DEG]))[0, 0]
    return np.stack([seen.real, seen.imag], axis=1).astype(np.float32)


def embedding(person: int, variant: int, model: str = "made-up") -> FloatArray:
    """The vector that a model makes of a face: (DIM,) of the model "made-up", longer by 8 of any other."""
    if model == "made-up":
        return faces_of(person, 1, spread=0.4, first=variant)[0]
    return np.concatenate([faces_of(person + 1000, 1, spread=0.4, first=variant)[0], np.zeros(8, np.float32)])
