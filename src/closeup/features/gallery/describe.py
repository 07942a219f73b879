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
from closeup.perception.registry import choose_recognisers, load_embedder, new_detector
from closeup.weights.cards import ModelCard, card

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


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What one look at a picture shows: all faces, the rows of those that are wanted, and who looked, and when."""

    found: Detections
    wanted: list[int]
    detector: ModelCard
    late: bool

    @property
    def top_score(self) -> float:
        """Of the wanted face that is surest; -1 where there is none."""
        return float(self.found.scores[self.wanted].max(initial=-1.0))

    @property
    def is_sure(self) -> bool:
        """Whether the detector is sure of a face that is wanted."""
        return self.top_score >= self.detector.thresholds["clear"].value


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
        """The poses that can be told apart."""
        return POSES

    def read(
        self,
        image: Image,
        *,
        covering_xy: tuple[float, float] | None = None,
        every_model: bool = False,
        thorough: bool = True,
    ) -> tuple[DescribedFace, ...]:
        """Find and describe the faces of an RGB picture (H, W, 3), the largest and surest first; none where none is.

        Where nothing is found, or nothing that the detector is sure of, the picture is looked at again, in versions
        that are larger, turned, softened or evened out; then by the other detectors on the machine, of which only
        what they are sure of counts. Faces that are found so say so.

        Args:
            image: The picture.
            covering_xy: A point, in pixels, that the wanted face covers; others are left out, the nearest comes first.
            every_model: Describe by every embedder on the machine, not only by the one that answers.
            thorough: Look again where need be. Of a video the next picture comes soon, and one look at each will do.
        """
        seen = self._find(image, covering_xy) if thorough else self._look(image, self.detectors[0], covering_xy)
        cards = self.embedders if every_model else (self.card,)
        return tuple(self._describe(image, seen, row, cards) for row in seen.wanted) if seen else ()

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

    def _find(self, image: Image, covering_xy: tuple[float, float] | None) -> _Seen | None:
        """What shows a face for sure, else what the first detector is surest of; None where no face is seen."""
        first, *others = self.detectors
        plain = self._look(image, first, covering_xy)
        if plain.is_sure:
            return plain
        again = self._look_again(image, first, covering_xy)
        surer = again if again.top_score > plain.top_score else plain
        if surer.wanted:
            return surer
        for other in others:
            for look in (self._look, self._look_again):
                if (seen := look(image, other, covering_xy)).is_sure:
                    return seen
        return None

    def _look(self, image: Image, model: ModelCard, covering_xy: tuple[float, float] | None) -> _Seen:
        found = self._detector(model).detect(image)
        return _Seen(found, _in_order(found, covering_xy, model), model, late=model is not self.detectors[0])

    def _look_again(self, image: Image, model: ModelCard, covering_xy: tuple[float, float] | None) -> _Seen:
        found = self._detector(model).detect_augmented(image)
        return _Seen(found, _in_order(found, covering_xy, model), model, late=True)

    def _describe(self, image: Image, seen: _Seen, row: int, cards: tuple[ModelCard, ...]) -> DescribedFace:
        found, detector = seen.found, seen.detector
        box, landmarks, score = found.boxes_xyxy[row], found.landmarks_xy[row], float(found.scores[row])
        quality, pose = judge(image, box, landmarks, score), head_pose(landmarks)
        vectors = {each.name: self.embed(image, found.crop_xy[row], each) for each in cards}
        faults = faults_of(image, Candidate(box, landmarks, quality, pose, detector))
        nothing = generic_fault(self.card, vectors[self.card.name])
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
            second_look=seen.late,
            faults=(*faults, nothing) if nothing else faults,
        )

    def _detector(self, model: ModelCard) -> FaceDetector:
        if model.name not in self._detectors:
            self._detectors[model.name] = new_detector(card(model.name), self._settings)
        return self._detectors[model.name]

    def _embedder(self, model: ModelCard) -> FaceEmbedder:
        if model.name not in self._embedders:
            self._embedders[model.name] = load_embedder(model, self._settings)
        return self._embedders[model.name]


def _in_order(found: Detections, covering_xy: tuple[float, float] | None, detector: ModelCard) -> list[int]:
    """The faces that are wanted: all, by width times score, or those that cover a point, the nearest first.

    Faces that the detector doubts are left out where there is one that it does not doubt.
    """
    boxes = found.boxes_xyxy
    sizes = boxes[:, 2:] - boxes[:, :2]
    order = [int(row) for row in np.argsort(-sizes[:, 0] * found.scores, kind="stable")]
    if covering_xy is not None:
        away = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - np.asarray(covering_xy, np.float32)).max(axis=1)
        order = [int(row) for row in np.argsort(away, kind="stable") if away[row] <= COVERS * sizes[row, 0]]
    if (doubtful := detector.thresholds.get("doubtful")) is not None:
        order = [row for row in order if found.scores[row] >= doubtful.value] or order
    return order
