"""A cast with real pictures, made up for the tests of portraits and report.

The two faces are the public-domain portraits that arrive inside scikit-image and matplotlib; everyone else is one
of them relit or mirrored.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import Cast, Face, Person, Quality, Shot, Track, VideoInfo
from closeup.features.cast.portraits import head_and_shoulders, person_pictures, track_picture

FPS = 25


@dataclass(frozen=True)
class Plan:
    """How large a cast to make up."""

    people: int = 4
    passers_by: int = 2
    hidden: int = 0
    shots: int = 14
    shot_s: float = 8.0
    tracks_per_shot: int = 2


def face(frame: int, box: tuple[float, float, float, float], quality: float | None = 0.5, score: float = 0.9) -> Face:
    """A frontal face in a box."""
    xyxy = np.array(box, dtype=np.float32)
    places = np.array([[0.3, 0.38], [0.7, 0.38], [0.5, 0.58], [0.35, 0.78], [0.65, 0.78]])
    judged = None if quality is None else Quality(quality, quality, quality, quality, quality, score)
    landmarks = (xyxy[:2] + places * (xyxy[2:] - xyxy[:2])).astype(np.float32)
    return Face(frame, frame / FPS, xyxy, landmarks, score, judged)


@cache
def portraits() -> tuple[tuple[NDArray[np.uint8], tuple[float, float, float, float]], ...]:
    """Two pictures with the face's box in each."""
    import matplotlib.cbook
    import skimage.data

    hopper = cv2.imread(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    assert hopper is not None
    return (
        (np.asarray(skimage.data.astronaut(), dtype=np.uint8), (178, 63, 268, 176)),
        (np.ascontiguousarray(hopper[:, :, ::-1]), (183, 120, 353, 333)),
    )


def _look(person: int, track: int) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """One person's picture, a little different in every track."""
    image, (x0, y0, x1, y1) = portraits()[person % 2]
    hue = (person // 2) * 47
    if hue:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.int32)
        hsv[..., 0] = (hsv[..., 0] + hue) % 180
        image = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    gain = 0.75 + 0.1 * (track * 7 % 5)
    image = np.clip(image * gain, 0, 255).astype(np.uint8)
    if track % 2:
        image, (x0, x1) = image[:, ::-1], (image.shape[1] - x1, image.shape[1] - x0)
    shift = 4 * (track % 6)
    return np.ascontiguousarray(image), (x0 + shift, y0, x1 + shift, y1)


def make_cast(folder: Path, plan: Plan | None = None) -> Cast:
    """Write tracks/ and people/ into a folder and give the cast that they belong to."""
    plan = plan or Plan()
    length = round(plan.shot_s * FPS)
    shots = tuple(Shot(n * length, (n + 1) * length, n * plan.shot_s, (n + 1) * plan.shot_s) for n in range(plan.shots))
    everyone = plan.people + plan.passers_by + plan.hidden
    (folder / "tracks").mkdir(parents=True)
    tracks: list[Track] = []
    for shot in range(plan.shots):
        for place in range(plan.tracks_per_shot):
            who = (shot + place * (1 + shot % 3)) % plan.people if plan.people else everyone
            if shot < everyone - plan.people and place == 0:
                who = plan.people + shot  # those apart are seen once each
            if who < everyone:
                tracks.append(_track(len(tracks), shots[shot], shot, who, folder))
    people = [_person(number, tracks, shots) for number in range(everyone)]
    end_apart = plan.people + plan.passers_by
    frames = plan.shots * length
    video = VideoInfo("talk.mp4", "ab" * 32, frames / FPS, Fraction(FPS), frames, 1920, 1080)
    cast = Cast(
        video=video,
        models={"detector": "yunet-2023mar", "embedder": "sface-2021dec", "clothing": "torso-colour-128"},
        options={"detect_fps": 5.0, "min_face": 32, "clothing": True, "models": "auto"},
        shots=shots,
        people=tuple(sorted(people[: plan.people], key=lambda person: (-person.screen_time_s, person.id))),
        passers_by=tuple(people[plan.people : end_apart]),
        tracks=tuple(tracks),
        hidden=tuple(people[end_apart:]),
    )
    person_pictures(cast, folder / "tracks", folder / "people")
    return cast


def _track(number: int, shot: Shot, shot_number: int, who: int, folder: Path) -> Track:
    """One track that runs through the most of a shot, and its picture."""
    start = shot.start_frame + (number * 13) % 40
    end = shot.end_frame - (number * 29) % 60
    image, box = _look(who, number)
    faces = tuple(face(frame, box, 0.3 + (number * 37 % 60) / 100) for frame in range(start, end, 5))
    (folder / "tracks" / f"t{number + 1}.jpg").write_bytes(track_picture(head_and_shoulders(image, faces[0])))
    return Track(f"t{number + 1}", shot_number, f"p{who + 1}", start, end, start / FPS, end / FPS, faces)


def _person(number: int, tracks: list[Track], shots: tuple[Shot, ...]) -> Person:
    """The person of a number with the tracks that carry their id."""
    own = [track for track in tracks if track.person == f"p{number + 1}"]
    return Person(
        id=f"p{number + 1}",
        name="Grace" if number == 1 else None,
        portrait=f"people/p{number + 1}.jpg",
        screen_time_s=sum(track.end_s - track.start_s for track in own),
        shots=tuple(sorted({track.shot for track in own})),
        tracks=tuple(track.id for track in own),
        quality=max((track.faces[0].quality.total for track in own if track.faces[0].quality), default=0.0),
    )


def named(cast: Cast, name: str) -> Cast:
    """The same cast with its first person under another name."""
    return replace(cast, people=(replace(cast.people[0], name=name), *cast.people[1:]))
