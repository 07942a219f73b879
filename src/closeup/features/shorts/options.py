"""What the user can choose about shorts, checked when it is put together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from closeup.core.errors import InputError
from closeup.core.fields import Must, OneOf, Text
from closeup.documents.shorts import LAYOUTS, Layout
from closeup.media.subtitle_text import AUTO, check_encoding

ASPECTS = {"9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5)}
"""Width to height of the finished picture, by what is typed."""

GivenFile = Annotated[Path, Text(r"[^\x00]{1,4096}", "null or a path", Path, Path.as_posix)]

MOST_TRACKS = 1000

TrackNumber = Annotated[int | Literal["mix"], Must("a whole number from 0 up or 'mix'")]

MIN_HEIGHT, MAX_HEIGHT = 128, 7680
MOST_SHORTS = 50

WEIGHTS: dict[str, float] = {
    "presence": 0.25,
    "expression": 0.15,
    "speech": 0.15,
    "bursts": 0.15,
    "loudness": 0.10,
    "motion": 0.08,
    "novelty": 0.05,
    "company": 0.04,
    "rhythm": 0.03,
}
"""What each part weighs where the user says nothing; they sum to 1 (docs/concepts/interest.md says why)."""


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
        caption_encoding: What the captions' letters are in, "cp1251" for instance; "auto" finds out, and says so.
        burn_captions: Draw the captions into the picture.
        weights: What a part of the interest weighs, 0 and up; may be given again for others.
        fps: Frames a second at most; of a faster video every second, third or fourth frame is shown.
        font: Font file that captions are drawn in; without it closeup's own, and the system's for other scripts.
        caption_style: How burned captions look: plain, boxed, large, quiet or yellow, or a TOML file with yours;
            the word that is spoken stands out in all but quiet, where the captions tell when.
        audio_track: Which of several sound tracks is heard, counted from 1, or "mix" for all of them at once; 0 takes
            the one in which people speak.
        titles: Name each short from its captions: words of one of its sentences, in their order.
        portrait: Put all but the person out of focus, as closeup portrait does; split pictures keep everybody sharp.
    """

    count: int = 3
    min_length_s: float = 15.0
    max_length_s: float = 45.0
    aspect: Annotated[str, OneOf(tuple(ASPECTS))] = "9:16"
    height: int = 1920
    layout: Layout = "follow"
    captions: GivenFile | None = None
    caption_encoding: Annotated[str, Text(r"[A-Za-z0-9_.-]{1,40}", "the name of an encoding")] = AUTO
    burn_captions: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)
    fps: float = field(default=60.0, metadata={"alias": "most_fps"})
    font: GivenFile | None = None
    caption_style: Annotated[str, Text(r"[^\x00]{1,4096}", "the name of a caption style, or a path")] = "plain"
    audio_track: TrackNumber = 0
    titles: bool = False
    portrait: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_SHORTS:
            raise InputError(f"Cannot make {self.count} shorts.", f"Ask for 1 to {MOST_SHORTS}.")
        if not 1 <= self.min_length_s < math.inf:
            raise InputError(f"A shortest length of {self.min_length_s:g} s makes no sense.", "Use 1 or more.")
        if not self.min_length_s <= self.max_length_s < math.inf:
            raise InputError(
                f"Shorts cannot be at least {self.min_length_s:g} and at most {self.max_length_s:g} s long.",
                "Give a shortest and a longest length that fit together.",
            )
        if self.aspect not in ASPECTS:
            raise InputError(f"There is no aspect {self.aspect!r}.", f"Use one of: {', '.join(ASPECTS)}.")
        if self.layout not in LAYOUTS:
            raise InputError(f"There is no layout {self.layout!r}.", f"Use one of: {', '.join(LAYOUTS)}.")
        if not MIN_HEIGHT <= self.height <= MAX_HEIGHT or self.height % 2:
            raise InputError(
                f"A height of {self.height} pixels cannot be made.",
                f"Use an even number from {MIN_HEIGHT} to {MAX_HEIGHT}.",
            )
        if self.burn_captions and self.captions is None:
            raise InputError(
                "There are no captions to burn in.",
                "Name their file.",
                code="option",
                option="captions",
                example="FILE.srt",
            )
        check_encoding(self.caption_encoding)
        _check_track(self.audio_track)
        if not 1 <= self.fps <= 1000:
            raise InputError(f"{self.fps:g} frames a second make no sense.", "Use 1 to 1000.")
        for name, weight in self.weights.items():
            if name not in WEIGHTS:
                raise InputError(f"The interest has no part called {name!r}.", f"Its parts: {', '.join(WEIGHTS)}.")
            if not 0 <= weight < math.inf:
                raise InputError(f"The weight of {name} is {weight}.", "A weight is 0 or more: 0 leaves the part out.")


def _check_track(track: TrackNumber) -> None:
    if track != "mix" and not 0 <= track <= MOST_TRACKS:
        raise InputError(f"There is no sound track {track}.", "Tracks are counted from 1.")


REEL_ASPECTS = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5), "4:3": (4, 3)}
"""Width to height of the reel's picture, by what is typed."""

MIN_SIDE_PX, MAX_SIDE_PX = 128, 4320


@dataclass(frozen=True, slots=True)
class ReelOptions:
    """What a reel looks like.

    Attributes:
        aspect: Width to height of the picture.
        side_px: The picture's shorter side in pixels, even.
        most_fps: Frames a second at most; of a faster video every second, third or fourth frame is shown.
        audio_track: Which of several sound tracks is heard, counted from 1, or "mix" for all of them at once; 0 takes
            the one in which people speak.
    """

    aspect: Annotated[str, OneOf(tuple(REEL_ASPECTS))] = "16:9"
    side_px: int = 1080
    most_fps: float = 60.0
    audio_track: TrackNumber = 0

    def __post_init__(self) -> None:
        if self.aspect not in REEL_ASPECTS:
            raise InputError(f"There is no aspect {self.aspect!r}.", f"Use one of: {', '.join(REEL_ASPECTS)}.")
        if not MIN_SIDE_PX <= self.side_px <= MAX_SIDE_PX or self.side_px % 2:
            raise InputError(
                f"A side of {self.side_px} pixels cannot be made.",
                f"Use an even number from {MIN_SIDE_PX} to {MAX_SIDE_PX}.",
            )
        if not 1 <= self.most_fps <= 1000:
            raise InputError(f"{self.most_fps:g} frames a second make no sense.", "Use 1 to 1000.")
        _check_track(self.audio_track)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the picture in pixels, both even."""
        width, height = REEL_ASPECTS[self.aspect]
        longer = 2 * round(self.side_px * max(width, height) / min(width, height) / 2)
        return (longer, self.side_px) if width >= height else (self.side_px, longer)
