"""`closeup gallery enrol | import | import-cast`: people into the gallery."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli import hints
from closeup.cli.exit_codes import after_failures, count_losses
from closeup.cli.flags import AsJson, Quiet, with_flags
from closeup.cli.gallery_options import Models
from closeup.cli.output import one_line, show_error, show_hint, show_json, show_note
from closeup.cli.progress_bar import progress_bar
from closeup.core.words import listed
from closeup.features.gallery.options import EnrolOptions

if TYPE_CHECKING:
    from closeup.features.gallery.enrol import EnrolReport
    from closeup.features.gallery.guide import Guided
    from closeup.features.gallery.importing import Imported, ImportReport
    from closeup.perception.analyzer import Analyzer

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
    given: dict[str, Any],
    models: Models = "auto",
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
    from closeup.features.gallery import enrol as feature
    from closeup.perception.analyzer import Analyzer
    from closeup.storage.gallery import open_gallery
    from closeup.storage.names import clean_name

    clean_name(name)
    with open_gallery() as store:
        analyzer = Analyzer(models)
        if photos:
            few = len(photos) < 3 and all(photo.is_file() for photo in photos)
            with progress_bar(name, quiet=quiet or few) as progress:
                report = feature.enrol(store, analyzer, name, photos, options, progress=progress)
        else:
            keep = options.keep_pictures
            found = (
                _before_camera(analyzer, camera_index, liveness=liveness, keep=keep)
                if video is None
                else _in_video(analyzer, video, keep=keep, quiet=quiet)
            )
            report = feature.enrol_samples(store, name, found.samples, options)
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.ENROLLED.to_data(answers.enrol_answer(report)))
    elif not quiet:
        tell(report)
    for note in (*(refused.reason for refused in report.refused), *report.notes):
        show_note(note)
    count_losses(len(report.refused))


def _in_video(analyzer: "Analyzer", video: Path, *, keep: bool, quiet: bool) -> "Guided":
    from closeup.features.gallery.guide import collect_poses
    from closeup.media.video import hash_file, open_video

    with progress_bar(video.name, quiet=quiet) as progress, open_video(video) as reader:
        return collect_poses(
            analyzer, reader, str(video), source_hash=hash_file(video), keep_pictures=keep, progress=progress
        )


def _before_camera(analyzer: "Analyzer", index: int, *, liveness: bool, keep: bool) -> "Guided":
    from closeup.features.gallery.guide import collect_poses
    from closeup.features.gallery.liveness import LivenessCheck, random_turns
    from closeup.media.webcam import open_camera

    check = LivenessCheck(random_turns()) if liveness else None
    with open_camera(index) as camera:
        found = collect_poses(analyzer, camera, "the camera", say=say, check=check, keep_pictures=keep)
    if found.liveness is not None:
        say(LIVENESS_TOLD)
    return found


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
    given: dict[str, Any],
    models: Models = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Enrol many people: DIR has a folder for each, with their name, and their photos in it."""
    options = EnrolOptions(**given)
    from closeup.features.gallery import importing
    from closeup.perception.analyzer import Analyzer
    from closeup.storage.gallery import open_gallery

    importing.person_folders(folder)
    with open_gallery() as store, progress_bar(folder.name, quiet=quiet) as progress:
        report = importing.import_people(store, Analyzer(models), folder, options, progress=progress)
    _tell_import(report, quiet=quiet, as_json=as_json)


@app.command("import-cast")
@with_flags(EnrolOptions, leave_out=("far", "largest"))
def import_cast(
    folder: Annotated[
        Path, typer.Argument(metavar="CASTDIR", help="A result folder of closeup cast.", show_default=False)
    ],
    *,
    given: dict[str, Any],
    models: Models = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Enrol the people of a cast who have names, by their best faces in the video."""
    options = EnrolOptions(**given)
    from closeup.features.gallery.cast_people import import_cast as feature
    from closeup.perception.analyzer import Analyzer
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        report = feature(store, Analyzer(models), folder, options)
    _tell_import(report, quiet=quiet, as_json=as_json)


def _tell_import(report: "ImportReport", *, quiet: bool, as_json: bool) -> None:
    from closeup.features.gallery.importing import summary

    if as_json:
        people = [_imported_json(person) for person in report.people]
        show_json({"people": people, "ignored": list(report.ignored), "notes": list(report.notes)})
    failed = [person for person in report.people if person.report is None]
    for person in report.people:
        if person.error is not None:
            show_error(person.error.within(person.name))
        elif person.report is not None and not quiet:
            _tell_oddities(person.name, person.report)
    if report.ignored:
        show_note(f"Beside the folders, and so nobody's: {listed(report.ignored)}.")
    for note in report.notes:
        show_note(note)
    if not quiet and not as_json:
        typer.echo(f"Enrolled: {summary(report.people)}")
    count_losses(sum(len(person.report.refused) for person in report.people if person.report is not None))
    if failed:
        raise typer.Exit(after_failures(len(failed), len(report.people)))


def _tell_oddities(name: str, report: "EnrolReport") -> None:
    for refused in report.refused:
        show_note(f"{name}: {refused.reason}")
    tell_flags(report)


def tell(report: "EnrolReport") -> None:
    """Say what came of enrolling a person."""
    who = one_line(report.identity.name)
    if report.added:
        faces = f"{len(report.added)} new {'face' if len(report.added) == 1 else 'faces'}"
        total = f"{report.identity.templates} template{'' if report.identity.templates == 1 else 's'} in all"
        typer.echo(f"{who} is enrolled: {faces} ({', '.join(report.added)}); {total}.")
    else:
        typer.echo(f"{who} is enrolled with these pictures already; nothing was added.")
    if report.missing:
        typer.echo(f"Poses still missing: {', '.join(report.missing)}.")
    tell_flags(report)


def tell_flags(report: "EnrolReport") -> None:
    """Say what does not fit: faces unlike the others of their person, and a face that has another name too."""
    for origin in report.flagged:
        show_note(
            f"{origin} shows a face that is not like the others of {report.identity.name}: two people under one name? "
            "It is stored and does not count."
        )
    if report.flagged:
        show_hint(f"See all faces, and how to remove one: closeup gallery show {shlex.quote(report.identity.name)}")
    if report.already_known is not None:
        known = report.already_known
        show_note(
            f"{known.photo} is also like {known.name}: similarity {known.similarity:.3f}, "
            f"threshold {known.threshold:.3f}."
        )


def _imported_json(person: "Imported") -> dict[str, Any]:
    if person.error is not None:
        return {"name": person.name, "error": person.error.message, "hint": hints.hint(person.error)}
    from closeup.features.gallery import answers

    assert person.report is not None
    return answers.ENROLLED.to_data(answers.enrol_answer(person.report))
