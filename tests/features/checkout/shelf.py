"""Pictures of made-up products: coloured boxes with a stripe or a disc, so that each looks like no other."""

from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import Image
from closeup.media.image import encode_png

COLOURS = {"cola": (200, 20, 30), "mint": (30, 180, 90), "sea": (20, 60, 200), "sun": (240, 200, 20)}


def packshot(kind: str, *, px: int = 120, background: int = 250) -> Image:
    """A product from the front, RGB (H, W, 3)."""
    picture = np.full((px, px, 3), background, np.uint8)
    lay(picture, kind, (px // 4, px // 8, 3 * px // 4, 7 * px // 8))
    return picture


def lay(picture: Image, kind: str, box_xyxy: tuple[int, int, int, int]) -> None:
    """Draw a product onto a picture, in place."""
    left, top, right, bottom = box_xyxy
    colour = COLOURS[kind]
    cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), colour, -1)
    middle = (left + right) // 2, (top + bottom) // 2
    if kind in ("cola", "sea"):
        cv2.circle(picture, middle, (right - left) // 3, (255, 255, 255), -1)
    else:
        cv2.rectangle(picture, (left, middle[1] - 6), (right - 1, middle[1] + 6), (10, 10, 10), -1)


def write_packshot(folder: Path, kind: str, **how: int) -> Path:
    """A file of it."""
    path = folder / f"{kind}{''.join(map(str, how.values()))}.png"
    path.write_bytes(encode_png(packshot(kind, **how)))
    return path
