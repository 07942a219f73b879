"""Finding the same tracks again in another analysis of the same video: by frames and boxes, not by ids."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import iou
from closeup.core.types import Cast, Face, FloatArray, Person, Track
from closeup.documents.edits import FaceAnchor, PersonAnchor, TrackAnchor

FACES_A_TRACK = 3
"""How many faces an anchor keeps of each track: the first, the last, and those evenly between."""

MIN_IOU = 0.3
"""From which overlap on two boxes in one frame are one face. Detectors draw boxes differently: one cuts at the chin,
another includes the forehead, and they still share half of their area; two neighbours' faces share next to nothing."""

SAME_IOU = 0.9
"""From which overlap on a track with the same id is taken for the same track, whatever else lies there."""


def anchor_track(track: Track) -> TrackAnchor:
    """Remember a track by a few of its faces."""
    places = np.linspace(0, len(track.faces) - 1, min(FACES_A_TRACK, len(track.faces))).round().astype(int)
    return TrackAnchor(track.id, tuple(_anchor_face(track.faces[place]) for place in places))


def _anchor_face(face: Face) -> FaceAnchor:
    x0, y0, x1, y1 = (round(value, 2) for value in face.box_xyxy.tolist())
    return face.frame, x0, y0, x1, y1


def anchor_person(cast: Cast, person: Person) -> PersonAnchor:
    """Remember a person by all their tracks."""
    own = set(person.tracks)
    return PersonAnchor(person.id, tuple(anchor_track(track) for track in cast.tracks if track.id in own))


class TrackFinder:
    """Looks up where the faces of anchors are among the tracks of a (new) analysis."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = tracks
        self._starts = np.array([track.start_frame for track in tracks], dtype=np.int64)
        self._ends = np.array([track.end_frame for track in tracks], dtype=np.int64)
        self._faces = [_face_arrays(track) for track in tracks]

    def find(self, anchors: Iterable[TrackAnchor]) -> Counter[int]:
        """Indices of the tracks that hold the anchors' faces, each with how many of them it holds.

        Every face goes to the one track that overlaps it best in its frame, at an IoU of `MIN_IOU` or more. Where
        the track has no face in that very frame (another sampling rate), its box is interpolated between the
        neighbouring ones.
        """
        found: Counter[int] = Counter()
        for anchor in anchors:
            for face in anchor.faces:
                index = self._find_face(anchor.id, face)
                if index is not None:
                    found[index] += 1
        return found

    def _find_face(self, identity: str, face: FaceAnchor) -> int | None:
        frame, *box = face
        there: list[int] = np.flatnonzero((self._starts <= frame) & (frame < self._ends)).tolist()
        if not there:
            return None
        boxes = np.stack([_box_at(*self._faces[index], frame) for index in there])
        overlaps = iou(np.array([box], dtype=np.float32), boxes)[0]
        for index, overlap in zip(there, overlaps, strict=True):
            if overlap >= SAME_IOU and self._tracks[index].id == identity:
                return index
        best = int(overlaps.argmax())
        return there[best] if overlaps[best] >= MIN_IOU else None


def _face_arrays(track: Track) -> tuple[NDArray[np.int64], FloatArray]:
    frames = np.array([face.frame for face in track.faces], dtype=np.int64)
    return frames, np.stack([face.box_xyxy for face in track.faces])


def _box_at(frames: NDArray[np.int64], boxes: FloatArray, frame: int) -> FloatArray:
    """The box (4,) at `frame` between those at `frames`; before the first and after the last it stands still."""
    return np.array([np.interp(frame, frames, column) for column in boxes.T], dtype=np.float32)
