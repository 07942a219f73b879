"""Locks on files, by which processes take turns; the system gives a lock back when its process ends."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from closeup.core.errors import InputError
from closeup.core.whole import output_error

_PATIENCE_S = 5.0

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def take(file: IO[bytes], *, shared: bool = False) -> bool:
    """Lock an open file without waiting; False if somebody else has it.

    Args:
        file: Open for writing. Closing it gives the lock back.
        shared: Whether others may have it too, if they share it likewise; not known on Windows.

    Raises:
        OSError: If the file system knows no locks.
    """
    if sys.platform == "win32":
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        try:
            fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let one process at a time read a file, change it and write it again; the others wait their turn.

    The lock is an empty hidden file beside it, which stays: were it removed, two processes could lock two of them.

    Raises:
        InputError: If another process keeps it for seconds.
        OutputError: If the folder cannot be written to, or its file system knows no locks.
    """
    try:
        file = path.with_name(f".{path.name}.lock").open("ab")
    except OSError as error:
        raise output_error(path, error) from error
    with file:
        _wait(file, path)
        yield


def _wait(file: IO[bytes], path: Path) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    try:
        while not take(file):
            if time.monotonic() > until_s:
                raise InputError(f"Another process is changing {path}.", "Try again when it is done.")
            time.sleep(0.01)
    except OSError as error:
        raise output_error(path, error) from error
