"""`closeup demo`: the main job on a programme that closeup makes itself."""

import time
from pathlib import Path
from typing import Annotated

import typer

from closeup.cli import shorts
from closeup.cli.cast import cast_one, say
from closeup.cli.output import show_hint, show_note
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.result_folder import made_folder
from closeup.features.shorts.options import ShortsOptions

SHORT = ShortsOptions(count=1, min_length_s=6, max_length_s=15, height=1280)
"""What the demo shows of shorts: one, of the person who is seen the longest."""

app = typer.Typer()


@app.command()
def demo(
    video: Annotated[
        Path | None, typer.Argument(metavar="VIDEO", help="Use this video.", show_default="one made here")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the programme and the result.")
    ] = Path("demo"),
) -> None:
    """Make a short programme of two people, find its cast, make a vertical video of one of them, and say where all is.

    Needs no network: the two portraits come with packages of the extra "demo".
    """
    from closeup.features.cast.folder import check_place

    source = video or output / "demo.mp4"
    folder = output / f"{source.stem}.cast"
    check_place(folder, source, overwrite=True)
    with made_folder(output):
        if video is None:
            from closeup.features.demo.programme import make_programme

            with progress_bar(source.name, quiet=False) as progress:
                make_programme(source, progress)
        from closeup.features.cast.options import CastOptions

        started = time.monotonic()
        found = cast_one(source, folder, CastOptions(), overwrite=True, quiet=False)
        say(folder, found, time.monotonic() - started)
        if found.people:
            _make_short(folder, found.people[0].id, source)
    show_hint("Your own videos in the browser: closeup serve (it needs the extra server).")


def _make_short(folder: Path, person: str, video: Path) -> None:
    """Make a short of a person who is seen long enough."""
    started = time.monotonic()
    try:
        target, plan = shorts.make(folder, person, SHORT, video=video, overwrite=True)
    except InputError as error:
        show_note(f"No short was made. {error.message}")
    else:
        shorts.say(target, plan, time.monotonic() - started)
