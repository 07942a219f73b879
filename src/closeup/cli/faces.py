"""`closeup faces`: boxes around faces and how they look, as a picture or a film, and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from closeup.cli.exit_codes import count_losses
from closeup.cli.flags import AsJson, Quiet, number_or_word
from closeup.cli.gallery_options import Models
from closeup.cli.output import one_line, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError, OutputError
from closeup.core.result_folder import made_folder
from closeup.core.timebase import clock

if TYPE_CHECKING:
    from closeup.features.faces.finder import FaceFinder
    from closeup.features.faces.found import FoundFaces
    from closeup.media.audio import TrackChoice

app = typer.Typer()

AUDIO_TRACK = "Which of several sound tracks the annotated video has, counted from 1, or mix for all of them at once."


@dataclass(frozen=True, slots=True)
class FacesRequest:
    """One photo or video, and where its results go.

    Attributes:
        source: The file.
        is_video: What it is.
        data: The JSON file.
        picture: The annotated photo or video.
    """

    source: Path
    is_video: bool
    data: Path
    picture: Path


@app.command()
def faces(
    sources: Annotated[
        list[Path], typer.Argument(metavar="PHOTO|VIDEO", help="Pictures and videos.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Write into this folder; it is made if need be.")
    ] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    audio_track: Annotated[
        str, typer.Option(metavar="N|mix", help=AUDIO_TRACK, show_default="the one in which people speak")
    ] = "0",
    models: Models = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Draw boxes around faces, with how they look: expression, age, gender, mask and quality.

    Of a photo, NAME.faces.jpg and NAME.faces.json are written; of a video, NAME.faces.mp4, with its sound, and
    NAME.faces.jsonl, a line for each of five looks a second. What is said is how a face looks in the picture, and not
    what the person is.
    """
    from closeup.features.faces.finder import FaceFinder

    track = cast("TrackChoice", number_or_word("--audio-track", ["mix"], audio_track))
    todo = [_work(source, output) for source in sources]
    _check(todo, overwrite=overwrite)
    finder = FaceFinder(models)
    notes: dict[str, None] = {}
    with made_folder(output):
        problems = [
            problem for work in todo if (problem := _try(work, finder, notes, track, quiet=quiet, as_json=as_json))
        ]
    for note in notes:
        show_note(note)
    for name, reason in finder.absent.items():
        show_note(f"{reason} {_LEFT_OUT[name]}")
    if len(problems) == len(todo):
        raise problems[0]
    for problem in problems:
        show_note(f"Left out: {problem.message}")
    count_losses(len(problems))


_LEFT_OUT = {
    "expression": "Expressions are left out.",
    "attributes": "Age, gender and mask are left out.",
}


def _work(source: Path, output: Path) -> FacesRequest:
    from closeup.media.container import is_video

    video = is_video(source)
    data, picture = (f"{source.stem}.faces.{ending}" for ending in (("jsonl", "mp4") if video else ("json", "jpg")))
    return FacesRequest(source, video, output / data, output / picture)


def _check(todo: Sequence[FacesRequest], *, overwrite: bool) -> None:
    """Make sure that every result has a place of its own, before any work starts.

    Raises:
        InputError: If two sources would be written to one file.
        OutputError: If a file is there that must stay.
    """
    places: dict[Path, Path] = {}
    for work in todo:
        if work.data in places:
            raise InputError(
                f"{places[work.data]} and {work.source} would both be written to {work.data}.",
                "Run them one by one, each with its own -o.",
            )
        places[work.data] = work.source
        for place in (work.data, work.picture):
            if place.exists() and not overwrite:
                raise OutputError(f"{place} exists already.", code="result.exists")


def _try(
    work: FacesRequest,
    finder: "FaceFinder",
    notes: dict[str, None],
    track: "TrackChoice",
    *,
    quiet: bool,
    as_json: bool,
) -> InputError | None:
    """Do one piece of work and print the result, and add to the notes; gives the error of what cannot be read."""
    from closeup.core.whole import write_whole
    from closeup.features.faces.found import encode_faces

    try:
        found = _find(work, finder, track, quiet=quiet or as_json)
    except InputError as error:
        return error
    content = encode_faces(found)
    write_whole(work.data, content)
    if as_json:
        typer.echo(content.decode(), nl=False)
    elif not quiet:
        _tell(work, found)
    notes |= dict.fromkeys(found.notes)
    return None


def _find(work: FacesRequest, finder: "FaceFinder", track: "TrackChoice", *, quiet: bool) -> "FoundFaces":
    """Find the faces and draw the annotated picture."""
    from closeup.core.whole import write_whole
    from closeup.features.faces.annotate import annotate_video, annotated_photo
    from closeup.media.image import encode_jpeg, read_image

    if not work.is_video:
        image = read_image(work.source)
        found = finder.picture(image, str(work.source))
        write_whole(work.picture, encode_jpeg(annotated_photo(image, found), quality=92))
        return found
    with progress_bar(work.source.name, quiet=quiet) as progress:
        found = finder.video(work.source, progress=progress)
        chosen = annotate_video(found, work.source, work.picture, audio_track=track, progress=progress)
    return replace(found, notes=(*found.notes, *chosen))


def _tell(work: FacesRequest, found: "FoundFaces") -> None:
    if found.video is None:
        _tell_photo(found)
    else:
        tracks = len({face.track for face in found.faces})
        most = max(len(look.faces) for look in found.looks)
        times = "one face is in view" if tracks == 1 else f"{tracks} times a face is in view, at most {most} at once"
        seen = times if tracks else "no face was found"
        typer.echo(f"{one_line(found.source)}, {clock(found.video.duration_s)}: {seen}.")
    typer.echo(f"{one_line(str(work.picture))}, {one_line(str(work.data))}")


def _tell_photo(found: "FoundFaces") -> None:
    from closeup.features.faces.found import MODELS
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
