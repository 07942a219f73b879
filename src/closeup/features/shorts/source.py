"""What a request for shorts refers to: the person in the cast, and the video that the cast was made from."""

from dataclasses import dataclass
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.types import Cast, Person
from closeup.jobs.casts import find_person, find_video, open_cast, who_is_there


@dataclass(frozen=True, slots=True, eq=False)
class ShortsSource:
    """What shorts are made from.

    Attributes:
        folder: The cast folder.
        cast: Its cast.
        person: Whom the shorts are about.
        video: The video that the cast was made from.
    """

    folder: Path
    cast: Cast
    person: Person
    video: Path


def open_source(folder: Path, who: str, video: Path | None = None, progress: ProgressCallback = ignore) -> ShortsSource:
    """Find the person in the cast, and the video that it was made from.

    Args:
        folder: A cast folder.
        who: The person's id or name.
        video: Where the video is now; None to look where it was.

    Raises:
        InputError: If there is no cast, nobody of that name, or the video has moved or changed.
        FormatError: If the cast is damaged.
    """
    cast = open_cast(folder)
    person = find_person(cast, who, folder)
    return ShortsSource(folder, cast, person, find_video(cast, folder, video, progress))


def ask_whom(cast: Cast) -> InputError:
    """What to say where no person is named."""
    return InputError("Say whom the shorts are about.", who_is_there(cast), code="shorts.person")
