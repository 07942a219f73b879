"""What can be seen of a face beside who it is: a mask, the gender that people would say, the age that they would guess.

All three come from one network of our own (`weights.network_card`, "attributes"). They say what a picture looks like to
those who labelled the training pictures, and nothing about the person: docs/concepts/privacy.md.
"""

from dataclasses import dataclass

from closeup.core.errors import ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.perception.classifier import ClassAnswer, PictureClassifier, ValueAnswer, is_shipped, shipped

NAME = "attributes"
"""The model that comes with closeup."""

HEADS = {"mask": "classes", "gender": "classes", "age": "value"}
"""What it has to answer, and in which kind."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What one face looks like.

    Attributes:
        mask: No mask, a mask, or one that is worn wrongly.
        gender: As people would say from the picture.
        age: In years, as people would guess from the picture.
    """

    mask: ClassAnswer
    gender: ClassAnswer
    age: ValueAnswer


class AttributesJudge:
    """Judges faces; serves several threads."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Load the network.

        Raises:
            ModelError: If it is not there, or answers something else.
        """
        self._classifier = attributes_model(settings)

    def crop(self, image: Image, box_xyxy: FloatArray, landmarks_xy: FloatArray | None = None) -> Image:
        """Cut a face with box (4,) and landmarks (5, 2), pixels, out of an RGB picture (H, W, 3): (S, S, 3)."""
        return self._classifier.crop(image, landmarks_xy, box_xyxy)

    def judge(self, crops: Image) -> tuple[Attributes, ...]:
        """What the faces on crops (N, S, S, 3) look like; N may be 0."""
        found = []
        for row in self._classifier.named(self._classifier.answers(crops)):
            mask, gender, age = (row[name] for name in HEADS)
            assert isinstance(mask, ClassAnswer)
            assert isinstance(gender, ClassAnswer)
            assert isinstance(age, ValueAnswer)
            found.append(Attributes(mask, gender, age))
        return tuple(found)


def attributes_model(settings: Settings | None = None) -> PictureClassifier:
    """Load our own network, with the heads "mask", "gender" and "age".

    Raises:
        ModelError: If it is not there, or answers something else.
    """
    classifier = shipped(NAME, settings)
    if {name: classifier.card.head(name).kind for name in HEADS} != HEADS:
        raise ModelError(f"The model {NAME} does not answer {', '.join(HEADS)} in the kinds that belong here.")
    return classifier


def missing(settings: Settings | None = None) -> str | None:
    """Why attributes cannot be judged on this machine, in a few words; None where they can."""
    try:
        if is_shipped(NAME, settings or read_settings()):
            return None
        shipped(NAME, settings)
    except ModelError as error:
        return f"{error.message} {error.hint}".strip()
    return None
