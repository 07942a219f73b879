"""The seams of perception: what a face detector and a face embedder must do."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from closeup.core.types import FloatArray, Image


@dataclass(frozen=True, slots=True)
class Detections:
    """The faces of one picture, best score first.

    Attributes:
        boxes_xyxy: Shape (N, 4), float32, pixels of the picture; may reach beyond its edges.
        landmarks_xy: Shape (N, 5, 2), float32, pixels: eye, eye, nose tip, mouth corner, mouth corner, each pair in
            picture order (the one further left in an upright face first).
        scores: Shape (N,), float32, 0 to 1.
        average_xy: Shape (N, 5, 2), float32, pixels, or None: where an average face would have its landmarks if it lay
            as this one does, by points of the detector's own that are steadier than the five.
    """

    boxes_xyxy: FloatArray
    landmarks_xy: FloatArray
    scores: FloatArray
    average_xy: FloatArray | None = None

    def __post_init__(self) -> None:
        n = len(self.boxes_xyxy)
        shapes = (self.boxes_xyxy.shape, self.landmarks_xy.shape, self.scores.shape, self.crop_xy.shape)
        if shapes != ((n, 4), (n, 5, 2), (n,), (n, 5, 2)):
            raise ValueError(f"Detections wants shapes (N, 4), (N, 5, 2), (N,) and (N, 5, 2), but got {shapes}")

    def __len__(self) -> int:
        return len(self.boxes_xyxy)

    def scaled(self, factor: float) -> "Detections":
        """Give the same faces in the same picture at `factor` times its size."""
        by = np.float32(factor)
        average = None if self.average_xy is None else self.average_xy * by
        return Detections(self.boxes_xyxy * by, self.landmarks_xy * by, self.scores, average)

    def take(self, indices: list[int]) -> "Detections":
        """Give the faces at `indices`, in that order."""
        average = None if self.average_xy is None else self.average_xy[indices]
        return Detections(self.boxes_xyxy[indices], self.landmarks_xy[indices], self.scores[indices], average)

    @property
    def crop_xy(self) -> FloatArray:
        """The five points of each face by which a crop is best aligned: (N, 5, 2)."""
        return self.landmarks_xy if self.average_xy is None else self.average_xy


def no_detections() -> Detections:
    """Give the answer for a picture without faces."""
    none = np.empty((0, 4), np.float32)
    return Detections(none, np.empty((0, 5, 2), np.float32), np.empty((0,), np.float32))


class FaceDetector(Protocol):
    """Finds faces. One instance serves one thread at a time; make one for each thread."""

    card_name: str

    def detect(self, image: Image) -> Detections:
        """Find the faces of an RGB picture (H, W, 3) of any size; coordinates are pixels of that picture."""
        ...


class FaceEmbedder(Protocol):
    """Describes faces by vectors: close for one person, apart for two. Safe to call from several threads."""

    card_name: str
    dim: int

    def crop(self, image: Image, landmarks_xy: FloatArray, zoom: float = 1.0) -> Image:
        """Cut the face with `landmarks_xy` (5, 2) out of an RGB picture (H, W, 3), aligned: uint8 (S, S, 3).

        With a `zoom` other than 1 the face is so many times larger in the crop than the network was made for.

        Raises:
            ValueError: If the landmarks are not finite or all in one place.
        """
        ...

    def embed(self, crops: Image) -> FloatArray:
        """Embed aligned crops (N, S, S, 3), uint8 RGB: L2-normalised float32 (N, dim); N may be 0."""
        ...
