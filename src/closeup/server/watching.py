"""Watched folders: videos and photos that are put into them are registered where they lie, and videos are cast.

What was taken once is not taken again, though it was deleted from the library since; one that has changed is another.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from closeup.core.errors import CloseupError
from closeup.core.whole import write_whole
from closeup.documents.form import ascii_json, parse_json
from closeup.server.offers import OFFERS
from closeup.server.premises import Premises
from closeup.server.sniff import clean_name, content_type_of, kind_of_name, sniffed_kind
from closeup.server.uploads import add_thumbnail

_LOG = logging.getLogger("closeup.server")

LOOK_S = 5.0
SEEN_FILE = "watched.json"
"""Hashes of paths to what the files were when they were taken: sizes and times; no names are kept."""

State = tuple[int, int]


class Watcher:
    """Looks into folders, and takes a file once it has been as it is for one look."""

    def __init__(self, place: Premises, folders: Sequence[Path]) -> None:
        self._place, self._folders = place, tuple(Path(os.path.realpath(each)) for each in folders)
        self._file = place.data / SEEN_FILE
        self._seen: dict[str, State] = {}
        self._new: dict[str, State] = {}
        if self._file.is_file():
            self._seen = {key: (state[0], state[1]) for key, state in parse_json(self._file.read_bytes()).items()}

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while self._folders:
            with suppress(CloseupError, OSError):  # it is looked again
                await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Look once."""
        found = {hashlib.sha256(os.fsencode(path)).hexdigest(): (path, state) for path, state in self._files()}
        still = {key: path for key, (path, state) in found.items() if self._new.get(key) == state}
        self._new = {key: state for key, (_, state) in found.items() if self._seen.get(key) != state}
        for key, path in still.items():
            if key in self._new:
                self._take(path)
                self._seen[key] = self._new.pop(key)
                write_whole(self._file, ascii_json(self._seen).encode())

    def _files(self) -> Iterator[tuple[Path, State]]:
        for folder in self._folders:
            for home, folders, names in os.walk(folder):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    path = Path(home, name)
                    if kind_of_name(name) in ("video", "photo") and name[0] != "." and not path.is_symlink():
                        with suppress(OSError):  # it went meanwhile
                            told = path.stat()
                            yield path, (told.st_size, told.st_mtime_ns)

    def _take(self, path: Path) -> None:
        kind = sniffed_kind(path)
        if kind is None or kind != kind_of_name(path.name):
            _LOG.warning("%s is not what its name says, and was left out", path)
            return
        place = self._place
        record = place.media.register(path, clean_name(path.name), kind, content_type_of(path), added_by=None)
        place.access.note([("a watched folder", "register", record.id)])
        add_thumbnail(place, record, kind)
        if kind == "video":
            offer = OFFERS["cast"]
            data = {"video": record.id, "options": {}}
            arguments, uses = offer.arguments(place, offer.form.from_data(data), data)
            place.submit(offer.name, arguments, uses, asked_by=None)
