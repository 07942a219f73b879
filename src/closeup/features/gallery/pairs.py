"""Lists of pairs of photos in the format of Labeled Faces in the Wild, and where the photos are.

The first line says how many folds there are and how many pairs of each kind a fold has ("10 300"); one number alone
means one fold. Then each fold lists its pairs of one person ("NAME 1 4": the first and fourth photo) and as many pairs
of two ("NAME 1 OTHER 2"). Photo 4 of NAME is the file NAME/NAME_0004.jpg.
"""

from dataclasses import dataclass
from pathlib import Path

from closeup.core.errors import InputError
from closeup.media.files import PICTURE_SUFFIXES, require_file, unreadable

_FORMAT_HINT = "It has to be as LFW's pairs.txt: http://vis-www.cs.umass.edu/lfw/ tells the format."


@dataclass(frozen=True, slots=True, order=True)
class Photo:
    """One photo of a list: whose it is, and its number, counted from 1."""

    person: str
    number: int


@dataclass(frozen=True, slots=True)
class PhotoPair:
    """Two photos, the fold that they are in, counted from 0, and whether they are of one person."""

    first: Photo
    second: Photo
    fold: int

    @property
    def same(self) -> bool:
        """Whether both photos are of one person."""
        return self.first.person == self.second.person


def read_pairs(path: Path) -> tuple[PhotoPair, ...]:
    """Read a list of pairs.

    Raises:
        InputError: If it is missing or no text, or a line is not as it has to be; says which.
    """
    require_file(path, "a list of pairs")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8.", _FORMAT_HINT) from error
    rows = [(number, _fields(line)) for number, line in enumerate(lines, 1) if line.strip()]
    folds, count = _header(path, rows)
    if len(rows) - 1 != folds * 2 * count:
        raise InputError(
            f"{path} has {len(rows) - 1} pairs, and its first line says {folds} x 2 x {count} = {folds * 2 * count}.",
            _FORMAT_HINT,
        )
    pairs = []
    for place, (number, fields) in enumerate(rows[1:]):
        fold, within = divmod(place, 2 * count)
        pairs.append(_pair(path, number, fields, fold=fold, same=within < count))
    return tuple(pairs)


def photos_of(pairs: tuple[PhotoPair, ...]) -> tuple[Photo, ...]:
    """Every photo of the pairs once, by name and number."""
    return tuple(sorted({photo for pair in pairs for photo in (pair.first, pair.second)}))


def find_photos(folder: Path, photos: tuple[Photo, ...]) -> dict[Photo, Path]:
    """Find the files of photos in `folder`, which has a folder for each person, or a folder with those in it.

    Raises:
        InputError: If it is no folder, or a photo is not there.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", "Give the folder that has a folder for each person.")
    try:
        roots = [folder, *sorted(each for each in folder.iterdir() if each.is_dir())]
    except OSError as error:
        raise unreadable(folder, error) from error
    root = next((each for each in roots if photos and (each / photos[0].person).is_dir()), folder)
    found = {photo: path for photo in photos if (path := _file_of(root, photo)) is not None}
    if missing := [photo for photo in photos if photo not in found]:
        first = f"{missing[0].person}_{missing[0].number:04d}.jpg"
        raise InputError(
            f"{len(missing)} of {len(photos)} photos of the list are not in {root}; the first is {first}.",
            f"Each belongs into a folder named after its person: {root / missing[0].person / first}",
        )
    return found


def _file_of(root: Path, photo: Photo) -> Path | None:
    stem = root / photo.person / f"{photo.person}_{photo.number:04d}"
    candidates = (stem.with_name(stem.name + suffix) for suffix in (".jpg", *sorted(PICTURE_SUFFIXES)))
    return next((path for path in candidates if path.is_file()), None)


def _fields(line: str) -> list[str]:
    """By tabs, as LFW has them, since a name may have blanks; else by blanks."""
    return [field.strip() for field in line.split("\t")] if "\t" in line.strip() else line.split()


def _header(path: Path, rows: list[tuple[int, list[str]]]) -> tuple[int, int]:
    """How many folds, and pairs of each kind in a fold."""
    fields = rows[0][1] if rows else []
    if len(fields) not in (1, 2) or not all(_is_count(field) for field in fields):
        raise InputError(f"The first line of {path} does not say how many folds and pairs there are.", _FORMAT_HINT)
    numbers = [int(field) for field in fields]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (1, numbers[0])


def _pair(path: Path, number: int, fields: list[str], *, fold: int, same: bool) -> PhotoPair:
    wanted = "a name and two numbers" if same else "a name and a number, twice"
    numbers = fields[1:] if same else fields[1::2]
    if len(fields) != (3 if same else 4) or not all(_is_count(field) for field in numbers):
        raise InputError(f"Line {number} of {path} is {' '.join(fields)!r}, and has to be {wanted}.", _FORMAT_HINT)
    second = fields[0] if same else fields[2]
    for name in (fields[0], second):
        if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
            raise InputError(f"Line {number} of {path} has {name!r} for a name, and that is no folder's.", _FORMAT_HINT)
    if not same and second == fields[0]:
        raise InputError(f"Line {number} of {path} is a pair of two people, and names {second!r} twice.", _FORMAT_HINT)
    return PhotoPair(Photo(fields[0], int(numbers[0])), Photo(second, int(numbers[1])), fold)


def _is_count(field: str) -> bool:
    return field.isascii() and field.isdigit() and len(field) <= 9 and int(field) > 0
