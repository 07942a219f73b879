"""Where the models' files are: in an installed package, or pulled or converted into the models folder."""

import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from closeup.core.errors import CloseupError, ModelError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.settings import Settings, read_settings
from closeup.core.whole import write_whole
from closeup.documents.form import Form
from closeup.weights.cards import ModelCard, all_cards
from closeup.weights.dequantise import DEQUANTISE_VERSION, dequantise, dequantise_free_size
from closeup.weights.download import MODELS_DIR_HINT, fetch
from closeup.weights.free_size import FREE_SIZE_VERSION, free_size

CONVERTERS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "dequantise": (DEQUANTISE_VERSION, dequantise),
    "dequantise-free-size": (DEQUANTISE_VERSION, dequantise_free_size),
    "free-size": (FREE_SIZE_VERSION, free_size),
}
"""Name on the card to the version and the function of a conversion into ONNX."""

FINE, ABSENT, DAMAGED = "fine", "absent", "damaged"
"""What `verify` finds."""


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What `verify` found out about one model.

    Attributes:
        name: Of the card.
        state: "fine", "absent" or "damaged".
        path: The file that was looked at; None where there is none.
        error: What is wrong; None where nothing is.
    """

    name: str
    state: str
    path: Path | None
    error: ModelError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """One model for other programs: what it is, and whether it is on this machine; see `ModelCard`."""

    name: str
    task: str
    pack: str
    state: Literal["ready", "not installed", "not pulled", "damaged"]
    path: str | None
    bytes: int | None
    sha256: str | None
    url: str | None
    made_from: str
    licence: str
    licence_note: str
    commercial_use: bool
    training_data: str
    used_by: tuple[str, ...] = ()


STORED_MODEL = Form(StoredModel, "closeup model")


def stored_model(card: ModelCard, settings: Settings) -> StoredModel:
    """Say whether a model is on this machine; reads no content and uses no network."""
    path = None
    try:
        path = locate(card, settings)
        state = "ready" if path else "not pulled" if card.pack == "zoo" else "not installed"
    except ModelError:
        state = "damaged"
    known: dict[str, Any] = {item.name: getattr(card, item.name, None) for item in fields(StoredModel)}
    here = {"state": state, "path": str(path) if path else None, "training_data": " ".join(card.data)}
    return StoredModel(**known | here)


def locate(card: ModelCard, settings: Settings) -> Path | None:
    """Where the model is on this machine, or None if it is not; reads no content and uses no network.

    That is the file as pulled, as installed with its package, or as converted; a model that still has to be converted
    is where its package has it; one that is part of a package's own code is in the package's folder.

    Raises:
        ModelError: If there is a file in its place that cannot be it, because its length is another.
    """
    if card.converter is not None and (converted := _converted_path(card, settings)).is_file():
        return converted
    if not card.file:
        return _package_dir(card)
    path = _original_path(card, settings)
    if path is None or not path.is_file():
        return None
    if (length := path.stat().st_size) != card.bytes:
        raise _damaged(card, f"{path} is damaged: it has {length} bytes, not {card.bytes}.")
    return path


def refusal(card: ModelCard, settings: Settings) -> str:
    """Why the settings keep a model from being used, a sentence; empty where they do not."""
    return noncommercial_note(card) if settings.commercial_only else ""


def noncommercial_note(card: ModelCard) -> str:
    """A sentence that its terms bar commercial use; empty where they do not."""
    return "" if card.commercial_use else f"The model {card.name} is not for commercial use: see MODELS.md."


def require(card: ModelCard, settings: Settings) -> Path:
    """The model's file, ready to be opened; converts it first, once, if that is what it needs.

    Raises:
        ModelError: If it is not on this machine, damaged, or the converted file cannot be kept; or its terms bar
            commercial use, and the settings ask for models that may be used so.
    """
    if reason := refusal(card, settings):
        raise ModelError(reason, code="model.noncommercial", name=card.name)
    path = locate(card, settings)
    if path is None:
        raise _absent(card)
    if card.converter is None or path == _converted_path(card, settings):
        return path
    return _convert(card, path, settings)


def ready_all(settings: Settings | None = None) -> list[Path]:
    """Convert every model that arrives with pip, as an image or an installer does; gives their files.

    Raises:
        ModelError: If one is missing or damaged.
    """
    settings = settings or read_settings()
    return [require(each, settings) for each in all_cards().values() if each.pack == "builtin"]


def pull(card: ModelCard, settings: Settings, progress: ProgressCallback = ignore) -> Path:
    """Fetch the model's file into the models folder, from its official address or from the mirror in `settings`.

    A file that is there already, with the right hash, is kept and nothing is fetched. Progress is told in bytes.

    Raises:
        ModelError: If the model arrives with pip and not by pulling; if it has no official address and there is no
            mirror; if it cannot be had, is not the file that the card describes, or cannot be kept. Then nothing is
            left of it.
    """
    if card.package is not None or card.bytes is None or card.sha256 is None:
        raise ModelError(
            f"The model {card.name} is not pulled: it arrives with the package {card.requirement}.",
            f"If it is missing: pip install {card.requirement}",
        )
    target = settings.models_dir / card.file
    if not (target.is_file() and _hash(target) == card.sha256):
        source, official = _source(card, settings), card.url is not None
        fetch(source, target, progress, size=card.bytes, sha256=card.sha256, official=official)
    return target


def verify(card: ModelCard, settings: Settings) -> VerifyResult:
    """Read the model's file, and the one converted from it, and compare them with what they have to be."""
    try:
        path = locate(card, settings)
        if path is None:
            return VerifyResult(card.name, ABSENT, None)
        if not card.file:
            return VerifyResult(card.name, FINE, path)
        return _verify_content(card, settings)
    except ModelError as error:
        return VerifyResult(card.name, DAMAGED, None, error)


