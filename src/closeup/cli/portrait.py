"""`closeup portrait` and `closeup matte`: people before a background out of focus, and the outline of them alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AsJson, Given, Quiet, with_flags
from closeup.cli.output import one_line, show_json, show_loss, show_notes
from closeup.cli.progress_bar import progress_bar
from closeup.features.portrait.options import MatteOptions, PortraitOptions
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.documents.portrait import PortraitAnswer

app = typer.Typer()

Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="PHOTO|VIDEO|DIR", help="Photos and videos; folders of photos, and cast folders.", show_default=False
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]


@app.command()
@with_flags(PortraitOptions)
def portrait(
    sources: Sources,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR|FILE", help="Folder, or of one source also a file.")
    ] = Path(),
    *,
    given: Given,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put all but the people in photos and videos out of focus, as a fast lens does.

    NAME.portrait.jpg or .png keeps the depth, colour profile and notes of the photo; NAME.portrait.mp4 has the times
    and the sound of the video.
    """
    with progress_bar(_title(sources), quiet=quiet or as_json) as progress:
        answer = work("portrait")(
            sources=sources, output=output, options=PortraitOptions(**given), overwrite=overwrite, progress=progress
        )
    _say(answer, as_json=as_json, quiet=quiet)


@app.command()
@with_flags(MatteOptions)
def matte(
    sources: Sources,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR|FILE", help="Folder, or of one source also a file.", show_default=False
        ),
    ],
    *,
    given: Given,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write how much of each pixel is a person, black to white, in the size of the photo or video.

    Of a photo NAME.matte.png is written, of a video NAME.matte.mkv (grey FFV1, without loss).
    """
    with progress_bar(_title(sources), quiet=quiet or as_json) as progress:
        answer = work("matte")(
            sources=sources, output=output, options=MatteOptions(**given), overwrite=overwrite, progress=progress
        )
    _say(answer, as_json=as_json, quiet=quiet)


def _title(sources: list[Path]) -> str:
    return sources[0].name if len(sources) == 1 else f"{len(sources)} sources"


def _say(answer: "PortraitAnswer", *, as_json: bool, quiet: bool) -> None:
    """What was written, and what there is to know; what could not be used counts as a loss."""
    if as_json:
        from closeup.documents.portrait import PORTRAIT_JSON

        show_json(PORTRAIT_JSON.to_data(answer))
    for result in answer.results if not (as_json or quiet) else ():
        kept = f", blurred by {result.blur_px:.1f} pixels" if result.blur_px else ""
        ground = ", less near the feet" if result.by_depth else ""
        typer.echo(f"{one_line(result.output)}: {result.coverage:.0%} in focus{kept}{ground}")
    show_notes(dict.fromkeys([*answer.notes, *(note for result in answer.results for note in result.notes)]))
    for message in answer.problems.values():
        show_loss(f"Left out: {message}")
