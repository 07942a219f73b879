"""What one job gives as what another is about: a cast in its folder, someone in it, and the video it was made from."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Cast, Person
from closeup.documents.cast import CAST_JSON
from closeup.media.video import hash_file

CAST = "cast.json"

_SHOWN = 20
"""So many people are named in a hint."""


def open_cast(folder: Path, *, several: bool = False) -> Cast:
    """Read the cast in its folder, which is of one video unless it may be of `several`.

    Raises:
        InputError: If there is no such folder, or no cast in it, or it is of more than may be.
        FormatError: If its cast.json is damaged.
    """
    if not (folder / CAST).is_file():
        missing = f"{folder} is not a cast folder: it has no {CAST}."
        raise InputError(missing if folder.exists() else f"There is no folder {folder}.", code="cast.absent")
    cast = CAST_JSON.read(folder / CAST)
    if cast.kind != "video" and not several:
        raise InputError(
            f"{folder} is the cast of {'an album' if cast.kind == 'album' else 'several videos'}, not of one video.",
            "Make the cast of one video.",
            code="cast.album" if cast.kind == "album" else "cast.season",
            folder=folder,
        )
    return cast


def find_person(cast: Cast, who: str, folder: Path) -> Person:
    """The person of the cast with this id, or this name (upper and lower case are the same); passers-by too.

    Args:
        cast: Where to look.
        who: What the user typed.
        folder: Of the cast, for the hint.

    Raises:
        InputError: If nobody, or more than one, is called so, or the person is hidden.
    """
    people = (*cast.people, *cast.passers_by)
    wanted = _folded(who)
    for person in people:
        if person.id == wanted:
            return person
    named = [person for person in people if person.name is not None and _folded(person.name) == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(person.id for person in named)
        raise InputError(f"{len(named)} people in the cast are called {who!r}: {ids}.", "Name one by the id.")
    for person in cast.hidden:
        if wanted in (person.id, _folded(person.name or person.id)):
            problem = f"{label(person)} is hidden in this cast."
            raise InputError(problem, "Show them again.", code="cast.hidden", folder=folder, person=person.id)
    raise InputError(f"There is nobody called {who!r} in the cast.", who_is_there(cast))


def _folded(name: str) -> str:
    """A name as it is compared: keyboards and file systems compose accents and Hangul differently."""
    return unicodedata.normalize("NFC", name.strip().casefold())


def who_is_there(cast: Cast) -> str:
    """The people of a cast, as a sentence that goes with a question for one of them."""
    if not cast.people and not cast.passers_by:
        return "The cast is empty: nobody was found in this video."
    people = cast.people or cast.passers_by
    shown = ", ".join(label(person) for person in people[:_SHOWN])
    more = f" and {len(people) - _SHOWN} more" if len(people) > _SHOWN else ""
    return f"There are: {shown}{more}."


def label(person: Person) -> str:
    """A person for people: the id, and the name where there is one."""
    return person.id if person.name is None else f"{person.id} ({person.name})"


def find_video(cast: Cast, folder: Path, given: Path | None = None, progress: ProgressCallback = ignore) -> Path:
    """The video that the cast was made from, the very same file.

    Looked for where the user says, else where it was when the cast was made, else beside the cast folder.

    Args:
        cast: Made from it.
        folder: Of the cast.
        given: Where the user says that it is now.

    Raises:
        InputError: If it is not there any more, or another file is in its place.
    """
    places = [given] if given is not None else [place for place in _places(cast, folder) if place.is_file()]
    for place in places:
        progress(Progress("Checking the video", 0, None, ""))
        if hash_file(place) == cast.video.sha256:
            return place
    if not places:
        raise InputError(
            f"The video of this cast, {cast.video.path}, is not there any more.", code="cast.video", folder=folder
        )
    if given is not None:
        raise InputError(
            f"{given} is not the video that this cast was made from: its contents differ.",
            "Give the video as it was, or make the cast of this one.",
            code="cast.other-video",
            video=given,
        )
    raise InputError(
        f"{places[0]} has changed since this cast was made: its contents differ.",
        "Make the cast anew, or say where the video is now.",
        code="cast.changed-video",
        folder=folder,
        video=places[0],
    )


def _places(cast: Cast, folder: Path) -> Iterator[Path]:
    """Where the video may be: the path as it was given then may have been relative to another folder than now."""
    path = Path(cast.video.path)
    home = folder.resolve().parent
    yield path
    if not path.is_absolute():
        yield home / path
    yield home / path.name
