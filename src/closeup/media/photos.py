"""The photos of an album: files, those below folders, and those in zip files, which are read in place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from closeup.core.errors import InputError
from closeup.media.archive import open_archive
from closeup.media.files import files_below, is_picture, passed_by, require_file, unreadable

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
    notes: list[str] = []
    for place in places:
        if place.is_dir():
            names, noted = files_below(place)
            results = {str(PurePosixPath(name).parent) for name in names if PurePosixPath(name).name == _RESULT}
            names = [name for name in names if results.isdisjoint(map(str, PurePosixPath(name).parents))]
            photos = [_file(place / name) for name in names if is_picture(name)]
        elif place.suffix.casefold() == ".zip":
            archive = open_archive(place)
            names, noted = sorted(archive.members), archive.notes
            photos = [_member(place, name) for name in names if is_picture(name)]
        else:
            require_file(place, "a photo")
            names, noted, photos = [], (), [_file(place)]
        notes += [*noted, *passed_by(name for name in names if not is_picture(name))]
        for photo in photos:
            found.setdefault(photo.name, photo)
    if not found:
        where = " and ".join(str(place) for place in places)
        raise InputError(
            " ".join([f"There are no photos in {where}.", *notes]), "Give a folder, a zip file or files of photos."
        )
    return list(found.values()), list(dict.fromkeys(notes))


def is_album(place: Path) -> bool:
    """Whether a path means photos rather than a video: a folder, a zip file, or a picture by its name."""
    return place.is_dir() or place.suffix.casefold() == ".zip" or is_picture(place.name)


def photo_at(path: Path) -> PhotoFile:
    """The photo with a name that `find_photos` gave; not read yet, and it may be gone."""
    archive = next((above for above in path.parents if above.suffix.casefold() == ".zip" and above.is_file()), None)
    if archive is None:
        return _file(path)
    return _member(archive, path.relative_to(archive).as_posix())


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
