"""What the user can choose about shorts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ASPECTS = {"9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5)}
"""Width to height of the finished picture, by what is typed."""

LAYOUTS = ("follow", "split")


@dataclass(frozen=True, slots=True)
class ShortsOptions:
    """How shorts are chosen and made.

    Attributes:
        count: How many at most.
        min_length_s: Shortest length in seconds; `max_length_s` the longest.
        aspect: One of `ASPECTS`.
        height: Pixels of the finished picture, even; the width follows from the aspect.
        layout: "follow" keeps one person in the picture; "split" shows two people who talk one above the other, where
            both are in the shot and one upright picture cannot hold them.
        captions: An SRT or WebVTT file with the times of the whole video, or None.
        burn_captions: Draw the captions into the picture.
        weights: Parts of the interest that shall weigh otherwise than by default, 0 and up.
    """

    count: int = 3
    min_length_s: float = 15.0
    max_length_s: float = 45.0
    aspect: str = "9:16"
    height: int = 1920
    layout: str = "follow"
    captions: Path | None = None
    burn_captions: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)
