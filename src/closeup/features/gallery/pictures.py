"""Pictures of faces: to keep with a template where that was asked for, and small ones for pages."""

import cv2
import numpy as np

from closeup.algorithms.reframing.headshot import EYE_LINE, HEAD_SHARE, portrait_box
from closeup.core.data_uri import data_uri
from closeup.core.types import FloatArray, Image
from closeup.media.image import decode_jpeg, encode_jpeg
from closeup.perception.pose import head_pose

KEPT_HEIGHT = 320
"""Height in pixels of a picture that is kept: head and shoulders, nothing else of the photo."""

THUMBNAIL_PX = 96
"""Side of a thumbnail on a page."""


def kept_picture(image: Image, box_xyxy: FloatArray, landmarks_xy: FloatArray) -> bytes:
    """Head and shoulders of one face, as JPEG without any of the photo's notes (place, time, camera).

    Args:
        image: RGB (H, W, 3).
        box_xyxy: The face, (4,), pixels.
        landmarks_xy: Its landmarks, (5, 2), pixels.
    """
    image, box_xyxy, landmarks_xy = _upright(image, box_xyxy, landmarks_xy)
    x0, y0, x1, y1 = portrait_box(box_xyxy, landmarks_xy, (image.shape[1], image.shape[0])).tolist()
    part = image[y0:y1, x0:x1]
    return encode_jpeg(_shrunk(part, KEPT_HEIGHT / part.shape[0]))


def thumbnail(image: Image, box_xyxy: FloatArray | None = None, side_px: int = THUMBNAIL_PX) -> str:
    """A square picture of one face, or of the middle of a portrait, as a data: URI.

    Args:
        image: RGB (H, W, 3).
        box_xyxy: The face, (4,), pixels; None for a picture that `kept_picture` has made.
        side_px: Pixels at most.
    """
    height, width = image.shape[:2]
    if box_xyxy is None:
        side, middle_x, middle_y = min(width, height), width / 2, min(width, height) / 2
    else:
        x0, y0, x1, y1 = np.asarray(box_xyxy, np.float64).tolist()
        side, middle_x, middle_y = min(1.3 * max(x1 - x0, y1 - y0), width, height), (x0 + x1) / 2, (y0 + y1) / 2
    side = max(1, round(side))
    left = int(np.clip(round(middle_x - side / 2), 0, width - side))
    top = int(np.clip(round(middle_y - side / 2), 0, height - side))
    small = _shrunk(image[top : top + side, left : left + side], side_px / side)
    return data_uri(encode_jpeg(small, 78))


def thumbnail_of_jpeg(picture_jpeg: bytes, side_px: int = THUMBNAIL_PX, *, head_only: bool = False) -> str:
    """The same of a kept picture.

    Args:
        picture_jpeg: As `kept_picture` has made it.
        side_px: Pixels at most.
        head_only: Leave the shoulders out, for very small pictures.

    Raises:
        InputError: If the bytes are no picture.
    """
    image = decode_jpeg(picture_jpeg)
    if not head_only:
        return thumbnail(image, None, side_px)
    height, width = image.shape[:2]
    half = HEAD_SHARE * height / 2
    middle = np.array([width / 2, (EYE_LINE + 0.04) * height])
    return thumbnail(image, np.concatenate([middle - half, middle + half]).astype(np.float32), side_px)


def _upright(image: Image, box_xyxy: FloatArray, landmarks_xy: FloatArray) -> tuple[Image, FloatArray, FloatArray]:
    """The picture (H, W, 3) by the quarter turn after which the face stands, with its box (4,) and points (5, 2)."""
    points = np.concatenate([np.asarray(box_xyxy, np.float32).reshape(2, 2), landmarks_xy])
    for _ in range(round(head_pose(landmarks_xy).roll_deg / 90) % 4):
        points = np.stack([points[:, 1], image.shape[1] - points[:, 0]], axis=1)
        image = np.rot90(image)
    corners = points[:2]
    return image, np.concatenate([corners.min(axis=0), corners.max(axis=0)]), points[2:]


def _shrunk(image: Image, factor: float) -> Image:
    """The picture (H, W, 3) at `factor` times its size where that is below 1; else as it is."""
    if factor >= 1:
        return np.ascontiguousarray(image)
    size_wh = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
