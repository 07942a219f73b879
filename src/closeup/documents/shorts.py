"""shorts.json: what the finished shorts show, from where, by which camera and why (docs/concepts/shorts-folder.md).

The camera is written as key frames: between two of them each edge of the crop moves evenly from frame to frame.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from closeup.core.fields import AtLeast, OneOf, Rounded, Text, Within
from closeup.core.types import Count, Line, PersonId, Score, Seconds, Size, VideoInfo
from closeup.documents.form import Form, Place, indented, must_be

LAYOUTS = ("follow", "split")

FileKind = Literal["video", "poster", "srt", "vtt"]
FILES: dict[FileKind, str] = {"video": "mp4", "poster": "jpg", "srt": "srt", "vtt": "vtt"}
"""The files of a short: what they are to the ending of their names."""

Layout = Annotated[str, OneOf(LAYOUTS)]
ShortId = Annotated[str, Text("s[1-9][0-9]{0,3}", 'an id such as "s1"')]
Edge = Annotated[float, Within(-1e9, 1e9), Rounded(2)]
KeyFrame = tuple[Count, Edge, Edge, Edge, Edge]
"""A frame of the source, and the crop x0, y0, x1, y1 there, pixels of the upright source picture."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Start and end of a piece, in seconds."""

    start_s: Seconds
    end_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraKey:
    """Where the middle of a crop shall be at a moment, as somebody corrects the camera's path.

    Attributes:
        at_s: Seconds of the video.
        panel: 0, or 1 for the lower one of a split picture.
        x: Across, as a share of the picture; `y` likewise, down.
    """

    at_s: Seconds
    panel: Annotated[int, Within(0, 1)] = 0
    x: Score
    y: Score


@dataclass(frozen=True, slots=True)
class PersonRef:
    """The person whom shorts are about: their id in the cast, and what the user calls them, or None."""

    id: PersonId
    name: Line | None = None


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Size of the finished pictures in pixels."""

    width: Size
    height: Size


@dataclass(frozen=True, slots=True)
class SoundRecord:
    """What was done to the sound.

    Attributes:
        loudness_lufs_in: Loudness before, by EBU R128; None where there is nothing to hear.
        gain_db: By how much it was made louder.
    """

    loudness_lufs_in: Annotated[float, Within(-200, 100), Rounded(2)] | None
    gain_db: Annotated[float, Within(-200, 200), Rounded(2)]


@dataclass(frozen=True, slots=True)
class PieceRecord:
    """A stretch of the source, shown without a break.

    Attributes:
        start_frame: In the source; `end_frame` is exclusive. So are `start_s` and `end_s`.
        at_s: When it begins in the short.
        camera: A path for each panel: one for "follow", the upper and the lower one for "split". Key frames
            [frame, x0, y0, x1, y1], from the piece's first frame to its last; between two of them each edge of the
            crop moves evenly from frame to frame. A crop may reach beyond the picture.
    """

    start_frame: Count
    end_frame: Size
    start_s: Seconds
    end_s: Seconds
    at_s: Seconds
    layout: Layout
    camera: tuple[Annotated[tuple[KeyFrame, ...], AtLeast(1)], ...]


@dataclass(frozen=True, slots=True)
class ShortRecord:
    """A finished short.

    Attributes:
        layout: What was asked for; pieces have their own.
        files: Names beside this file; "srt" and "vtt" where it has captions.
        frames: As many as its pieces have.
        interest: Mean over its frames; None where nobody has judged it.
        parts: Parts of the interest to their means.
        reason: A sentence for people.
        sound: None where it has none.
        pieces: In the order in which they are shown.
    """

    id: ShortId
    title: Line | None
    layout: Layout
    files: dict[FileKind, str]
    length_s: Seconds
    frames: Size
    interest: Score | None
    parts: Mapping[str, Score]
    reason: Line
    sound: SoundRecord | None
    pieces: tuple[PieceRecord, ...]


@dataclass(frozen=True, slots=True)
class ShortsRecord:
    """Vertical cuts around a person of a video.

    Times are seconds; frames count from 0 in decoding order; boxes are pixels of the upright source picture, x to the
    right, y down; every end is exclusive; scores lie in 0 to 1, higher is better.

    Attributes:
        video: The source.
        shorts: Most interesting first.
        weights: What each part of the interest weighed; they sum to 1.
        absent: Parts that could not be judged, and why.
        notes: What could not be done as it was asked, in sentences.
    """

    video: VideoInfo
    person: PersonRef
    picture: PictureSize
    shorts: tuple[ShortRecord, ...]
    weights: Mapping[str, Score]
    absent: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CameraOfShort:
    """What the camera will show of a short, as it was planned; `at_s` counts in the short."""

    id: ShortId
    pieces: tuple[PieceRecord, ...]


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """The camera of shorts that are not rendered yet."""

    shorts: tuple[CameraOfShort, ...]


def _layout(data: dict[str, Any]) -> str:
    """One value a line, and one key frame."""
    return re.sub(r"\[\s+(-?[\d.]+(?:,\s+-?[\d.]+)+)\s+\]", _on_one_line, indented(data))


def _on_one_line(numbers: re.Match[str]) -> str:
    return json.dumps(json.loads(numbers[0]))


def _check(record: ShortsRecord) -> None:
    ids = [short.id for short in record.shorts]
    if len(set(ids)) < len(ids):
        raise must_be(("shorts",), "shorts with different ids", record.shorts)
    for number, short in enumerate(record.shorts):
        place = ("shorts", number)
        if not {"video", "poster"} <= short.files.keys():
            raise must_be((*place, "files"), "an object with video and poster", short.files)
        for kind, name in short.files.items():
            if name != f"{short.id}.{FILES[kind]}":
                raise must_be((*place, "files", kind), f'"{short.id}.{FILES[kind]}"', name)
        for row, piece in enumerate(short.pieces):
            _check_piece(piece, (*place, "pieces", row), record.video.frames)
        shown = sum(piece.end_frame - piece.start_frame for piece in short.pieces)
        if short.frames != shown:
            raise must_be((*place, "frames"), f"{shown}, as many as its pieces have", short.frames)


def _check_piece(piece: PieceRecord, place: Place, frames: int) -> None:
    start, end = piece.start_frame, piece.end_frame
    if not start < end <= frames:
        raise must_be((*place, "end_frame"), f"a whole number from {start + 1} to {frames}", end)
    if piece.end_s < piece.start_s:
        raise must_be((*place, "end_s"), f"a number from {piece.start_s:g} up", piece.end_s)
    panels = LAYOUTS.index(piece.layout) + 1
    if len(piece.camera) != panels:
        raise must_be((*place, "camera"), f"a list of {panels}", piece.camera)
    for number, path in enumerate(piece.camera):
        at = [key[0] for key in path]
        if (at[0], at[-1]) != (start, end - 1) or any(after <= before for before, after in pairwise(at)):
            must = f"key frames [frame, x0, y0, x1, y1], ascending from frame {start} to {end - 1}"
            raise must_be((*place, "camera", number), must, path)
        if any(x0 >= x1 or y0 >= y1 for _, x0, y0, x1, y1 in path):
            raise must_be((*place, "camera", number), "key frames [frame, x0, y0, x1, y1] with x0 < x1, y0 < y1", path)


SHORTS_JSON = Form(ShortsRecord, "shorts.json", version=1, check=_check, layout=_layout, hint="Make the shorts anew.")
"""The form of shorts.json."""

CAMERA_JSON = Form(CameraPlan, "camera.json", version=1, layout=_layout)
