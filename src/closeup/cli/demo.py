"""`closeup demo`: the main job on a programme that closeup makes itself."""

from pathlib import Path
from typing import Annotated

import typer

from closeup.cli import shorts
from closeup.cli.cast import Manner, Run, cast_one, offer_better, tell
from closeup.cli.messages import show_note
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

    manner = Manner(overwrite=True)
    source = video or output / "demo.mp4"
    folder = output / f"{source.stem}.cast"
    check_place(folder, source, overwrite=True)
    with made_folder(output):
        if video is None:
            from closeup.features.demo.programme import make_programme

            with progress_bar(source.name, quiet=False) as progress:
                make_programme(source, progress)
        from closeup.features.cast.options import CastOptions

        run = cast_one(source, folder, CastOptions(), manner)
        tell(run, manner)
        _make_short(run, source)
    offer_better(run.cast.models, manner)


def _make_short(run: Run, video: Path) -> None:
    """Make a short of the first person, where there is one who is seen long enough."""
    if not run.cast.people:
        return
    wish = shorts.Wish(run.folder, run.cast.people[0].id, video, None)
    manner = shorts.Manner(overwrite=True)
    try:
        made = shorts.make(wish, SHORT, manner)
    except InputError as error:
        show_note(f"No short was made. {error.message}")
    else:
        shorts.tell(made, manner)
