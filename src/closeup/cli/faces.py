"""`closeup faces`: boxes around faces and how they look, as a picture or a film, and as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AsJson, Given, Quiet, with_flags
from closeup.cli.output import one_line, show_loss, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.timebase import clock
from closeup.features.faces.options import FacesOptions
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.documents.faces import FoundFaces

app = typer.Typer()


@app.command()
@with_flags(FacesOptions)
def faces(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTO|VIDEO|DIR",
            help="Pictures and videos; folders and zip files of pictures, too.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Write into this folder; it is made if need be.")
    ] = Path(),
    *,
    given: Given,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Draw boxes around faces, with how they look: expression, age, gender, mask and quality.

    Of a photo, NAME.faces.jpg and NAME.faces.json are written; of a video, NAME.faces.mp4, with its sound, and
    NAME.faces.jsonl, a line for each of five looks a second. What is said is how a face looks in the picture, and not
    what the person is.
    """

    def tell(found: "FoundFaces", data: Path, picture: Path) -> None:
        if as_json:
            typer.echo(data.read_text("utf-8"), nl=False)
        elif not quiet:
            _tell_photo(found) if found.video is None else _tell_video(found)
            typer.echo(f"{one_line(str(picture))}, {one_line(str(data))}")

    title = sources[0].name if len(sources) == 1 else "faces"
    with progress_bar(title, quiet=quiet or as_json) as progress:
        report = work("faces")(
            sources=sources,
            output=output,
            options=FacesOptions(**given),
            overwrite=overwrite,
            each=tell,
            progress=progress,
        )
    show_notes(report.notes)
    for problem in report.problems.values():
        show_loss(f"Left out: {problem.message}")


def _tell_video(found: "FoundFaces") -> None:
    assert found.video is not None
    tracks = len({face.track for face in found.faces})
    most = max(len(look.faces) for look in found.looks)
    times = "one face is in view" if tracks == 1 else f"{tracks} times a face is in view, at most {most} at once"
    seen = times if tracks else "no face was found"
    typer.echo(f"{one_line(found.source)}, {clock(found.video.duration_s)}: {seen}.")


def _tell_photo(found: "FoundFaces") -> None:
    from closeup.documents.faces import MODELS
    from closeup.features.faces.words import answer_words, share

    if not found.faces:
        typer.echo(f"{one_line(found.source)}: no face was found.")
        return
    typer.echo(f"{one_line(found.source)}, from left to right:")
    names = [name for model, heads in MODELS.items() if model in found.models for name in heads]
    rows = []
    for number, face in enumerate(found.faces, 1):
        said = (answer_words(name, face.answers[name]) if name in face.answers else "too small" for name in names)
        rows.append((str(number), *said, share(face.quality.total)))
    show_table(*rows, head=("face", *(f"looks: {name}" for name in names), "picture quality"))
