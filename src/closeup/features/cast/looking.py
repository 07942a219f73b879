"""One sampled frame: find its faces, judge them, and cut out what later steps need. Runs beside the decoder."""

from dataclasses import dataclass, replace

import numpy as np

from closeup.core.boxes import clip
from closeup.core.types import Face, Image
from closeup.features.cast.candidates import Candidate
from closeup.media.image import encode_jpeg
from closeup.media.sources import Frame
from closeup.perception import clothing
from closeup.perception.analyzer import AnalysedFace, Analyzer

SHOT_PICTURE_HEIGHT = 120
"""Height in pixels of the small picture of a shot."""

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


def look(analyzer: Analyzer, frame: Frame, *, with_clothing: bool, leads_only: bool = False) -> Sighting:
    """Find and judge the faces of one frame; may be called from several threads."""
    faces, picture, scale = analyzer.look(frame, smallest_px=SMALLEST_FACE_PX, leads_only=leads_only)
    candidates = tuple(
        Candidate(
            in_frame(face, frame, scale),
            analyzer.embedder.crop(picture, face.landmarks_xy),
            clothing.describe(picture, face.box_xyxy) if with_clothing else None,
        )
        for face in faces
    )
    return Sighting(frame.index, float(frame.time), candidates, picture if faces else None, scale)


def small_picture(frame: Frame) -> bytes:
    """The JPEG of a small picture of a frame, for its shot in the report."""
    width, height = frame.size_wh
    scale = min(1.0, SHOT_PICTURE_HEIGHT / height)
    return encode_jpeg(frame.rgb((max(1, round(width * scale)), max(1, round(height * scale)))), 75)


def scaled(face: Face, factor: float) -> Face:
    """The face in a picture at `factor` times the frame's size."""
    by = np.float32(factor)
    return replace(face, box_xyxy=face.box_xyxy * by, landmarks_xy=face.landmarks_xy * by)


def in_frame(face: AnalysedFace, frame: Frame, scale: float) -> Face:
    """A face that was analysed at `scale` times the frame's size, in the frame's pixels."""
    by = np.float32(1 / scale)
    return Face(
        frame=frame.index,
        time_s=float(frame.time),
        box_xyxy=clip(face.box_xyxy[None] * by, frame.size_wh)[0],
        landmarks_xy=face.landmarks_xy * by,
        score=face.score,
        quality=face.quality,
    )
