"""The photos of an album: files, those below folders, and those in zip files, which are read in place."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from closeup.core.errors import InputError
from closeup.media.archive import open_archive
from closeup.media.files import require_file, unreadable

PHOTO_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"),
        *(".jp2", ".avif", ".heic", ".heif", ".hif"),
    )
)
"""Files in a folder or a zip file that are taken for photos."""

_RESULT = "cast.json"
"""A folder that holds it is a result, and the pictures in it are no photos of the album."""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One photo, not yet read.

    Attributes:
        name: Where it lies: its path, or the zip file's path and its path in there, with "/".
        read: Gives its bytes; raises InputError where it cannot be read.
    """

    name: str
    read: Callable[[], bytes]


def find_photos(places: Sequence[Path]) -> tuple[list[PhotoFile], list[str]]:
    """Find the photos in files, folders and zip files, each by name; hidden ones and results of closeup are left out.

    Returns:
        The photos, and notes on what else lies there.

    Raises:
        InputError: If a place is missing or cannot be read, or there is no photo in any of them.
    """
    found: dict[str, PhotoFile] = {}
    others: Counter[str] = Counter()
    for place in places:
        for photo in _in_place(place):
            if place.is_dir() or place.suffix.casefold() == ".zip":
                suffix = PurePosixPath(photo.name).suffix.casefold()
                if suffix not in PHOTO_SUFFIXES:
                    others[suffix or "no ending"] += 1
                    continue
            found.setdefault(photo.name, photo)
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(5))
    if not found:
        where = " and ".join(str(place) for place in places)
        there = f" It holds {kinds}." if kinds else ""
        raise InputError(f"There are no photos in {where}.{there}", "Give a folder, a zip file or files of photos.")
    count = sum(others.values())
    notes = [f"{count} other {'file was' if count == 1 else 'files were'} left out: {kinds}."] if count else []
    return list(found.values()), notes


def is_album(place: Path) -> bool:
    """Whether a path means photos rather than a video: a folder, a zip file, or a picture by its name."""
    return place.is_dir() or place.suffix.casefold() in PHOTO_SUFFIXES | {".zip"}


def photo_at(path: Path) -> PhotoFile:
    """The photo with a name that `find_photos` gave; not read yet, and it may be gone."""
    archive = next((above for above in path.parents if above.suffix.casefold() == ".zip" and above.is_file()), None)
    if archive is None:
        return _file(path)
    return _member(archive, path.relative_to(archive).as_posix())


def _in_place(place: Path) -> Iterator[PhotoFile]:
    """Every file of a place, by name."""
    if place.is_dir():
        yield from _below(place)
    elif place.suffix.casefold() == ".zip":
        yield from (_member(place, name) for name in sorted(open_archive(place).members))
    else:
        require_file(place, "a photo")
        yield _file(place)


def _below(folder: Path) -> Iterator[PhotoFile]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise unreadable(folder, error) from error
    if any(entry.name == _RESULT for entry in entries):
        return
    for entry in entries:
        if entry.is_file():
            yield _file(entry)
        elif entry.is_dir() and not entry.is_symlink():  # a link could lead back up, and never end
            yield from _below(entry)


def _file(path: Path) -> PhotoFile:
    def read() -> bytes:
        require_file(path, "a photo")
        try:
            return path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from error

    return PhotoFile(path.as_posix(), read)


def _member(archive: Path, name: str) -> PhotoFile:
    return PhotoFile(f"{archive.as_posix()}/{name}", lambda: open_archive(archive).read(name))
