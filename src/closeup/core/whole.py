"""Files that appear whole or not at all: written beside their place, then renamed into it."""

import errno
import hashlib
import logging
import os
import tempfile
from pathlib import Path

from closeup.core.errors import OutputError
from closeup.core.interrupts import held_back

_LOG = logging.getLogger("closeup.core")

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
        _LOG.debug("wrote %s, %d bytes", path, len(content))
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
