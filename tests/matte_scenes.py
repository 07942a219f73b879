"""A person of known colours before a background of known colours, with a soft edge: what comes out is known, too."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.matting.light import to_levels

SIZE_WH = (240, 160)


@dataclass(frozen=True)
class Scene:
    """Alpha (H, W), the person's light and the background's (H, W, 3), and the picture of both, uint8 (H, W, 3)."""

    alpha: NDArray[np.float32]
    person: NDArray[np.float32]
    ground: NDArray[np.float32]
    picture: NDArray[np.uint8]


def scene(person: float, soft_px: float = 2.0, moved_px: int = 0) -> Scene:
    """An oval of light `person` before an uneven background of about 0.25."""
    width, height = SIZE_WH
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (width // 2 + moved_px, height // 2 + 20), (45, 70), 0, 0, 360, 1.0, -1)
    alpha = cv2.GaussianBlur(mask, (0, 0), soft_px)
    alpha[alpha < 0.01], alpha[alpha > 0.99] = 0, 1
    rough = np.random.default_rng(5).uniform(0.12, 0.4, (11, 16, 3)).astype(np.float32)
    ground = cv2.resize(rough, SIZE_WH, interpolation=cv2.INTER_CUBIC)
    body = np.full_like(ground, person)
    seen = alpha[..., None] * body + (1 - alpha[..., None]) * ground
    return Scene(alpha, body, ground, np.rint(to_levels(seen)).astype(np.uint8))
