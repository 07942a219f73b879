"""The seams of perception: what a face detector and a face embedder must do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray, Image


@dataclass(frozen=True, slots=True)
class Detections:
    """The faces of one picture, best score first.

    Attributes:
        boxes_xyxy: Shape (N, 4), float32, pixels of the picture; may reach beyond its edges.
        landmarks_xy: Shape (N, 5, 2), float32, pixels: eye, eye, nose tip, mouth corner, mouth corner, each pair in
            picture order (the one further left in an upright face first).
        scores: Shape (N,), float32, 0 to 1.
        augmented: Whether they were found only when the picture was looked at again, by test-time augmentation.
    """

    boxes_xyxy: FloatArray
    landmarks_xy: FloatArray
    scores: FloatArray
    augmented: bool = False

    def __post_init__(self) -> None:
        n = len(self.boxes_xyxy)
        shapes = (self.boxes_xyxy.shape, self.landmarks_xy.shape, self.scores.shape)
        if shapes != ((n, 4), (n, 5, 2), (n,)):
            raise ValueError(f"Detections wants shapes (N, 4), (N, 5, 2) and (N,), but got {shapes}")

    def __len__(self) -> int:
        return len(self.boxes_xyxy)

    def scaled(self, factor: float) -> "Detections":
        """Give the same faces in the same picture at `factor` times its size."""
        by = np.float32(factor)
        return Detections(self.boxes_xyxy * by, self.landmarks_xy * by, self.scores, self.augmented)

    def turned(self, matrix: NDArray[np.floating]) -> "Detections":
        """Carry the faces by a turn (2, 3); a box stays upright and keeps its size, sides exchanged at a quarter."""
        if not len(self):
            return self
        turn, move = matrix[:, :2], matrix[:, 2]
        middles = (self.boxes_xyxy[:, :2] + self.boxes_xyxy[:, 2:]) / 2 @ turn.T + move
        sizes = self.boxes_xyxy[:, 2:] - self.boxes_xyxy[:, :2]
        if abs(turn[0, 1]) > abs(turn[0, 0]):
            sizes = sizes[:, ::-1]
        boxes = np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1).astype(np.float32)
        landmarks = (self.landmarks_xy @ turn.T + move).astype(np.float32)
        return Detections(boxes, landmarks, self.scores, self.augmented)

    def take(self, indices: Sequence[int]) -> "Detections":
        """Give the faces at `indices`, in that order."""
        rows = np.asarray(indices, np.intp)
        boxes, landmarks = self.boxes_xyxy[rows], self.landmarks_xy[rows]
        return Detections(boxes, landmarks, self.scores[rows], self.augmented)

    def usable(self, size_wh: tuple[int, int], smallest_px: float = 0) -> "Detections":
        """The faces of a picture of `size_wh` (width, height) that later steps can work with.

        Their shorter side reaches `smallest_px`, their middle is in the picture, and their landmarks are in more than
        one place: one wild answer of a detector must not end the analysis of a whole video.
        """
        finite = np.isfinite(self.boxes_xyxy).all(axis=1) & np.isfinite(self.landmarks_xy).all(axis=(1, 2))
        found = self.take(np.flatnonzero(finite).tolist())
        low, high = found.boxes_xyxy[:, :2], found.boxes_xyxy[:, 2:]
        middle = (low + high) / 2
        kept = (high - low).min(axis=1, initial=np.inf) >= smallest_px
        kept &= ((middle > 0) & (middle < np.array(size_wh))).all(axis=1)
        kept &= np.ptp(found.landmarks_xy, axis=1).max(axis=1, initial=0) >= 1
        return found.take(np.flatnonzero(kept).tolist())

    @property
    def top_score(self) -> float:
        """Score of the surest face; -1 where there is none."""
        return float(self.scores.max(initial=-1.0))


def no_detections() -> Detections:
    """Give the answer for a picture without faces."""
    none = np.empty((0, 4), np.float32)
    return Detections(none, np.empty((0, 5, 2), np.float32), np.empty((0,), np.float32))


ENLARGED_TO_PX = 1600
"""`detect_augmented` enlarges a picture whose longer side is up to half of this to twice its size."""


class FaceDetector(ABC):
    """Finds faces. One instance serves one thread at a time; make one for each thread.

    Attributes:
        card_name: Name of the detector's card.
    """

    card_name: str

    @abstractmethod
    def detect(self, image: Image) -> Detections:
        """Find the faces of an RGB picture (H, W, 3) of any size; coordinates are pixels of that picture."""

    def detect_augmented(self, image: Image) -> Detections:
        """Look thoroughly at an RGB picture (H, W, 3) in which no face was found for sure: test-time augmentation.

        Unless a detector knows better, it looks at the picture enlarged, where it is small, and by quarter turns, and
        the look in which it is surest counts. A detector that is merely given a lower threshold finds faces in
        packets and fabrics. YuNet finds half of the faces that lie on their side as they lie, with the landmarks wrong
        and a score of 0.9 at most; the look in which it is surest is the one that is upright.
        """
        looks = []
        if 2 * max(image.shape[:2]) <= ENLARGED_TO_PX:
            twice = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
            looks.append(self.detect(np.asarray(twice, np.uint8)).scaled(0.5))
        return max([*looks, self.detect_turned(image)], key=lambda found: found.top_score)

    def detect_turned(self, image: Image) -> Detections:
        """Look at an RGB picture (H, W, 3) by quarter turns; the one in which the detector is surest counts."""
        right, bottom = image.shape[1] - 1, image.shape[0] - 1
        back = {
            1: np.array([[0.0, -1.0, right], [1.0, 0.0, 0.0]]),
            3: np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, bottom]]),
            2: np.array([[-1.0, 0.0, right], [0.0, -1.0, bottom]]),
        }
        looks = (
            self.detect(np.ascontiguousarray(np.rot90(image, quarters))).turned(matrix)
            for quarters, matrix in back.items()
        )
        return max(looks, key=lambda found: found.top_score)


class FaceEmbedder(Protocol):
    """Describes faces by vectors: close for one person, apart for two. Safe to call from several threads."""

    card_name: str
    dim: int

    def crop(self, image: Image, landmarks_xy: FloatArray) -> Image:
        """Cut the face with `landmarks_xy` (5, 2) out of an RGB picture (H, W, 3), aligned: uint8 (S, S, 3).

        Raises:
            ValueError: If the landmarks are not finite or all in one place.
        """
        ...

    def embed(self, crops: Image) -> FloatArray:
        """Embed aligned crops (N, S, S, 3), uint8 RGB: L2-normalised float32 (N, dim); N may be 0."""
        ...

    def embed_with_worth(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        """Embed aligned crops (N, S, S, 3), and say how much of a face each shows.

        Returns:
            Vectors as `embed` gives them, and worths (N,), float32, 0 or more: the length of the network's answer
            before it is made unit length. A network that was trained by cosine learns to answer at length what it is
            sure of; smears, profiles and backs of heads are answered briefly.
        """
        ...
