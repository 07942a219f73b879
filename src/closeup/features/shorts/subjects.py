"""Whom the camera looks at in each frame of a shot: the chosen person, and others while they are away for long."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.reframing.composition import Subject
from closeup.algorithms.reframing.interpolation import interpolate
from closeup.core.types import Cast, Face, Track

AWAY_S = 1.5
"""While the chosen person is away for less than this the camera waits; for longer, it may look at somebody else."""

PROBABLY_WEIGHT = 0.5
"""How much a face counts that nobody could put a name to, where the chosen person was just before, or is just after."""

MOST_GROWTH = 1.5
"""Such a face is at most this much larger or smaller than the person's."""

OTHERS_WEIGHT = 0.01
"""How much somebody else counts while the chosen person is away: enough to turn to them for some seconds."""

LOOKING_ASIDE = 0.2
"""How far the nose lies from the middle of the eyes, in widths of the face's box, where a face is called in profile."""

BESIDE_SIZE = 0.5
"""Whose face is smaller than this against the chosen person's, side by side, is background."""

NEARBY_S = 2.0
"""Samples farther than this from the frames asked for are left alone, unless there are none nearer."""

Frames = NDArray[np.int64]
Times = NDArray[np.float64]


def subject_of(cast: Cast, person: str, shot: int, frames: Frames, times_s: Times) -> Subject:
    """Whom to look at in some frames of one shot.

    Args:
        person: Id of the chosen person.
        shot: Index of the shot.
        frames: Shape (N,), int64, indices of the frames, ascending; all in the shot.
        times_s: Shape (N,), when they start.

    Returns:
        N frames; weight 1 where a track of the person runs.
    """
    here = [track for track in cast.tracks if track.shot == shot]
    # Two tracks of one person may overlap (a mirror, a picture in the picture): the larger face is meant.
    own = sorted((track for track in here if track.person == person), key=_mean_area, reverse=True)
    subject = along(own, frames, times_s, 1.0)
    if own:
        unknown = [track for track in here if track.person is None]
        _fill(subject, [track for track in unknown if _continues(track, own)], (frames, times_s), PROBABLY_WEIGHT)
    for gap in _gaps(subject.weight, times_s):
        others = [track for track in here if track.person != person and track_runs(track, frames[gap]).any()]
        most_seen = sorted(others, key=lambda track: _seen(track, frames[gap]), reverse=True)[:1]
        _fill(subject, most_seen, (frames, times_s), OTHERS_WEIGHT, gap)
    return replace(subject, beside=_beside(subject, here, person, (frames, times_s)))


def _fill(
    subject: Subject, tracks: Sequence[Track], stretch: tuple[Frames, Times], weight: float, part: slice = slice(None)
) -> None:
    """Show the tracks in a part of the N frames, where the subject has nobody yet."""
    frames, times_s = stretch
    shown = along(tracks, frames, times_s, weight)
    empty = np.zeros(len(frames), dtype=bool)
    empty[part] = True
    empty &= subject.weight == 0
    for whole, filling in zip(_arrays(subject), _arrays(shown), strict=True):
        whole[empty] = filling[empty]


def _continues(track: Track, own: Sequence[Track]) -> bool:
    """Whether a track of nobody lies where the chosen person must be: they have turned away, and are not recognised."""
    if any(other.start_frame < track.end_frame and track.start_frame < other.end_frame for other in own):
        return False
    faces = sorted((face for other in own for face in other.faces), key=lambda face: face.time_s)
    known = [face.time_s for face in faces]
    boxes = np.array([face.box_xyxy for face in track.faces], dtype=np.float64)
    for face, box in zip(track.faces, boxes, strict=True):
        after = bisect_left(known, face.time_s)
        around = np.array([near.box_xyxy for near in faces[max(0, after - 1) : after + 1]], dtype=np.float64)
        width = float((around[:, 2] - around[:, 0]).mean())
        apart = np.abs((around[:, :2] + around[:, 2:] - box[:2] - box[2:]) / 2).max(axis=1)
        larger = float(box[2] - box[0]) / max(1.0, width)
        if apart.min() > width or not 1 / MOST_GROWTH < larger < MOST_GROWTH:
            return False
    return True


