"""Things on a counter, whatever they are, and vectors by which products are told apart.

Both by closeup's own networks (recipes/counter.py, recipes/products.py).
"""

from typing import Protocol

import cv2
import numpy as np

from closeup.core.boxes import clip, suppressed
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.perception.matte import seen_size
from closeup.perception.preprocessing import preprocess
from closeup.weights.cards import card
from closeup.weights.session import open_session
from closeup.weights.store import require

DETECTOR, EMBEDDER = "counter", "products"
"""Names of the cards."""

SEEN_PX = 320
"""The detector sees a picture with about as many pixels as a square of this side has, in the picture's own shape."""

MOST = 20
"""Boxes of a picture, the best ones."""

CROP_PX = 128
"""Side of what the embedder is shown."""

ROOM = 0.06
"""Of what surrounds a thing, so much on each side is shown with it, as a share of its longer side."""

_APART = 0.6
"""Of two boxes that overlap by more than this IoU the better one stays."""


class ProductModels(Protocol):
    """What finds things and describes them."""

    model: str
    """Name of the embedder's card; vectors of different models are never compared."""

    def find(self, rgb: Image) -> tuple[FloatArray, FloatArray]:
        """Boxes xyxy (N, 4) of the things in a picture (H, W, 3), and their scores (N,), the best first."""
        ...

    def describe(self, rgb: Image, boxes_xyxy: FloatArray) -> FloatArray:
        """Vectors (N, D) of length 1 of what boxes (N, 4) of a picture (H, W, 3) show."""
        ...


class CounterModels:
    """The detector and the embedder that come with closeup; one serves all threads."""

    def __init__(self, settings: Settings | None = None, *, threads: int = 1) -> None:
        """Load both networks.

        Raises:
            ModelError: If a file is missing or damaged.
        """
        given = settings or read_settings()
        self.model = EMBEDDER
        self._cards = card(DETECTOR), card(EMBEDDER)
        self._detector, self._embedder = (open_session(require(each, given), threads=threads) for each in self._cards)

    def find(self, rgb: Image) -> tuple[FloatArray, FloatArray]:
        """Boxes xyxy (N, 4) of the things in a picture (H, W, 3), and their scores (N,), the best first."""
        size_wh = seen_size((rgb.shape[1], rgb.shape[0]), self._cards[0].input_multiple, SEEN_PX)
        seen = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        answers = self._detector.run(preprocess(self._cards[0], seen[None]))[0]
        scale = np.array([rgb.shape[1] / size_wh[0], rgb.shape[0] / size_wh[1]] * 2, np.float32)
        boxes = clip(answers[:, 1:] * scale, (rgb.shape[1], rgb.shape[0]))
        kept = best_apart(boxes, answers[:, 0])
        return boxes[kept], answers[kept, 0]

    def describe(self, rgb: Image, boxes_xyxy: FloatArray) -> FloatArray:
        """Vectors (N, D) of length 1 of what boxes (N, 4) of a picture (H, W, 3) show; (0, 0) of none."""
        if not len(boxes_xyxy):
            return np.zeros((0, 0), np.float32)
        crops = np.stack([crop(rgb, box) for box in boxes_xyxy])
        return self._embedder.run(preprocess(self._cards[1], crops))


def best_apart(boxes_xyxy: FloatArray, scores: FloatArray) -> list[int]:
    """Places of the best of boxes (N, 4) by scores (N,), `MOST` at most, none much over a better one."""
    order = np.argsort(-scores, kind="stable")[: 20 * MOST]
    order = order[(boxes_xyxy[order, 2:] - boxes_xyxy[order, :2]).min(axis=1, initial=np.inf) >= 1]
    return [int(order[at]) for at in suppressed(boxes_xyxy[order], scores[order], _APART)[:MOST]]


def crop(rgb: Image, box_xyxy: FloatArray) -> Image:
    """A square (128, 128, 3) around a box (4,) of a picture (H, W, 3); what lies outside mirrors what is inside."""
    span = max(float((box_xyxy[2:] - box_xyxy[:2]).max()), 1.0) * (1 + 2 * ROOM)
    factor = CROP_PX / span
    source = rgb
    while factor < 0.5 and min(source.shape[:2]) > 1:  # linear interpolation skips pixels below a half
        half_wh = (source.shape[1] + 1) // 2, (source.shape[0] + 1) // 2
        source = np.asarray(cv2.resize(source, half_wh, interpolation=cv2.INTER_AREA), np.uint8)
        factor *= 2
    middle = (box_xyxy[:2] + box_xyxy[2:]) / 2
    shrink = source.shape[1] / rgb.shape[1], source.shape[0] / rgb.shape[0]
    matrix = np.array(
        [
            [factor, 0, CROP_PX / 2 - factor * float(middle[0]) * shrink[0]],
            [0, factor, CROP_PX / 2 - factor * float(middle[1]) * shrink[1]],
        ]
    )
    square = cv2.warpAffine(
        source, matrix, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(square, np.uint8)
