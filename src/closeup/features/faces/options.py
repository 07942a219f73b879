"""What the user can choose about faces, declared once; light to import, so that the command line can show it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from closeup.core.fields import Must, OneOf
from closeup.weights.cards import CHOICES


@dataclass(frozen=True, slots=True)
class FacesOptions:
    """How faces are found.

    Attributes:
        models: "builtin" works offline; "zoo" is better and is pulled first; "auto" takes the best that is there.
        audio_track: Which of several sound tracks the annotated video has, counted from 1, or "mix" for all of them at
            once; 0 takes the one in which people speak.
    """

    models: Annotated[str, OneOf(CHOICES)] = "auto"
    audio_track: Annotated[int | Literal["mix"], Must("a whole number from 0 up or 'mix'")] = 0
