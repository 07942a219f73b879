"""How to look for people: the options of the cast, with their defaults and limits, declared once.

Light to import, so that the command line can show the defaults without loading the feature.
"""

from dataclasses import dataclass
from typing import Annotated

from closeup.core.errors import InputError
from closeup.core.fields import OneOf
from closeup.weights.cards import CHOICES


@dataclass(frozen=True, slots=True)
class CastOptions:
    """How to look for people.

    Attributes:
        models: "builtin" works offline; "zoo" is better and is pulled first; "auto" takes the best that is there.
        detect_fps: Frames a second that are searched for faces, 0.5 to 60.
        min_face_px: Nobody becomes a person by faces smaller than this (shorter side, pixels of the video).
        clothing: Clothing is compared beside faces.
        video_track: Which of several video tracks is read, counted from 1; 0 reads the one that players show.
    """

    models: Annotated[str, OneOf(CHOICES)] = "auto"
    detect_fps: float = 5.0
    min_face_px: int = 24
    clothing: bool = True
    video_track: int = 0

    def __post_init__(self) -> None:
        if self.models not in CHOICES:
            raise InputError(f"There is no set of models called {self.models!r}.", f"Use one of: {', '.join(CHOICES)}.")
        if not 0.5 <= self.detect_fps <= 60:
            raise InputError(f"Cannot look for faces {self.detect_fps:g} times a second.", "Use a rate from 0.5 to 60.")
        if not 0 <= self.video_track <= 1000:
            raise InputError(f"There is no video track {self.video_track}.", "Tracks are counted from 1.")
        if not 1 <= self.min_face_px <= 10_000:
            raise InputError(f"A smallest face of {self.min_face_px} pixels makes no sense.", "Use 1 to 10000.")
