"""One way from a picture to analysed faces: detect, look again, filter, judge, embed, classify, find faults."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import cv2
import numpy as np

from closeup.core.boxes import fitted
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image, Quality
from closeup.documents.faces import Answer
from closeup.media.image import shrunk
from closeup.media.sources import Frame
from closeup.perception.central_face import central_first
from closeup.perception.classifier import PictureClassifier
from closeup.perception.gates import Fault, faults_of, illegible
from closeup.perception.pose import HeadPose, head_pose
from closeup.perception.protocols import Detections, FaceDetector, FaceEmbedder
from closeup.perception.quality import brightness, face_chip, judge
from closeup.perception.registry import FaceModels, face_models
from closeup.weights.cards import ModelCard

COVERS = 0.6
"""A face covers a point that lies within so many of its widths from its middle, across and down."""

DETECT_PX = 640
"""Longer side of the picture that the faces of a video are looked for in; smaller videos are not enlarged."""

DETAIL_PX = 1920
"""Longer side of the picture that they are judged in and cut out of; beyond it a face gains nothing."""

RIGHTED_PX = 160
"""Side of the picture in which a face is looked at in all four turns; the face takes half of it."""

SURER, MOST_ROLL_DEG = 0.02, 45.0
"""By how much a detector has to be surer of a face in another turn, and how differently it has to lie there."""

LEADS_PX, LEAD_FACE_PX = 320, 48.0
"""Longer side of the picture that large faces alone are looked for in, and how large one is in it, at its shorter side,
beside which no small ones are looked for."""

LEAD_DETAIL_PX = 96.0
"""Large faces are judged and cut out at this size or a larger one; a network sees no more."""

Part = Literal["embedding", "embeddings", "faults", "answers"]
"""What `Analyzer.faces` can say of a face beside its place and quality; see `AnalysedFace`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AnalysedFace:
    """One face of a picture. Quality and pose are always known; the rest where it was asked for.

    Attributes:
        box_xyxy: Shape (4,), float32, pixels; may reach beyond the picture's edges.
        landmarks_xy: Shape (5, 2), float32, pixels, as in `core.types.Face`.
        score: The detector's score, 0 to 1.
        detector: Name of the detector's card.
        augmented: Whether it was found only when the picture was looked at again, by test-time augmentation.
        quality: Its parts and the total, 0 to 1.
        embeddings: "embedding", "embeddings": card's name to the unit vector (D,), float32, of the first embedder or of
            every embedder.
        model: Name of the embedder that answers; among `embeddings` where there is one.
        faults: "faults": what speaks against keeping the picture, with reasons; empty where nothing does.
        answers: "answers": what the classifiers say, by head; empty where the face is too small for them.
    """

    box_xyxy: FloatArray
    landmarks_xy: FloatArray
    score: float
    quality: Quality
    detector: str = ""
    augmented: bool = False
    embeddings: Mapping[str, FloatArray] = field(default_factory=dict)
    model: str = ""
    faults: tuple[Fault, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def embedding(self) -> FloatArray:
        """The unit vector (D,) by which it is compared."""
        return self.embeddings[self.model]

    @cached_property
    def pose(self) -> HeadPose:
        """How the head is turned, in degrees; its `name` is "front", "left", "right", "up" or "down"."""
        return head_pose(self.landmarks_xy)


class Analyzer:
    """Finds faces in pictures and says what is asked of each. Serves several threads.

    Attributes:
        detector_card: Of the detector.
        embedder_cards: Of the embedders that can be used, the one that answers first.
    """

    def __init__(
        self,
        models: str | FaceModels = "auto",
        settings: Settings | None = None,
        *,
        classifiers: Sequence[PictureClassifier] = (),
        smallest_classified_px: float = 0,
    ) -> None:
        """Load the detector; embedders are loaded when they are first used.

        Args:
            models: "auto", "builtin" or "zoo", or models that were chosen before.
            classifiers: What "answers" are asked of.
            smallest_classified_px: Faces whose shorter side is below this get no answers.

        Raises:
            InputError: If `models` is none of the choices.
            ModelError: If the detector is not on this machine, or damaged; says what to type.
        """
        if isinstance(models, str):
            models = face_models(models, settings or read_settings())
        self.detector_card = models.detector_card
        self.embedder_cards = models.embedder_cards
        self._models = models
        self._classifiers = classifiers
        self._smallest_classified_px = smallest_classified_px
        self._own = threading.local()
        self._embedders: dict[str, FaceEmbedder] = {}
        self._loading = threading.Lock()
        self._own.detector = models.new_detector()

    @property
    def embedder_card(self) -> ModelCard:
        """Card of the embedder that answers; its thresholds decide who is who."""
        return self.embedder_cards[0]

    @property
    def embedder(self) -> FaceEmbedder:
        """The embedder that answers."""
        return self._embedder(self.embedder_card)

    def faces(
        self,
        image: Image,
        want: tuple[Part, ...] = (),
        *,
        thorough: bool = True,
        smallest_px: float = 0,
        covering_xy: tuple[float, float] | None = None,
    ) -> tuple[AnalysedFace, ...]:
        """Find and analyse the faces of an RGB picture (H, W, 3), the largest and surest first; none is an answer too.

        Args:
            thorough: Look again where no face is found for sure. Of a video the next picture comes soon, and one look
                at each will do.
            smallest_px: Faces with a shorter side below this are left out.
            covering_xy: A point, in pixels, that the face covers; others are left out, the nearest comes first.
        """
        found = self.detect(image, thorough=thorough, smallest_px=smallest_px, covering_xy=covering_xy)
        sizes = found.boxes_xyxy[:, 2] - found.boxes_xyxy[:, 0]
        order = np.argsort(-sizes * found.scores if covering_xy is None else _away(found, covering_xy), kind="stable")
        return self.analyse(image, found.take(order.tolist()), want)

    def detect(
        self,
        image: Image,
        *,
        thorough: bool = False,
        smallest_px: float = 0,
        covering_xy: tuple[float, float] | None = None,
    ) -> Detections:
        """Find the faces of an RGB picture (H, W, 3), the surest first; see `faces` for the arguments.

        A thorough look is one by test-time augmentation, where the plain one is sure of nothing, and by quarter turns
        where it is less sure than of a face that is upright; the surer one counts. See also `righted`.
        """
        clear, upright = (self.detector_card.thresholds[name].value for name in ("clear", "upright"))

        def filtered(found: Detections) -> Detections:
            found = found.usable((image.shape[1], image.shape[0]), smallest_px)
            if covering_xy is None:
                return found
            near = _away(found, covering_xy) <= COVERS * (found.boxes_xyxy[:, 2] - found.boxes_xyxy[:, 0])
            return found.take(np.flatnonzero(near).tolist())

        found = filtered(self._detector.detect(image))
        if thorough and found.top_score < upright:
            look = self._detector.detect_turned if found.top_score >= clear else self._detector.detect_augmented
            again = filtered(look(image))
            if again.top_score > found.top_score + (SURER if found.top_score >= clear else 0):
                found = replace(again, augmented=True)
        return righted(self._detector, image, found, upright) if thorough else found

    def look(
        self,
        frame: Frame,
        want: tuple[Part, ...] = (),
        *,
        smallest_px: float = 0,
        thorough: bool = False,
        detect_px: int = DETECT_PX,
        detail_px: int = DETAIL_PX,
        leads_only: bool = False,
    ) -> tuple[tuple[AnalysedFace, ...], Image, float]:
        """Find the faces of a frame of a video, or of a photo, the surest first; made larger it is never.

        Args:
            frame: It is looked at in `detect_px`, and its faces are judged and cut out in `detail_px` (longer sides).
            smallest_px: Faces with a shorter side below this, in the frame's pixels, are left out.
            thorough: Look again where no face is found for sure; see `faces`.
            leads_only: Where a face is large, small ones beside it are not looked for.

        Returns:
            The faces, the picture (H, W, 3) in whose pixels they are, and its size over the frame's.
        """
        picture = frame.rgb(fitted(frame.size_wh, detect_px))
        scale = picture.shape[1] / frame.size_wh[0]
        small_too = max(picture.shape[:2]) > LEADS_PX  # else the whole look is no larger than the one for large faces
        if leads_only and small_too and (leads := self._leads(picture, smallest_px * scale)):
            found, near = leads
            return self.analyse(near, found, want), near, near.shape[1] / frame.size_wh[0]
        found = self.detect(picture, thorough=thorough, smallest_px=smallest_px * scale)
        detail_wh = fitted(frame.size_wh, detail_px)
        if len(found) and detail_wh != (picture.shape[1], picture.shape[0]):
            found = found.scaled(detail_wh[0] / picture.shape[1])
            picture, scale = frame.rgb(detail_wh), detail_wh[0] / frame.size_wh[0]
        return self.analyse(picture, found, want), picture, scale

    def _leads(self, picture: Image, smallest_px: float) -> tuple[Detections, Image] | None:
        """The faces of a picture (H, W, 3) that are seen in a smaller one, if a sure one of them is large.

        Returns:
            The faces, and the picture in whose pixels they are: the smaller one where that shows enough of each.
        """
        small = shrunk(picture, LEADS_PX)
        factor = picture.shape[1] / small.shape[1]
        found = self.detect(small, smallest_px=smallest_px / factor)
        sides = (found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]).min(axis=1)
        sure = found.scores >= self.detector_card.thresholds["clear"].value
        if not (sure & (sides >= LEAD_FACE_PX)).any():
            return None
        return (found, small) if sides.min() >= LEAD_DETAIL_PX else (found.scaled(factor), picture)

    def central_first(self, image: Image) -> Detections:
        """Find the faces of a picture (H, W, 3) that is about one face, that one first; see `central_face`."""
        return central_first(self._detector, image)

    def analyse(self, image: Image, found: Detections, want: tuple[Part, ...] = ()) -> tuple[AnalysedFace, ...]:
        """Say what is wanted of faces that were found in a picture (H, W, 3), in their order.

        The picture may be a larger one than they were found in, if they are given in its pixels.
        """
        answers = self._answers(image, found) if "answers" in want else [{} for _ in range(len(found))]
        return tuple(self._face(image, found.take([row]), answers[row], want) for row in range(len(found)))

    def embed(self, image: Image, points_xy: FloatArray, model: ModelCard | None = None) -> FloatArray:
        """Describe one face, by five points (5, 2), of an RGB picture (H, W, 3): a unit vector (D,), float32.

        Args:
            points_xy: The points by which it is cut out, in pixels.
            model: One of `embedder_cards`; None for the one that answers.
        """
        return self._embed(image, points_xy, model or self.embedder_card)[0]

    def _embed(self, image: Image, points_xy: FloatArray, model: ModelCard) -> tuple[FloatArray, float]:
        """The vector (D,) of one face, and what it is worth."""
        embedder = self._embedder(model)
        vectors, worths = embedder.embed_with_worth(embedder.crop(image, points_xy)[None])
        return vectors[0], float(worths[0])

    def _face(
        self, image: Image, one: Detections, answers: Mapping[str, Answer], want: tuple[Part, ...]
    ) -> AnalysedFace:
        box, landmarks, score = one.boxes_xyxy[0], one.landmarks_xy[0], float(one.scores[0])
        chip = face_chip(image, landmarks)
        cards = self.embedder_cards if "embeddings" in want else self.embedder_cards[: "embedding" in want]
        embedded = {each.name: self._embed(image, landmarks, each) for each in cards}
        face = AnalysedFace(
            box_xyxy=box,
            landmarks_xy=landmarks,
            score=score,
            quality=judge(chip, box, landmarks, score),
            detector=self.detector_card.name,
            augmented=one.augmented,
            embeddings={name: vector for name, (vector, _) in embedded.items()},
            model=cards[0].name if cards else "",
            answers=answers,
        )
        if "faults" not in want:
            return face
        size_wh = image.shape[1], image.shape[0]
        light, detector = brightness(chip), self.detector_card
        faults = faults_of(one, face.quality, face.pose, size_wh=size_wh, light=light, detector=detector)
        nothing = illegible(cards[0], embedded[cards[0].name][1]) if cards else None
        return replace(face, faults=(*faults, nothing) if nothing else faults)

    def _answers(self, image: Image, found: Detections) -> list[dict[str, Answer]]:
        """What the classifiers say of each face."""
        answers: list[dict[str, Answer]] = [{} for _ in range(len(found))]
        sides = (found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]).min(axis=1, initial=np.inf)
        large = np.flatnonzero(sides >= self._smallest_classified_px).tolist()
        for classifier in self._classifiers if large else ():
            crops = np.stack([classifier.crop(image, found.landmarks_xy[row], found.boxes_xyxy[row]) for row in large])
            for row, said in zip(large, classifier.named(classifier.answers(crops)), strict=True):
                answers[row] |= said
        return answers

    @property
    def _detector(self) -> FaceDetector:
        """This thread's own."""
        if not hasattr(self._own, "detector"):
            self._own.detector = self._models.new_detector()
        detector: FaceDetector = self._own.detector
        return detector

    def _embedder(self, model: ModelCard) -> FaceEmbedder:
        with self._loading:
            if model.name not in self._embedders:
                self._embedders[model.name] = self._models.new_embedder(model)
            return self._embedders[model.name]


