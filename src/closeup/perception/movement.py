"""How much moves from one picture to the next: of a person, and of everything.

Dense optical flow (Kroeger, Timofte, Dai, Van Gool: Fast Optical Flow using Dense Inverse Search, ECCV 2016, in OpenCV)
on small grey pictures. A person's movement is what is left in their region when the camera's, taken as the median flow
of the rest, is subtracted. Speeds are in picture heights a second, so that the size of the video does not matter.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray, Image

PICTURE_PX = 160
"""Longer side of the pictures that this is made for."""

_SMALLEST_PX = 40
"""Thinner pictures are stretched: with less than 32 pixels one way OpenCV 5.0's search reads beyond its memory."""

BODY_WIDTHS, BODY_ABOVE, BODY_BELOW = 3.0, 0.3, 3.5
"""The region of a person with head and shoulders and hands: face widths across, face heights above and below the
face's top."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Speeds between two pictures, in picture heights a second.

    Attributes:
        person: Of the person against the camera; None where no person was given.
        everything: Of all of the picture, the camera's own movement included.
    """

    person: float | None
    everything: float


class MovementMeter:
    """Compares each picture with the one before."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._before: NDArray[np.uint8] | None = None

    def restart(self) -> None:
        """Forget the picture before: there was a cut."""
        self._before = None

    def step(self, image: Image, passed_s: float, face_xyxy: FloatArray | None) -> Movement | None:
        """Compare an RGB picture (H, W, 3) with the one before, which has to be of the same size.

        Args:
            passed_s: Seconds since the one before, above 0.
            face_xyxy: The person's face in it, shape (4,), pixels of the picture; None where they are not seen.

        Returns:
            None for the first picture and after `restart`.
        """
        grey = _grey(image)
        before, self._before = self._before, grey
        if before is None or before.shape != grey.shape:
            return None
        # None: from nothing, which OpenCV's stubs do not know; an array would be taken for a first guess.
        found = self._flow.calc(before, grey, None)  # type: ignore[call-overload]
        flow = np.asarray(found, np.float32)  # (H, W, 2)
        per_s = 1 / (grey.shape[0] * passed_s)
        everything = float(np.hypot(flow[..., 0], flow[..., 1]).mean()) * per_s
        if face_xyxy is None:
            return Movement(None, everything)
        stretched = np.array([grey.shape[1] / image.shape[1], grey.shape[0] / image.shape[0]] * 2, np.float32)
        return Movement(_of_person(flow, face_xyxy * stretched) * per_s, everything)


def body_region(face_xyxy: FloatArray, size_wh: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that show the person with a face (4,), in a picture of `size_wh`; at least a pixel each way."""
    x0, y0, x1, y1 = (float(value) for value in face_xyxy)
    middle, half = (x0 + x1) / 2, (x1 - x0) * BODY_WIDTHS / 2
    top, bottom = y0 - BODY_ABOVE * (y1 - y0), y0 + BODY_BELOW * (y1 - y0)
    return _within(top, bottom, size_wh[1]), _within(middle - half, middle + half, size_wh[0])


def _within(low: float, high: float, limit: int) -> slice:
    first = int(np.clip(np.floor(low), 0, limit - 1))
    return slice(first, int(np.clip(np.ceil(high), first + 1, limit)))


def _of_person(flow: FloatArray, face_xyxy: FloatArray) -> float:
    """Mean speed in the person's region against the camera, in pixels."""
    height, width = flow.shape[:2]
    region = body_region(face_xyxy, (width, height))
    around = np.ones((height, width), np.bool_)
    around[region] = False
    # Where the person fills the picture the edges tell of the camera as well as anything can.
    rest = flow[around] if around.mean() > 0.05 else np.concatenate([flow[:, 0], flow[:, -1]])
    left = flow[region] - np.median(rest, axis=0)
    return float(np.hypot(left[..., 0], left[..., 1]).mean())


def _grey(image: Image) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    if min(height, width) < _SMALLEST_PX:
        size_wh = max(width, _SMALLEST_PX), max(height, _SMALLEST_PX)
        grey = cv2.resize(grey, size_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grey, np.uint8)
