"""What of a picture is a person, pixel by pixel, by closeup's own network (recipes/matte.py)."""

import math

import cv2
import numpy as np

from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.perception.preprocessing import preprocess
from closeup.weights.cards import card
from closeup.weights.session import open_session
from closeup.weights.store import require

CARD_NAME = "matte"

SEEN_PX = 288
"""The network sees a picture with about as many pixels as a square of this side has, in the picture's own shape."""

_LONGEST = 4
"""Very wide or high pictures are shown as if they were this many times as long as they are wide, and no more."""


class PersonMatte:
    """The soft matte of all people in a picture; one serves all threads.

    Attributes:
        card_name: Of the network.
    """

    def __init__(self, settings: Settings | None = None, *, threads: int = 1) -> None:
        """Load the network.

        Args:
            threads: How many threads one picture may use; the answers do not depend on it.

        Raises:
            ModelError: If its file is missing or damaged.
        """
        self.card_name = CARD_NAME
        self._card = card(CARD_NAME)
        self._session = open_session(require(self._card, settings or read_settings()), threads=threads)

    def alpha(self, rgb: Image) -> FloatArray:
        """How much of each pixel is a person.

        Args:
            rgb: A picture (H, W, 3) uint8.

        Returns:
            float32 (H, W) from 0 to 1: the network's answer, brought to the picture's own size.
        """
        answer = self._session.run(preprocess(self._card, self.shown(rgb)[None]))[0, 0]
        alpha = cv2.resize(answer, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.clip(np.asarray(alpha, np.float32), 0, 1)

    def shown(self, rgb: Image) -> Image:
        """A picture (H, W, 3) in the size that the network is shown it in; see `seen_size`."""
        size_wh = seen_size((rgb.shape[1], rgb.shape[0]), self._card.input_multiple)
        return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def seen_size(size_wh: tuple[int, int], multiple: int, side_px: int = SEEN_PX) -> tuple[int, int]:
    """The size (width, height) that a picture is shown in: about its own shape, sides multiples of `multiple`.

    Args:
        size_wh: Of the picture.
        side_px: Of the square that has as many pixels.
    """
    longer = math.sqrt(min(max(size_wh[0] / size_wh[1], 1 / _LONGEST), _LONGEST))
    width, height = (max(1, round(side / multiple)) * multiple for side in (side_px * longer, side_px / longer))
    return width, height
