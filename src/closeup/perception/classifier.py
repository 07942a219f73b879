"""Classifiers and estimators of our own: any network that carries its card (`weights.network_card`).

The card says how a picture or a face is cut out and what the answers are called, so that a network is used as it was
trained, wherever it comes from.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from closeup.core.errors import ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.documents.faces import Answer, ClassAnswer, ValueAnswer
from closeup.media.square import square
from closeup.perception.face_crop import FaceFrame, crop_face
from closeup.perception.preprocessing import preprocess
from closeup.weights.cards import ModelCard, all_cards, card
from closeup.weights.network_card import NetworkCard, NetworkHead, card_of
from closeup.weights.session import NamedSession, open_session
from closeup.weights.store import locate, require

BATCH = 16
"""Crops that go through a network together; the answers do not depend on it."""

AVERAGE_IN_BOX = np.array([(-0.176, -0.128), (0.176, -0.128), (0, 0.071), (-0.149, 0.225), (0.149, 0.225)])
"""Landmarks (5, 2) of an average face from the middle of its box, in longer sides of the box: the mean over YuNet's
boxes of 3,053 pictures of LFW with one face, made symmetric."""


class PictureClassifier:
    """A network with its card. Serves several threads.

    Attributes:
        card: What it carries.
        path: The file it was read from.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Load the network at `path`.

        Args:
            path: An ONNX file with a card inside.
            threads: How many threads one run may use.

        Raises:
            ModelError: If the file is missing, no network, or has no card.
            FormatError: If the card is wrong.
        """
        session = open_session(path, threads=threads)
        self.path = path
        self.card: NetworkCard = card_of(session, path)
        self._session: NamedSession = session
        self._frame = FaceFrame(self.card.name, self.card.alignment, "its card") if self.card.alignment else None

    @property
    def wants_faces(self) -> bool:
        """Whether it was trained on aligned faces, and not on whole pictures."""
        return self._frame is not None

    def crop(self, image: Image, landmarks_xy: FloatArray | None = None, box_xyxy: FloatArray | None = None) -> Image:
        """Cut out of a picture what the network wants to see.

        With landmarks, and for a network of aligned faces, the face is aligned by them. With a box alone such a
        network gets the face as if its landmarks lay where an average face has them, which is less exact; another
        network gets the square around the box. With neither, the picture is taken whole: for a picture that shows a
        face and nothing else, or a network of whole pictures.

        Args:
            image: RGB uint8 (H, W, 3).
            landmarks_xy: Five points (5, 2), pixels; None where they are not known.
            box_xyxy: The face's or thing's box (4,), pixels; None for all of the picture.

        Returns:
            uint8 (P, P, 3).

        Raises:
            ValueError: If the landmarks are not finite or all in one place, or the picture is empty.
        """
        size, grey = self.card.input_px, self.card.grey
        if self._frame is None or (landmarks_xy is None and box_xyxy is None):
            part = image if box_xyxy is None else _square_around(image, box_xyxy)
            return square(part, size, self.card.fit, grey=grey)
        points = landmarks_xy if landmarks_xy is not None else average_landmarks(cast(FloatArray, box_xyxy))
        return square(crop_face(image, points, self._frame, round(size * self.card.cut_larger)), size, grey=grey)

    def answers(self, crops: Image) -> dict[str, FloatArray]:
        """Ask the network about crops (N, P, P, 3), uint8 RGB; N may be 0.

        Returns:
            By head: probabilities (N, K) that sum to 1, or values (N,) in the head's unit; float32.

        Raises:
            ValueError: If the crops have another shape or type.
            ModelError: If the network does not answer what its card says.
        """
        side = self.card.input_px
        if crops.ndim != 4 or crops.shape[1:] != (side, side, 3) or crops.dtype != np.uint8:
            raise ValueError(f"expected uint8 (N, {side}, {side}, 3), got {crops.dtype} {crops.shape}")
        batches = [self._batch(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
        empty = [np.empty((0, max(len(head.classes), 1)), np.float32) for head in self.card.heads]
        answers: dict[str, FloatArray] = {}
        for place, head in enumerate(self.card.heads):
            joined = np.concatenate([empty[place], *(batch[place] for batch in batches)])
            answers[head.name] = joined[:, 0] if head.kind == "value" else joined
        return answers

    def named(self, answers: Mapping[str, FloatArray]) -> tuple[dict[str, Answer], ...]:
        """What `answers` gave, (N, K) or (N,) by head, for each of the N crops in words."""
        columns = [named_answers(head, answers[head.name]) for head in self.card.heads]
        names = [head.name for head in self.card.heads]
        return tuple(dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))

    def _batch(self, crops: Image) -> list[FloatArray]:
        outputs = self._session.run_all(preprocess(self.card, crops))
        for head, output in zip(self.card.heads, outputs, strict=True):
            wanted = (len(crops), max(len(head.classes), 1))
            if output.shape != wanted or not np.isfinite(output).all():
                raise ModelError(
                    f"{self.path} answers {head.name} with numbers of shape {output.shape}, not {wanted}, or with "
                    "numbers that are none."
                )
        return outputs


def named_answers(head: NetworkHead, answers: FloatArray) -> list[Answer]:
    """One head's answers, probabilities (N, K) or values (N,), in words."""
    if head.kind == "value":
        return [ValueAnswer(float(value), head.unit) for value in answers]
    best = answers.argmax(axis=1) if len(answers) else []
    return [
        ClassAnswer(head.classes[place], dict(zip(head.classes, map(float, row), strict=True)))
        for place, row in zip(best, answers, strict=True)
    ]


def average_landmarks(box_xyxy: FloatArray) -> FloatArray:
    """Where an average upright face with box (4,) has its five landmarks: (5, 2), pixels."""
    box = np.asarray(box_xyxy, np.float64)
    side = max(float((box[2:] - box[:2]).max()), 1.0)
    return np.asarray((box[:2] + box[2:]) / 2 + AVERAGE_IN_BOX * side, np.float32)


def shipped(name: str, settings: Settings | None = None, *, threads: int = 1) -> PictureClassifier:
    """Load a model of our own that comes with closeup: "expression" or "attributes"; `threads` for each run of it.

    Raises:
        ModelError: If it is not there or damaged; says what to type.
    """
    return PictureClassifier(require(_shipped_card(name), settings or read_settings()), threads=threads)


def shipped_names() -> Sequence[str]:
    """Names of the classifiers of our own that come with this closeup."""
    return [
        each.name
        for each in all_cards().values()
        if each.package == "closeup" and each.task in ("expression", "attributes")
    ]


def is_shipped(name: str, settings: Settings | None = None) -> bool:
    """Whether a model of our own of that name is there.

    Raises:
        ModelError: If its file is damaged.
    """
    if name not in shipped_names():
        return False
    return locate(_shipped_card(name), settings or read_settings()) is not None


def _square_around(image: Image, box_xyxy: FloatArray) -> Image:
    """The square (S, S, 3) around the middle of a box, as wide as its longer side; beyond the edge pixels go on."""
    x0, y0, x1, y1 = (float(value) for value in box_xyxy)
    side = max(round(max(x1 - x0, y1 - y0)), 1)
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    return np.ascontiguousarray(image[rows[:, None], columns[None, :]])


def _shipped_card(name: str) -> ModelCard:
    if name not in shipped_names():
        raise ModelError(
            f"There is no model called {name!r} in this package.",
            f"It has: {', '.join(shipped_names()) or 'none of its own'}.",
            code="model.unknown",
        )
    return card(name)
