"""One process writes a run at a time: a lock that ends with its process, however that ends."""

import time
from pathlib import Path
from typing import IO

from closeup.core.errors import InputError, OutputError
from closeup.core.file_lock import take
from closeup.core.whole import output_error

LOCK_FILE = ".lock"

_PATIENCE_S = 0.5
"""Somebody who only looks whether a run is held holds it for a moment."""


class RunLock:
    """The right to write a run; given back by `release`, or by the system when the process ends.

    Raises:
        InputError: If another process has it.
        OutputError: If the lock's file cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_FILE
        try:
            self._file: IO[bytes] | None = path.open("ab")
        except OSError as error:
            raise output_error(path, error) from error
        try:
            self._wait(folder)
        except BaseException:
            self.release()
            raise

    def _wait(self, folder: Path) -> None:
        until_s = time.monotonic() + _PATIENCE_S
        try:
            while self._file is not None and not take(self._file):
                if time.monotonic() > until_s:
                    raise InputError(
                        f"Another process is writing the run {folder.name}.",
                        "Wait until it is done, or stop it; see closeup runs list.",
                    )
                time.sleep(0.02)
        except OSError as error:  # a network's file system that knows no locks
            raise OutputError(
                f"No lock can be had in {folder}: {error.strerror}.", "Choose another place for the runs with --runs."
            ) from error

    def release(self) -> None:
        """Give the lock back; harmless when it was given back before."""
        if self._file is not None:
            self._file.close()
            self._file = None


def is_held(folder: Path) -> bool:
    """Whether a process is writing the run in `folder`; also yes where that cannot be told."""
    try:
        with (folder / LOCK_FILE).open("rb+") as file:
            return not take(file, shared=True)
    except FileNotFoundError:
        return False
    except OSError:
        return True
