"""dlib's detector of frontal faces (HOG and a linear SVM) with its five-point landmarks: works from `pip install`.

Dalal, Triggs: "Histograms of Oriented Gradients for Human Detection", CVPR 2005; King: "Max-Margin Object
Detection", 2015; Kazemi, Sullivan: "One Millisecond Face Alignment with an Ensemble of Regression Trees", CVPR 2014.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.frames.alignment import similarity_transform
from closeup.core.boxes import iou
from closeup.core.types import FloatArray, Image
from closeup.perception.protocols import Detections, FaceDetector, no_detections

WINDOW_PX = 80
"""The smallest face that the detector's window can hold, in pixels of the picture it looks at."""

WORKING_AREA_PX = 1280 * 720
"""Size of the picture it looks at: smaller ones are enlarged, so that faces of a sixteenth of their width are found.
On a film excerpt with faces of 5% of the width it found 26 of 29 this way, and 15 at 960 x 540."""

LEAST_MARGIN, FULL_MARGIN = -0.2, 2.5
"""Margins of the classifier that are reported at all, and that count as a score of 1. dlib itself reports from 0 on;
faces at -0.2 are mostly right, and a wrong one founds nobody (see the card's threshold `founding`)."""

LOW_MARGIN = -0.5
"""Least margin in each of the looks of `detect_augmented`."""

LOOKS, AGREEING = 6, 4
"""So many of the first six looks have to find a face in about the same place."""

SURE_SCORE = 0.26
"""Or one of the eight has to be this sure of it (a margin of 0.5)."""

SAME_IOU = 0.35
"""Two boxes that overlap by this much are one face: upright boxes around a face in a turned picture are only near."""

COARSE_AREA_PX = 500 * 500
TILT_DEG, STEEP_DEG = 20.0, 35.0


class HogDetector(FaceDetector):
    """dlib's HOG detector on a picture of any size."""

    def __init__(self, landmarks_path: Path, landmark_map: FloatArray, card_name: str = "dlib-hog") -> None:
        """Load the landmarks' model.

        Args:
            landmarks_path: dlib's shape_predictor_5_face_landmarks.dat.
            landmark_map: Shape (11, 10): from the aligned eye corners and nose base (and 1) to the usual five points.
            card_name: Name of the detector's card.
        """
        self.card_name = card_name
        self._detector = dlib.get_frontal_face_detector()
        self._landmarks = dlib.shape_predictor(str(landmarks_path))
        self._map = np.asarray(landmark_map, dtype=np.float64)

    def detect(self, image: Image) -> Detections:
        """Find the faces of an RGB picture (H, W, 3); see `FaceDetector.detect`."""
        # The detector takes grey pictures as well, in three quarters of the time and with the same answers.
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        return self.look(grey, WORKING_AREA_PX, LEAST_MARGIN)

    def detect_augmented(self, image: Image) -> Detections:
        """Look at eight versions of the picture (H, W, 3), at a low threshold; see `FaceDetector.detect_augmented`.

        What four of the first six agree upon is a face, and what is sure in any of the eight. Of 20 photos of Labeled
        Faces in the Wild in which the first look misses the face, 15 are found this way; of 120 photos of groceries,
        13 have a "face" at the first look, and 12 at this one.
        """
        return _agreed(list(self._looks(image)))

    def _looks(self, image: Image) -> Iterator[Detections]:
        """What is found in each of eight versions of the picture (H, W, 3), in its pixels; those that agree first."""
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        softness = float(np.sqrt(grey.size / WORKING_AREA_PX)) * 3
        even = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(grey)
        yield self.look(grey, WORKING_AREA_PX, LOW_MARGIN)
        yield self.look(grey, COARSE_AREA_PX, LOW_MARGIN)
        yield self.look(np.asarray(even, np.uint8), WORKING_AREA_PX, LOW_MARGIN)
        yield self.look(np.asarray(cv2.GaussianBlur(grey, (0, 0), softness), np.uint8), WORKING_AREA_PX, LOW_MARGIN)
        height, width = grey.shape
        for angle_deg in (TILT_DEG, -TILT_DEG, STEEP_DEG, -STEEP_DEG):
            there = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
            turned = cv2.warpAffine(grey, there, (width, height), borderMode=cv2.BORDER_REPLICATE)
            found = self.look(np.asarray(turned, np.uint8), WORKING_AREA_PX, LOW_MARGIN)
            yield found.turned(np.asarray(cv2.invertAffineTransform(there), np.float64))

    def look(self, grey: Image, area_px: int, least_margin: float) -> Detections:
        """Find the faces of a grey picture (H, W) that is brought to an area of `area_px` pixels for it.

        Args:
            grey: The picture, uint8 (H, W); answers are in its pixels.
            area_px: The larger, the smaller the faces that are found; time grows with it.
            least_margin: Faces are reported from this margin on; those below `LEAST_MARGIN` have a score of 0.
        """
        factor = float(np.sqrt(area_px / grey.size))
        mode = cv2.INTER_LINEAR if factor > 1 else cv2.INTER_AREA
        width, height = round(grey.shape[1] * factor), round(grey.shape[0] * factor)
        if min(width, height) < WINDOW_PX:
            return no_detections()
        grey = np.asarray(cv2.resize(grey, (width, height), interpolation=mode), np.uint8)
        rectangles, margins, _ = self._detector.run(grey, 0, least_margin)
        if not len(rectangles):
            return no_detections()
        boxes = np.array([[r.left(), r.top(), r.right() + 1, r.bottom() + 1] for r in rectangles], np.float32)
        parts = [self._landmarks(grey, r).parts() for r in rectangles]
        corners = np.array([[(p.x, p.y) for p in points] for points in parts], np.float64)
        landmarks = np.stack([usual_five(points, self._map) for points in corners])
        average = np.stack([average_five(points) for points in corners])
        scores = np.clip((np.array(margins, np.float32) - LEAST_MARGIN) / (FULL_MARGIN - LEAST_MARGIN), 0, 1)
        return Detections(boxes, landmarks, scores, average).scaled(1 / factor)


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


