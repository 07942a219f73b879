"""The nouns of closeup: frozen results that every floor shares.

Boxes are xyxy float32 pixels of the upright picture, sizes are (width, height), times are seconds from
the first frame, scores lie in 0 to 1 and higher is better (docs/concepts).
"""

from copy import copy
from dataclasses import dataclass, field, fields
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from closeup.core.fields import Array, AtLeast, Rounded, Text, Within, Written
from closeup.core.notebook import cards, data_frame
from closeup.core.timebase import clock, fraction_from_text, fraction_to_text
from closeup.core.words import counted

FloatArray = NDArray[np.float32]
"""float32 array; the shape is said where it is used."""

Image = NDArray[np.uint8]
"""A picture: RGB uint8 (H, W, 3)."""

FAR = 1e6
"""No coordinate lies farther than this many pixels from the picture's corner."""

MAX_NAME = 200
"""Characters of a name, a title or a reason: one line."""

TIME, SCORE = Rounded(6), Rounded(4)
BOX, LANDMARKS = Array((4,), -FAR, FAR, digits=2), Array((5, 2), -FAR, FAR, digits=2)
"""How finely results are kept: times to a microsecond, scores to four digits, coordinates to 0.01 pixel."""

# What files hold of these.

Count = Annotated[int, Within(0)]
Size = Annotated[int, Within(1)]
Seconds = Annotated[float, Within(0), TIME]
Score = Annotated[float, Within(0, 1), SCORE]
Box = Annotated[FloatArray, BOX]
Landmarks = Annotated[FloatArray, LANDMARKS]

FileName = Annotated[str, Written(lambda name: name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))]
"""A name that is not UTF-8 reaches Python with stand-ins that no UTF-8 file can hold."""

Sha256 = Annotated[str, Text("[0-9a-f]{64}", "64 hexadecimal digits")]
PersonId = Annotated[str, Text("p[1-9][0-9]{0,8}", 'a person\'s id such as "p1"')]
TrackId = Annotated[str, Text("t[1-9][0-9]{0,8}", 'a track\'s id such as "t1"')]
Line = Annotated[str, Text(rf"[^\x00-\x1f\x7f]{{1,{MAX_NAME}}}", f"one line of up to {MAX_NAME} characters")]
Rate = Annotated[
    Fraction,
    Text("[1-9][0-9]{0,11}/[1-9][0-9]{0,11}", 'a rate such as "30000/1001"', fraction_from_text, fraction_to_text),
]


@dataclass(frozen=True, slots=True)
class Quality:
    """How good one face's picture is; every part lies in 0 to 1.

    Attributes:
        total: The parts taken together.
        size: The face's size against the smallest that can be told apart and the largest that helps.
        sharpness: Freedom from blur.
        pose: 1 for a frontal face, 0 for a profile.
        exposure: Freedom from under- and over-exposure.
        detection: The detector's own score, which drops for covered faces.
    """

    total: Score
    size: Score
    sharpness: Score
    pose: Score
    exposure: Score
    detection: Score

    def rounded(self) -> "Quality":
        """As finely as it is kept."""
        return Quality(*(SCORE.round(getattr(self, part.name)) for part in fields(self)))


@dataclass(frozen=True, slots=True)
class Face:
    """One detection in one frame.

    Attributes:
        frame: Index of the frame, counted from 0 in decoding order.
        time_s: Presentation time of the frame in seconds.
        box_xyxy: Shape (4,), float32, pixels of the upright frame.
        landmarks_xy: Shape (5, 2), float32, pixels: the eye, eye, nose tip, mouth corner, mouth corner, each pair
            in picture order (left one in the picture first).
        score: The detector's score, 0 to 1.
        quality: None until it has been judged.
    """

    frame: Count
    time_s: Seconds
    box_xyxy: Box = field(metadata={"alias": "box"})
    landmarks_xy: Landmarks = field(metadata={"alias": "landmarks"})
    score: Score
    quality: Quality | None = None

    def __repr__(self) -> str:
        x0, y0, x1, y1 = (round(float(value)) for value in self.box_xyxy)
        return f"Face(frame {self.frame} at {self.time_s:.2f} s, {x1 - x0}x{y1 - y0} px, score {self.score:.2f})"

    @property
    def quality_total(self) -> float:
        """Its quality, 0 where that has not been judged."""
        return self.quality.total if self.quality is not None else 0.0

    def rounded(self) -> "Face":
        """As finely as it is kept, so that what is decided by a face is the same after it was written and read."""
        return Face(
            frame=self.frame,
            time_s=TIME.round(self.time_s),
            box_xyxy=BOX.round(self.box_xyxy),
            landmarks_xy=LANDMARKS.round(self.landmarks_xy),
            score=SCORE.round(self.score),
            quality=self.quality and self.quality.rounded(),
        )


