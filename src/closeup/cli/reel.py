"""`closeup reel`: all scenes with a person, cut together."""

import re
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from closeup.cli.flags import AsJson, Quiet, with_flags
from closeup.cli.output import one_line, show_json, show_notes
from closeup.cli.progress_bar import progress_bar
from closeup.core.timebase import clock
from closeup.core.words import counted
from closeup.features.shorts.options import ReelOptions
from closeup.jobs.work import work

app = typer.Typer()


@app.command()
@with_flags(ReelOptions)
def reel(
    casts: Annotated[
        list[Path],
        typer.Argument(
            metavar="CASTDIR...", help="Result folders of closeup cast: videos or seasons.", show_default=False
        ),
    ],
    person: Annotated[
        str, typer.Option(metavar="NAME|ID", help="Whom; of several folders, by name.", show_default=False)
    ],
    *,
    given: dict[str, Any],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The MP4 to write.", show_default="PERSON.reel.mp4"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Cut all scenes with a person together, from one video or from many."""
    started = time.monotonic()
    target = output or Path(re.sub(r"[^\w .-]", "_", person) + ".reel.mp4")
    with progress_bar(target.name, quiet=quiet) as progress:
        made = work("reel")(
            casts=casts,
            person=person,
            output=target,
            options=ReelOptions(**given),
            overwrite=overwrite,
            progress=progress,
        )
    if as_json:
        show_json({**made, "elapsed_s": round(time.monotonic() - started, 3)}, indent=None)
    show_notes(made["notes"])
    if not as_json and not quiet:
        videos = len({scene["video"] for scene in made["scenes"]})
        length = clock(made["duration_s"])
        typer.echo(
            f"{counted(len(made['scenes']), 'scene')} of {counted(videos, 'video')}, {length}: {one_line(made['file'])}"
        )
