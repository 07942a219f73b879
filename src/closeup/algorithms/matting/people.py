"""Which part of a matte is whose, and how far away things are, by faces and feet: rules of thumb, not measurements."""

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

_PERSON = 0.3
"""Alpha from which on pixels hang together as a person."""

_DOWN = 0.15
"""What a pixel below a face counts against one beside it: bodies are below faces, and as wide as three of them."""

_STANDING = 5.0
"""Heights of a face that the feet of who stands are below the eyes at least; people are seven to eight heads high."""

FAR_AT_LEAST = 0.5
"""Share of the full blur that people who are not to be in focus have at least."""


def owners(alpha: FloatArray, faces_xyxy: FloatArray) -> NDArray[np.intp]:
    """Whose each pixel would be, an index of the faces, (H, W).

    What hangs together is shared out among the faces in it, a pixel to the face whose body, straight below it, is
    nearest; what has no face goes to the nearest of all.

    Args:
        alpha: Of everybody together, (H, W), 0 to 1.
        faces_xyxy: Boxes (N, 4) in its pixels, at least one.
    """
    height, width = alpha.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    away = np.empty((len(faces_xyxy), height, width), np.float32)
    for number, (x0, y0, x1, y1) in enumerate(faces_xyxy.tolist()):
        across = (x - (x0 + x1) / 2) / max(x1 - x0, 1)
        down = (y - (y0 + y1) / 2) / max(y1 - y0, 1)
        away[number] = np.hypot(across, np.where(down < 0, down, _DOWN * down))
    nearest = away.argmin(axis=0)
    count, parts = cv2.connectedComponents((alpha > _PERSON).astype(np.uint8))
    for part in range(1, count):
        inside = parts == part
        own = [number for number, box in enumerate(faces_xyxy.tolist()) if _holds(inside, box)]
        if own and len(own) < len(faces_xyxy):
            # Soft hair around a part is of the same people as the part.
            around = cv2.dilate(inside.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool) & (parts <= 0) | inside
            nearest[around] = np.asarray(own)[away[own][:, around].argmin(axis=0)]
    return np.asarray(nearest, np.intp)


def _holds(inside: NDArray[np.bool_], box_xyxy: list[float]) -> bool:
    """Whether a part of the matte (H, W) covers a good part of a face."""
    x0, y0, x1, y1 = (max(0, int(value)) for value in box_xyxy)
    face = inside[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    return bool(face.size and face.mean() > 0.25)


def kept_alpha(alpha: FloatArray, owner: NDArray[np.intp], kept: NDArray[np.bool_]) -> FloatArray:
    """Alpha (H, W) of some people alone: of the pixels whose `owner` (H, W) is one of those that are `kept`, (N,)."""
    mine = cv2.blur(kept[owner].astype(np.float32), (3, 3))
    return np.asarray(alpha * mine, np.float32)


def strength_by_ground(alpha: FloatArray, eyes_y: float, face_px: float) -> FloatArray | None:
    """How much each row is out of focus when a lens is focused on somebody who stands on level ground: (H, W), 0 to 1.

    On the ground the blur grows evenly from row to row: none at the feet, all of it at the horizon, which lies at the
    height of the eyes where the camera is held as high as people's. What is above the horizon is taken to be far away.

    Args:
        alpha: Of the people in focus, (H, W), 0 to 1.
        eyes_y: Row of their eyes.
        face_px: Height of their faces, in rows.

    Returns:
        None where the feet are not seen, by the matte's end at the picture's or so near to the face that it is a table
        or a lap: nothing is known then.
    """
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    height = len(alpha)
    if not len(rows) or rows[-1] >= height - 1 - height // 100 or rows[-1] - eyes_y < _STANDING * face_px:
        return None
    feet = float(rows[-1])
    share = np.clip(np.abs(feet - np.arange(height)) / (feet - eyes_y), 0, 1).astype(np.float32)
    return np.repeat(share[:, None], alpha.shape[1], axis=1)


def with_others(
    strength: FloatArray | None,
    others: FloatArray,
    owner: NDArray[np.intp],
    faces_px: FloatArray,
    kept: NDArray[np.bool_],
) -> FloatArray | None:
    """The strength (H, W) with people who are not in focus as far away as the sizes of their faces say.

    Args:
        strength: Of the rest; None where it is 1 everywhere, and then for them too.
        others: Alpha of the others, (H, W), 0 to 1.
        owner: Whose each pixel is, (H, W).
        faces_px: Heights of the faces, (N,); `kept` says which of them are in focus, (N,).
    """
    if strength is None or kept.all() or not kept.any():
        return strength
    focus = float(faces_px[kept].mean())
    share = np.clip(np.abs(1 - faces_px / focus), FAR_AT_LEAST, 1).astype(np.float32)
    return np.asarray(strength + np.clip(others, 0, 1) * (share[owner] - strength), np.float32)
