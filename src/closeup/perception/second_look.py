"""A second, thorough look at a picture in which no face was found for sure: it takes longer, and makes up few faces.

A detector that is merely given a lower threshold finds faces in packets and fabrics. So dlib's detector looks at six
versions of the picture, at a low threshold, and what four of them agree upon is a face; it also looks at two that are
turned further, and what it is sure of in any of the eight is one too. Of 20 photos of Labeled Faces in the Wild in
which the first look misses the face, 15 are found this way; of 120 photos of groceries, 13 have a "face" at the first
look, and 12 at the second. YuNet looks at the picture enlarged, and turned by quarter turns, at its usual threshold. It
finds half of the faces that lie on their side as they lie, with the landmarks wrong and a score of 0.9 at most; the
look in which it is surest is the one that is upright.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import iou
from closeup.core.types import Image
from closeup.perception.hog import WORKING_AREA_PX, HogDetector
from closeup.perception.protocols import Detections, FaceDetector, no_detections

LOW_MARGIN = -0.5
"""Least margin of dlib's detector in each of the six looks."""

LOOKS, AGREEING = 6, 4
"""So many of the first six looks have to find a face in about the same place."""

SURE_SCORE = 0.26
"""Or one of the eight has to be this sure of it (a margin of 0.5)."""

SAME_IOU = 0.35
"""Two boxes that overlap by this much are one face: upright boxes around a face in a turned picture are only near."""

COARSE_AREA_PX = 500 * 500
TILT_DEG, STEEP_DEG = 20.0, 35.0
ENLARGED_TO_PX = 1600
"""A picture whose longer side is up to half of this is enlarged to twice its size."""


def look_again(detector: FaceDetector, image: Image) -> Detections:
    """Look thoroughly for faces in an RGB picture (H, W, 3), best first.

    Args:
        detector: dlib's or YuNet; the looks are chosen by which of them it is.
        image: The picture.
    """
    if isinstance(detector, HogDetector):
        return _agreed(list(_hog_looks(detector, image)))
    return max(_other_looks(detector, image), key=lambda found: float(found.scores.max(initial=-1.0)))


def _hog_looks(detector: HogDetector, image: Image) -> Iterator[Detections]:
    """What dlib's detector finds in each of eight versions of the picture, in its pixels; those that agree first."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    softness = float(np.sqrt(grey.size / WORKING_AREA_PX)) * 3
    even = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(grey)
    yield detector.look(grey, WORKING_AREA_PX, LOW_MARGIN)
    yield detector.look(grey, COARSE_AREA_PX, LOW_MARGIN)
    yield detector.look(np.asarray(even, np.uint8), WORKING_AREA_PX, LOW_MARGIN)
    yield detector.look(np.asarray(cv2.GaussianBlur(grey, (0, 0), softness), np.uint8), WORKING_AREA_PX, LOW_MARGIN)
    for angle in (TILT_DEG, -TILT_DEG, STEEP_DEG, -STEEP_DEG):
        yield _turned(grey, angle, lambda picture: detector.look(picture, WORKING_AREA_PX, LOW_MARGIN))


def _other_looks(detector: FaceDetector, image: Image) -> Iterator[Detections]:
    """What a detector that is sure of itself finds in the enlarged picture, then in the turned ones."""
    if 2 * max(image.shape[:2]) <= ENLARGED_TO_PX:
        twice = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        yield detector.detect(np.asarray(twice, np.uint8)).scaled(0.5)
    for quarters in (1, 3, 2):
        yield _turned_by_quarters(image, quarters, detector)


def _turned(picture: Image, angle_deg: float, look: Callable[[Image], Detections]) -> Detections:
    """Look at a picture turned anticlockwise about its middle, and turn back what is found."""
    height, width = picture.shape[:2]
    there = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    turned = cv2.warpAffine(picture, there, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return _carried(look(np.asarray(turned, np.uint8)), np.asarray(cv2.invertAffineTransform(there), np.float64))


def _turned_by_quarters(image: Image, quarters: int, detector: FaceDetector) -> Detections:
    """Look at a picture turned anticlockwise by quarter turns, whole, and turn back what is found."""
    height, width = image.shape[:2]
    found = detector.detect(np.ascontiguousarray(np.rot90(image, quarters)))
    back = {
        1: np.array([[0.0, -1.0, width - 1], [1.0, 0.0, 0.0]]),
        2: np.array([[-1.0, 0.0, width - 1], [0.0, -1.0, height - 1]]),
        3: np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, height - 1]]),
    }[quarters]
    return _carried(found, back)


def _carried(found: Detections, matrix: NDArray[np.floating]) -> Detections:
    """Carry faces by a turn (2, 3); a box stays upright and keeps its size, width and height exchanged at a quarter."""
    if not len(found):
        return found
    turn, move = matrix[:, :2], matrix[:, 2]
    middles = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2 @ turn.T + move
    sizes = found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]
    if abs(turn[0, 1]) > abs(turn[0, 0]):
        sizes = sizes[:, ::-1]
    boxes = np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1).astype(np.float32)
    average = None if found.average_xy is None else (found.average_xy @ turn.T + move).astype(np.float32)
    return replace(
        found,
        boxes_xyxy=boxes,
        landmarks_xy=(found.landmarks_xy @ turn.T + move).astype(np.float32),
        average_xy=average,
    )


def _agreed(looks: list[Detections]) -> Detections:
    """The faces that enough looks have found, or one surely, each as the look that is surest of it has it."""
    faces = [(look, row, found.scores[row]) for look, found in enumerate(looks) for row in range(len(found))]
    taken: list[Detections] = []
    for look, row, _ in sorted(faces, key=lambda face: -face[2]):
        box = looks[look].boxes_xyxy[row : row + 1]
        if any(iou(box, other.boxes_xyxy).max() > SAME_IOU for other in taken):
            continue
        agreeing = sum(bool((iou(box, found.boxes_xyxy) > SAME_IOU).any()) for found in looks[:LOOKS])
        if agreeing >= AGREEING or looks[look].scores[row] >= SURE_SCORE:
            taken.append(looks[look].take([row]))
    if not taken:
        return no_detections()
    return Detections(
        np.concatenate([one.boxes_xyxy for one in taken]),
        np.concatenate([one.landmarks_xy for one in taken]),
        np.concatenate([one.scores for one in taken]),
        np.concatenate([one.crop_xy for one in taken]),
    )
