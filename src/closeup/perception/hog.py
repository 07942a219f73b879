"""dlib's detector of frontal faces (HOG and a linear SVM) with its five-point landmarks: works from `pip install`.

Dalal, Triggs: "Histograms of Oriented Gradients for Human Detection", CVPR 2005; King: "Max-Margin Object
Detection", 2015; Kazemi, Sullivan: "One Millisecond Face Alignment with an Ensemble of Regression Trees", CVPR 2014.
"""

from pathlib import Path

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.alignment import similarity_transform
from closeup.core.types import FloatArray, Image
from closeup.perception.protocols import Detections, no_detections

WINDOW_PX = 80
"""The smallest face that the detector's window can hold, in pixels of the picture it looks at."""

WORKING_AREA_PX = 1280 * 720
"""Size of the picture it looks at: smaller ones are enlarged, so that faces of a sixteenth of their width are found.
On a film excerpt with faces of 5% of the width it found 26 of 29 this way, and 15 at 960 x 540."""

LEAST_MARGIN, FULL_MARGIN = -0.2, 2.5
"""Margins of the classifier that are reported at all, and that count as a score of 1. dlib itself reports from 0 on;
faces at -0.2 are mostly right, and a wrong one founds nobody (see the card's threshold `founding`)."""


class HogDetector:
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
        factor = float(np.sqrt(WORKING_AREA_PX / (image.shape[0] * image.shape[1])))
        mode = cv2.INTER_LINEAR if factor > 1 else cv2.INTER_AREA
        width, height = round(image.shape[1] * factor), round(image.shape[0] * factor)
        if min(width, height) < WINDOW_PX:
            return no_detections()
        # The detector takes grey pictures as well, in three quarters of the time and with the same answers.
        grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (width, height), interpolation=mode)
        rectangles, margins, _ = self._detector.run(grey, 0, LEAST_MARGIN)
        if not len(rectangles):
            return no_detections()
        boxes = np.array([[r.left(), r.top(), r.right() + 1, r.bottom() + 1] for r in rectangles], np.float32)
        points = [[(p.x, p.y) for p in self._landmarks(grey, r).parts()] for r in rectangles]
        landmarks = np.stack([usual_five(np.array(p, np.float64), self._map) for p in points])
        scores = np.clip((np.array(margins, np.float32) - LEAST_MARGIN) / (FULL_MARGIN - LEAST_MARGIN), 0, 1)
        return Detections(boxes, landmarks, scores).scaled(1 / factor)


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


def usual_five(corners_xy: NDArray[np.float64], landmark_map: NDArray[np.floating]) -> FloatArray:
    """Estimate eye centres, nose tip and mouth corners (5, 2) from dlib's eye corners and nose base (5, 2).

    The mouth is inferred from the rest of the face, since dlib's free five-point model does not see it: good for
    alignment, and blind to an open mouth. `landmark_map` (11, 10) was fitted by least squares on faces for which
    both models' points are known.
    """
    to_chip = similarity_transform(corners_xy, (0.25 + _MEAN_FIVE) / 1.5 * CHIP_PX)  # (2, 3)
    chip = corners_xy @ to_chip[:, :2].T + to_chip[:, 2]
    five = (np.append(chip.ravel(), 1.0) @ landmark_map).reshape(5, 2)
    back = (five - to_chip[:, 2]) @ np.linalg.inv(to_chip[:, :2]).T
    return np.asarray(back, dtype=np.float32)
