"""Which models serve which role: `auto`, `builtin` or `zoo` to ready detectors and embedders."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError, ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray
from closeup.perception.embedder import OnnxEmbedder
from closeup.perception.protocols import FaceDetector, FaceEmbedder
from closeup.weights.cards import CHOICES, ModelCard, card
from closeup.weights.session import open_session
from closeup.weights.store import locate, require

DETECTORS = {"builtin": "dlib-hog", "zoo": "yunet-2023mar"}
EMBEDDERS = {"builtin": "dlib-resnet-128", "zoo": "sface-2021dec"}
"""Card names by pack; where the zoo's embedder has not been pulled, the builtin one serves its detector as well."""

LANDMARKS = "dlib-5"

RECOGNISERS = ("face-reid-0095", "dlib-resnet-128")
"""Embedders that tell people apart in the gallery, best first: those whose false-accept rates have been measured. The
cast keeps to `EMBEDDERS`: its thresholds are read for those."""


@dataclass(frozen=True, slots=True)
class FaceModels:
    """The models of one analysis.

    Attributes:
        detector_card: Card of the detector.
        embedder_card: Card of the embedder; its thresholds decide who is who.
        new_detector: Makes a detector; call it once for each thread.
        embedder: Serves all threads.
    """

    detector_card: ModelCard
    embedder_card: ModelCard
    new_detector: Callable[[], FaceDetector]
    embedder: FaceEmbedder


def choose(models: str, settings: Settings) -> tuple[ModelCard, ModelCard]:
    """Say which detector and embedder `models` stands for on this machine; nothing is loaded or fetched.

    `zoo` insists on the zoo's detector and takes its embedder where it has been pulled; `auto` takes what is there.

    Raises:
        InputError: If `models` is none of the choices.
    """
    if models not in CHOICES:
        raise InputError(f"There is no set of models called {models!r}.", f"Use one of: {', '.join(CHOICES)}.")
    detector, embedder = card(DETECTORS["builtin"]), card(EMBEDDERS["builtin"])
    zoo_detector, zoo_embedder = card(DETECTORS["zoo"]), card(EMBEDDERS["zoo"])
    if models == "zoo" or (models == "auto" and locate(zoo_detector, settings) is not None):
        detector = zoo_detector
        if locate(zoo_embedder, settings) is not None:
            embedder = zoo_embedder
    return detector, embedder


def choose_recognisers(models: str, settings: Settings) -> tuple[tuple[ModelCard, ...], tuple[ModelCard, ...]]:
    """Say which detectors and embedders the gallery uses for `models` on this machine, best first; nothing is loaded.

    The first detector looks first; another one looks where it finds nothing. The first embedder answers.

    Raises:
        InputError: If `models` is none of the choices.
        ModelError: If a file is damaged.
    """
    first, _ = choose(models, settings)
    others = [card(name) for name in DETECTORS.values() if name != first.name and models != "builtin"]
    detectors = (first, *(each for each in others if locate(each, settings) is not None))
    names = [EMBEDDERS["builtin"]] if models == "builtin" else RECOGNISERS
    embedders = tuple(card(name) for name in names if locate(card(name), settings) is not None)
    return detectors, embedders or (card(EMBEDDERS["builtin"]),)


def new_detector(detector_card: ModelCard, settings: Settings) -> FaceDetector:
    """Load one detector, for one thread.

    Raises:
        ModelError: If it is not on this machine; says what to type.
    """
    return _detector_factory(detector_card, settings)()


def face_models(models: str, settings: Settings | None = None) -> FaceModels:
    """Load the models that `models` stands for.

    Raises:
        InputError: If `models` is none of the choices.
        ModelError: If one is not on this machine; says what to type.
    """
    settings = settings or read_settings()
    detector_card, embedder_card = choose(models, settings)
    new_detector = _detector_factory(detector_card, settings)
    embedder = load_embedder(embedder_card, settings)
    return FaceModels(detector_card, embedder_card, new_detector, embedder)


def load_embedder(embedder_card: ModelCard, settings: Settings) -> FaceEmbedder:
    """Load one embedder; on one thread a run, since faces are embedded beside decoding and detection."""
    return OnnxEmbedder(embedder_card, open_session(require(embedder_card, settings), threads=1))


def better_detector(models: dict[str, str], settings: Settings | None = None) -> ModelCard | None:
    """The detector that could be pulled in place of a lesser one in `models` (role to card name), if any."""
    settings = settings or read_settings()
    better = card(DETECTORS["zoo"])
    return better if models.get("detector") == DETECTORS["builtin"] and not _is_here(better, settings) else None


def _is_here(model: ModelCard, settings: Settings) -> bool:
    """Whether the model has been pulled; a damaged file counts as absent, since pulling again mends it."""
    try:
        return locate(model, settings) is not None
    except ModelError:
        return False


def _detector_factory(detector_card: ModelCard, settings: Settings) -> Callable[[], FaceDetector]:
    return ARCHITECTURES[detector_card.architecture](detector_card, settings)


def _yunet(detector_card: ModelCard, settings: Settings) -> Callable[[], FaceDetector]:
    from closeup.perception.yunet import YuNetDetector

    model = require(detector_card, settings)
    return lambda: YuNetDetector(detector_card, open_session(model, threads=1))


def _hog(detector_card: ModelCard, settings: Settings) -> Callable[[], FaceDetector]:
    from closeup.perception.hog import HogDetector

    landmarks = require(card(LANDMARKS), settings)
    return lambda: HogDetector(landmarks, landmark_map(), detector_card.name)


ARCHITECTURES: dict[str, Callable[[ModelCard, Settings], Callable[[], FaceDetector]]] = {"yunet": _yunet, "hog": _hog}
"""A detector card's `architecture` to what makes a factory of such detectors, one for each thread."""


@cache
def landmark_map() -> FloatArray:
    """The map (11, 10) from dlib's five points to the usual five; see `perception.hog.usual_five`."""
    table = json.loads((Path(__file__).parent / "landmark_map.json").read_text(encoding="utf-8"))
    return np.array(table["map"], dtype=np.float32)
