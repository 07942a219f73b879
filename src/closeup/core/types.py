"""The nouns of closeup: frozen results that every floor shares.

Boxes are xyxy float32 pixels of the upright picture, sizes are (width, height), times are seconds from
the first frame, scores lie in 0 to 1 and higher is better (docs/concepts).
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
"""float32 array; the shape is said where it is used."""

Image = NDArray[np.uint8]
"""A picture: RGB uint8 (H, W, 3)."""


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

    total: float
    size: float
    sharpness: float
    pose: float
    exposure: float
    detection: float


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

    frame: int
    time_s: float
    box_xyxy: FloatArray
    landmarks_xy: FloatArray
    score: float
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """The frames between two cuts; `end_frame` and `end_s` are exclusive."""

    start_frame: int
    end_frame: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Track:
    """The faces of one person through one shot, by time.

    Attributes:
        id: "t1", "t2", ... by start.
        shot: Index into the cast's shots.
        person: The person's id, or None where the track belongs to nobody who is listed.
        start_frame: First frame; `end_frame` is exclusive. So are `start_s` and `end_s`.
        faces: The sampled detections, about five a second, at least one.
    """

    id: str
    shot: int
    person: str | None
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Tracks of one video that belong together.

    Attributes:
        id: "p1", "p2", ... by screen time.
        name: What the user calls them, or None.
        portrait: Path of the best picture, relative to the result folder, forward slashes.
        screen_time_s: Seconds in which at least one of the tracks runs.
        shots: Indices of the shots they are seen in, ascending.
        tracks: Ids of their tracks, by start.
        quality: Quality of the portrait, 0 to 1.
    """

    id: str
    name: str | None
    portrait: str
    screen_time_s: float
    shots: tuple[int, ...]
    tracks: tuple[str, ...]
    quality: float


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a video file once it has been read.

    Attributes:
        path: As it was given.
        sha256: Of the whole file, hexadecimal.
        duration_s: Presentation time from the first frame's start to the last frame's end.
        fps: Average frames a second, exact (30000/1001 stays 30000/1001).
        frames: How many frames decode.
        width: Pixels of the upright picture, after rotation; `height` likewise.
        notes: What was odd (truncated, broken time stamps, ...), a sentence each, for people.
    """

    path: str
    sha256: str
    duration_s: float
    fps: Fraction
    frames: int
    width: int
    height: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in a video.

    Attributes:
        video: The file it was made from.
        models: Role ("detector", "embedder", "clothing") to the name of the model's card.
        options: The options that it was made with, by name; plain JSON values.
        shots: In order; they cover the video without gaps.
        people: By screen time, longest first.
        passers_by: People with few, small or blurred faces, likewise.
        hidden: People whom the user has hidden, likewise.
        tracks: All tracks by start; `person` names a person, a passer-by, a hidden person, or is None.
        timings_s: Stage of the analysis to the seconds that it took.
        notes: What could not be done as it was asked (an edit that fits no more, ...), a sentence each, for people;
            what is odd about the file itself is among the video's.
    """

    video: VideoInfo
    models: dict[str, str]
    options: dict[str, bool | int | float | str | None]
    shots: tuple[Shot, ...]
    people: tuple[Person, ...]
    passers_by: tuple[Person, ...]
    tracks: tuple[Track, ...]
    hidden: tuple[Person, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