CHIP_PX = 150
"""Side of the frame in which `usual_five` maps landmarks."""

_MEAN_FIVE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
"""Mean shape of dlib's five points (its image_transforms/interpolation.h), as fractions of the unpadded chip."""


_AVERAGE_FIVE = np.array([[47.07, 45.53], [102.93, 45.53], [75.0, 77.37], [51.1, 101.6], [98.9, 101.6]])
"""The usual five points of an average face in the chip, as on the card of dlib-resnet-128, which says how they were
read."""


def average_five(corners_xy: NDArray[np.float64]) -> FloatArray:
    """Lay an average face onto one whose eye corners and nose base (5, 2) are known: its usual five points (5, 2).

    A crop that is aligned by them is the one that dlib cuts for its own network. `usual_five` follows each face's
    own proportions instead, which is what a pose is read from, and less steady: by it 0.9871 of LFW's pairs (folds 1
    to 4) are judged rightly, by this 0.9908.
    """
    to_chip = _to_chip(corners_xy)
    return np.asarray((_AVERAGE_FIVE - to_chip[:, 2]) @ np.linalg.inv(to_chip[:, :2]).T, dtype=np.float32)


def _to_chip(corners_xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map (2, 3) by which dlib cuts its chip, padded by a quarter."""
    return similarity_transform(corners_xy, (0.25 + _MEAN_FIVE) / 1.5 * CHIP_PX)


def usual_five(corners_xy: NDArray[np.float64], landmark_map: NDArray[np.floating]) -> FloatArray:
    """Estimate eye centres, nose tip and mouth corners (5, 2) from dlib's eye corners and nose base (5, 2).

    The mouth is inferred from the rest of the face, since dlib's free five-point model does not see it: good for
    alignment, and blind to an open mouth. `landmark_map` (11, 10) was fitted by least squares on faces for which
    both models' points are known.
    """
    to_chip = _to_chip(corners_xy)
    chip = corners_xy @ to_chip[:, :2].T + to_chip[:, 2]
    five = (np.append(chip.ravel(), 1.0) @ landmark_map).reshape(5, 2)
    back = (five - to_chip[:, 2]) @ np.linalg.inv(to_chip[:, :2]).T
    return np.asarray(back, dtype=np.float32)
