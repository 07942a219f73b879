"""Photos and videos, each into a file of its faces, and a picture or film with these drawn in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import made_folder
from closeup.core.whole import write_whole
from closeup.core.words import counted, left_out
from closeup.documents.faces import FoundFaces, encode_faces
from closeup.features.faces import finder
from closeup.features.faces.annotate import annotate_video, annotated_photo
from closeup.features.faces.options import FacesOptions
from closeup.media.container import is_video
from closeup.media.image import decode_image, encode_jpeg
from closeup.media.photos import PhotoFile, find_photos, is_album

Listener = Callable[[FoundFaces, Path, Path], None]
"""Is given what was found in one source, its file, and its picture or film, as soon as these are there."""

_RESULT = ".faces.jpg"
_LEFT_OUT = {
    "expression": "Expressions are left out.",
    "attributes": "Age, gender and mask are left out.",
}


@dataclass(frozen=True, slots=True)
class FacesReport:
    """What came of photos and videos.

    Attributes:
        files: The JSON files that were written.
        problems: What could not be read, and why, by source.
        notes: What is odd about the others, and what was left out of folders, a sentence each.
    """

    files: tuple[Path, ...]
    problems: dict[str, InputError]
    notes: tuple[str, ...]


def find_in_files(
    sources: Sequence[Path],
    output: Path = Path(),
    options: FacesOptions | None = None,
    *,
    overwrite: bool = False,
    each: Listener | None = None,
    progress: ProgressCallback = ignore,
) -> FacesReport:
    """Find the faces in photos and videos, and write for each what was found and a picture or film of it.

    Args:
        sources: Photos, videos, and folders and zip files of photos, whose results lie in folders likewise.
        output: Folder of the results; it is made if need be.
        overwrite: Replace results that are there.
        each: Called after each source.

    Raises:
        InputError: If nothing can be read, or two sources would be written to one file.
        OutputError: If a result is there that must stay.
        ModelError: If the detector is not on this machine.
    """
    problems: dict[str, InputError] = {}
    notes: dict[str, None] = {}
    todo = _planned(sources, output, problems, notes)
    for stem, source in todo.items():
        for place in _places(stem, source):
            if place.exists() and not overwrite:
                raise OutputError(f"{place} exists already.", code="result.exists")
    options = options or FacesOptions()
    faces = finder.FaceFinder(options.models)
    files = []
    with made_folder(output):
        for number, (stem, source) in enumerate(todo.items()):
            if len(todo) > 1:
                progress(Progress("Looking", number, len(todo), "files"))
            data, picture = _places(stem, source)
            try:
                with made_folder(data.parent):
                    found = _find(faces, source, picture, options, progress)
                    write_whole(data, encode_faces(found))
            except InputError as error:
                problems[source.name if isinstance(source, PhotoFile) else str(source)] = error
                continue
            files.append(data)
            notes |= dict.fromkeys(found.notes)
            if each is not None:
                each(found, data, picture)
    if not files:
        first, *others = problems.values()
        if not others:
            raise first
        reasons = [each.message for each in problems.values()]
        raise first.reworded(" ".join(left_out(reasons, len(reasons), "files")), first.hint)
    absent = [f"{reason} {_LEFT_OUT[name]}" for name, reason in faces.absent.items()]
    return FacesReport(tuple(files), problems, (*notes, *absent))


def _planned(
    sources: Sequence[Path], output: Path, problems: dict[str, InputError], notes: dict[str, None]
) -> dict[Path, PhotoFile | Path]:
    """Photos, and videos by their paths, by where their results go, without endings."""
    todo: dict[Path, PhotoFile | Path] = {}
    for source in sources:
        if not is_album(source) and is_video(source):
            _add(todo, output / source.stem, source)
            continue
        try:
            photos, noted = find_photos([source])
        except InputError as error:
            problems[str(source)] = error
            continue
        kept = [photo for photo in photos if not photo.name.endswith(_RESULT) or source.is_file()]
        if len(kept) < len(photos):
            noted.append(f"{counted(len(photos) - len(kept), 'picture')} of an earlier run passed by (*{_RESULT}).")
        notes |= dict.fromkeys(noted)
        if not kept:
            problems[str(source)] = InputError(f"{source} holds no pictures but those of an earlier run.")
        many = source.is_dir() or source.suffix.casefold() == ".zip"
        names = [PurePosixPath(photo.name).relative_to(source.as_posix() if many else source.parent) for photo in kept]
        stems = [name.with_suffix("") for name in names]
        for photo, name, stem in zip(kept, names, stems, strict=True):
            _add(todo, output / (name if stems.count(stem) > 1 else stem), photo)
    return todo


def _add(todo: dict[Path, Any], place: Path, source: PhotoFile | Path) -> None:
    """Plan a source; the same one twice counts once.

    Raises:
        InputError: If another one would be written to the same file.
    """
    known = todo.setdefault(place, source)
    one, other = (each.name if isinstance(each, PhotoFile) else str(each) for each in (known, source))
    if one != other:
        raise InputError(
            f"{one} and {other} would both be written to {place}.faces.",
            "Run them one by one, each into its own folder.",
        )


def _places(stem: Path, source: PhotoFile | Path) -> tuple[Path, Path]:
    """The JSON file, and the picture or film."""
    data, picture = ("json", "jpg") if isinstance(source, PhotoFile) else ("jsonl", "mp4")
    return stem.with_name(f"{stem.name}.faces.{data}"), stem.with_name(f"{stem.name}.faces.{picture}")


def _find(
    faces: finder.FaceFinder, source: PhotoFile | Path, picture: Path, options: FacesOptions, progress: ProgressCallback
) -> FoundFaces:
    """Find the faces, and draw them in."""
    if isinstance(source, PhotoFile):
        image = decode_image(source.read(), source.name)
        found = faces.picture(image, source.name)
        write_whole(picture, encode_jpeg(annotated_photo(image, found), quality=92))
        return found
    found = faces.video(source, progress=progress)
    chosen = annotate_video(found, source, picture, audio_track=options.audio_track, progress=progress)
    return replace(found, notes=(*found.notes, *chosen))
