"""Work on crops that may stop at any moment and goes on where it was: a folder beside the result, with a journal."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from closeup.core.errors import OutputError
from closeup.core.file_lock import take
from closeup.core.interrupts import held_back
from closeup.core.whole import write_whole
from closeup.workbench.crop_tables import CropRow

RECIPE_NAME = "crops.json"
JOURNAL_NAME = "journal.jsonl"
LOCK_NAME = ".lock"


class CropWork:
    """The folder of unfinished work on a result, locked while it is used.

    A line of the journal is written after the crop that it tells of, so that whatever is in the journal is done. A line
    that was cut short counts for nothing. Work of other options or another dataset is begun anew.

    Attributes:
        folder: Where the result is being made.
        done: Pictures that are done, by key.
    """

    def __init__(self, out: Path, recipe: Mapping[str, Any], keys: Sequence[str]) -> None:
        self.folder = out.with_name(f".{out.name}.crop-faces")
        self.done: dict[str, CropRow] = {}
        self._out = out
        digest = hashlib.sha256("\n".join(keys).encode("utf-8", "surrogateescape")).hexdigest()
        self._recipe = {**recipe, "pictures": len(keys), "keys_sha256": digest}
        self._keys = set(keys)

    def __enter__(self) -> "CropWork":
        self.folder.mkdir(parents=True, exist_ok=True)
        busy = OutputError(f"{self._out} is being made by another closeup.", "Wait until that one is done.")
        self._release = take(self.folder / LOCK_NAME, busy)
        try:
            recipe = self.folder / RECIPE_NAME
            if recipe.is_file() and _read_json(recipe) == self._recipe:
                self._read_journal()
            else:
                self._begin_anew()
                write_whole(recipe, (json.dumps(self._recipe, indent=2) + "\n").encode())
            self._journal = (self.folder / JOURNAL_NAME).open("ab")
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._journal.close()
        self._release()

    def note(self, rows: Sequence[CropRow]) -> None:
        """Note that these pictures are done; their crops are written."""
        lines = "".join(json.dumps(asdict(row)) + "\n" for row in rows)
        self._journal.write(lines.encode())
        self._journal.flush()
        self.done.update((row.key, row) for row in rows)

    def finish(self) -> None:
        """Make the folder the result.

        Raises:
            OutputError: If something has come to lie there meanwhile.
        """
        if self._out.exists():
            raise OutputError(f"{self._out} exists already.", "Choose another place, or remove it first.")
        self._journal.close()
        with held_back():
            (self.folder / JOURNAL_NAME).unlink()
            self._release()
            (self.folder / LOCK_NAME).unlink()
            self.folder.rename(self._out)

    def drop(self) -> None:
        """Take the folder away: nothing in it is worth going on from."""
        self._journal.close()
        with held_back():
            self._release()
            shutil.rmtree(self.folder)

    def _begin_anew(self) -> None:
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != LOCK_NAME:
                entry.unlink()

    def _read_journal(self) -> None:
        """Take what is done, and end the journal after its last whole line."""
        journal = self.folder / JOURNAL_NAME
        content = journal.read_bytes() if journal.is_file() else b""
        whole = content[: content.rfind(b"\n") + 1]
        for line in whole.splitlines():
            values: dict[str, Any] = json.loads(line)
            values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
            row = CropRow(**values)
            if row.key in self._keys and (not row.path or (self.folder / row.path).is_file()):
                self.done[row.key] = row
        if len(whole) < len(content):
            with journal.open("rb+") as file:
                file.truncate(len(whole))


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None