@dataclass(frozen=True, slots=True)
class Shot:
    """The frames between two cuts; `end_frame` and `end_s` are exclusive."""

    start_frame: Count
    end_frame: Size
    start_s: Seconds
    end_s: Seconds


@dataclass(frozen=True, slots=True)
class Track:
    """The faces of one person through one shot, by time.

    Attributes:
        id: "t1", "t2", ... by start.
        shot: Index into the cast's shots.
        person: The person's id, or None where the track belongs to nobody who is listed.
        start_frame: First frame; `end_frame` is exclusive. So are `start_s` and `end_s`.
        faces: The sampled detections, about five a second, at least one.
        drawn: Whether the face is a drawing of one.
    """

    id: TrackId
    shot: Count
    person: PersonId | None
    start_frame: Count
    end_frame: Size
    start_s: Seconds
    end_s: Seconds
    faces: Annotated[tuple[Face, ...], AtLeast(1)]
    drawn: bool = field(default=False, metadata={"exclude_if": lambda drawn: not drawn})

    def __repr__(self) -> str:
        whose = f" of {self.person}" if self.person else ""
        return f"Track({self.id}{whose}: {self.start_s:.1f} to {self.end_s:.1f} s, {counted(len(self.faces), 'face')})"


@dataclass(frozen=True, slots=True)
class Person:
    """Tracks of one video, album or season that belong together.

    Attributes:
        id: "p1", "p2", ... by screen time.
        name: What the user calls them, or None.
        portrait: Path of the best picture, relative to the result folder, forward slashes.
        screen_time_s: Seconds in which at least one of the tracks runs; in an album, the number of photos.
        shots: Indices of the shots they are seen in, ascending.
        tracks: Ids of their tracks, by start.
        quality: Quality of their best face, 0 to 1.
        portrait_track: The track whose picture the user has chosen for the portrait; None where closeup chooses.
        drawn: Whether most of their faces are drawings: somebody of a cartoon.
    """

    id: PersonId
    name: Line | None
    portrait: Annotated[str, Text(r"people/[A-Za-z0-9_-]{1,64}\.jpg", "a path such as people/p1.jpg")]
    screen_time_s: Seconds
    shots: tuple[Count, ...]
    tracks: Annotated[tuple[str, ...], AtLeast(1)]
    quality: Score
    portrait_track: TrackId | None = field(default=None, metadata={"exclude_if": lambda track: track is None})
    drawn: bool = field(default=False, metadata={"exclude_if": lambda drawn: not drawn})

    def __repr__(self) -> str:
        called = f" {self.name!r}" if self.name else ""
        return f"Person({self.id}{called}: {clock(self.screen_time_s)} in {counted(len(self.shots), 'shot')})"


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a video file once it has been read.

    Attributes:
        path: As it was given.
        sha256: Of the whole file, hexadecimal.
        duration_s: Presentation time from the first frame's start to the last frame's end.
        fps: Frames a second, exact (30000/1001 stays 30000/1001); where it varies, that of most frames.
        frames: How many frames decode.
        width: Square pixels of the upright picture, after rotation; `height` likewise.
        notes: What was odd (truncated, broken time stamps, ...), a sentence each, for people.
        track: Which of the file's video tracks, counted from 1; None is its default one.
    """

    path: FileName
    sha256: Sha256
    duration_s: Seconds
    fps: Rate
    frames: Count
    width: Size
    height: Size
    notes: tuple[str, ...] = ()
    track: Size | None = field(default=None, metadata={"exclude_if": lambda track: track is None})

    def __repr__(self) -> str:
        size = f"{self.width}x{self.height}, {float(self.fps):.5g} fps"
        return f"VideoInfo({PurePath(self.path).name}: {size}, {clock(self.duration_s)})"


CastKind = Literal["video", "album", "season"]


@dataclass(frozen=True, slots=True)
class CastPart:
    """One file of a cast of several: a video of a season, or a photo of an album.

    The parts stand one behind the other on the cast's count of frames and seconds. A part that has had its place keeps
    it, and no other ever gets it, so that edits still find their faces when files come and go.

    Attributes:
        video: The file; a photo is a video of one frame that lasts a second.
        start_frame: The part's first frame, as the cast counts.
        start_s: When it begins, as the cast counts.
        taken: Of a photo, when it was taken by the camera's clock, "2024-05-01 12:30:00"; None where it does not say.
    """

    video: VideoInfo
    start_frame: Count
    start_s: Seconds
    taken: Line | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in a video, in the photos of an album, or in the videos of a season.

    Attributes:
        video: The file it was made from; for an album or a season all its parts together, under a hash that stays.
        models: Role ("detector", "embedder", "clothing") to the name of the model's card.
        options: The options that it was made with, by name; plain JSON values.
        shots: In order; they cover the video without gaps.
        people: By screen time, longest first.
        passers_by: People with few, small, blurred or drawn faces, or in the background of others' shots, likewise.
        hidden: People whom the user has hidden, likewise.
        tracks: All tracks by start; `person` names a person, a passer-by, a hidden person, or is None.
        timings_s: Stage of the analysis to the seconds that it took.
        notes: What could not be done as it was asked (an edit that fits no more, ...), a sentence each, for people;
            what is odd about the file itself is among the video's.
        kind: What it was made from. In an album every photo is a shot of one second, and every face in it a track.
        parts: The files of an album or a season, in the order of their places; none for a video.
        folder: The result folder that it is kept in, where that is known; no part of the result itself.
    """

    video: VideoInfo
    models: dict[str, str]
    options: dict[str, bool | int | float | str | None]
    shots: tuple[Shot, ...]
    people: tuple[Person, ...]
    passers_by: tuple[Person, ...]
    tracks: tuple[Track, ...]
    hidden: tuple[Person, ...] = ()
    timings_s: dict[str, Seconds] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kind: CastKind = field(default="video", metadata={"exclude_if": lambda kind: kind == "video"})
    parts: tuple[CastPart, ...] = field(default=(), metadata={"exclude_if": lambda parts: not parts})
    folder: Path | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", None)

    def kept_in(self, folder: Path) -> "Cast":
        """The same cast, which knows the folder that it is kept in."""
        same = copy(self)
        object.__setattr__(same, "folder", folder.absolute())
        return same

    def to_frame(self) -> Any:
        """Everybody as a pandas data frame, a row each: people, then passers-by, then the hidden.

        Raises:
            DependencyError: If pandas is not installed.
        """
        groups = {"person": self.people, "passer-by": self.passers_by, "hidden": self.hidden}
        everybody = [(kind, each) for kind, people in groups.items() for each in people]
        names = ("id", "name", "screen_time_s", "quality", "portrait")
        columns: dict[str, list[Any]] = {name: [getattr(each, name) for _, each in everybody] for name in names}
        columns["kind"] = [kind for kind, _ in everybody]
        columns["shots"] = [len(each.shots) for _, each in everybody]
        columns["tracks"] = [len(each.tracks) for _, each in everybody]
        return data_frame(columns)

    def __repr__(self) -> str:
        name, passing = PurePath(self.video.path).name, len(self.passers_by)
        people = counted(len(self.people), "person", "people")
        seen = f"{counted(len(self.shots), 'shot')}, {clock(self.video.duration_s)}"
        if self.kind != "video":
            seen = counted(len(self.parts), "photo" if self.kind == "album" else "video")
        return f"Cast({name}: {people}, {passing} in passing, {seen})"

    def _repr_html_(self) -> str:
        return cards(
            repr(self)[5:-1],
            [
                (
                    self.folder and self.folder / each.portrait,
                    each.name or each.id,
                    f"{clock(each.screen_time_s)} in {len(each.shots)} shots",
                )
                for each in self.people
            ],
        )