def righted(detector: FaceDetector, image: Image, found: Detections, upright: float) -> Detections:
    """Give the faces that lie, or are on their head, the points that they have when they are seen upright.

    A detector takes a face on its head for an upright one of another person: the points lie the other way round, and
    only its score tells. So around each face that scores less than `upright` the picture (H, W, 3) is looked at in all
    four turns, and where another one is surer, that one's points count.
    """
    boxes, points, scores = found.boxes_xyxy.copy(), found.landmarks_xy.copy(), found.scores.copy()
    for row in np.flatnonzero(scores < upright).tolist():
        middle, side = (boxes[row, :2] + boxes[row, 2:]) / 2, 2 * float((boxes[row, 2:] - boxes[row, :2]).max())
        scale = RIGHTED_PX / side
        place = np.array([[scale, 0, 0], [0, scale, 0]]) @ np.array(
            [[1, 0, side / 2 - middle[0]], [0, 1, side / 2 - middle[1]], [0, 0, 1]]
        )
        around = np.asarray(cv2.warpAffine(image, place, (RIGHTED_PX, RIGHTED_PX)), np.uint8)
        turned = detector.detect_turned(around)
        best = int(turned.scores.argmax()) if len(turned) else -1
        if best < 0 or turned.top_score < max(float(scores[row]), detector.detect(around).top_score) + SURER:
            continue
        back = (turned.landmarks_xy[best] / scale + middle - side / 2).astype(np.float32)
        turn = (head_pose(back).roll_deg - head_pose(points[row]).roll_deg + 180) % 360 - 180
        if abs(turn) > MOST_ROLL_DEG:
            boxes[row] = turned.boxes_xyxy[best] / scale + np.tile(middle - side / 2, 2)
            points[row], scores[row] = back, turned.top_score
    return Detections(boxes, points, scores, found.augmented)


def _away(found: Detections, point_xy: tuple[float, float]) -> FloatArray:
    """How far the middle of each face is from a point, across or down: (N,), pixels."""
    middles = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2
    return np.asarray(np.abs(middles - np.asarray(point_xy, np.float32)).max(axis=1), np.float32)
