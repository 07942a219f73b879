"""From a photo to faces described: the one way in for all of the gallery."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image, Quality
from closeup.media.image import read_image
from closeup.perception.gates import Candidate, Fault, faults_of, generic_fault
from closeup.perception.pose import POSES, HeadPose, head_pose, pose_name
from closeup.perception.protocols import Detections, FaceDetector, FaceEmbedder
from closeup.perception.quality import judge
from closeup.perception.registry import DETECTORS, choose_recognisers, load_embedder, new_detector
from closeup.perception.second_look import look_again
from closeup.weights.cards import ModelCard, Threshold, card

COVERS = 0.6
"""A face covers a point that lies within so many of its widths from its middle, across and down."""


@dataclass(frozen=True, slots=True, eq=False)
class DescribedFace:
    """One face of a picture, and all that the gallery wants to know of it.

    Attributes:
        box_xyxy: Shape (4,), float32, pixels; may reach beyond the picture's edges.
        landmarks_xy: Shape (5, 2), float32, pixels, as in `core.types.Face`.
        score: The detector's score, 0 to 1.
        quality: Its parts and the total, 0 to 1.
        pose: How the head is turned, in degrees; `pose_name` calls it "front", "left", "right", "up" or "down".
        pose_name: See `pose`.
        embeddings: Card's name to the unit vector (D,), float32, of each embedder that described it.
        model: Name of the embedder that answers; always among `embeddings`.
        detector: Name of the card of the detector that found it.
        second_look: Whether it was found only when the picture was looked at again.
        faults: What speaks against keeping it, with reasons; empty where nothing does.
    """

    box_xyxy: FloatArray
    landmarks_xy: FloatArray
    score: float
    quality: Quality
    pose: HeadPose
    pose_name: str
    embeddings: Mapping[str, FloatArray]
    model: str
    detector: str
    second_look: bool
    faults: tuple[Fault, ...]

    @property
    def embedding(self) -> FloatArray:
        """The unit vector (D,) by which it is compared."""
        return self.embeddings[self.model]


def read_photo(path: Path) -> Image:
    """Read a picture file as upright RGB (H, W, 3); see `media.image.read_image` for what is an error."""
    return read_image(path)


class FaceReader:
    """Finds and describes the faces of pictures; one instance serves one thread at a time.

    Attributes:
        detectors: Cards of the detectors; the first looks first.
        embedders: Cards of all embedders on the machine that `models` allows, the one that answers first.
        card: The embedder that answers; its `far` table has the thresholds.
    """

    def __init__(self, models: str = "auto", settings: Settings | None = None) -> None:
        """Load the models that `models` ("auto", "builtin" or "zoo") stands for.

        Raises:
            InputError: If `models` is none of the choices.
            ModelError: If one is not on this machine, or damaged; says what to type.
        """
        self._settings = settings or read_settings()
        self.detectors, self.embedders = choose_recognisers(models, self._settings)
        self.card = self.embedders[0]
        self._detectors: dict[str, FaceDetector] = {}
        self._embedders: dict[str, FaceEmbedder] = {}
        self._detector(self.detectors[0])
        self._embedder(self.card)

    @property
    def poses(self) -> tuple[str, ...]:
        """The poses that can be told apart: dlib's five points do not show whether a head looks up or down."""
        return POSES if self.detectors[0].name == DETECTORS["zoo"] else ("front", "left", "right")

    def read(
        self, image: Image, *, covering_xy: tuple[float, float] | None = None, every_model: bool = False
    ) -> tuple[DescribedFace, ...]:
        """Find and describe the faces of an RGB picture (H, W, 3), the largest and surest first; none where none is.

        Where nothing is found the picture is looked at again: by the other detectors on the machine, and by each one
        in versions of the picture that are larger, turned, softened or evened out. Such faces say so.

        Args:
            image: The picture.
            covering_xy: A point, in pixels, that the wanted face covers: where no face does, nothing was found. The
                faces that do come first.
            every_model: Describe by every embedder on the machine, not only by the one that answers.
        """
        cards = self.embedders if every_model else (self.card,)
        for detector, again in [(each, False) for each in self.detectors] + [(each, True) for each in self.detectors]:
            found = self._look(image, detector, again=again)
            wanted = _in_order(found, covering_xy, doubtful=detector.thresholds.get("doubtful"))
            if wanted:
                late = again or detector is not self.detectors[0]
                return tuple(self._describe(image, found, row, (detector, late), cards) for row in wanted)
        return ()

    def embed(self, image: Image, landmarks_xy: FloatArray, model: ModelCard | None = None) -> FloatArray:
        """Describe one face, by landmarks (5, 2), of an RGB picture (H, W, 3): a unit vector (D,), float32.

        Args:
            image: The picture.
            landmarks_xy: Where the face is, in pixels.
            model: One of `embedders`; None for the one that answers.
        """
        model = model or self.card
        embedder = self._embedder(model)
        crops = np.stack([embedder.crop(image, landmarks_xy, zoom) for zoom in model.zooms])
        total = embedder.embed(crops).sum(axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def _look(self, image: Image, detector: ModelCard, *, again: bool) -> Detections:
        loaded = self._detector(detector)
        return look_again(loaded, image) if again else loaded.detect(image)

    def _describe(
        self, image: Image, found: Detections, row: int, way: tuple[ModelCard, bool], cards: tuple[ModelCard, ...]
    ) -> DescribedFace:
        """Describe one face; `way` is the detector that found it, and whether in a second look."""
        detector, late = way
        box, landmarks, score = found.boxes_xyxy[row], found.landmarks_xy[row], float(found.scores[row])
        quality, pose = judge(image, box, landmarks, score), head_pose(landmarks)
        vectors = {each.name: self.embed(image, found.crop_xy[row], each) for each in cards}
        faults = faults_of(image, Candidate(box, landmarks, quality, pose, detector))
        nothing = [fault for each in cards if (fault := generic_fault(each, vectors[each.name]))]
        return DescribedFace(
            box_xyxy=box,
            landmarks_xy=landmarks,
            score=score,
            quality=quality,
            pose=pose,
            pose_name=pose_name(pose),
            embeddings=vectors,
            model=self.card.name,
            detector=detector.name,
            second_look=late,
            faults=(*faults, *nothing),
        )

    def _detector(self, model: ModelCard) -> FaceDetector:
        if model.name not in self._detectors:
            self._detectors[model.name] = new_detector(card(model.name), self._settings)
        return self._detectors[model.name]

    def _embedder(self, model: ModelCard) -> FaceEmbedder:
        if model.name not in self._embedders:
            self._embedders[model.name] = load_embedder(model, self._settings)
        return self._embedders[model.name]


def _in_order(found: Detections, covering_xy: tuple[float, float] | None, *, doubtful: Threshold | None) -> list[int]:
    """The faces that are wanted, by width times score: all, or those that cover a point and then the others.

    Faces that the detector doubts are left out where there is one that it does not doubt.
    """
    boxes = found.boxes_xyxy
    sizes = boxes[:, 2:] - boxes[:, :2]
    order = [int(row) for row in np.argsort(-sizes[:, 0] * found.scores, kind="stable")]
    if doubtful is not None:
        sure = [row for row in order if found.scores[row] >= doubtful.value]
        order = sure or order
    if covering_xy is None:
        return order
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    away = np.abs(middles - np.asarray(covering_xy, np.float32))
    covers = np.all(away <= COVERS * sizes[:, :1], axis=1)
    if not covers[order].any():
        return []
    return [row for row in order if covers[row]] + [row for row in order if not covers[row]]
