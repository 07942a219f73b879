"""portrait.json: the answer of `portrait` and `matte`, what was made of each photo and video."""

from dataclasses import dataclass

from closeup.core.types import Box, Count, FileName, Score, Seconds, Size
from closeup.documents.form import Form


@dataclass(frozen=True, slots=True)
class PortraitPerson:
    """A face that was found.

    Attributes:
        box_xyxy: In pixels of the upright photo.
        kept: Whether they stay in focus.
    """

    box_xyxy: Box
    kept: bool


@dataclass(frozen=True, slots=True)
class PortraitResult:
    """What was made of a photo or a video.

    Attributes:
        source: Path of the photo or video.
        output: Path of what was written.
        width: Of it, in pixels; `height` likewise.
        keep: Who stays in focus, as it was asked for.
        coverage: Part of the picture that is them; of a video, the mean over what was changed.
        blur_px: Radius of the blur, in pixels; 0 for none.
        by_depth: Whether the blur grows along the ground; of a video, in some of its pictures at least.
        people: The faces of a photo, where they were looked for.
        frames: Pictures of a video; 0 for a photo.
        duration_s: Of a video; 0 for a photo.
        left_s: Seconds of a video in shots that stay as they are, since nobody to keep is in them.
        notes: What was guessed, left out or found odd, a sentence each.
    """

    source: FileName
    output: FileName
    width: Size
    height: Size
    keep: str
    coverage: Score
    blur_px: Seconds
    by_depth: bool
    people: tuple[PortraitPerson, ...] = ()
    frames: Count = 0
    duration_s: Seconds = 0.0
    left_s: Seconds = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortraitAnswer:
    """What was made of several.

    Attributes:
        results: Of each that could be used, in order.
        problems: The others by their paths, to why they could not be used.
        model: The network that the matte is of.
        notes: What lay in folders and was passed by, a sentence each.
    """

    results: tuple[PortraitResult, ...]
    problems: dict[str, str]
    model: str
    notes: tuple[str, ...] = ()


PORTRAIT_JSON = Form(PortraitAnswer, "portrait.json", version=1)
"""The form of `portrait ... --json` and `matte ... --json`."""
