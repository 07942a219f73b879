"""Checks on a file before a decoder sees it, so that every decoder's user reads the same clear words."""

from pathlib import Path

from closeup.core.errors import InputError


def require_file(path: Path, kind: str) -> None:
    """Make sure that `path` is a file that can be read and is not empty.

    Args:
        kind: What it should be, with its article, for the messages: "a video", "a picture".

    Raises:
        InputError: If it is missing, a folder, not a regular file, empty, or may not be read.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not {kind}.", "Give the files in it instead.")
        if not path.exists():
            raise InputError(f"{path} does not exist.", "Check the spelling and the folder that you are in.")
        if not path.is_file():
            raise InputError(f"{path} is not a regular file.", f"Save {kind} as a file first, then give that.")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise unreadable(path, error) from error
    if empty:
        raise InputError(f"{path} is empty.", "Copy or download it again.")


def unreadable(path: Path, error: OSError) -> InputError:
    """Say for people why the system did not let `path` be read."""
    if isinstance(error, PermissionError):
        return InputError(f"{path} may not be read by you.", f"Ask its owner, or type: chmod u+r '{path}'")
    reason = error.strerror or str(error)
    return InputError(f"{path} cannot be read: {reason}.", "Copy it to a local disk and try again.")
