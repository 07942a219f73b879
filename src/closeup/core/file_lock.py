"""Locks on files, by which processes take turns; the system gives a lock back when its process ends, however it ends.

They are filelock's: flock on Linux and macOS, LockFileEx on Windows, and a file that names its process on the few disks
that have no locks. Over NFS they hold between machines where the server has locks, and on one machine only where the
share is mounted with `nolock` or `local_lock`. Threads of one process take turns like processes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from closeup.core.errors import CloseupError, InputError
from closeup.core.interrupts import held_back
from closeup.core.whole import output_error

_PATIENCE_S = 5.0
"""A change of one file takes a moment."""

_LOOK_S = 0.1
"""Another process that only looks holds a lock for less than this."""


def take(path: Path, busy: CloseupError, patience_s: float = 2 * _LOOK_S) -> Callable[[], None]:
    """Lock the file at `path`, which is made where it is missing.

    Args:
        path: An empty file that is there for its lock only.
        busy: Raised if another process keeps the lock for longer than `patience_s` seconds.
        patience_s: How long to wait.

    Returns:
        What gives the lock back; it ends with the process too, and with the last name for this.

    Raises:
        OutputError: If the file cannot be made, or the disk knows no locks.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, thread_local=False)
    try:
        path.parent.stat()  # filelock would make a folder that is missing
        lock.acquire(timeout=patience_s, poll_interval=0.01)
    except Timeout:
        raise busy from None
    except OSError as error:
        raise output_error(path, error) from error
    return lock.release


@contextmanager
def exclusive(path: Path, busy: CloseupError, patience_s: float = 2 * _LOOK_S) -> Iterator[None]:
    """Hold the lock at `path` for a block and remove its file at the end; errors as `take` has them."""
    release = take(path, busy, patience_s)
    try:
        yield
    finally:
        with held_back():
            # While it is held: who waits for this very file sees that it is gone, and makes another.
            with suppress(OSError):  # Windows removes it by itself, when it is given back
                path.unlink()
            release()


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock at `path`; also yes where that cannot be known."""
    if not path.exists():
        return False
    with suppress(CloseupError):
        take(path, InputError(f"{path} is locked."), _LOOK_S)()
        return False
    return True


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let one process at a time read a file, change it and write it again; the others wait their turn.

    Raises:
        InputError: If another process keeps it for seconds.
        OutputError: If the folder cannot be written to, or its disk knows no locks.
    """
    busy = InputError(f"Another process is changing {path}.", "Try again when it is done.")
    with exclusive(path.with_name(f".{path.name}.lock"), busy, _PATIENCE_S):
        yield
