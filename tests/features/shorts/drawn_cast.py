"""A drawn video with sound and the cast folder that stand-in models make of it: two people, Red and Blue."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from closeup.core.types import FloatArray, Image
from closeup.features.cast import find
from closeup.features.cast.find import make_cast_folder
from features.cast.stand_in_video import BLUE, COLOURS, RED, background, draw_face, stand_in_models
from filmed import SOUND_HZ, write_film
from sounds import vowels

FPS = 25
SHOTS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (75, ((RED, 60),)),
    (50, ((BLUE, 200),)),
    (75, ((RED, 40), (BLUE, 220))),
    (50, ((BLUE, 120),)),
    (70, ((RED, 130),)),
    (45, ((BLUE, 30),)),
)
"""Frames of each shot, and who is in it, at which x."""

WITH_RED = ((0, 75), (125, 200), (250, 320))


def pictures() -> list[Image]:
    """All frames; faces drift to the right."""
    frames = []
    for number, (count, faces) in enumerate(SHOTS):
        for index in range(count):
            image = background(number + 1)
            for who, x in faces:
                draw_face(image, who, x + index * 0.4)
            frames.append(image)
    return frames


def speech() -> FloatArray:
    """Somebody speaks from 5.5 to 7.5 s, in the middle of the third shot; the rest is quiet."""
    sound = np.random.default_rng(1).normal(0, 0.001, 365 * SOUND_HZ // FPS).astype(np.float32)
    sound[int(5.5 * SOUND_HZ) : int(7.5 * SOUND_HZ)] += vowels(2.0)
    return sound


def write_drawn_cast(place: Path, *more: FloatArray, sound: bool = True) -> Path:
    """Write film.mp4 and film.cast, whose p1 or p2 is called Red, into `place`; give the folder.

    `more` are sound tracks beside the first.
    """
    video = write_film(place / "film.mp4", pictures(), FPS, speech() if sound else None, *more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(find, "cast_models", lambda _: stand_in_models())
        make_cast_folder(video, place / "film.cast")
    return place / "film.cast"


def share_of(image: Image, who: int) -> float:
    """How much of a picture (H, W, 3) has somebody's colour, 0 to 1."""
    return float((np.abs(image.astype(int) - COLOURS[who]).sum(axis=2) < 120).mean())


def contents(folder: Path) -> dict[str, str]:
    """The hash of each file of a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
