"""Casts made by hand: shots by their lengths, and who is seen in which frames of them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from closeup.core.types import Cast, Face, Person, Shot, Track, VideoInfo
from closeup.features.shorts.reel import FrameClock
from closeup.media.frame_times import FrameTimes

FPS = 10


def planned_cast(
    shots: Sequence[int], seen: Mapping[str, Sequence[tuple[int, int]]], names: Mapping[str, str] | None = None
) -> Cast:
    """A cast at 10 frames a second.

    Args:
        shots: Frames of each.
        seen: Person to the frames [start, end) of each track; a track lies inside one shot.
        names: Person to the name.
    """
    edges = np.cumsum([0, *shots]).tolist()
    made = tuple(Shot(a, b, a / FPS, b / FPS) for a, b in pairwise(edges))
    tracks: list[Track] = []
    people = []
    for person, spans in seen.items():
        own = [track(f"t{len(tracks) + i + 1}", person, span, edges) for i, span in enumerate(spans)]
        tracks += own
        screen_time_s = sum(t.end_s - t.start_s for t in own)
        in_shots = tuple(sorted({t.shot for t in own}))
        ids = tuple(t.id for t in own)
        people.append(
            Person(person, (names or {}).get(person), f"people/{person}.jpg", screen_time_s, in_shots, ids, 0.9)
        )
    video = VideoInfo("film.mp4", "ab" * 32, edges[-1] / FPS, Fraction(FPS), edges[-1], 320, 180)
    return Cast(video, {}, {}, made, tuple(people), (), tuple(sorted(tracks, key=lambda t: t.start_frame)))


def track(name: str, person: str, span: tuple[int, int], edges: Sequence[int]) -> Track:
    """A track with a face in its first frame and one in its last."""
    start, end = span
    shot = int(np.searchsorted(edges, start, side="right")) - 1
    assert end <= edges[shot + 1]
    box = np.array([100, 40, 160, 100], np.float32)
    points = np.array([[118, 63], [142, 63], [130, 75], [121, 87], [139, 87]], np.float32)
    faces = tuple(Face(frame, frame / FPS, box, points, 0.9) for frame in sorted({start, end - 1}))
    return Track(name, shot, person, start, end, start / FPS, end / FPS, faces)


def frame_times(frames: int, fps: int = FPS) -> FrameTimes:
    """Of a constant rate."""
    return FrameTimes.of([Fraction(frame, fps) for frame in range(frames)], Fraction(frames, fps))


def frame_clock(frames: int) -> FrameClock:
    """Of a video at 10 frames a second."""
    return FrameClock.of(frame_times(frames))
