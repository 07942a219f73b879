"""Where results go: the folder of each video, checked before any work starts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from closeup.core.errors import InputError, OutputError

ELSEWHERE = "Choose another place with -o."


def result_folders(videos: Sequence[Path], output: Path | None) -> list[Path]:
    """The result folder of each video: `output` itself for one, NAME.cast below it (or here) for several.

    Raises:
        InputError: If two videos would have the same folder.
    """
    if output is not None and len(videos) == 1:
        return [output]
    folders = [(output or Path()) / f"{video.stem}.cast" for video in videos]
    for index, folder in enumerate(folders):
        if folder in folders[:index]:
            first = videos[folders.index(folder)]
            raise InputError(
                f"{first} and {videos[index]} would both be written to {folder}.",
                "Run them one by one, each with its own -o.",
            )
    return folders


def check_free(folder: Path, video: Path, *, overwrite: bool) -> None:
    """Make sure that `folder` can take the cast of `video`, and that nothing but an older cast would be replaced.

    Raises:
        FormatError: If the older cast holds edits that are damaged and would be lost.
        OutputError: If something is there that must stay.
    """
    try:
        free = not folder.exists() and not folder.is_symlink()
    except OSError as error:  # a name that is too long, or a folder that may not be looked into
        raise OutputError(f"{folder} cannot be used: {error.strerror}.", ELSEWHERE) from error
    if free:
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder.", ELSEWHERE)
    if folder.resolve() in video.resolve().parents:
        raise OutputError(f"{folder} holds the video itself, so it cannot become the result folder.", ELSEWHERE)
    if not overwrite:
        raise OutputError(f"{folder} exists already.", f"Add --overwrite to replace it. {ELSEWHERE}")
    from closeup.features.cast.folder import check_overwrite

    check_overwrite(folder)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make `folder` and those above it where they are missing; those that are still empty at the end go again.

    Raises:
        OutputError: If one cannot be made.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"Cannot make the folder {folder}: {error.strerror}.", ELSEWHERE) from error
        yield
    finally:
        with suppress(OSError):
            for place in missing:
                place.rmdir()
