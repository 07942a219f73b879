"""Results that appear whole or not at all: written beside their place, then renamed into it."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from closeup.core.errors import OutputError
from closeup.core.interrupts import held_back

_HINTS = {
    errno.ENOSPC: "Free some space, or choose another place.",
    errno.EDQUOT: "Free some of your quota, or choose another place.",
    errno.EACCES: "Choose a place that you may write to.",
    errno.EPERM: "Choose a place that you may write to.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.EROFS: "Choose a place that is not read-only.",
}


_LONGEST_NAME = 200
"""Bytes; file systems take 255, and the names of unfinished things are longer than that of the finished one."""


def output_error(place: Path, error: OSError) -> OutputError:
    """Say for people why `place` could not be written."""
    reason = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "")
    return OutputError(f"Cannot write {place}: {reason}.", hint, code="result.place" if hint else "")


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content` in one step; on failure the old file stays as it was.

    Raises:
        OutputError: If the folder cannot be written to, or the disk is full.
    """
    part = None
    try:
        with held_back():
            handle, name = tempfile.mkstemp(prefix=part_prefix(path), suffix=".part", dir=path.parent)
            part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def part_prefix(target: Path) -> str:
    """What the names of unfinished things beside `target` begin with: its own name, shortened if it is very long."""
    name = os.fsencode(target.name)
    if len(name) <= _LONGEST_NAME:
        return f".{target.name}."
    digest = hashlib.sha256(name).hexdigest()[:12]
    return f".{name[:_LONGEST_NAME].decode('utf-8', 'ignore')}-{digest}."


@contextmanager
def whole_folder(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a fresh folder beside `target`; when the block ends well, it becomes `target`, else it is removed.

    An interruption (Ctrl-C) counts as a failure: nothing is left, and a folder that was there before stays.

    Raises:
        OutputError: If `target` exists and `overwrite` is off, or it cannot be written.
    """
    target = target.resolve()  # "." has no name to put beside, and what a link points to is meant, not the link
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists already.", code="result.exists")
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file, not a folder.", "Choose another place.", code="result.place")
    part = None
    try:
        with held_back():
            part = Path(tempfile.mkdtemp(prefix=part_prefix(target), suffix=".part", dir=target.parent))
        part.chmod(0o755)
        yield part
        with held_back():
            _swap(part, target)
    except OSError as error:
        raise output_error(target, error) from error
    finally:
        if part is not None:
            with held_back():
                shutil.rmtree(part, ignore_errors=True)


def carry_over_files(old: Path, new: Path, left_out: Callable[[str], bool]) -> None:
    """Bring what lies in one folder into another, as hard links where the disk has them.

    Args:
        old: Where to take from.
        new: Where to put it; nothing of those names is there yet.
        left_out: Says of a name in `old` whether it stays behind.

    Raises:
        OSError: If something cannot be read or written.
    """
    for entry in sorted(old.iterdir()):
        if left_out(entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, new / entry.name, symlinks=True, copy_function=_link)
        else:
            _link(entry, new / entry.name)


def _link(old: str | Path, new: str | Path) -> None:
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(old, new, follow_symlinks=False)


def _swap(part: Path, target: Path) -> None:
    """Put `part` where `target` is; the old folder comes back if the second rename fails."""
    if not target.exists():
        part.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=part_prefix(target), suffix=".old", dir=target.parent)) / target.name
    try:
        target.rename(old)
        part.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        old.parent.rmdir()  # only when it is empty: nothing of the old folder is thrown away on this way
        raise
    shutil.rmtree(old.parent, ignore_errors=True)
