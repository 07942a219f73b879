"""Tracks while a video is read: growing, then ended; and the tracks and vectors of the result made from them."""

from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import cv2
import numpy as np

from closeup.core.types import TIME, Face, FloatArray, Image, Shot, Track
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.candidates import Candidate, Candidates
from closeup.perception.clothing import DIM as CLOTHING_DIM


@dataclass(slots=True)
class GrowingTrack:
    """A track that may get more faces."""

    faces: list[Face] = field(default_factory=list)
    candidates: Candidates = field(default_factory=Candidates)
    picture: bytes = b""
    last: Candidate | None = None

    def add(self, candidate: Candidate) -> bool:
        """Add a face; True where it is the best picture of the track so far."""
        self.faces.append(candidate.face)
        self.last = candidate
        return self.candidates.offer(candidate)


DOUBTFUL_LIKENESS = 0.65
"""Below this likeness (see `likeness`) two faces in one place may be two people: worth asking the embedder."""


def likeness(a: Image, b: Image) -> float:
    """How alike two aligned crops (S, S, 3) look at a glance: correlation of 16 x 16 grey pixels, -1 to 1."""
    vectors = []
    for crop in (a, b):
        small = cv2.resize(crop, (16, 16), interpolation=cv2.INTER_AREA).mean(axis=2).ravel()
        small -= small.mean()
        vectors.append(small / (np.linalg.norm(small) + 1e-6))
    return float(vectors[0] @ vectors[1])


@dataclass(frozen=True, slots=True)
class EndedTrack:
    """A track that got no more faces.

    Attributes:
        faces: All its sampled faces, by time.
        picture: JPEG bytes of its best one, head and shoulders.
        embedded: The few that were embedded.
        vectors: Their vectors (K, D) and what these are worth (K,), as soon as they are ready.
        clothing: The track's clothing descriptor (C,), or None where none was seen.
    """

    faces: tuple[Face, ...]
    picture: bytes
    embedded: tuple[Face, ...]
    vectors: "Future[tuple[FloatArray, FloatArray]]"
    clothing: FloatArray | None


BRIEF_FACES = 2
"""A track of up to this many faces is brief."""


def without_noise(ended: Sequence[EndedTrack], sure_score: float) -> list[EndedTrack]:
    """Leave out brief tracks of which the detector was never sure: ear-rings and folds that look like a face once."""
    return [
        track
        for track in ended
        if len(track.faces) > BRIEF_FACES or max(face.score for face in track.faces) >= sure_score
    ]


def in_order(ended: Sequence[EndedTrack]) -> list[EndedTrack]:
    """By start, then by place from left to right: the order of the result, whatever ended first."""
    return sorted(ended, key=lambda track: (track.faces[0].frame, *track.faces[0].box_xyxy.tolist()))


def build_tracks(ended: Sequence[EndedTrack], shots: Sequence[Shot], sample_s: float) -> tuple[Track, ...]:
    """Make the result's tracks "t1", "t2", ... of ended ones in order.

    A face was there about half a sample before it was first seen and after it was last seen, as far as its shot goes.
    """
    starts = [shot.start_frame for shot in shots]
    tracks = []
    for number, track in enumerate(ended, start=1):
        index = bisect_right(starts, track.faces[0].frame) - 1
        shot = shots[index]
        frames_per_s = (shot.end_frame - shot.start_frame) / max(shot.end_s - shot.start_s, 1e-9)
        margin_frames = round(sample_s / 2 * frames_per_s)
        tracks.append(
            Track(
                id=f"t{number}",
                shot=index,
                person=None,
                start_frame=max(shot.start_frame, track.faces[0].frame - margin_frames),
                end_frame=min(shot.end_frame, track.faces[-1].frame + 1 + margin_frames),
                start_s=TIME.round(max(shot.start_s, track.faces[0].time_s - sample_s / 2)),
                end_s=TIME.round(min(shot.end_s, track.faces[-1].time_s + sample_s / 2)),
                faces=tuple(face.rounded() for face in track.faces),
            )
        )
    return tuple(tracks)


def build_vectors(ended: Sequence[EndedTrack], embedder_name: str, dim: int) -> TrackVectors:
    """Gather the vectors of ended tracks in order; waits for those that are still being made."""
    faces = [face for track in ended for face in track.embedded]
    found = [track.vectors.result() for track in ended]
    unknown = np.full(CLOTHING_DIM, np.nan, np.float32)
    clothing = [unknown if track.clothing is None else track.clothing for track in ended]
    return TrackVectors(
        face=np.concatenate([np.empty((0, dim), np.float32), *(vectors for vectors, _ in found)]),
        face_track=np.repeat(np.arange(len(ended)), [len(track.embedded) for track in ended]),
        face_frame=np.array([face.frame for face in faces], np.int64),
        face_quality=np.array([face.quality.total if face.quality else 0.0 for face in faces], np.float32),
        face_worth=np.concatenate([np.empty((0,), np.float32), *(worths for _, worths in found)]),
        clothing=np.array(clothing, np.float32).reshape(len(ended), CLOTHING_DIM),
        embedder=embedder_name,
    )
