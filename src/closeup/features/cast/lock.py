"""One change of a result folder at a time, over all processes of a machine and, as far as files go, of a network."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from closeup.core.errors import OutputError
from closeup.core.interrupts import held_back
from closeup.core.whole import output_error, part_prefix

STALE_S = 3600.0
"""Where a process cannot be asked after (Windows, another machine), a lock this old counts as left behind."""

_HELD: set[Path] = set()
"""Locks of this process: one that names it and is none of these was left by another that had its number before."""


def lock_path(folder: Path) -> Path:
    """Where the lock of a result folder lies: beside it, for a change replaces the folder itself."""
    return folder.parent / f"{part_prefix(folder)}lock"


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep every other closeup from changing `folder` until the block ends; it need not exist yet.

    The lock is a file beside the folder that names its process. One that a dead process has left is taken over.

    Raises:
        OutputError: If another closeup holds it, or it cannot be written.
    """
    path = lock_path(folder)
    held = False
    try:
        with held_back():
            _take(path, folder)
            _HELD.add(path)
            held = True
        yield
    finally:
        if held:
            with suppress(OSError):
                path.unlink()
            _HELD.discard(path)


def _take(path: Path, folder: Path) -> None:
    mine = f"{os.getpid()} {socket.gethostname()}\n".encode()
    try:
        if not _create(path, mine):
            _break_stale(path, folder)
            if not _create(path, mine):
                raise _busy(path, folder)
    except OSError as error:
        raise output_error(folder, error) from error


def _create(path: Path, content: bytes) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError:  # a full disk: an empty lock would stand in the way of the next run
        path.unlink(missing_ok=True)
        raise
    return True


def _break_stale(path: Path, folder: Path) -> None:
    """Remove a lock that was left behind, or say who holds it."""
    try:
        holder, age_s = path.read_bytes(), time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return  # let go of in this very moment
    if path in _HELD or not _is_stale(holder, age_s):
        raise _busy(path, folder)
    # Move it aside before removing it: if two processes find it stale, one of them may move the other's new lock,
    # sees that it is not what it read, and puts it back.
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if aside.read_bytes() != holder:
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _is_stale(holder: bytes, age_s: float) -> bool:
    process, _, host = holder.decode("utf-8", "replace").strip().partition(" ")
    if os.name == "nt" or host != socket.gethostname() or not process.isdecimal():
        return age_s > (STALE_S if host else 10.0)  # without a host it is half-written: its process died at once
    if int(process) == os.getpid():
        return True
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _busy(path: Path, folder: Path) -> OutputError:
    return OutputError(
        f"{folder} is being changed by another closeup.",
        f"Wait until that one is done. If none is running, remove its lock: rm {path}",
    )
