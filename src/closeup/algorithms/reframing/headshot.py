"""Framing of a head-and-shoulders portrait around one face.

The proportions are the usual ones of portrait drawing and photography: the eyes lie half way down the head, the
distance from eyes to mouth is about a third of the head's height, and in a 4:5 portrait the eyes sit about two
fifths from the top. The rule is closeup's own.
"""

import math

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

ASPECT = 4 / 5
"""Width over height of a portrait."""

EYE_LINE = 0.4
"""Where the eyes lie, as a share of the portrait's height from the top."""

HEAD_SHARE = 0.5
"""Height of the head, crown to chin, as a share of the portrait's height: the rest is air, neck and shoulders."""

_HEAD_PER_BOX = 1.3
"""Height of the head over the longer side of a detector's box, which runs from the brows or hairline to the chin."""

_HEAD_PER_EYE_MOUTH = 3.0
"""Height of the head over the distance from the eyes to the mouth."""


def portrait_box(face_xyxy: FloatArray, landmarks_xy: FloatArray, size_wh: tuple[int, int]) -> NDArray[np.int64]:
    """Frame head and shoulders: the box to cut out of a picture for a portrait of one face.

    The box is 4:5, the eyes about 40 % from its top. Where it would leave the picture it is moved first, and made
    smaller only where the picture itself is smaller. The face is never cut: where no 4:5 box in the picture holds
    it, the box becomes as wide or as high as the face asks.

    Args:
        face_xyxy: Shape (4,), the face's box in pixels; it may reach over the picture's edge.
        landmarks_xy: Shape (5, 2), eyes, nose tip, mouth corners in pixels, as in `closeup.core.types.Face`.
        size_wh: The picture's (width, height), at least 1 each.

    Returns:
        Shape (4,), int64, xyxy with x1 and y1 exclusive: inside the picture, never empty, and around the part of
        the face's box that lies in the picture.

    Raises:
        ValueError: If a number is not finite, the face's box is inverted, or the picture is empty.
    """
    face = np.asarray(face_xyxy, dtype=np.float64)
    landmarks = np.asarray(landmarks_xy, dtype=np.float64)
    if not (np.isfinite(face).all() and np.isfinite(landmarks).all()):
        raise ValueError("box and landmarks must be finite")
    if face[0] > face[2] or face[1] > face[3]:
        raise ValueError(f"the box {face.tolist()} is inverted")
    if min(size_wh) < 1:
        raise ValueError(f"a picture of {size_wh} has no pixels")
    spans = [_outward(face[axis], face[axis + 2], size_wh[axis]) for axis in (0, 1)]
    lengths = _crop_wh(_head_height(face, landmarks), [high - low for low, high in spans], size_wh)
    eye_y = float(np.clip(landmarks[:2, 1].mean(), face[1], face[3]))
    wished = ((face[0] + face[2]) / 2 - lengths[0] / 2, eye_y - EYE_LINE * lengths[1])
    starts = [
        _start(wish, length, span, limit)
        for wish, length, span, limit in zip(wished, lengths, spans, size_wh, strict=True)
    ]
    return np.array([*starts, starts[0] + lengths[0], starts[1] + lengths[1]], dtype=np.int64)


def _head_height(face: NDArray[np.float64], landmarks: NDArray[np.float64]) -> float:
    """Crown to chin in pixels, of a box (4,) and landmarks (5, 2); at least 1.

    The larger of two readings, since a head that is turned loses width and one that is bowed loses height.
    Landmarks count only as far as they lie in the box, so that a wild one cannot blow the frame up.
    """
    inside = np.clip(landmarks, face[:2], face[2:])
    eye_mouth = float(np.linalg.norm(inside[3:5].mean(axis=0) - inside[:2].mean(axis=0)))
    side = float(max(face[2] - face[0], face[3] - face[1]))
    return max(_HEAD_PER_BOX * side, _HEAD_PER_EYE_MOUTH * eye_mouth, 1.0)


def _outward(low: float, high: float, limit: int) -> tuple[int, int]:
    """The whole pixels of 0 to `limit` that an interval touches; at least one."""
    start = min(max(math.floor(low), 0), limit - 1)
    return start, max(min(math.ceil(high), limit), start + 1)


def _crop_wh(head: float, face_wh: list[int], size_wh: tuple[int, int]) -> tuple[int, int]:
    """Size of the portrait: 4:5, within the picture, and never less than the face."""
    height = min(head / HEAD_SHARE, size_wh[1], size_wh[0] / ASPECT)
    height = max(height, face_wh[1], face_wh[0] / ASPECT)
    width = min(round(ASPECT * height), size_wh[0])
    return max(width, face_wh[0], 1), max(min(round(height), size_wh[1]), face_wh[1])


def _start(wish: float, length: int, span: tuple[int, int], limit: int) -> int:
    """Where an interval of `length` starts: as near to `wish` as keeps it in 0 to `limit` and around `span`."""
    lowest = max(0, span[1] - length)
    highest = min(limit - length, span[0])
    return min(max(round(wish), lowest), highest)
