"""The expression on a face: which of seven it is, and how strong.

Our own network (`weights.network_card`, "expression") answers both; where it is not there, face-api's network, which
can be pulled, still says how strong an expression is. Strength is the probability that a face is not neutral, and a
laugh and a shout are both worth watching: networks tell neutral faces from others far better than one expression from
the next. A mouth that speaks moves too, so that single pictures of speakers come out expressive now and then; a mean
over a second or more means something.
"""

import numpy as np

from closeup.core.errors import ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.perception.classifier import PictureClassifier, is_shipped, shipped
from closeup.perception.face_crop import cut_out
from closeup.perception.preprocessing import preprocess
from closeup.weights.cards import card
from closeup.weights.session import open_session
from closeup.weights.store import locate, require

OWN_NAME = "expression"
"""The model that comes with closeup; also the name of its head."""

CARD_NAME = "faceapi-expression"
"""The model that says how strong an expression is where ours is not there."""

NEUTRAL = "neutral"

BOX_SCALE = 1.0
"""Side of the square that is cut out for face-api's network, in longer sides of the face's box. With 1.15 the area
under the curve on LFW falls from 0.956 to 0.949, with 1.3 to 0.916."""

SMALLEST_PX = 24
"""Shorter sides of the box below this are not judged: there is not enough to see."""

BATCH = 8
"""Faces that are worth collecting before `strengths` is called."""

_NEUTRAL = 0
"""The class that face-api's card names first."""


class ExpressionJudge:
    """Judges how strong expressions are; make one for each thread.

    Attributes:
        card_name: Of the model that judges.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        """Load our own network, or else the one that was pulled.

        Raises:
            ModelError: If neither is on this machine; says what to type.
        """
        settings = settings or read_settings()
        own = is_shipped(OWN_NAME, settings)
        self.card_name = OWN_NAME if own else CARD_NAME
        self._network: _OwnNetwork | _PulledNetwork = _OwnNetwork(settings) if own else _PulledNetwork(settings)

    def crop(self, image: Image, box_xyxy: FloatArray, landmarks_xy: FloatArray | None = None) -> Image:
        """Cut a face out of an RGB picture (H, W, 3) as the network wants it: (S, S, 3).

        Args:
            box_xyxy: The face's box (4,), pixels.
            landmarks_xy: Its five landmarks (5, 2), pixels. With them our own network sees the face as it was trained
                to; without, as if they lay where an average face has them. face-api's goes by the box alone.
        """
        return self._network.crop(image, box_xyxy, landmarks_xy)

    def strengths(self, crops: Image) -> FloatArray:
        """How strong the expressions on crops (N, S, S, 3) are: (N,) float32, 0 (neutral) to 1; N may be 0."""
        if len(crops) == 0:
            return np.zeros(0, np.float32)
        return np.asarray(np.clip(1 - self._network.neutral(crops), 0, 1), np.float32)


class _OwnNetwork:
    """The network that comes with closeup."""

    def __init__(self, settings: Settings) -> None:
        self._classifier = expression_model(settings)
        self._place = self._classifier.card.head(OWN_NAME).classes.index(NEUTRAL)

    def crop(self, image: Image, box_xyxy: FloatArray, landmarks_xy: FloatArray | None) -> Image:
        return self._classifier.crop(image, landmarks_xy, box_xyxy)

    def neutral(self, crops: Image) -> FloatArray:
        return self._classifier.answers(crops)[OWN_NAME][:, self._place]


class _PulledNetwork:
    """face-api's, driven by its card."""

    def __init__(self, settings: Settings) -> None:
        model = card(CARD_NAME)
        self._side = model.input_px
        self._card = model
        self._session = open_session(require(model, settings))

    def crop(self, image: Image, box_xyxy: FloatArray, _: FloatArray | None) -> Image:
        return box_crop(image, box_xyxy, self._side, BOX_SCALE)

    def neutral(self, crops: Image) -> FloatArray:
        return self._session.run(preprocess(self._card, crops))[:, _NEUTRAL]


def box_crop(image: Image, box_xyxy: FloatArray, size_px: int, scale: float) -> Image:
    """Cut the square around a face's box out of an RGB picture (H, W, 3).

    Args:
        box_xyxy: The box (4,), pixels.
        size_px: Side S of the crop.
        scale: Side of the square in longer sides of the box.

    Returns:
        uint8 (S, S, 3); beyond the picture's edge its outermost pixels go on.
    """
    x0, y0, x1, y1 = (float(value) for value in box_xyxy)
    side = max(x1 - x0, y1 - y0, 1.0) * scale
    factor = size_px / side
    left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    # Pixel centres lie at whole numbers, and edges half a pixel out.
    move_x, move_y = ((0.5 - edge) * factor - 0.5 for edge in (left, top))
    return cut_out(image, np.array([[factor, 0, move_x], [0, factor, move_y]], np.float64), (size_px, size_px))


def expression_model(settings: Settings | None = None) -> PictureClassifier:
    """Load our own network: the head "expression" answers probabilities (N, 7) in the order of its card.

    Raises:
        ModelError: If it is not there, or answers something else.
    """
    classifier = shipped(OWN_NAME, settings)
    if NEUTRAL not in classifier.card.head(OWN_NAME).classes:
        raise ModelError(f"The model {OWN_NAME} has no class {NEUTRAL!r}, so it is not the one that belongs here.")
    return classifier


def missing(settings: Settings | None = None) -> str | None:
    """Why expressions cannot be judged on this machine and what would help, in a few words; None where they can."""
    settings = settings or read_settings()
    try:
        if is_shipped(OWN_NAME, settings):
            return None
        model = card(CARD_NAME)
        if locate(model, settings) is not None:
            return None
        require(model, settings)
    except ModelError as error:
        return f"{error.message} {error.hint}".strip()
    return None
