"""What the user can choose about the gallery, declared once; light to import, so that the command line can show it."""

from dataclasses import dataclass
from typing import Annotated

from closeup.core.fields import OneOf
from closeup.documents.gallery import Day
from closeup.weights.cards import CHOICES
from closeup.weights.far import DEFAULT_FAR

ModelChoice = Annotated[str, OneOf(CHOICES)]

FAR = DEFAULT_FAR
"""False-accept rate that answers are read at where nothing else is said."""

TOP = 5
"""Look-alikes that are listed."""

REQUIRED_POSES = ("front", "left", "right", "down")
"""Poses that an identity should be enrolled by; sides as the picture shows them."""


@dataclass(frozen=True, slots=True)
class EnrolOptions:
    """How a person is enrolled.

    Attributes:
        consent: A note on what they agreed to, and when; without it, what is noted stays.
        retain_until: Last day on which they may be kept; without it, what is noted stays.
        keep_pictures: Store head and shoulders beside each template; else no picture is stored.
        largest: Of several faces in a photo take the largest; else such a photo is refused.
        force: Enrol a face also where it is enrolled under another name already.
        models: "builtin" works offline; "zoo" is better and is pulled first; "auto" takes the best that is there.
        far: False-accept rate at which a face counts as enrolled already.
    """

    consent: str | None = None
    retain_until: Day | None = None
    keep_pictures: bool = False
    largest: bool = False
    force: bool = False
    models: ModelChoice = "auto"
    far: float = FAR


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How the gallery is asked.

    Attributes:
        far: False-accept rate to answer at: the share of pairs of strangers that pass.
        top: How many look-alikes to list.
        largest: Of several faces in a photo take the largest.
        models: "builtin" works offline; "zoo" is better and is pulled first; "auto" takes the best that is there.
    """

    far: float = FAR
    top: int = TOP
    largest: bool = False
    models: ModelChoice = "auto"
