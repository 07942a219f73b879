"""`closeup gallery enrol | import | import-cast`: people into the gallery."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli import hints
from closeup.cli.exit_codes import after_failures
from closeup.cli.flags import AsJson, Given, Quiet, with_flags
from closeup.cli.output import one_line, show_error, show_hint, show_json, show_loss, show_note, show_notes
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.words import counted, listed
from closeup.features.gallery.options import EnrolOptions
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.documents.gallery import EnrolReport, ImportReport, NotEnrolled

app = typer.Typer()

Photos = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PHOTO", help="Photos; folders and zip files of them, too.", show_default=False),
]
ENROL = with_flags(EnrolOptions, leave_out=("far",))


@app.command()
@ENROL
def enrol(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is.", show_default=False)],
    photos: Photos = None,
    camera: Annotated[
        bool, typer.Option("--camera", help="Take the pictures now: the camera guides through the poses.")
    ] = False,
    camera_index: Annotated[
        int, typer.Option("--camera-index", metavar="INDEX", help="Which camera; they are counted from 0.")
    ] = 0,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the best frame of each pose from a video of one person.")
    ] = None,
    liveness: Annotated[
        bool, typer.Option("--liveness", help="With --camera: ask for head turns first, against photos.")
    ] = False,
    *,
    given: Given,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Enrol a person by photos, before a camera, or from a video; more can be added at any time.

    Best are several poses: front, left, right, down, and up. What is stored are the name and numbers made from the
    face, and no picture unless --keep-pictures is given.
    """
    if sum([bool(photos), camera, video is not None]) != 1:
        raise typer.BadParameter("give photos, or --camera, or --video FILE.", param_hint="PHOTO")
    if liveness and not camera:
        raise typer.BadParameter("asks for head turns, so it goes with --camera only.", param_hint="--liveness")
    options = EnrolOptions(**given)
    few = bool(photos) and len(photos or ()) < 3 and all(photo.is_file() for photo in photos or ())
    with progress_bar(video.name if video else name, quiet=quiet or few or camera) as progress:
        if camera:
            report = work("gallery.enrol-camera")(
                name=name, options=options, camera=camera_index, check=liveness, say=say
            )
        elif video is not None:
            report = work("gallery.enrol-video")(name=name, video=video, options=options, progress=progress)
        else:
            report = work("gallery.enrol")(name=name, photos=photos, options=options, progress=progress)
    if liveness:
        say(LIVENESS_TOLD)
    if as_json:
        from closeup.documents.gallery import ENROLLED

        show_json(ENROLLED.to_data(report))
    elif not quiet:
        _tell(report)
    for refused in report.refused:
        show_loss(refused.reason)
    show_notes(report.notes)


LIVENESS_TOLD = (
    "A living head turned as it was asked. That stops photos, and videos that were made before; "
    "it does not stop masks, or faces that are exchanged in the camera's picture."
)


def say(text: str) -> None:
    """Ask the person before the camera for something: on stderr, where results do not go."""
    typer.echo(one_line(text), err=True)


@app.command("import")
@ENROL
def import_people(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="With a folder for each person.", show_default=False)],
    *,
    given: Given,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Enrol many people: DIR has a folder for each, with their name, and their photos in it."""
    with progress_bar(folder.name, quiet=quiet) as progress:
        report = work("gallery.import")(folder=folder, options=EnrolOptions(**given), progress=progress)
    _tell_import(report, quiet=quiet, as_json=as_json)


@app.command("import-cast")
@with_flags(EnrolOptions, leave_out=("far", "largest"))
def import_cast(
    folder: Annotated[
        Path, typer.Argument(metavar="CASTDIR", help="A result folder of closeup cast.", show_default=False)
    ],
    *,
    given: Given,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Enrol the people of a cast who have names, by their best faces in the video."""
    report = work("gallery.import-cast")(folder=folder, options=EnrolOptions(**given))
    _tell_import(report, quiet=quiet, as_json=as_json)


def _tell_import(report: "ImportReport", *, quiet: bool, as_json: bool) -> None:
    from closeup.documents.gallery import IMPORTED, EnrolReport, NotEnrolled

    if as_json:
        people = [
            replace(each, hint=hints.hint(_problem(each))) if isinstance(each, NotEnrolled) else each
            for each in report.people
        ]
        show_json(IMPORTED.to_data(replace(report, people=tuple(people))))
    done = [person for person in report.people if isinstance(person, EnrolReport)]
    for person in report.people:
        if isinstance(person, NotEnrolled):
            show_error(_problem(person).within(person.name))
        else:
            for refused in person.refused:
                show_loss(f"{person.name}: {refused.reason}")
            _tell_flags(person)
    if report.ignored:
        show_note(f"Beside the folders, and so nobody's: {listed(report.ignored)}.")
    show_notes(report.notes)
    failed = len(report.people) - len(done)
    if not quiet and not as_json:
        faces = counted(sum(len(person.added) for person in done), "new face")
        left = f"; {failed} could not be enrolled" if failed else ""
        typer.echo(f"Enrolled: {counted(len(done), 'person', 'people')} with {faces}{left}.")
    if failed:
        raise typer.Exit(after_failures(failed, len(report.people)))


def _problem(person: "NotEnrolled") -> InputError:
    return InputError(person.error, person.hint, code=person.code, **person.facts)


def _tell(report: "EnrolReport") -> None:
    who = one_line(report.name)
    if report.added:
        faces = f"{len(report.added)} new {'face' if len(report.added) == 1 else 'faces'}"
        total = f"{report.templates} template{'' if report.templates == 1 else 's'} in all"
        typer.echo(f"{who} is enrolled: {faces} ({', '.join(report.added)}); {total}.")
    else:
        typer.echo(f"{who} is enrolled with these pictures already; nothing was added.")
    if report.missing:
        typer.echo(f"Poses still missing: {', '.join(report.missing)}.")
    _tell_flags(report)


def _tell_flags(report: "EnrolReport") -> None:
    for origin in report.flagged:
        show_note(
            f"{origin} shows a face that is not like the others of {report.name}: two people under one name? "
            "It is stored and does not count."
        )
    if report.flagged:
        show_hint(f"See all faces, and how to remove one: closeup gallery show {shlex.quote(report.name)}")
    if report.already_known is not None:
        known = report.already_known
        show_note(
            f"{known.photo} is also like {known.name}: similarity {known.similarity:.3f}, "
            f"threshold {known.threshold:.3f}."
        )
