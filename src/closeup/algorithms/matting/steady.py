"""A matte that is steady in time: where the picture does not change, neither does the matte.

A network answers a little differently to the noise of each frame, and a still edge flickers. So each frame's answer is
mixed with what is held, and counts for more the more the picture there disagrees with the one that the held answer was
made of. A first-order filter comes late where things move; one whose weight grows with disagreement does not.
"""

import cv2
import numpy as np

from closeup.core.types import FloatArray, Image

STILL = 0.05
"""What a new answer counts where the picture stays as it is."""

_NOISE, _MOVED = 3.0, 9.0
"""Levels by which a small picture differs through noise alone, and from which on what it shows has moved."""


class SteadyMatte:
    """Holds the matte of one shot from frame to frame; a cut begins another."""

    def __init__(self) -> None:
        self._picture: FloatArray | None = None
        self._held: FloatArray

    def step(self, picture: Image, alpha: FloatArray) -> FloatArray:
        """The steady matte of the next frame, (H, W), by its own and its small picture, uint8 (h, w, 3)."""
        seen = cv2.blur(picture, (3, 3)).astype(np.float32)
        if self._picture is None:
            self._picture, self._held = seen, alpha.copy()
        else:
            red, green, blue = cv2.split(np.abs(seen - self._picture))
            weight = self.weight(np.maximum(np.maximum(red, green), blue))
            self._picture += weight[..., None] * (seen - self._picture)
            self._held += cv2.resize(weight, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR) * (alpha - self._held)
        return self._held.copy()

    @staticmethod
    def weight(apart: FloatArray) -> FloatArray:
        """What a new answer counts, (H, W), by how many levels the picture (H, W) differs from that of the held one."""
        near = cv2.dilate(cv2.blur(apart, (3, 3)), np.ones((5, 5), np.uint8))
        return np.asarray(STILL + (1 - STILL) * np.clip((near - _NOISE) / (_MOVED - _NOISE), 0, 1), np.float32)
