"""All that is stored about somebody, for them: as JSON."""

import json
from pathlib import Path

from closeup.core.whole import write_whole
from closeup.storage.gallery import GalleryStore


def export_json(store: GalleryStore, name_or_id: str) -> str:
    """Everything that the gallery holds about somebody: name, notes, templates, and pictures where some are kept.

    Raises:
        InputError: If there is nobody of that name or id.
    """
    return json.dumps(store.export(store.find(name_or_id).id), ensure_ascii=False, indent=1) + "\n"


def export_to(store: GalleryStore, name_or_id: str, target: Path) -> None:
    """Write the same to a file, whole or not at all.

    Raises:
        InputError: If there is nobody of that name or id.
        OutputError: If the file cannot be written.
    """
    write_whole(target, export_json(store, name_or_id).encode())
