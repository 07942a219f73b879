"""Videos of drawn faces with an exact truth, and models that read them: a scan's logic without any network's.

A drawn face is a square of a colour that tells who it is. The stand-in detector finds the squares, the stand-in
embedder turns the colour into a vector, so that neither knows more than the pixels say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from closeup.core.types import FloatArray, Image
from closeup.media.encoder import VideoEncoder
from closeup.perception.analyzer import Analyzer
from closeup.perception.protocols import Detections, FaceDetector, no_detections
from closeup.perception.registry import FaceModels
from closeup.weights.cards import card

SIZE_WH = (320, 180)
FACE_PX = 48
RED, BLUE, GREEN = range(3)
COLOURS = ((230, 30, 30), (30, 30, 230), (20, 200, 20))
_PLACES = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)], np.float32)


@dataclass(frozen=True)
class Drawn:
    """A face: who it is, and its left edge at the shot's start and end, in pixels."""

    who: int
    start_x: float
    end_x: float


@dataclass(frozen=True)
class DrawnShot:
    """A shot: how many frames, over which background, with which faces."""

    frames: int
    background: int
    faces: tuple[Drawn, ...] = ()


def background(number: int) -> Image:
    """A grey pattern of its own for every number: (180, 320, 3)."""
    coarse = np.random.default_rng(number).integers(20, 200, (6, 10)).astype(np.uint8)
    grey = cv2.resize(coarse, SIZE_WH, interpolation=cv2.INTER_NEAREST)
    return np.repeat(grey[..., None], 3, axis=2)


def draw_face(image: Image, who: int, x: float, y: int = 60) -> None:
    """Draw a face into `image` (H, W, 3), with something to align and to judge."""
    left, side = round(x), FACE_PX
    image[y : y + side, left : left + side] = COLOURS[who]
    step = 6 + 3 * who
    for place in range(4, side - 4, step):  # a pattern of its own, so that faces differ without colour too
        image[y + place : y + place + 2, left + 4 : left + side - 4] //= 2


def write_video(path: Path, shots: Sequence[DrawnShot], fps: Fraction = Fraction(25)) -> Path:
    """Write the shots one after the other."""
    with VideoEncoder(path, SIZE_WH, fps) as encoder:
        for shot in shots:
            for frame in range(shot.frames):
                image = background(shot.background)
                for face in shot.faces:
                    part = frame / max(1, shot.frames - 1)
                    draw_face(image, face.who, face.start_x + part * (face.end_x - face.start_x))
                encoder.write(image)
    return path


def regrouped(path: Path, drawn: Path, x264: str, **options: str) -> Path:
    """The drawn video encoded anew with groups of pictures as `x264` has them."""
    with av.open(str(drawn)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"x264-params": x264, **options}
        for frame in old.decode(video=0):
            frame.pict_type = av.video.frame.PictureType.NONE
            new.mux(stream.encode(frame))
        new.mux(stream.encode(None))
    return path


def who_is(colour: FloatArray) -> int:
    """Whose colour (3,) it is."""
    return int(np.abs(np.array(COLOURS) - colour).sum(axis=1).argmin())


class ColourDetector(FaceDetector):
    """Finds the drawn faces: areas that are not grey."""

    card_name = "yunet-2023mar"

    def detect(self, image: Image) -> Detections:
        spread = image.max(axis=2).astype(int) - image.min(axis=2)
        count, _, stats, _ = cv2.connectedComponentsWithStats((spread > 50).astype(np.uint8), connectivity=8)
        large = [stats[i] for i in range(1, count) if min(stats[i][2:4]) > 20]
        if not large:
            return no_detections()
        boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in large], np.float32)
        points = boxes[:, None, :2] + _PLACES * (boxes[:, None, 2:] - boxes[:, None, :2])
        return Detections(boxes, points.astype(np.float32), np.full(len(boxes), 0.95, np.float32))


class ColourEmbedder:
    """A unit vector by colour: equal for one person, at right angles for two; counts what it is asked for."""

    card_name, dim = "sface-2021dec", 128

    def __init__(self) -> None:
        self.asked: list[int] = []

    def crop(self, image: Image, landmarks_xy: FloatArray) -> Image:
        (left, top), (right, bottom) = landmarks_xy.min(axis=0), landmarks_xy.max(axis=0)
        part = image[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
        return np.asarray(cv2.resize(part, (32, 32), interpolation=cv2.INTER_AREA), np.uint8)

    def embed(self, crops: Image) -> FloatArray:
        self.asked.append(len(crops))
        vectors = np.zeros((len(crops), self.dim), np.float32)
        for row, crop in enumerate(crops):
            vectors[row, who_is(crop[14:18].reshape(-1, 3).max(axis=0))] = 1
        return vectors

    def embed_with_worth(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        return self.embed(crops), np.full(len(crops), 12.0, np.float32)


def stand_in_models(detector: type = ColourDetector) -> FaceModels:
    """Models that read the drawn faces, with the thresholds of real cards, but the one by which they are drawn."""
    real = card("sface-2021dec")
    known = replace(real, thresholds={name: each for name, each in real.thresholds.items() if name != "drawn"})
    embedder = ColourEmbedder()
    return FaceModels(card("yunet-2023mar"), (known,), detector, lambda _: embedder)


def stand_in_analyzer(detector: type = ColourDetector) -> Analyzer:
    """An analyzer with these models."""
    return Analyzer(stand_in_models(detector))
