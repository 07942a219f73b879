"""How strong the expression of a face is: the probability that it is not neutral.

Strength, and not which expression: a laugh and a shout are both worth watching, and networks of this size tell neutral
faces from others far better than one expression from the next (the card faceapi-expression has the figures). A mouth
that speaks moves too, so that single pictures of speakers come out expressive now and then; a mean over a second or
more means something.
"""

import numpy as np

from closeup.core.errors import ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.perception.cutout import cut_out
from closeup.weights.cards import card
from closeup.weights.session import open_session
from closeup.weights.store import locate, require

CARD_NAME = "faceapi-expression"

BOX_SCALE = 1.0
"""Side of the square that is cut out, in longer sides of the face's box. With 1.15 the area under the curve on LFW
falls from 0.956 to 0.949, with 1.3 to 0.916."""

SMALLEST_PX = 24
"""Shorter sides of the box below this are not judged: there is not enough to see."""

BATCH = 8
"""Faces that are worth collecting before `strengths` is called."""

_NEUTRAL = 0
"""The class that the card names first."""


class ExpressionJudge:
    """Judges faces; make one for each thread."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Load the network.

        Raises:
            ModelError: If it is not on this machine; says what to type.
        """
        model = card(CARD_NAME)
        if model.input_size_wh is None:
            raise ModelError(f"The card of {model.name} does not say the size of its input.")
        self._size_wh = model.input_size_wh
        self._mean = np.array(model.mean, np.float32)
        self._std = np.array(model.std, np.float32)
        self._swap = model.colour == "BGR"
        self._session = open_session(require(model, settings or read_settings()))

    def crop(self, image: Image, box_xyxy: FloatArray) -> Image:
        """Cut the face with box (4,) out of an RGB picture (H, W, 3): a square as the network wants it, (S, S, 3)."""
        x0, y0, x1, y1 = (float(value) for value in box_xyxy)
        side = max(x1 - x0, y1 - y0, 1.0) * BOX_SCALE
        scale = self._size_wh[0] / side
        left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
        # Pixel centres lie at whole numbers, and edges half a pixel out.
        move_x, move_y = ((0.5 - edge) * scale - 0.5 for edge in (left, top))
        return cut_out(image, np.array([[scale, 0, move_x], [0, scale, move_y]], np.float64), self._size_wh)

    def strengths(self, crops: Image) -> FloatArray:
        """How strong the expressions on crops (N, S, S, 3) are: (N,) float32, 0 (neutral) to 1; N may be 0."""
        if len(crops) == 0:
            return np.zeros(0, np.float32)
        pixels = crops[..., ::-1] if self._swap else crops
        inputs = ((pixels.astype(np.float32) - self._mean) / self._std).transpose(0, 3, 1, 2)
        probabilities = self._session.run(np.ascontiguousarray(inputs))
        return np.asarray(np.clip(1 - probabilities[:, _NEUTRAL], 0, 1), np.float32)


def missing(settings: Settings | None = None) -> str | None:
    """Why expressions cannot be judged on this machine and what would help, in a few words; None where they can."""
    model = card(CARD_NAME)
    settings = settings or read_settings()
    try:
        if locate(model, settings) is not None:
            return None
        require(model, settings)
    except ModelError as error:
        return f"{error.message} {error.hint}".strip()
    return None