def _beside(
    subject: Subject, here: Sequence[Track], person: str, stretch: tuple[Frames, Times]
) -> tuple[NDArray[np.float64], ...]:
    """Boxes (N, 4) of those whose face is not much smaller than the subject's, NaN where they are not beside it."""
    frames, times_s = stretch
    sides = subject.boxes_xyxy[:, 2:] - subject.boxes_xyxy[:, :2]
    boxes = []
    for track in here:
        if track.person != person and (track_runs(track, frames) & (subject.weight == 1)).any():
            other = along([track], frames, times_s, 1.0)
            others_sides = other.boxes_xyxy[:, 2:] - other.boxes_xyxy[:, :2]
            near = np.prod(others_sides, axis=1) >= BESIDE_SIZE**2 * np.prod(sides, axis=1)
            there = (other.weight > 0) & (subject.weight == 1) & near
            if there.any():
                boxes.append(np.where(there[:, None], other.boxes_xyxy, np.nan))
    return tuple(boxes)


def along(tracks: Sequence[Track], frames: Frames, times_s: Times, weight: float) -> Subject:
    """Tracks as a subject of N frames; frames and times have the shape (N,). Where several run, the first one counts.

    Faces are known about five times a second; between two of them they are interpolated.
    """
    n = len(frames)
    subject = Subject(np.zeros((n, 4)), np.zeros(n), np.zeros(n), np.zeros(n))
    for track in tracks:
        runs = track_runs(track, frames) & (subject.weight == 0)
        if runs.any():
            faces = _nearby(track.faces, times_s[runs])
            known = [face.time_s for face in faces]
            values = interpolate(known, np.array([_place(face) for face in faces]), times_s[runs])
            subject.boxes_xyxy[runs], subject.eyes_y[runs], subject.facing[runs] = (
                values[:, :4],
                values[:, 4],
                values[:, 5],
            )
            subject.weight[runs] = weight
    return subject


def track_runs(track: Track, frames: Frames) -> NDArray[np.bool_]:
    """In which of the frames (N,) the track runs: (N,), bool."""
    return (track.start_frame <= frames) & (frames < track.end_frame)


def _nearby(faces: Sequence[Face], times_s: Times) -> Sequence[Face]:
    """The faces that matter at some times (N,): those around, and the next one on each side."""
    known = [face.time_s for face in faces]
    first = bisect_left(known, float(times_s[0]) - NEARBY_S)
    last = bisect_right(known, float(times_s[-1]) + NEARBY_S)
    return faces[max(0, first - 1) : last + 1]


def _place(face: Face) -> list[float]:
    """Box, height of the eyes, and the way the face looks, -1 to 1."""
    x0, y0, x1, y1 = (float(value) for value in face.box_xyxy)
    eyes_y = float(face.landmarks_xy[:2, 1].mean())
    return [x0, y0, x1, y1, float(np.clip(eyes_y, y0, y1)), _facing(face)]


def _facing(face: Face) -> float:
    """Where the nose lies between the eyes, along their line, so that a tilted head counts as one that looks ahead.

    A fitted pose would say degrees, and for a long face seen from the front take either side by chance; here the side
    must be right, and the angle hardly matters.
    """
    left, right, nose = (point.astype(np.float64) for point in face.landmarks_xy[:3])
    along_eyes, apart = right - left, float(np.linalg.norm(right - left))
    if apart == 0:  # a whole profile, or no landmarks to speak of: nothing says which side
        return 0.0
    offset = float((nose - (left + right) / 2) @ along_eyes) / apart
    return float(np.clip(offset / max(1.0, float(face.box_xyxy[2] - face.box_xyxy[0])) / LOOKING_ASIDE, -1.0, 1.0))


def _mean_area(track: Track) -> float:
    boxes = np.array([face.box_xyxy for face in track.faces], dtype=np.float64)
    return float(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).mean())


def _seen(track: Track, frames: Frames) -> float:
    """How much a track is to be seen in some frames (N,): its area times how long it runs."""
    return _mean_area(track) * float(track_runs(track, frames).sum())


def _gaps(weight: NDArray[np.float64], times_s: Times) -> list[slice]:
    """The stretches of at least `AWAY_S` with nobody in them, weights and times (N,)."""
    away = np.concatenate([[False], weight == 0, [False]])
    starts, ends = np.flatnonzero(~away[:-1] & away[1:]), np.flatnonzero(away[:-1] & ~away[1:])
    return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if times_s[b - 1] - times_s[a] >= AWAY_S]


def _arrays(subject: Subject) -> tuple[NDArray[np.float64], ...]:
    return subject.boxes_xyxy, subject.eyes_y, subject.facing, subject.weight
