"""What is on this machine, what is missing, and what each feature will use; nothing is fetched, made or changed."""

import importlib.metadata
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from closeup import __version__
from closeup.core.errors import CloseupError, InputError, ModelError
from closeup.core.installed import install_command, requirement_name, requirements
from closeup.core.settings import VARIABLES, Settings, default_gallery_path, origin, read_settings
from closeup.media.typeface import joins_letters, system_font
from closeup.weights import store
from closeup.weights.cards import all_cards, card
from closeup.weights.device import CPU, devices_here

State = Literal["fine", "missing", "broken", "note"]

EXTRAS = {
    "appraise": "prices from tables",
    "checkout": "barcodes on the counter",
    "demo": "the demo's two portraits",
    "headline": "headlines of Korean texts",
    "heif": "photos as iPhones take them (HEIC)",
    "postgres": "a gallery in PostgreSQL",
    "server": "the server",
    "train": "training image classifiers",
}
"""Extras of the package that are for users, and what each is for."""

BY_CARDS = ("faces", "shorts", "portrait", "act", "predict")
"""Features that use the models whose cards name them; headlines, recommendations and prices need none."""

SCRIPTS = {
    "Arabic": "سلام",
    "Bengali": "নমস্কার",
    "Chinese": "你好",
    "Cyrillic": "Привет",
    "Devanagari": "नमस्ते",
    "Greek": "γειά",
    "Hebrew": "שלום",
    "Japanese": "こんにちは",
    "Tamil": "வணக்கம்",
    "Thai": "สวัสดี",
}
"""Scripts that closeup's own letters lack, by a word of each."""

LEFTOVERS = (
    Path(".cache", "Microsoft", "DeveloperTools", ".onnxruntime"),
    Path("Library", "Caches", "Microsoft", "DeveloperTools", ".onnxruntime"),
)
"""Below the home folder: where ONNX Runtime keeps what it has to report, on Linux and on macOS."""

_PATIENCE_S = 3.0
"""How long the gallery's database may take to answer."""

_PROBE = "expression"
"""The network that is run to see whether ONNX Runtime works: it ships in this package, and it is small."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at.

    Attributes:
        topic: What it belongs to: "packages", "models", ...
        name: What it is.
        state: "fine"; "missing" (something can be added); "broken" (something that was asked for, or that closeup
            cannot do without, does not work); "note" (something to know of).
        says: How it stands, a few words or a sentence.
        hint: What to do about it; empty where there is nothing to do.
    """

    topic: str
    name: str
    state: State
    says: str
    hint: str = ""


def examine(settings: Settings | None = None) -> tuple[Diagnosis, ...]:
    """Look at everything; takes a second or two, and uses no network."""
    settings = settings or read_settings()
    return (
        *_system(),
        *_settings(settings),
        *_packages(),
        *_extras(),
        *_models(settings),
        *_features(settings),
        *_inference(settings),
        *_encoders(settings),
        *_fonts(),
        *_places(settings),
        *_leftovers(),
    )


def _system() -> Iterator[Diagnosis]:
    yield Diagnosis("system", "closeup", "fine", f"{__version__} in {Path(__file__).parents[2]}")
    yield Diagnosis("system", "python", "fine", f"{platform.python_version()} at {sys.executable}")
    yield Diagnosis("system", "machine", "fine", f"{platform.platform()}, {os.cpu_count()} processors")


def _settings(settings: Settings) -> Iterator[Diagnosis]:
    """Each setting, and where it came from."""
    for name, variable in VARIABLES.items():
        value = getattr(settings, name)
        shown = "set" if name == "database_url" and value else "not set" if value in (None, "") else str(value)
        yield Diagnosis("settings", name, "fine", f"{shown} ({origin(name)}; {variable})")


def _packages() -> Iterator[Diagnosis]:
    """The packages that closeup cannot do without."""
    absent = [requirement for requirement in requirements() if _version(requirement) is None]
    for requirement in absent:
        yield Diagnosis(
            "packages",
            requirement_name(requirement),
            "broken",
            "not installed",
            f"Install it with: {install_command(requirement)}",
        )
    if not absent:
        yield Diagnosis("packages", "required", "fine", f"{len(requirements())} of them, all installed")


def _extras() -> Iterator[Diagnosis]:
    for extra, purpose in EXTRAS.items():
        needed = requirements(extra)
        absent = [requirement for requirement in needed if _version(requirement) is None]
        if absent:
            names = ", ".join(map(requirement_name, absent))
            yield Diagnosis("extras", extra, "missing", f"{purpose}: without {names}", install_command(*absent))
        elif needed:
            yield Diagnosis("extras", extra, "fine", purpose)


def _version(requirement: str) -> str | None:
    try:
        return importlib.metadata.version(requirement_name(requirement))
    except importlib.metadata.PackageNotFoundError:
        return None


def _models(settings: Settings) -> Iterator[Diagnosis]:
    """Every model: whether its file is here; contents are not read."""
    for each in all_cards().values():
        known = store.stored_model(each, settings)
        uses = "; ".join(each.used_by) or "nothing yet"
        if known.state == "ready":
            yield Diagnosis("models", each.name, "fine", f"for {uses}")
        elif known.state == "not pulled":
            yield Diagnosis("models", each.name, "missing", f"not pulled; for {uses}")
        else:
            error = store.verify(each, settings).error
            hint = error.hint if error else f"Install it with: pip install {each.requirement}"
            yield Diagnosis("models", each.name, "broken", known.state, hint)


