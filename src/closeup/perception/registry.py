"""Which models serve which role: `auto`, `builtin` or `zoo` to ready detectors and embedders."""

from collections.abc import Callable
from dataclasses import dataclass

from closeup.core.errors import InputError
from closeup.core.settings import Settings, read_settings
from closeup.perception.embedder import OnnxEmbedder
from closeup.perception.protocols import FaceDetector, FaceEmbedder
from closeup.weights.cards import CHOICES, ModelCard, card
from closeup.weights.session import open_session
from closeup.weights.store import locate, require

DETECTOR, EMBEDDER = "yunet-2023mar", "sface-2021dec"
"""What finds faces everywhere, and what tells people apart in a cast. Both arrive with pip. The length of SFace's
vectors before normalisation says what they are worth, which a cast needs: with face-reid-0095 on the same tracks of 17
clips of films three listed people are mixed, with SFace none is."""

RECOGNISERS = ("face-reid-0095", EMBEDDER)
"""Embedders that tell people apart in the gallery, best first: those whose false-accept rates have been measured."""


@dataclass(frozen=True, slots=True)
class FaceModels:
    """The models of one analysis.

    Attributes:
        detector_card: Card of the detector.
        embedder_cards: Of the embedders that may be used; the first answers, and its thresholds decide who is who.
        new_detector: Makes a detector; call it once for each thread.
        new_embedder: Loads one of the embedders; it serves all threads.
    """

    detector_card: ModelCard
    embedder_cards: tuple[ModelCard, ...]
    new_detector: Callable[[], FaceDetector]
    new_embedder: Callable[[ModelCard], FaceEmbedder]


def choose(models: str, settings: Settings) -> tuple[ModelCard, ModelCard]:
    """Say which detector and embedder `models` stands for; nothing is loaded or fetched.

    They are the same for every choice today: nothing that can be pulled is better than what pip brings.

    Raises:
        InputError: If `models` is none of the choices.
    """
    if models not in CHOICES:
        raise InputError(f"There is no set of models called {models!r}.", f"Use one of: {', '.join(CHOICES)}.")
    return card(DETECTOR), card(EMBEDDER)


def choose_recognisers(models: str, settings: Settings) -> tuple[ModelCard, ...]:
    """Say which embedders the gallery uses for `models` on this machine; nothing is loaded.

    The first embedder answers; templates are kept for all.

    Raises:
        ModelError: If a file is damaged.
    """
    names = [EMBEDDER] if models == "builtin" else RECOGNISERS
    embedders = tuple(card(name) for name in names if locate(card(name), settings) is not None)
    return embedders or (card(EMBEDDER),)


def cast_models(models: str, settings: Settings | None = None) -> FaceModels:
    """The models by which a cast is made, for `models` of `CHOICES`.

    Raises:
        InputError: If `models` is none of the choices.
        ModelError: If the detector is not on this machine; says what to type.
    """
    settings = settings or read_settings()
    detector_card, embedder_card = choose(models, settings)
    return _models(detector_card, (embedder_card,), settings)


def face_models(models: str, settings: Settings | None = None) -> FaceModels:
    """The models by which faces are found and recognised in pictures, for `models` of `CHOICES`.

    Raises:
        InputError: If `models` is none of the choices.
        ModelError: If the detector is not on this machine, or a file is damaged; says what to type.
    """
    settings = settings or read_settings()
    detector_card, _ = choose(models, settings)
    return _models(detector_card, choose_recognisers(models, settings), settings)


def _models(detector_card: ModelCard, embedder_cards: tuple[ModelCard, ...], settings: Settings) -> FaceModels:
    new_detector = ARCHITECTURES[detector_card.architecture](detector_card, settings)
    return FaceModels(detector_card, embedder_cards, new_detector, lambda model: load_embedder(model, settings))


def load_embedder(embedder_card: ModelCard, settings: Settings) -> FaceEmbedder:
    """Load one embedder; on one thread a run, since faces are embedded beside decoding and detection."""
    return OnnxEmbedder(embedder_card, open_session(require(embedder_card, settings), threads=1))


def _yunet(detector_card: ModelCard, settings: Settings) -> Callable[[], FaceDetector]:
    from closeup.perception.yunet import YuNetDetector

    model = require(detector_card, settings)
    return lambda: YuNetDetector(detector_card, open_session(model, threads=1))


ARCHITECTURES: dict[str, Callable[[ModelCard, Settings], Callable[[], FaceDetector]]] = {"yunet": _yunet}
"""A detector card's `architecture` to what makes a factory of such detectors, one for each thread."""
