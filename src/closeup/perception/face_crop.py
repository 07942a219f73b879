"""Faces cut out the way a network was trained on them: turned upright, and brought to one size and place.

A `FaceFrame` says where the five landmarks lie in the crop; a network's card names the frame that it wants, so that
training and use cut alike.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.frames.alignment import similarity_transform
from closeup.core.errors import InputError
from closeup.core.types import FloatArray, Image

Points = tuple[tuple[float, float], ...]

MOST_SHRUNK = 0.6
"""Below this scale bilinear sampling begins to skip pixels, and the picture is shrunk by area first."""


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """Where a crop has the five landmarks.

    Attributes:
        name: What it is called.
        alignment: Five points (x, y) as shares of the crop's side, in the order of `core.types.Face.landmarks_xy`.
        origin: Where the figures are from.
    """

    name: str
    alignment: Points
    origin: str

    def __post_init__(self) -> None:
        if len(self.alignment) != 5 or any(len(point) != 2 for point in self.alignment):
            raise ValueError(f"a frame has five points of two numbers, not {self.alignment}")

    def widened(self, margin: float) -> "FaceFrame":
        """The frame with `margin` more around the face on every side, as a share of the side before; may be below 0."""
        if not -0.4 <= margin <= 4:
            raise ValueError(f"a margin lies between -0.4 and 4, not {margin}")
        if margin == 0:
            return self
        points = tuple(((x + margin) / (1 + 2 * margin), (y + margin) / (1 + 2 * margin)) for x, y in self.alignment)
        return FaceFrame(f"{self.name}{margin:+g}", points, self.origin)


FRAMES = {
    frame.name: frame
    for frame in (
        FaceFrame(
            "expression",
            ((0.316, 0.372), (0.684, 0.372), (0.5, 0.583), (0.354, 0.752), (0.646, 0.752)),
            "FER2013's own frame: the symmetric mean of a quarter of the faces that YuNet finds in it, "
            "those scored above 0.8, brought together by similarities (generalised Procrustes) at their median scale "
            "and mean place.",
        ),
        FaceFrame(
            "recognition",
            ((0.3419, 0.4616), (0.6565, 0.4598), (0.5002, 0.6405), (0.3710, 0.8247), (0.6315, 0.8233)),
            "The 112 x 112 frame that most face recognition networks use (ArcFace, SFace), as shares of the side.",
        ),
    )
}
"""Named frames."""


def frame_named(name: str) -> FaceFrame:
    """The frame of that name.

    Raises:
        InputError: If there is none.
    """
    if name not in FRAMES:
        raise InputError(f"There is no face frame called {name!r}.", f"Use one of: {', '.join(FRAMES)}.")
    return FRAMES[name]


def crop_face(image: Image, landmarks_xy: FloatArray, frame: FaceFrame, size_px: int) -> Image:
    """Cut one face out of a picture, turned upright, scaled and placed as the frame says.

    Args:
        image: RGB (H, W, 3).
        landmarks_xy: The face's landmarks, (5, 2), pixels.
        frame: Where they come to lie, as well as a similarity can bring them there.
        size_px: Side of the crop.

    Returns:
        uint8 (S, S, 3); beyond the picture's edge its outermost pixels go on.

    Raises:
        ValueError: If the landmarks are not finite or all in one place, or the size is below 1.
    """
    if size_px < 1:
        raise ValueError(f"a crop has a side of at least 1 pixel, not {size_px}")
    # Points count from the picture's corner, and warping counts from the middle of the first pixel.
    target = np.array(frame.alignment, np.float64) * size_px - 0.5
    to_crop = similarity_transform(np.asarray(landmarks_xy, np.float64) - 0.5, target)
    return cut_out(image, to_crop, (size_px, size_px))


def cut_out(image: Image, to_crop: NDArray[np.float64], size_wh: tuple[int, int]) -> Image:
    """Cut a crop out of an RGB picture (H, W, 3), turned, scaled and moved by a similarity.

    Beyond the picture's edge its outermost pixels go on: black would be taken for part of what is shown.

    Args:
        to_crop: Shape (2, 3), from pixels of the picture to pixels of the crop.
        size_wh: The crop's (width, height).

    Returns:
        uint8 (height, width, 3).
    """
    scale = float(np.sqrt(abs(np.linalg.det(to_crop[:, :2]))))
    if scale < MOST_SHRUNK:
        image, to_crop = _shrunk(image, to_crop, size_wh, scale)
    crop = cv2.warpAffine(image, to_crop, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, dtype=np.uint8)


def _shrunk(
    image: Image, to_crop: NDArray[np.float64], size_wh: tuple[int, int], scale: float
) -> tuple[Image, NDArray[np.float64]]:
    """Shrink the part of the picture that the crop shows to the crop's scale; and the map (2, 3) from there."""
    turn, move = to_crop[:, :2], to_crop[:, 2]
    corners = np.array([(0, 0), (size_wh[0], 0), (0, size_wh[1]), size_wh], np.float64)
    shown = (corners - move) @ np.linalg.inv(turn).T
    limits = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(shown.min(axis=0) - 2 / scale), 0, limits - 1).astype(int)
    high = np.clip(np.ceil(shown.max(axis=0) + 2 / scale), low + 1, limits).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    small_wh = np.maximum(np.round((high - low) * scale), 1).astype(int)
    small = cv2.resize(part, (int(small_wh[0]), int(small_wh[1])), interpolation=cv2.INTER_AREA)
    # Pixel centres lie at whole numbers, and edges half a pixel out: (x + 0.5) * factor - 0.5 is where x has gone.
    factor = small_wh / (high - low)
    back = turn / factor
    return np.asarray(small, dtype=np.uint8), np.column_stack([back, move + turn @ (low + 0.5 / factor - 0.5)])
