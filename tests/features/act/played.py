"""Performances made here: as curves, and as films of drawn faces with a stand-in that reads them."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from closeup.core.types import FloatArray, Image, VideoInfo
from closeup.documents.act import PROBABILITIES, TIMES, Performance
from closeup.documents.shorts import PersonRef
from closeup.features.act import performing
from closeup.features.cast import find
from features.cast.stand_in_video import FACE_PX, RED, background, draw_face, stand_in_models
from filmed import write_film

NAMES = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
HAPPY, NEUTRAL = NAMES.index("happy"), NAMES.index("neutral")
FPS = 10


def acting(seed: int, moments: int = 300) -> NDArray[np.float64]:
    """Probabilities (T, 7) at ten a second: a face at rest, and expressions that come and go."""
    rng, times = np.random.default_rng(seed), np.arange(moments) / 10
    logits = np.zeros((moments, len(NAMES)))
    logits[:, NEUTRAL] = 2
    for middle in rng.uniform(1, moments / 10 - 1, moments // 30):
        logits[:, rng.integers(NEUTRAL)] += rng.uniform(4, 7) * np.exp(-(((times - middle) / 0.8) ** 2))
    chances = np.exp(logits)
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def smiling(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (T, 7) of a face that is happy by `levels` (T,), 0 to 1, and else at rest."""
    chances = np.zeros((len(levels), len(NAMES)))
    chances[:, HAPPY], chances[:, NEUTRAL] = levels, 1 - levels
    return chances


def bump(middle_s: float, moments: int = 300, width_s: float = 0.8) -> NDArray[np.float64]:
    """One rise and fall (T,) around a time, 0 to 0.9."""
    return np.asarray(0.9 * np.exp(-(((np.arange(moments) / 10 - middle_s) / width_s) ** 2)))


LEVELS = np.maximum(bump(4, 150), bump(10, 150, 0.5))
"""How happy the face of a film of 15 s is: twice."""


def performance(
    chances: NDArray[np.float64], seen: NDArray[np.bool_] | None = None, loudness: NDArray[np.float64] | None = None
) -> Performance:
    """A kept performance of probabilities (T, 7); `seen` (T,) says where the face is."""
    there = np.ones(len(chances), np.bool_) if seen is None else seen
    info = VideoInfo("film.mp4", "0" * 64, len(chances) / 10, Fraction(10), len(chances), 320, 180)
    return Performance(
        video=info,
        person=PersonRef("p1"),
        model="expression",
        expressions=NAMES,
        times_s=TIMES.round(np.flatnonzero(there) / 10),
        probabilities=PROBABILITIES.round(chances[there]),
        boxes_xyxy=np.tile(np.array([10, 10, 60, 60], np.float32), (int(there.sum()), 1)),
        loudness_lufs=np.zeros(0) if loudness is None else loudness,
        notes=(),
    )


class StandInJudge:
    """Reads how happy a drawn face is from the grey of its chin."""

    card = SimpleNamespace(name="stand-in", head=lambda _: SimpleNamespace(classes=NAMES))

    def crop(self, image: Image, landmarks_xy: FloatArray, box_xyxy: FloatArray) -> Image:
        x0, y0, x1, y1 = box_xyxy
        x, y = int((x0 + x1) / 2), int(y0 + 0.89 * (y1 - y0))
        return np.ascontiguousarray(image[y - 1 : y + 1, x - 4 : x + 4])

    def answers(self, crops: Image) -> dict[str, FloatArray]:
        return {"expression": smiling(crops.mean(axis=(1, 2, 3)) / 255).astype(np.float32)}


def film_of(
    path: Path, levels: NDArray[np.float64], *, others: tuple[tuple[int, int, float], ...] = (), sound: Any = None
) -> Path:
    """A film of a drawn face that is happy by `levels` (T,), NaN where it is away; ten frames a second.

    `others` are people beside it: who, where, and how happy all the time.
    """
    pictures = []
    for level in levels:
        image = background(1)
        for who, x, happy in ((RED, 60, float(level)), *others):
            if np.isfinite(happy):
                draw_face(image, who, x)
                image[60 + FACE_PX - 9 : 60 + FACE_PX - 2, x + 16 : x + 32] = round(255 * happy)
        pictures.append(image)
    return write_film(path, pictures, FPS, sound)


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Casts and expressions are read by stand-ins."""
    monkeypatch.setattr(find, "cast_models", lambda _: stand_in_models())
    monkeypatch.setattr(performing, "expression_model", lambda: StandInJudge())
