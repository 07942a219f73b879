"""What the user can choose about shorts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from closeup.core.fields import OneOf

ASPECTS = {"9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5)}
"""Width to height of the finished picture, by what is typed."""

LAYOUTS = ("follow", "split")


@dataclass(frozen=True, slots=True)
class ShortsOptions:
    """How shorts are chosen and made.

    Attributes:
        count: How many at most.
        min_length_s: Shortest length in seconds.
        max_length_s: Longest length in seconds.
        aspect: Width to height of the picture.
        height: Height of the picture in pixels, even; the width follows from the aspect.
        layout: "follow" keeps one person in the picture; "split" shows two people who talk one above the other, where
            both are in the shot and one upright picture cannot hold them.
        captions: Captions of the whole video, SRT or WebVTT: cut alongside, never cut into.
        burn_captions: Draw the captions into the picture.
        weights: What a part of the interest weighs, 0 and up; may be given again for others.
    """

    count: int = 3
    min_length_s: float = 15.0
    max_length_s: float = 45.0
    aspect: Annotated[str, OneOf(tuple(ASPECTS))] = "9:16"
    height: int = 1920
    layout: Annotated[str, OneOf(LAYOUTS)] = "follow"
    captions: Path | None = None
    burn_captions: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)
