"""What can be seen of a face beside who it is: a mask, the gender that people would say, the age that they would guess.

All three come from one network of our own (`weights.network_card`, "attributes"). They say what a picture looks like to
those who labelled the training pictures, and nothing about the person: docs/concepts/privacy.md.
"""

from closeup.core.errors import ModelError
from closeup.core.settings import Settings
from closeup.perception.classifier import PictureClassifier, shipped

NAME = "attributes"
"""The model that comes with closeup."""

HEADS = {"mask": "classes", "gender": "classes", "age": "value"}
"""What it has to answer, and in which kind."""


def attributes_model(settings: Settings | None = None) -> PictureClassifier:
    """Load our own network, with the heads "mask", "gender" and "age".

    Raises:
        ModelError: If it is not there, or answers something else.
    """
    classifier = shipped(NAME, settings)
    if {name: classifier.card.head(name).kind for name in HEADS} != HEADS:
        raise ModelError(f"The model {NAME} does not answer {', '.join(HEADS)} in the kinds that belong here.")
    return classifier