def _verify_content(card: ModelCard, settings: Settings) -> VerifyResult:
    original = _original_path(card, settings)
    if original is None or not original.is_file():
        return VerifyResult(card.name, ABSENT, None)
    if _hash(original) != card.sha256:
        return VerifyResult(card.name, DAMAGED, original, _wrong_content(original, card))
    if card.converter is None or not (converted := _converted_path(card, settings)).is_file():
        return VerifyResult(card.name, FINE, original)
    _, convert = CONVERTERS[card.converter]
    if convert(_read(original, card)) != _read(converted, card):
        problem = f"{converted} is damaged: it is not what {original} converts to."
        error = ModelError(problem, f"Delete {converted}; it is made anew when needed.")
        return VerifyResult(card.name, DAMAGED, converted, error)
    return VerifyResult(card.name, FINE, converted)


def _source(card: ModelCard, settings: Settings) -> str | Path:
    """Where to pull the card's file from.

    Raises:
        ModelError: If the mirror is neither a URL nor a folder, or there is none and no official address either.
    """
    mirror = settings.models_mirror
    if mirror is None:
        if card.url is None:
            raise ModelError(
                f"The model {card.name} has no official address: its makers do not publish it in the format that "
                "closeup reads.",
                f"Name a folder or http(s) URL that has {card.file} in CLOSEUP_MODELS_MIRROR.",
                code="model.mirror",
                name=card.name,
                mirror_only=True,
            )
        return card.url
    if mirror.startswith(("http://", "https://")):
        return f"{mirror.rstrip('/')}/{quote(card.file)}"
    folder = Path(mirror).expanduser()
    if not folder.is_dir():
        raise ModelError(
            f"CLOSEUP_MODELS_MIRROR is {mirror!r}, and that is not a folder.",
            "Give it a folder or an http(s) URL with the models' files, or unset it.",
        )
    return folder / card.file


def _hash(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror or error}.", MODELS_DIR_HINT) from error


def _read(path: Path, card: ModelCard) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(card, f"Cannot read {path}: {error.strerror or error}.") from error


def _package_dir(card: ModelCard) -> Path | None:
    """Folder of the installed package; found without importing it, since importing may fail or be slow."""
    spec = importlib.util.find_spec(card.package or "")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def _original_path(card: ModelCard, settings: Settings) -> Path | None:
    """Where the card's own file belongs, there or not; None where its package is not installed."""
    if card.package is None:
        return settings.models_dir / card.file
    folder = _package_dir(card)
    return folder / card.file if folder else None


def _converted_path(card: ModelCard, settings: Settings) -> Path:
    """Where the converted file belongs; another source or converter gives another name."""
    version, _ = CONVERTERS[str(card.converter)]
    return settings.models_dir / f"{card.name}-{str(card.sha256)[:12]}-v{version}.onnx"


def _convert(card: ModelCard, source: Path, settings: Settings) -> Path:
    """Convert `source` into the models folder.

    Several at once do no harm: each writes a file of its own and renames it, and all have the same content.
    """
    target = _converted_path(card, settings)
    content = _read(source, card)
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise _wrong_content(source, card)
    _, convert = CONVERTERS[str(card.converter)]
    converted = convert(content)
    make_models_dir(settings)
    try:
        write_whole(target, converted)
    except CloseupError as error:
        raise ModelError(error.message, MODELS_DIR_HINT) from error
    return target


def make_models_dir(settings: Settings) -> None:
    """Make the models folder if it is not there.

    Raises:
        ModelError: If it cannot be made.
    """
    try:
        settings.models_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"Cannot make the models folder {settings.models_dir}: {reason}.", MODELS_DIR_HINT) from error


def mirror_only(card: ModelCard) -> bool:
    """Whether the model can be pulled from a mirror only: it is one of the zoo, and has no official address."""
    return card.pack == "zoo" and card.url is None


def _absent(card: ModelCard) -> ModelError:
    problem = f"The model {card.name} is not on this machine."
    if card.pack == "zoo":
        return ModelError(problem, "Pull it first.", code="model.pull", name=card.name, mirror_only=mirror_only(card))
    return ModelError(problem, f"Install it with: pip install {card.requirement}")


def _damaged(card: ModelCard, problem: str) -> ModelError:
    if card.pack == "zoo":
        return ModelError(
            problem, "Pull it again.", code="model.pull-again", name=card.name, mirror_only=mirror_only(card)
        )
    return ModelError(problem, "Reinstall its package.", code="model.reinstall", requirement=card.requirement)


def _wrong_content(path: Path, card: ModelCard) -> ModelError:
    return _damaged(card, f"{path} is damaged: its sha256 is not {card.sha256}.")
