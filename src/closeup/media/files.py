"""Files before a decoder sees them: which are pictures, which are in a folder, and whether one can be read.

There is one list of endings and one walk, so that all commands see the same pictures in a folder.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from closeup.core.errors import InputError
from closeup.core.words import LeftOut, counted, listed

PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".png", ".apng", ".webp", ".gif", ".avif", ".heic", ".heif"),
        *(".hif", ".bmp", ".dib", ".tif", ".tiff", ".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
"""Endings of files that are taken for pictures, in folders, tables and zip files alike; HEIC needs a package."""

LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
"""What systems put beside people's files, in small letters; it is passed by like what begins with a dot."""


def is_picture(name: str) -> bool:
    """Whether a file is taken for a picture by its ending; `name` may be a path with "/"."""
    return PurePosixPath(name).suffix.casefold() in PICTURE_SUFFIXES


def is_litter(name: str) -> bool:
    """Whether the last part of a path is hidden, or what a system puts beside people's files."""
    return name.startswith(".") or name.casefold() in LITTER


def files_below(folder: Path) -> tuple[list[str], tuple[str, ...]]:
    """All files below a folder, links followed, hidden ones and what systems add left out.

    Returns:
        Their paths below it with "/", sorted, and notes on what was left out and on folders without pictures.

    Raises:
        InputError: If it is no folder, or one in it may not be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", "Give a folder with pictures.")
    names: list[str] = []
    odd: list[str] = []
    again: list[str] = []
    folders: list[str] = []
    seen: set[tuple[int, int]] = set()

    def fail(error: OSError) -> None:
        raise unreadable(Path(str(error.filename)), error) from error

    for place, below, files in os.walk(folder, followlinks=True, onerror=fail):
        state = Path(place).stat()
        if (state.st_dev, state.st_ino) in seen:  # a link back to a folder above, or a second way into one
            again.append(Path(place).relative_to(folder).as_posix())
            below.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        if Path(place) != folder:
            folders.append(Path(place).relative_to(folder).as_posix())
        below[:] = sorted(name for name in below if not is_litter(name))
        for name in files:
            if not is_litter(name):
                path = Path(place, name).relative_to(folder).as_posix()
                (names if _is_text(path) else odd).append(path)
    notes: list[str] = []
    if odd:
        notes.append(LeftOut(f"{counted(len(odd), 'file')} in {folder} left out: no UTF-8 text by name."))
    if again:
        notes.append(f"Links to folders that were read already, in {folder}: {listed(sorted(again))}.")
    if barren := _barren(folders, names):
        notes.append(f"{counted(len(barren), 'folder')} in {folder} without pictures: {listed(barren)}.")
    return sorted(names), tuple(notes)


def pictures_below(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Every picture file below a folder, by path, as `files_below` finds them; there may be none.

    Returns:
        The pictures, and notes: those of `files_below`, and what was passed by.
    """
    names, notes = files_below(folder)
    pictures = [name for name in names if is_picture(name)]
    others = [name for name in names if not is_picture(name)]
    return [folder / name for name in pictures], (*notes, *passed_by(others))


def photos_given(given: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """Every photo that is meant by files and folders, and notes as `pictures_below` gives them.

    Raises:
        InputError: If nothing was given, something is not there, or a folder holds no pictures.
    """
    if not given:
        raise InputError("No photo was given.")
    photos: list[Path] = []
    notes: list[str] = []
    for path in given:
        if path.is_dir():
            found, noted = pictures_below(path)
            if not found:
                raise no_pictures(path, noted)
            photos += found
            notes += noted
        elif path.exists():
            photos.append(path)
        else:
            raise InputError(f"There is no photo {path}.", "Check the spelling and the folder that you are in.")
    return photos, tuple(dict.fromkeys(notes))


def no_pictures(folder: Path, notes: Iterable[str]) -> InputError:
    """Say that a folder holds no pictures, and what was found in it instead."""
    return InputError(
        " ".join([f"The folder {folder} holds no pictures.", *notes]),
        f"Pictures are known by their endings: {', '.join(sorted(PICTURE_SUFFIXES))}.",
    )


def passed_by(names: Iterable[str]) -> list[str]:
    """A note on files that are no pictures by their names; none where there are none."""
    kinds = Counter(PurePosixPath(name).suffix or PurePosixPath(name).name for name in names)
    if not kinds:
        return []
    kinds_listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
    count = sum(kinds.values())
    what = "file is no picture by its name and was" if count == 1 else "files are no pictures by their names and were"
    return [f"{count} {what} passed by ({kinds_listed})."]


def _barren(folders: Iterable[str], names: Iterable[str]) -> list[str]:
    """The topmost of some folders without a picture in or below them."""
    fruitful = {str(above) for name in names if is_picture(name) for above in PurePosixPath(name).parents}
    return sorted(
        each for each in folders if each not in fruitful and str(PurePosixPath(each).parent) in fruitful | {"."}
    )


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


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
