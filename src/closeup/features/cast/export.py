"""An album's people for other programs: a folder of photos for each person, with XMP sidecars that say who is where."""

import os
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path, PurePath

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.types import Cast, CastPart, Track
from closeup.documents.face_regions import face_regions_xmp
from closeup.features.cast.folder import CastFolder
from closeup.media.image import orientation_of
from closeup.media.photos import PhotoFile, photo_at
from closeup.tables.strict_csv import table_bytes

TABLE = "people.csv"
"""Lists what was written; a folder that holds it is an export, and may be replaced by another."""

_COLUMNS = ("file", "person", "name", "photo", "taken")
_UNFIT = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
"""What some system does not allow in a file's name."""


def export_people(
    folder: Path,
    target: Path,
    *,
    link: bool = False,
    xmp_only: bool = False,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> tuple[int, tuple[str, ...]]:
    """Write a folder for each person of an album, with copies of their photos and a sidecar beside each.

    The photos themselves are never touched. A photo of two people lies in two folders. The whole appears at once.

    Args:
        folder: The result folder of an album.
        target: The folder to write.
        link: Make symbolic links to the photos instead of copies; photos in zip files are copied all the same.
        xmp_only: Write the sidecars only, laid out as the photos are, to put beside them.
        overwrite: Replace an earlier export.
        progress: Told how many photos are done.

    Returns:
        How many photos were exported, and notes on those that were not, a sentence each.

    Raises:
        InputError: If it is no album, or none of its photos is there any more.
        OutputError: If the target exists and `overwrite` is off, or it cannot be written.
    """
    cast = _album(folder)
    place = ResultFolder(target, (TABLE,))
    place.check(overwrite=overwrite)
    root = _common_folder(cast.parts)
    rows: list[dict[str, str | int | float | None]] = []
    notes: list[str] = []
    done = 0
    with place.writing(overwrite=overwrite) as part:
        names = _Names(cast, part)
        for number, (photo, tracks) in enumerate(_photos(cast), 1):
            progress(Progress("Exporting", number, len(cast.parts), "photos"))
            try:
                source, content = _read(photo, folder)
            except InputError as error:
                notes.append(error.message)
                continue
            done += 1
            sidecar = _sidecar(cast, photo, tracks, content)
            for track in tracks:
                path = part / _absolute(photo).relative_to(root) if xmp_only else names.path(track, photo)
                if not xmp_only:
                    _put(path, source, content, link=link)
                beside = path.with_name(f"{path.name}.xmp")
                beside.parent.mkdir(parents=True, exist_ok=True)
                beside.write_bytes(sidecar)
                rows.append(names.row(track, photo, beside if xmp_only else path))
        if not done:
            raise InputError(" ".join(notes[:3]) or "Nobody is in these photos.")
        (part / TABLE).write_bytes(table_bytes(_COLUMNS, rows))
    return done, tuple(notes)


def _album(folder: Path) -> Cast:
    cast = CastFolder(folder).cast()
    if cast.kind != "album":
        raise InputError(
            f"{folder} is the cast of a {cast.kind}, and only an album has photos to export.",
            "The best pictures of its people lie in its folder people.",
        )
    return cast


class _Names:
    """What folders and files of an export are called, no two alike."""

    def __init__(self, cast: Cast, root: Path) -> None:
        self._root = root
        self._people = {person.id: person for person in cast.people}
        self._folders: dict[str, str] = {}
        self._taken: set[Path] = set()
        for person in cast.people:
            name = _UNFIT.sub("_", person.name or "").strip(". ") or person.id
            alike = {folder.casefold() for folder in self._folders.values()}
            self._folders[person.id] = f"{name} ({person.id})" if name.casefold() in alike else name

    def path(self, track: Track, photo: CastPart) -> Path:
        """Where the photo goes for the person of the track; its folder is there."""
        folder = self._root / self._folders[str(track.person)]
        folder.mkdir(exist_ok=True)
        name = PurePath(photo.video.path)
        path, number = folder / name.name, 2
        while path in self._taken:
            path, number = folder / f"{name.stem} ({number}){name.suffix}", number + 1
        self._taken.add(path)
        return path

    def row(self, track: Track, photo: CastPart, path: Path) -> dict[str, str | int | float | None]:
        """A line of the table."""
        person = self._people[str(track.person)]
        values = (path.relative_to(self._root).as_posix(), person.id, person.name, photo.video.path, photo.taken)
        return dict(zip(_COLUMNS, values, strict=True))


def _photos(cast: Cast) -> Iterator[tuple[CastPart, list[Track]]]:
    """The photos that show someone of the cast, with their faces."""
    listed = {person.id for person in cast.people}
    by_frame: dict[int, list[Track]] = {}
    for track in cast.tracks:
        if track.person in listed:
            by_frame.setdefault(track.start_frame, []).append(track)
    return ((part, by_frame[part.start_frame]) for part in cast.parts if part.start_frame in by_frame)


def _sidecar(cast: Cast, photo: CastPart, tracks: Sequence[Track], content: bytes) -> bytes:
    """The XMP of one photo: all its people of the cast, with their names where they have one."""
    names = {person.id: person.name for person in cast.people}
    regions = [(track.faces[0].box_xyxy, names[str(track.person)]) for track in tracks]
    return face_regions_xmp(regions, (photo.video.width, photo.video.height), orientation_of(content))


def _read(photo: CastPart, folder: Path) -> tuple[PhotoFile, bytes]:
    """A photo where it was, or, as its path may have been relative to another folder, beside the result folder.

    Raises:
        InputError: If it is not there any more, or has changed.
    """
    missing = None
    for path in (Path(photo.video.path), folder.resolve().parent / photo.video.path):
        source = photo_at(path)
        try:
            content = source.read()
        except InputError as error:
            missing = missing or error
            continue
        if sha256(content).hexdigest() != photo.video.sha256:
            raise InputError(f"{source.name} has changed since it was looked at.")
        return source, content
    assert missing is not None
    raise missing


def _put(path: Path, source: PhotoFile, content: bytes, *, link: bool) -> None:
    """Put a photo at `path`, as a link to where it lies, or as a copy."""
    original = Path(source.name)
    if link and original.is_file():
        path.symlink_to(original.resolve())
    else:
        path.write_bytes(content)


def _absolute(photo: CastPart) -> Path:
    """A photo's path from the root, without ".." in it."""
    return Path(os.path.abspath(photo.video.path))  # noqa: PTH100 - resolve would follow links


def _common_folder(photos: Sequence[CastPart]) -> Path:
    """The folder that all photos lie below."""
    return Path(os.path.commonpath([_absolute(photo).parent for photo in photos]))