def _features(settings: Settings) -> Iterator[Diagnosis]:
    """What each feature will use: the models that the choice `auto` stands for on this machine."""
    from closeup.perception.registry import choose, choose_recognisers

    try:
        detector, embedder = choose("auto", settings)
        recognisers = choose_recognisers("auto", settings)
    except ModelError as error:
        yield Diagnosis("features", "models", "broken", error.message, error.hint)
        return
    used = {
        "cast": [detector, embedder],
        "gallery": [detector, *recognisers],
        **{name: [each for each in all_cards().values() if name in each.used_by] for name in BY_CARDS},
    }
    for feature, cards in used.items():
        refused = [each.name for each in cards if store.refusal(each, settings)]
        names = ", ".join(each.name for each in cards)
        if refused:
            yield Diagnosis("features", feature, "broken", f"{names}; refused by the settings: {', '.join(refused)}")
        else:
            yield Diagnosis("features", feature, "fine", names)


def _inference(settings: Settings) -> Iterator[Diagnosis]:
    """Whether ONNX Runtime works, and where: a small network is run there, and compared with the processor."""
    from closeup.weights.session import device_notes, import_runtime, open_session

    probe = card(_PROBE)
    try:
        runtime = import_runtime()
        here = ", ".join(devices_here(runtime.get_available_providers()))
        yield Diagnosis("inference", "ONNX Runtime", "fine", f"{runtime.__version__}; its telemetry is off")
        session = open_session(store.require(probe, settings), device=settings.device)
    except CloseupError as error:
        yield Diagnosis("inference", "device", "broken", error.message, error.hint)
        return
    answers = f"networks run on {session.device} ({settings.device} was asked for; here: {here})"
    yield Diagnosis("inference", "device", "fine", answers)
    for note in device_notes():
        if session.device == CPU:
            yield Diagnosis("inference", "device", "note", note)


def _encoders(settings: Settings) -> Iterator[Diagnosis]:
    """Which encoders work here: each is tried."""
    from closeup.media.video_codec import ENCODERS, choose_encoder, fault

    try:
        taken = choose_encoder(settings.encoder)
        yield Diagnosis("encoders", "video", "fine", f"encoded by {taken} ({settings.encoder} was asked for)")
    except InputError as error:
        yield Diagnosis("encoders", "video", "broken", error.message, error.hint)
    for name, kind in ENCODERS.items():
        reason = fault(name)
        says = reason or f"works; {kind.codec}, {kind.licence}"
        yield Diagnosis("encoders", name, "note" if reason else "fine", says)


def _fonts() -> Iterator[Diagnosis]:
    """Which font each script of captions would be drawn in."""
    yield Diagnosis("fonts", "Latin, Hangul", "fine", "closeup's own, Pretendard")
    asks = shutil.which("fc-match") is not None
    if not asks:
        hint = "Install fontconfig, or name a font file for captions."
        yield Diagnosis("fonts", "fontconfig", "missing", "fonts of the system are not found without it", hint)
    if not joins_letters():
        hint = "Install Pillow's own wheel, which brings it."
        yield Diagnosis("fonts", "Raqm", "missing", "letters that join or stack cannot be drawn without it", hint)
    drawn = {script: system_font(word) for script, word in SCRIPTS.items()} if asks else {}
    for font in dict.fromkeys(filter(None, drawn.values())):
        scripts = ", ".join(script for script, by in drawn.items() if by == font)
        yield Diagnosis("fonts", scripts, "fine", str(font))
    if absent := ", ".join(script for script, by in drawn.items() if by is None):
        hint = "Install fonts for those that you need, such as Noto Sans and Noto Sans CJK."
        yield Diagnosis("fonts", absent, "missing", "no font has these letters: such captions cannot be drawn", hint)


def _places(settings: Settings) -> Iterator[Diagnosis]:
    """What is kept, where, and how large it is."""
    models = settings.models_dir
    if models.is_dir() and not os.access(models, os.W_OK):
        hint = "Let yourself write there, or name another folder in CLOSEUP_MODELS_DIR."
        yield Diagnosis("kept", "models", "broken", f"{models} cannot be written to", hint)
    else:
        yield Diagnosis("kept", "models", "fine", _size(models))
    yield _gallery(settings)


def _gallery(settings: Settings) -> Diagnosis:
    """Whether the gallery's database answers; one that is not there yet is not made."""
    from closeup.storage.database import open_database

    path = default_gallery_path()
    if settings.database_url is None and not path.exists():
        return Diagnosis("kept", "gallery", "fine", _size(path))
    try:
        database = open_database(settings.database_url, _PATIENCE_S)
        with database.read():
            said = database.place if settings.database_url else _size(path)
        database.engine.dispose()
    except CloseupError as error:
        return Diagnosis("kept", "gallery", "broken", error.message, error.hint)
    return Diagnosis("kept", "gallery", "fine", said)


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    size_mb = sum(each.stat().st_size for each in files) / 1e6
    return f"{path}, {size_mb:.1f} MB" if path.exists() else f"{path}, not there yet"


def _leftovers() -> Iterator[Diagnosis]:
    """What older versions of closeup left for ONNX Runtime's maker (docs/concepts/privacy.md)."""
    for place in LEFTOVERS:
        path = Path.home() / place
        if path.exists():
            says = f"{path}: an identifier of this machine and events that ONNX Runtime kept for its maker"
            hint = f"closeup adds nothing to it any more; other programs may. Delete it: rm -r {shlex.quote(str(path))}"
            yield Diagnosis("privacy", "leftovers", "note", says, hint)
