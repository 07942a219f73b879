"""What the environment says; the only reader of os.environ.

Variables: CLOSEUP_MODELS_DIR (where pulled and converted models are kept), CLOSEUP_MODELS_MIRROR (a folder or
http(s) URL to pull models from instead of their official source), CLOSEUP_DATABASE_URL (where the gallery is kept).
"""

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of this process.

    Attributes:
        models_dir: Folder of the models that were pulled or converted; made on first use, not before.
        models_mirror: Folder or http(s) URL with the models' files, or None for their official sources.
        database_url: The gallery's database, sqlite:///FILE or postgresql://...; None for `default_gallery_path()`.
            It may hold a password, so that it does not show when the settings are printed.
    """

    models_dir: Path
    models_mirror: str | None
    database_url: str | None = field(default=None, repr=False)


def read_settings() -> Settings:
    """Read the settings anew; nothing is cached, nothing is created."""
    import platformdirs

    given = os.environ.get("CLOSEUP_MODELS_DIR")
    default = Path(platformdirs.user_cache_dir("closeup", appauthor=False)) / "models"
    return Settings(
        models_dir=Path(given).expanduser() if given else default,
        models_mirror=os.environ.get("CLOSEUP_MODELS_MIRROR") or None,
        database_url=os.environ.get("CLOSEUP_DATABASE_URL") or None,
    )


def default_gallery_path() -> Path:
    """The gallery's SQLite file in the platform's data folder, where nothing else is said; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_data_dir("closeup", appauthor=False)) / "gallery.db"
