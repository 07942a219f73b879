"""Pictures of made-up products: coloured boxes with a stripe or a disc, so that each looks like no other."""

from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import FloatArray, Image
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


class PlainModels:
    """Finds what is not grey, and describes it by its mean colour: right for `lay`, with no network."""

    model = "plain"

    def find(self, rgb: Image) -> tuple[FloatArray, FloatArray]:
        """Boxes (N, 4) of coloured parts of a picture (H, W, 3), and scores (N,), larger parts first."""
        coloured = (np.ptp(rgb.astype(np.int16), axis=2) > 60).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(
            cv2.morphologyEx(coloured, cv2.MORPH_CLOSE, np.ones((17, 17)))
        )
        parts = sorted((row for row in stats[1:].tolist() if row[4] > 80), key=lambda row: -row[4])
        boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in parts], np.float32).reshape(-1, 4)
        return boxes, np.linspace(0.9, 0.6, len(boxes)).astype(np.float32)

    def describe(self, rgb: Image, boxes_xyxy: FloatArray) -> FloatArray:
        """Vectors (N, 3) of length 1."""
        vectors = []
        for x1, y1, x2, y2 in boxes_xyxy.astype(int):
            mean = rgb[y1:y2, x1:x2].reshape(-1, 3).astype(np.float32).mean(0) - 100
            vectors.append(mean / max(float(np.linalg.norm(mean)), 1e-6))
        return np.stack(vectors) if vectors else np.zeros((0, 3), np.float32)


def counter(*kinds: str, px: int = 60) -> Image:
    """A grey counter with products side by side, RGB (H, W, 3)."""
    picture = np.full((120, 20 + 80 * max(len(kinds), 1), 3), 128, np.uint8)
    for place, kind in enumerate(kinds):
        lay(picture, kind, (20 + 80 * place, 20, 20 + 80 * place + px, 100))
    return picture
