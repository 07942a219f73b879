"""Work on crops that may stop at any moment and goes on where it was: a folder beside the result, with a journal."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from closeup.core.errors import CloseupError, OutputError
from closeup.core.file_lock import take
from closeup.core.interrupts import held_back
from closeup.core.whole import write_whole
from closeup.documents.form import Form, one_line
from closeup.workbench.crop_tables import CropRow

CROPS_FILE = "crops.json"
JOURNAL_NAME = "journal.jsonl"
LOCK_NAME = ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSettings:
    """How a dataset of crops was made, crops.json.

    Attributes:
        detector: Name of the detector's card.
        frame: What the frame of the crops is called.
        alignment: Where the five landmarks are in the crops, shares of the side.
        size_px: Side of the crops.
        keep_missed: Whether whole pictures are in where no face was found.
        jpeg_quality: Of the crops.
        pictures: How many the old dataset has.
        keys_sha256: Of their keys.
    """

    detector: str
    frame: str
    alignment: tuple[tuple[float, float], ...]
    size_px: int
    keep_missed: bool
    jpeg_quality: int
    pictures: int = 0
    keys_sha256: str = ""


CROPS = Form(CropSettings, CROPS_FILE)
ROW = Form(CropRow, "line of the journal", layout=one_line)


class CropWork:
    """The folder of unfinished work on a result, locked while it is used.

    A line of the journal is written after the crop that it tells of, so that whatever is in the journal is done. A line
    that was cut short counts for nothing. Work of other options or another dataset is begun anew.

    Attributes:
        folder: Where the result is being made.
        done: Pictures that are done, by key.
    """

    def __init__(self, out: Path, settings: CropSettings, keys: Sequence[str]) -> None:
        self.folder = out.with_name(f".{out.name}.crop-faces")
        self.done: dict[str, CropRow] = {}
        self._out = out
        digest = hashlib.sha256("\n".join(keys).encode("utf-8", "surrogateescape")).hexdigest()
        self._settings = replace(settings, pictures=len(keys), keys_sha256=digest)
        self._keys = set(keys)

    def __enter__(self) -> "CropWork":
        self.folder.mkdir(parents=True, exist_ok=True)
        busy = OutputError(f"{self._out} is being made by another closeup.", "Wait until that one is done.")
        self._release = take(self.folder / LOCK_NAME, busy)
        try:
            settings = self.folder / CROPS_FILE
            if _settings(settings) == self._settings:
                self._read_journal()
            else:
                self._begin_anew()
                write_whole(settings, CROPS.encode(self._settings))
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
        self._journal.write(b"".join(ROW.encode(row) for row in rows))
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
            row = ROW.decode(line, str(journal))
            if row.key in self._keys and (not row.path or (self.folder / row.path).is_file()):
                self.done[row.key] = row
        if len(whole) < len(content):
            with journal.open("rb+") as file:
                file.truncate(len(whole))


def _settings(path: Path) -> CropSettings | None:
    """What crops.json says; None where there is none, or one of another closeup."""
    try:
        return CROPS.read(path)
    except CloseupError:
        return None
