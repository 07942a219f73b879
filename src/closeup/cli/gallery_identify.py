"""`closeup gallery identify`: who is in photos, videos and casts, out of those who are enrolled."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli import gallery_enrol
from closeup.cli.exit_codes import EXIT_LOSSES, after_failures
from closeup.cli.flags import AsJson, Given, Quiet, with_flags
from closeup.cli.gallery_words import answer_words, percent, similarity_words, stranger_words
from closeup.cli.output import (
    error_json,
    one_line,
    show_error,
    show_hint,
    show_json,
    show_loss,
    show_note,
    show_notes,
    show_table,
)
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.timebase import clock
from closeup.core.words import counted
from closeup.features.gallery.options import AskOptions
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.documents.gallery import CastFolderAnswer, FaceAnswer, PhotoAnswer, VideoAnswer

    SourceAnswer = PhotoAnswer | VideoAnswer | CastFolderAnswer

app = typer.Typer()


@app.command()
@with_flags(AskOptions, leave_out=("top", "largest"))
def identify(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PHOTO|VIDEO|DIR",
            show_default=False,
            help="What to look at; a folder of photos or a cast folder, too.",
        ),
    ] = None,
    camera: Annotated[bool, typer.Option("--camera", help="Look at who sits before the camera.")] = False,
    camera_index: Annotated[
        int, typer.Option("--camera-index", metavar="INDEX", help="Which camera; they are counted from 0.")
    ] = 0,
    liveness: Annotated[
        bool, typer.Option("--liveness", help="With --camera: ask for head turns first, against photos.")
    ] = False,
    *,
    given: Given,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Say who is in photos, videos or cast folders, or before the camera; unknown is an answer.

    Of several, or of a folder or zip file of photos, each has its line; with --json, a JSON object a line.
    """
    if (not sources) != camera:
        raise typer.BadParameter("give a photo, a video or a cast folder, or --camera.", param_hint="PHOTO|VIDEO")
    if liveness and not camera:
        raise typer.BadParameter("asks for head turns, so it goes with --camera only.", param_hint="--liveness")
    options = AskOptions(**given)
    if not sources:
        _identify_by_camera(options, camera_index, liveness=liveness, as_json=as_json)
        return
    single = len(sources) == 1 and (not _holds_photos(sources[0]))
    refused: set[str] = set()

    def tell(name: str, found: "SourceAnswer | InputError") -> None:
        if isinstance(found, InputError):
            refused.add(name)
            _refuse(name, found, as_json=as_json)
        elif as_json:
            show_json(_data(found), indent=1 if single else None)
            show_notes(getattr(found, "notes", ()), in_json=True)
        else:
            _tell(name, found, single=single)

    with progress_bar(sources[0].name if len(sources) == 1 else "identify", quiet=quiet or as_json) as progress:
        notes = work("gallery.identify")(sources=sources, options=options, each=tell, progress=progress)
    show_notes(notes)
    if refused:
        show_loss(f"{counted(len(refused), 'file')} could not be used; the others are done.")
        alone = sum(str(source) in refused for source in sources)
        raise typer.Exit(after_failures(alone, len(sources)) or EXIT_LOSSES)


def _holds_photos(source: Path) -> bool:
    """Whether a source gives a line for each of many photos."""
    folder = source.is_dir() and not (source / "cast.json").is_file()
    return folder or source.suffix.casefold() == ".zip"


def _refuse(name: str, error: InputError, *, as_json: bool) -> None:
    """Say that one source cannot be used, and go on."""
    if as_json:
        show_json({"source": name, **error_json(error)}, indent=None)
    else:
        show_error(error)


def _data(found: "SourceAnswer") -> object:
    from closeup.documents.gallery import CAST, PHOTO, VIDEO, PhotoAnswer, VideoAnswer

    if isinstance(found, PhotoAnswer):
        return PHOTO.to_data(found)
    return VIDEO.to_data(found) if isinstance(found, VideoAnswer) else CAST.to_data(found)


def _tell(name: str, found: "SourceAnswer", *, single: bool) -> None:
    from closeup.documents.gallery import PhotoAnswer, VideoAnswer

    if isinstance(found, PhotoAnswer):
        if single:
            _tell_photo(found)
        else:
            who = "; ".join(map(answer_words, found.faces))
            typer.echo(one_line(f"{name}: {who or 'no face was found'}"))
        return
    if not single:
        typer.echo(f"{one_line(name)}:")
    _tell_video(found) if isinstance(found, VideoAnswer) else _tell_cast(found)


def _tell_photo(found: "PhotoAnswer") -> None:
    for number, face in enumerate(found.faces, 1):
        place = f"{number} (from the left): " if len(found.faces) > 1 else ""
        typer.echo(f"{place}{answer_words(face)}")
    _warn(found.faces[0])


def _tell_video(found: "VideoAnswer") -> None:
    show_notes(found.notes)
    if not found.sightings:
        typer.echo(f"No face was found in {clock(found.duration_s)} of video.")
        return
    for name, spans in found.people.items():
        when = ", ".join(f"{clock(start_s)}-{clock(end_s)}" for start_s, end_s in spans[:8])
        more = f" and {len(spans) - 8} times more" if len(spans) > 8 else ""
        best = max((each for each in found.sightings if each.name == name), key=lambda each: each.similarity)
        typer.echo(f"{one_line(name)}: {when}{more}; {similarity_words(best)}")
    strangers = sum(each.name is None for each in found.sightings)
    if strangers:
        typer.echo(f"Unknown faces: {counted(strangers, 'time')} in view.")
    typer.echo(f"{found.looks} looks at {clock(found.duration_s)} of video, {found.looks_per_s:g} a second.")
    _warn(found.sightings[0])


def _tell_cast(found: "CastFolderAnswer") -> None:
    rows = [
        (a.person, a.called or "", a.name or "unknown", a.nearest, f"{a.similarity:.3f}", a.conflict)
        for a in found.people
    ]
    if not rows:
        typer.echo("Nobody was found in it.")
        return
    show_table(*rows, head=("id", "name", "is", "most like", "similarity", ""))
    first = found.people[0]
    typer.echo(f"Threshold {first.threshold:.3f}, reached by {percent(first.far)} of pairs of strangers.")
    _warn(first)


def _identify_by_camera(options: AskOptions, index: int, *, liveness: bool, as_json: bool) -> None:
    answer = work("gallery.identify-camera")(options=options, camera=index, check=liveness, say=gallery_enrol.say)
    if as_json:
        from closeup.documents.gallery import CAMERA

        show_json(CAMERA.to_data(answer))
        return
    typer.echo(answer_words(answer))
    if liveness:
        show_note(gallery_enrol.LIVENESS_TOLD)
    _warn(answer)


def _warn(answer: "FaceAnswer") -> None:
    """Say where strangers often pass, and where the nearest has a picture that does not fit."""
    if words := stranger_words(answer):
        show_note(words)
    if answer.flagged:
        show_hint(f"{answer.nearest} has a face that is not like the others: closeup gallery show '{answer.nearest}'")
