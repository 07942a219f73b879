"""Casts made by hand whose faces move: for the camera."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from closeup.core.types import Cast, Face, Person, Shot, Track, VideoInfo
from closeup.features.shorts.plan import Piece

FPS = 25
SAMPLE = 5
Place = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Seen:
    """A track: whose, from frame to frame, the middle of the face as a function of time in seconds, its size."""

    person: str | None
    start: int
    end: int
    place: Place
    wh: tuple[float, float] = (60.0, 80.0)
    looks: float = 0.0


def at(x: float, y: float = 150.0) -> Place:
    """Standing still."""
    return lambda _: (x, y)


def walk(x0: float, x1: float, seconds: float, y: float = 150.0) -> Place:
    """From one place to another, evenly, then still."""
    return lambda time_s: (float(np.interp(time_s, [0, seconds], [x0, x1])), y)


def framed_cast(shots: Sequence[int], seen: Sequence[Seen], size_wh: tuple[int, int] = (640, 360)) -> Cast:
    """A cast at 25 frames a second, sampled at 5; `shots` are their numbers of frames."""
    edges = np.cumsum([0, *shots]).tolist()
    made = tuple(Shot(a, b, a / FPS, b / FPS) for a, b in pairwise(edges))
    tracks = tuple(_track(f"t{n}", each, edges) for n, each in enumerate(seen, start=1))
    people = tuple(_person(id_, tracks) for id_ in sorted({each.person for each in seen if each.person}))
    video = VideoInfo("film.mp4", "ab" * 32, edges[-1] / FPS, Fraction(FPS), edges[-1], *size_wh)
    return Cast(video, {}, {}, made, people, (), tracks)


def piece(start: int, end: int) -> Piece:
    return Piece(start, end, start / FPS, end / FPS)


def times(start: int, end: int) -> np.ndarray:
    return np.arange(start, end) / FPS


def boxes(each: Seen, frames: np.ndarray) -> np.ndarray:
    """Where the face truly is in some frames: (N, 4)."""
    middles = np.array([each.place((frame - each.start) / FPS) for frame in frames])
    half = np.array(each.wh) / 2
    return np.concatenate([middles - half, middles + half], axis=1)


def _person(id_: str, tracks: Sequence[Track]) -> Person:
    own = [track for track in tracks if track.person == id_]
    shots = tuple(sorted({track.shot for track in own}))
    return Person(id_, None, f"people/{id_}.jpg", 1.0, shots, tuple(track.id for track in own), 0.9)


def _track(name: str, each: Seen, edges: Sequence[int]) -> Track:
    shot = int(np.searchsorted(edges, each.start, side="right")) - 1
    assert each.end <= edges[shot + 1]
    frames = range(each.start, each.end, SAMPLE)
    faces = tuple(_face(frame, boxes(each, np.array([frame]))[0], each.looks) for frame in frames)
    return Track(name, shot, each.person, each.start, each.end, each.start / FPS, each.end / FPS, faces)


def _face(frame: int, box: np.ndarray, looks: float) -> Face:
    """`looks` from -1 to 1 moves the nose to the left or right of the eyes' middle."""
    places = np.array([[0.3, 0.38], [0.7, 0.38], [0.5 + 0.15 * looks, 0.58], [0.35, 0.78], [0.65, 0.78]])
    landmarks = (box[:2] + places * (box[2:] - box[:2])).astype(np.float32)
    return Face(frame, frame / FPS, box.astype(np.float32), landmarks, 0.9)
