"""How good the picture of a face is: five parts, each 0 to 1, and their weighted geometric mean.

A geometric mean, because one bad part spoils a picture whatever the others are: a sharp, bright, large back of the
head is of no use. The parts follow what InsightFace Studio and Frigate score (size, sharpness, pose, exposure,
detector score); the scales were read off the sampled faces of our test clips, see docs/concepts/scores-and-thresholds.
"""

import cv2
import numpy as np

from closeup.algorithms.frames.alignment import similarity_transform
from closeup.core.types import FloatArray, Image, Quality
from closeup.perception.face_crop import cut_out

CHIP_PX = 64
"""Side of the small aligned picture on which sharpness and exposure are judged, so that size does not count twice."""

_TEMPLATE = np.array([[47.08, 45.52], [102.92, 45.52], [75.0, 77.37], [51.1, 101.6], [98.9, 101.6]]) / 150 * CHIP_PX
"""Where the five landmarks lie in the chip: the mean of LFW's faces in dlib's chip, made symmetric."""

WEIGHTS = {"size": 1.0, "sharpness": 1.5, "pose": 1.5, "exposure": 0.5, "detection": 1.0}
"""Exponents of the parts in the total."""

SMALLEST_PX, LARGEST_PX = 16.0, 160.0
"""Shorter side of the box where the size part is 0 and 1; it grows with the logarithm in between."""

BLURRED, SHARP = 0.012, 0.25
"""Contrast-normalised sharpness (see `_sharpness`) where the part is 0 and 1, on a logarithmic scale. Of the faces of
six test videos 1 % lie below 0.012, and between a tenth and most of them, by video, above 0.25."""


def face_chip(image: Image, landmarks_xy: FloatArray) -> Image:
    """Cut the aligned face with landmarks (5, 2) out of an RGB picture (H, W, 3), in grey: uint8 (64, 64).

    Raises:
        ValueError: If the landmarks are not finite or all in one place, so that no face can be cut out by them.
    """
    to_chip = similarity_transform(np.asarray(landmarks_xy, np.float64), _TEMPLATE)
    chip = cut_out(image, to_chip, (CHIP_PX, CHIP_PX))
    return np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def judge(chip: Image, box_xyxy: FloatArray, landmarks_xy: FloatArray, score: float) -> Quality:
    """Judge one face of a picture.

    Args:
        chip: What `face_chip` cut out of the picture, at the resolution in which it will be used: grey (64, 64).
        box_xyxy: The face's box, shape (4,), pixels.
        landmarks_xy: Its five landmarks, shape (5, 2), pixels.
        score: The detector's score, 0 to 1.
    """
    side = float(min(box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1]))
    parts = {
        "size": _ramp(np.log(max(side, 1.0)), np.log(SMALLEST_PX), np.log(LARGEST_PX)),
        "sharpness": _ramp(np.log(_sharpness(chip)), np.log(BLURRED), np.log(SHARP)),
        "pose": frontality(landmarks_xy),
        "exposure": _exposure(chip),
        "detection": float(np.clip(score, 0, 1)),
    }
    total = np.prod([max(parts[name], 1e-6) ** weight for name, weight in WEIGHTS.items()]) ** (
        1 / sum(WEIGHTS.values())
    )
    return Quality(total=float(total), **parts)


def brightness(chip: Image) -> float:
    """Mean brightness, 0 to 255, of the middle of the face that `face_chip` cut out, grey (64, 64)."""
    return float(chip[8:-8, 8:-8].mean())


def frontality(landmarks_xy: FloatArray) -> float:
    """Say how frontal a face with landmarks (5, 2) is: 1 straight on, 0 in profile.

    From the nose tip's place between the eyes and mouth corners along the face's own axes: seen straight on it lies
    in the middle (yaw), at about 0.56 of the way from eyes to mouth (pitch).
    """
    points = np.asarray(landmarks_xy, dtype=np.float64)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across, down = points[1] - points[0], mouth - eyes
    width, height = float(np.hypot(*across)), float(np.hypot(*down))
    if min(width, height) < 1e-3:
        return 0.0
    # Seen from the side the eyes draw together, and the nose runs towards or past one of them.
    nose = points[2] - (eyes + mouth) / 2
    yaw = abs(float(nose @ across)) / width / max(width, 0.8 * height)
    pitch = abs(float((points[2] - eyes) @ down) / height / height - 0.56)
    return float(np.clip(1 - yaw / 0.5, 0, 1) * np.clip(1 - max(0.0, pitch - 0.06) / 0.4, 0, 1))


def _sharpness(grey: Image) -> float:
    """Energy of the Laplacian against the contrast, so that flat light is not taken for blur; above 0."""
    chip = grey.astype(np.float32)
    # Of the whole chip, and cut afterwards: at an edge it would answer to any gradient, such as light from one side.
    laplacian = cv2.Laplacian(chip, cv2.CV_32F, ksize=1)[8:-8, 8:-8]
    return float(laplacian.var() / (chip[8:-8, 8:-8].var() + 25.0)) + 1e-6


def _exposure(grey: Image) -> float:
    """1 where the face's middle is neither dark nor blown out, 0 where nothing can be seen."""
    middle = grey[8:-8, 8:-8]
    mean = float(middle.mean())
    clipped = float(((middle < 8) | (middle > 250)).mean())
    return min(_ramp(mean, 20, 70), _ramp(255 - mean, 15, 60)) * (1 - clipped)


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, a straight line between."""
    return float(np.clip((value - low) / (high - low), 0, 1))
