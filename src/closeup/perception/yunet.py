"""YuNet, the face detector of OpenCV's model zoo, run by ONNX Runtime.

Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20, 2023. OpenCV's own
runner of it, cv2.FaceDetectorYN, gives the same boxes (tests/perception/test_yunet.py) and takes three times as long:
9.6 against 3.2 ms for 640 x 360 pixels on one thread, with OpenCV 5.0 and ONNX Runtime 1.31.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import iou, suppressed
from closeup.core.types import FloatArray, Image
from closeup.perception.preprocessing import preprocess
from closeup.perception.protocols import Detections, FaceDetector
from closeup.weights.cards import ModelCard
from closeup.weights.session import Session

LARGE_FACE_PX = 280
"""From this size on YuNet tends to break a face into parts (its anchors end near 300 px): look again, smaller."""

SECOND_LOOK_PX = 320
"""Longer side of the picture in that second look."""

_STRIDES = (8, 16, 32)
"""Of the network's three levels; the card's `input_multiple` is the coarsest."""


class YuNetDetector(FaceDetector):
    """YuNet on a picture of any size; very large faces are found in a second, smaller look."""

    def __init__(self, card: ModelCard, session: Session) -> None:
        self.card_name = card.name
        self._card = card
        self._session = session
        self._least_score = card.thresholds["report"].value
        self._most_overlap = card.thresholds["overlap"].value

    def detect(self, image: Image) -> Detections:
        """Find the faces of an RGB picture (H, W, 3); see `FaceDetector.detect`."""
        found = self._look(image)
        longer = max(image.shape[:2])
        sizes = found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]
        if longer <= SECOND_LOOK_PX or (len(found) and sizes.max() < LARGE_FACE_PX):
            return found
        factor = SECOND_LOOK_PX / longer
        small_wh = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
        small = np.asarray(cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA), np.uint8)
        return self._joined(self._look(small).scaled(1 / factor), found)

    def _look(self, image: Image) -> Detections:
        inputs = preprocess(self._card, image[None])
        found = _decode(self._session.run_all(inputs), (inputs.shape[3], inputs.shape[2]), self._least_score)
        return found.take(suppressed(found.boxes_xyxy, found.scores, self._most_overlap))

    def _joined(self, large: Detections, small: Detections) -> Detections:
        """Take the large faces from the second look, and from the first one what they do not cover."""
        sizes = (large.boxes_xyxy[:, 2:] - large.boxes_xyxy[:, :2]).max(axis=1, initial=0)
        large = large.take(np.flatnonzero(sizes >= LARGE_FACE_PX * 0.75).tolist())
        if len(large) == 0:
            return small
        covered = _covered(small.boxes_xyxy, large.boxes_xyxy, self._most_overlap)
        rest = small.take(np.flatnonzero(~covered).tolist())
        both = Detections(
            np.concatenate([large.boxes_xyxy, rest.boxes_xyxy]),
            np.concatenate([large.landmarks_xy, rest.landmarks_xy]),
            np.concatenate([large.scores, rest.scores]),
        )
        return both.take(np.argsort(-both.scores, kind="stable").tolist())


def _decode(outputs: list[FloatArray], size_wh: tuple[int, int], least_score: float) -> Detections:
    """Read the network's twelve outputs: class, object, box and points, each at strides 8, 16 and 32."""
    scores, boxes, points = [], [], []
    for level, stride in enumerate(_STRIDES):
        classes, objects, box, point = (outputs[kind * len(_STRIDES) + level][0] for kind in range(4))
        score = np.sqrt(np.clip(classes[:, 0], 0, 1) * np.clip(objects[:, 0], 0, 1))
        kept = np.flatnonzero(score >= least_score)
        cells = _cells(size_wh[0] // stride, size_wh[1] // stride)[kept]
        centre, half = (cells + box[kept, :2]) * stride, np.exp(box[kept, 2:]) * stride / 2
        scores.append(score[kept])
        boxes.append(np.concatenate([centre - half, centre + half], axis=1))
        points.append((cells[:, None, :] + point[kept].reshape(-1, 5, 2)) * stride)
    return Detections(
        np.concatenate(boxes).astype(np.float32),
        np.concatenate(points).astype(np.float32),
        np.concatenate(scores).astype(np.float32),
    )


@cache
def _cells(columns: int, rows: int) -> NDArray[np.float32]:
    """Column and row of every cell of a level, row by row: (columns * rows, 2)."""
    y, x = np.mgrid[:rows, :columns]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def _covered(boxes: FloatArray, by: FloatArray, most_overlap: float) -> NDArray[np.bool_]:
    """Say which of the boxes (N, 4) lie, by overlap or by their middle, in one of the boxes `by` (M, 4)."""
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    inside = np.all((middle >= by[None, :, :2]) & (middle < by[None, :, 2:]), axis=2)
    return np.asarray((inside | (iou(boxes, by) > most_overlap)).any(axis=1), dtype=np.bool_)
