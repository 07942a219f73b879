"""What the environment says, and what is said in it to others; the only place that touches os.environ.

Variables: CLOSEUP_MODELS_DIR (where pulled and converted models are kept), CLOSEUP_MODELS_MIRROR (a folder or
http(s) URL to pull models from instead of their official source), CLOSEUP_DATABASE_URL (where the gallery is kept),
CLOSEUP_COMMERCIAL_ONLY (1: refuse models whose terms bar commercial use), CLOSEUP_DEVICE (what networks run on: auto,
cpu, cuda, ...), CLOSEUP_ENCODER (what video is encoded by: auto, libx264, nvenc, ...).
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    "OTEL_SDK_DISABLED": "true",
    "DO_NOT_TRACK": "1",
}
"""What keeps the packages that we bring from reporting to their makers: docs/concepts/privacy.md has one line each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of this process.

    Attributes:
        models_dir: Folder of the models that were pulled or converted; made on first use, not before.
        models_mirror: Folder or http(s) URL with the models' files, or None for their official sources.
        database_url: The gallery's database, sqlite:///FILE or postgresql://...; None for `default_gallery_path()`.
            It may hold a password, so that it does not show when the settings are printed.
        commercial_only: Whether models are refused whose terms bar commercial use.
        device: What networks run on, of `weights.device.DEVICES`.
        encoder: What video is encoded by, of `media.video_codec.CHOICES`.
    """

    models_dir: Path
    models_mirror: str | None
    database_url: str | None = field(default=None, repr=False)
    commercial_only: bool = False
    device: str = "auto"
    encoder: str = "auto"


VARIABLES = {
    "models_dir": "CLOSEUP_MODELS_DIR",
    "models_mirror": "CLOSEUP_MODELS_MIRROR",
    "database_url": "CLOSEUP_DATABASE_URL",
    "commercial_only": "CLOSEUP_COMMERCIAL_ONLY",
    "device": "CLOSEUP_DEVICE",
    "encoder": "CLOSEUP_ENCODER",
}
"""Each setting's variable."""

_ORIGINS: dict[str, str] = {}
"""Where `use` took the settings from that it has set."""


def use(name: str, value: str, origin: str) -> None:
    """Set a setting of `VARIABLES` for this process, and for those that it starts; `origin` says who wanted it."""
    os.environ[VARIABLES[name]] = value
    _ORIGINS[name] = origin


def origin(name: str) -> str:
    """Where a setting comes from: what `use` was told, "environment", or "default"."""
    if not os.environ.get(VARIABLES[name]):
        return "default"
    return _ORIGINS.get(name, "environment")


def read_settings() -> Settings:
    """Read the settings anew; nothing is cached, nothing is created."""
    import platformdirs

    said = {name: os.environ.get(variable) or None for name, variable in VARIABLES.items()}
    given = said["models_dir"]
    default = Path(platformdirs.user_cache_dir("closeup", appauthor=False)) / "models"
    return Settings(
        models_dir=Path(given).expanduser() if given else default,
        models_mirror=said["models_mirror"],
        database_url=said["database_url"],
        commercial_only=(said["commercial_only"] or "").strip().casefold() not in ("", "0", "no", "false"),
        device=(said["device"] or "auto").strip().casefold(),
        encoder=(said["encoder"] or "auto").strip().casefold(),
    )


def user_config_dir() -> Path:
    """The platform's folder for this user's configuration of closeup; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_config_dir("closeup", appauthor=False))


def default_gallery_path() -> Path:
    """The gallery's SQLite file in the platform's data folder, where nothing else is said; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_data_dir("closeup", appauthor=False)) / "gallery.db"


def default_server_dir() -> Path:
    """The server's folder in the platform's data folder, where nothing else is said; it need not exist."""
    return default_gallery_path().with_name("server")


def switch_telemetry_off() -> None:
    """Set `SWITCHES` for this process and all that it starts, whatever they are set to.

    It has to come before the packages are imported, because most read their switch once, as they load.
    """
    os.environ.update(SWITCHES)


def stay_offline() -> None:
    """Keep huggingface_hub, which comes with timm, off the network: for commands, whose process is all ours."""
    os.environ["HF_HUB_OFFLINE"] = "1"


def hush_opencv() -> None:
    """Keep OpenCV, which writes its own lines on damaged pictures, from that: for commands, which say it themselves."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")


def hush_encoders() -> None:
    """Keep SVT-AV1, which writes its settings to stderr, to its errors."""
    os.environ["SVT_LOG"] = "1"


def take_back_priority() -> None:
    """Take the real-time priority back that SVT-AV1 gives, as root, to its threads and to the one that opens it.

    It would be the process's, and that of all that it starts, from then on, and keep all others from the processor.
    """
    if not hasattr(os, "sched_getscheduler") or os.sched_getscheduler(0) == os.SCHED_OTHER:
        return
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread may have ended
            os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))


def wait_asleep() -> None:
    """Let threads of OpenMP sleep while they wait, where nothing else is said: spinning, they hinder each other.

    On a busy machine LightGBM takes a thirtieth of the time. It has to come before a library with OpenMP is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
