"""One sampled frame: find its faces, judge them, and cut out what later steps need. Runs beside the decoder."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from closeup.core.boxes import clip, fitted
from closeup.core.types import Face, Image
from closeup.features.cast.candidates import Candidate
from closeup.media.sources import Frame
from closeup.perception import clothing
from closeup.perception.protocols import Detections, FaceDetector
from closeup.perception.quality import judge
from closeup.perception.registry import FaceModels

DETECT_PX = 640
"""Longer side of the picture that faces are looked for in; smaller videos are not enlarged here."""

DETAIL_PX = 1920
"""Longer side of the picture that crops are cut from; beyond it a face gains nothing."""

SMALLEST_FACE_PX = 14
"""Detections with a shorter side than this, in the video's own pixels, are noise to everything that follows."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """The faces of one sampled frame.

    Attributes:
        frame: Index of the frame.
        time_s: Its time in seconds.
        candidates: One for each face.
        picture: RGB picture (H, W, 3) that the portraits are cut from; None where there is no face.
        picture_scale: Size of `picture` over the size of the video's frame.
    """

    frame: int
    time_s: float
    candidates: tuple[Candidate, ...]
    picture: Image | None
    picture_scale: float


class Looker:
    """Looks at frames from several threads, each with a detector of its own."""

    def __init__(self, models: FaceModels, *, with_clothing: bool) -> None:
        self._models = models
        self._with_clothing = with_clothing
        self._own = threading.local()

    def look(self, frame: Frame) -> Sighting:
        """Find and judge the faces of one frame."""
        small = frame.rgb(fitted(frame.size_wh, DETECT_PX))
        scale = small.shape[1] / frame.size_wh[0]
        found = self._detector().detect(small)
        found = found.usable((small.shape[1], small.shape[0]), SMALLEST_FACE_PX * scale)
        if len(found) == 0:
            return Sighting(frame.index, float(frame.time), (), None, 1.0)
        detail_wh = fitted(frame.size_wh, DETAIL_PX)
        detail = small if detail_wh == (small.shape[1], small.shape[0]) else frame.rgb(detail_wh)
        detail_scale = detail.shape[1] / frame.size_wh[0]
        in_detail = found.scaled(detail_scale / scale)
        candidates = tuple(
            self._candidate(frame, detail, detail_scale, in_detail.take([i])) for i in range(len(in_detail))
        )
        return Sighting(frame.index, float(frame.time), candidates, detail, detail_scale)

    def _candidate(self, frame: Frame, detail: Image, scale: float, one: Detections) -> Candidate:
        """Judge the only face in `one`, whose coordinates are pixels of `detail`; give it in the frame's pixels."""
        box, landmarks, score = one.boxes_xyxy[0], one.landmarks_xy[0], float(one.scores[0])
        quality = judge(detail, box, landmarks, score)
        in_frame = one.scaled(1 / scale)
        face = Face(
            frame=frame.index,
            time_s=float(frame.time),
            box_xyxy=clip(in_frame.boxes_xyxy, frame.size_wh)[0],
            landmarks_xy=in_frame.landmarks_xy[0],
            score=score,
            quality=quality,
        )
        worn = clothing.describe(detail, box) if self._with_clothing else None
        return Candidate(face, self._models.embedder.crop(detail, landmarks), worn)

    def _detector(self) -> FaceDetector:
        detector: FaceDetector | None = getattr(self._own, "detector", None)
        if detector is None:
            make: Callable[[], FaceDetector] = self._models.new_detector
            detector = self._own.detector = make()
        return detector
