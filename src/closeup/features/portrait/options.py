"""What can be chosen about portraits and mattes, declared once; light to import, so that flags derive from it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from closeup.core.fields import Must, OneOf, Within
from closeup.weights.cards import CHOICES

ALL, LARGEST = "all", "largest"


@dataclass(frozen=True, slots=True)
class PortraitOptions:
    """How a portrait is made.

    Attributes:
        blur: Radius of the blur as a share of the picture's height: 0.025, and 0 where there is another background.
        shape: Of the aperture, and so of lamps that are out of focus.
        keep: Who stays in focus: all, largest (the largest face), a name of the gallery, or an id or name of the cast
            where a cast folder is given for a video.
        background: What is put behind them in place of what is there: a picture, a colour as #336699, or transparent.
        strength_by: Blur grows along the ground away from their feet where these are seen (depth), or is the same
            everywhere (uniform).
        keep_gps: Keep where a photo was taken; else that is left out of its notes.
        models: "builtin" works offline; "zoo" is better and is pulled first; "auto" takes the best that is there.
        audio_track: Which of several sound tracks a video keeps, counted from 1, or "mix" for all of them at once; 0
            takes the one in which people speak.
    """

    blur: Annotated[float, Within(0, 0.2)] | None = None
    shape: Literal["disc", "hexagon"] = "disc"
    keep: str = ALL
    background: str = ""
    strength_by: Literal["depth", "uniform"] = "depth"
    keep_gps: bool = False
    models: Annotated[str, OneOf(CHOICES)] = "auto"
    audio_track: Annotated[int | Literal["mix"], Must("a whole number from 0 up or 'mix'")] = 0


@dataclass(frozen=True, slots=True)
class MatteOptions:
    """How a matte is made.

    Attributes:
        keep: Whose matte it is: all, largest (the largest face), a name of the gallery, or an id or name of the cast
            where a cast folder is given for a video.
        bits: How finely alpha is written.
        models: "builtin" works offline; "zoo" is better and is pulled first; "auto" takes the best that is there.
    """

    keep: str = ALL
    bits: Literal["8", "16"] = "8"
    models: Annotated[str, OneOf(CHOICES)] = "auto"
