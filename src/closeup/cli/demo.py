"""`closeup demo`: the main job on a programme that closeup makes itself."""

from pathlib import Path
from typing import Annotated

import typer

from closeup.cli.cast import Manner, cast_one, offer_better, tell
from closeup.cli.places import check_free, made_folder
from closeup.cli.progress_bar import progress_bar

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
    """Make a short programme of two people, find its cast, and say where the report is.

    Needs no network: the two portraits come with packages of the extra "demo".
    """
    manner = Manner(overwrite=True)
    source = video or output / "demo.mp4"
    folder = output / f"{source.stem}.cast"
    check_free(folder, source, overwrite=True)
    with made_folder(output):
        if video is None:
            from closeup.features.demo.programme import make_programme

            with progress_bar(source.name, quiet=False) as progress:
                make_programme(source, progress)
        from closeup.features.cast.options import CastOptions

        run = cast_one(source, folder, CastOptions(), manner)
    tell(run, manner)
    offer_better(run.cast.models, manner)
