"""A small made-up cast with drawn pictures, for tests of everything that works on a result folder.

Four shots of four seconds at 25 frames a second, sampled five times a second:

    shot 0: t1 (A, 4 s) and t2 (B, 4 s) side by side     shot 2: t4 (B, 3 s) and t5 (C, 4 s) side by side
    shot 1: t3 (A, 4 s)                                   shot 3: t6 (A, 2 s), t7 (D, 0.6 s), t8 (one face, nobody)

A is p1 (10 s), B is p2 (7 s), C is p3 (4 s), D is p4 and passes by.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import Cast, Face, Image, Quality, Shot, Track, VideoInfo
from closeup.documents.baseline import Baseline, PersonRule
from closeup.documents.edits import Edits
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.folder import CastResult, write_cast_folder
from closeup.features.cast.people import build_people, found_people
from closeup.media.image import encode_jpeg

FPS = 25
STEP = 5
SHA256 = "5e" * 32
SHOTS = tuple(Shot(n * 100, n * 100 + 100, n * 4.0, n * 4.0 + 4.0) for n in range(4))
LABELS = np.array([0, 1, 0, 1, 2, 0, 3, -1])
A, B, C, D = range(4)


def fake_face(frame: int, x: float, size: float = 80.0, quality: float = 0.8) -> Face:
    """A square face with its left upper corner at (x, 60)."""
    box = np.array([x, 60, x + size, 60 + size], np.float32)
    places = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    points = np.array([[x + a * size, 60 + b * size] for a, b in places], np.float32)
    return Face(frame, frame / FPS, box, points, 0.9, Quality(quality, 0.8, quality, 0.9, 0.7, 0.9))


def fake_track(number: int, frames: Sequence[int], x: float, size: float = 80.0, quality: float = 0.8) -> Track:
    """A track with a face, which drifts a little, in each of `frames`."""
    faces = tuple(fake_face(frame, x + place * 0.5, size, quality) for place, frame in enumerate(frames))
    start, end = frames[0], frames[-1] + STEP if len(frames) > 1 else frames[0] + 1
    return Track(f"t{number}", start // 100, None, start, end, start / FPS, end / FPS, faces)


def fake_tracks() -> tuple[Track, ...]:
    return (
        fake_track(1, range(0, 100, STEP), 100, quality=0.7),
        fake_track(2, range(0, 100, STEP), 400),
        fake_track(3, range(100, 200, STEP), 200, quality=0.9),
        fake_track(4, range(200, 275, STEP), 100, quality=0.6),
        fake_track(5, range(200, 300, STEP), 400, quality=0.5),
        fake_track(6, range(300, 350, STEP), 150),
        fake_track(7, range(350, 365, STEP), 420, quality=0.4),
        fake_track(8, [390], 300),
    )


def fake_video(**changes: str) -> VideoInfo:
    return replace(VideoInfo("talk show.mp4", SHA256, 16.0, Fraction(FPS), 400, 640, 360), **changes)  # type: ignore[arg-type]


def fake_result(edits: Edits | None = None, baseline: Baseline | None = None) -> CastResult:
    """All that goes into the folder, as the pipeline would hand it over."""
    tracks, said = fake_tracks(), edits or Edits()
    start = baseline or found_people(tracks, LABELS, PersonRule())
    members = build_people(tracks, start, said, SHA256)
    cast = Cast(
        video=fake_video(),
        models={"detector": "yunet-2023mar", "embedder": "sface-2021dec", "clothing": "torso-128"},
        options={"detect_fps": 5.0, "clothing": True, "min_face": None},
        shots=SHOTS,
        people=members.people,
        passers_by=members.passers_by,
        hidden=members.hidden,
        tracks=members.tracks,
        timings_s={"reading": 0.5},
    )
    return CastResult(cast, start, said, fake_vectors(tracks), {t.id: fake_picture(i) for i, t in enumerate(tracks)})


def fake_cast() -> Cast:
    return fake_result().cast


def fake_vectors(tracks: Sequence[Track]) -> TrackVectors:
    """One vector for the first face of each track, equal for the tracks of one label."""
    owner = [label if label >= 0 else 9 for label in LABELS.tolist()]
    clothing = np.eye(10, dtype=np.float32)[owner]
    clothing[-1] = np.nan
    return TrackVectors(
        face=np.eye(16, dtype=np.float32)[owner],
        face_track=np.arange(len(tracks)),
        face_frame=np.array([track.faces[0].frame for track in tracks]),
        face_quality=np.full(len(tracks), 0.8, np.float32),
        face_worth=np.full(len(tracks), 12.0, np.float32),
        clothing=clothing,
        embedder="sface-2021dec",
    )


def fake_picture(number: int) -> bytes:
    """A drawn head on a background of the track's own colour, as JPEG."""
    picture: Image = np.full((160, 120, 3), (40 + 25 * number, 120, 220 - 25 * number), np.uint8)
    cv2.ellipse(picture, (60, 150), (50, 45), 0, 0, 360, (60, 60, 90), -1)
    cv2.ellipse(picture, (60, 70), (32, 42), 0, 0, 360, (230, 190, 160), -1)
    for x in (48, 72):
        cv2.circle(picture, (x, 62), 4, (30, 30, 30), -1)
    return encode_jpeg(picture)


def fake_folder(place: Path, name: str = "talk.cast") -> Path:
    """Write the cast below `place` and give its folder."""
    write_cast_folder(place / name, fake_result(), overwrite=False)
    return place / name
