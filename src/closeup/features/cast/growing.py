"""Tracks while a video is read: growing, then ended; and the tracks and vectors of the result made from them."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import cv2
import numpy as np

from closeup.algorithms.clustering.similarity import cosines, l2_normalise
from closeup.core.types import TIME, Face, FloatArray, Image, Shot, Track
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.candidates import Candidate, Candidates
from closeup.media.sampling import Cut
from closeup.perception.clothing import DIM as CLOTHING_DIM
from closeup.weights.cards import Threshold


@dataclass(slots=True)
class GrowingTrack:
    """A track that may get more faces; `picture` is the part (h, w, 3) of a frame for its picture, or a JPEG."""

    faces: list[Face] = field(default_factory=list)
    candidates: Candidates = field(default_factory=Candidates)
    picture: Image | bytes = b""
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
        drawn: Whether the face is a drawing of one.
    """

    faces: tuple[Face, ...]
    picture: bytes
    embedded: tuple[Face, ...]
    vectors: "Future[tuple[FloatArray, FloatArray]]"
    clothing: FloatArray | None
    drawn: bool = False


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
                drawn=track.drawn,
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
        face_quality=np.array([face.quality_total for face in faces], np.float32),
        face_worth=np.concatenate([np.empty((0,), np.float32), *(worths for _, worths in found)]),
        clothing=np.array(clothing, np.float32).reshape(len(ended), CLOTHING_DIM),
        embedder=embedder_name,
    )


LONGEST_BREAK_S, FARTHEST_WIDTHS, SIZES_ALIKE = 2.0, 1.0, 1.6
"""A face that was lost and comes back this soon, this near to where it was (in its widths), and about as large, may be
the one that was lost."""

ALONE_WIDTHS = 1.5
"""Nobody else may have a face this near to the place meanwhile."""

SAME_CLOTHES = 0.15
"""Tracks of one person in one dress lie up to 0.148 apart, as far as that was measured (see the embedder's card)."""


def mended(ended: Sequence[EndedTrack], cuts: Sequence[Cut], limits: Mapping[str, Threshold]) -> list[EndedTrack]:
    """Join tracks that broke where a head turned away or went behind a hand, before anybody is compared with anybody.

    One follows the other in its shot within two seconds, in the same place and size, in the same clothes, with a face
    that is no other's, and nobody else is there meanwhile. Where clothes cannot be seen the faces must be one person's.

    Args:
        ended: In order.
        cuts: Of the video, in order.
        limits: Of the embedder's card: `two_people` and `same_person`.

    Returns:
        In order; of each place in time the nearest break is mended first.
    """
    shot_of = np.searchsorted([cut.frame for cut in cuts], [track.faces[0].frame for track in ended], side="right")
    first_s = np.array([track.faces[0].time_s for track in ended])
    every = sorted((face.time_s, *_middle(face), number) for number, t in enumerate(ended) for face in t.faces)
    times, others = np.array([row[0] for row in every]), np.array([row[1:] for row in every]).reshape(-1, 3)
    breaks = []
    for number, track in enumerate(ended):
        last = track.faces[-1]
        low, high = np.searchsorted(first_s, [last.time_s, last.time_s + LONGEST_BREAK_S], side="right").tolist()
        for later in range(low, high):
            if shot_of[later] != shot_of[number] or not _goes_on(track, ended[later], limits):
                continue
            during = others[slice(*np.searchsorted(times, [last.time_s, first_s[later] + 1e-6]))]
            during = during[~np.isin(during[:, 2], [number, later])]
            near = ALONE_WIDTHS * float(last.box_xyxy[2] - last.box_xyxy[0])
            if not (np.hypot(*(during[:, :2] - _middle(last)).T) < near).any():
                breaks.append((first_s[later] - last.time_s, number, later))
    after: dict[int, int] = {}
    for _, number, later in sorted(breaks):
        if number not in after and later not in after.values():
            after[number] = later
    heads = [number for number in range(len(ended)) if number not in after.values()]
    return [_joined(ended, number, after) for number in heads]


def _middle(face: Face) -> tuple[float, float]:
    x0, y0, x1, y1 = face.box_xyxy.tolist()
    return (x0 + x1) / 2, (y0 + y1) / 2


def _goes_on(before: EndedTrack, later: EndedTrack, limits: Mapping[str, Threshold]) -> bool:
    """Whether a track may be the same person as one that ended a moment ago: by place, size, clothes and face."""
    old, new = before.faces[-1], later.faces[0]
    width, height = (old.box_xyxy[2:] - old.box_xyxy[:2]).tolist()
    new_width, new_height = (new.box_xyxy[2:] - new.box_xyxy[:2]).tolist()
    moved = float(np.hypot(*np.subtract(_middle(old), _middle(new))))
    if moved > FARTHEST_WIDTHS * max(width, new_width) or not 1 / SIZES_ALIKE < new_height / height < SIZES_ALIKE:
        return False
    limit = limits["same_person"]
    if before.clothing is not None and later.clothing is not None:
        if 1 - cosines(before.clothing, later.clothing) > SAME_CLOTHES:
            return False
        limit = limits["two_people"]
    one, other = ((vectors * worths[:, None]).sum(axis=0) for vectors, worths in map(_vectors, (before, later)))
    return bool(1 - cosines(*l2_normalise(np.stack([one, other]))) <= limit.value)


def _joined(ended: Sequence[EndedTrack], number: int, after: Mapping[int, int]) -> EndedTrack:
    """A track with all that go on with it."""
    chain = [ended[number]]
    while number in after:
        number = after[number]
        chain.append(ended[number])
    if len(chain) == 1:
        return chain[0]
    found = [_vectors(track) for track in chain]
    vectors: Future[tuple[FloatArray, FloatArray]] = Future()
    vectors.set_result((np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found])))
    worn = [track.clothing for track in chain if track.clothing is not None]
    return EndedTrack(
        faces=tuple(face for track in chain for face in track.faces),
        picture=max(chain, key=lambda track: max(face.quality_total for face in track.faces)).picture,
        embedded=tuple(face for track in chain for face in track.embedded),
        vectors=vectors,
        clothing=np.asarray(l2_normalise(np.sum(worn, axis=0)[None])[0], np.float32) if worn else None,
        drawn=all(track.drawn for track in chain),
    )


def _vectors(track: EndedTrack) -> tuple[FloatArray, FloatArray]:
    """Vectors (K, D) of a track's faces and what they are worth (K,), as soon as they are there."""
    return track.vectors.result()
