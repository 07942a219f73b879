"""`closeup gallery identify`: who is in photos, videos and casts, out of those who are enrolled."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.exit_codes import EXIT_LOSSES, after_failures
from closeup.cli.flags import AsJson, Quiet
from closeup.cli.gallery_options import Far, Models
from closeup.cli.gallery_words import answer_words, percent, similarity_words, stranger_words
from closeup.cli.output import (
    error_json,
    one_line,
    show_error,
    show_hint,
    show_json,
    show_note,
    show_table,
)
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.progress import Progress
from closeup.core.timebase import clock
from closeup.core.words import counted
from closeup.features.gallery.options import FAR

if TYPE_CHECKING:
    from closeup.documents.form import Form
    from closeup.features.gallery.cast_people import CastAnswer
    from closeup.features.gallery.identify import VideoIdentification
    from closeup.features.gallery.recognise import Answer
    from closeup.media.photos import PhotoFile
    from closeup.perception.analyzer import Analyzer
    from closeup.storage.gallery import GalleryStore

app = typer.Typer()


@app.command()
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
    far: Far = FAR,
    models: Models = "auto",
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
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        if not sources:
            _identify_camera(store, camera_index, far, models, liveness=liveness, as_json=as_json)
            return
        asked = _Asked(store, far, models, many=len(sources) > 1, quiet=quiet, as_json=as_json)
        refused, alone = 0, 0
        for source in sources:
            try:
                refused += asked.about(source)
            except InputError as error:
                if len(sources) == 1:
                    raise
                asked.refuse(str(source), error)
                refused, alone = refused + 1, alone + 1
    if refused:
        show_note(f"{counted(refused, 'file')} could not be used; the others are done.")
        raise typer.Exit(after_failures(alone, len(sources)) or EXIT_LOSSES)


class _Asked:
    """Asks the gallery about one source after the other, and says what it answers; the models are loaded once."""

    def __init__(
        self, store: "GalleryStore", far: float, models: str, *, many: bool, quiet: bool, as_json: bool
    ) -> None:
        self._store, self._far, self._models = store, far, models
        self._many, self._quiet, self._as_json = many, quiet, as_json

    @cached_property
    def _analyzer(self) -> "Analyzer":
        from closeup.perception.analyzer import Analyzer

        return Analyzer(self._models)

    def about(self, source: Path) -> int:
        """Ask about one source; gives how many photos in it could not be used."""
        from closeup.media.container import is_video
        from closeup.media.photos import find_photos, is_album

        if (source / "cast.json").is_file():
            self._cast(source)
        elif source.is_dir() or source.suffix.casefold() == ".zip":
            photos, notes = find_photos([source])
            for note in notes:
                show_note(note)
            return self._photos(photos, str(source))
        elif not is_album(source) and is_video(source):
            self._video(source)
        elif self._many:
            return self._photos(find_photos([source])[0], str(source))
        else:
            self._photo(source)
        return 0

    def refuse(self, name: str, error: InputError) -> None:
        """Say that one source cannot be used, and go on."""
        if self._as_json:
            show_json({"source": name, **error_json(error)}, indent=None)
        else:
            show_error(error)

    def _show(self, form: "Form[Any]", answer: Any) -> None:
        """Print an answer as JSON: on one line where there are several."""
        show_json(form.to_data(answer), indent=None if self._many else 1)

    def _photos(self, photos: "Sequence[PhotoFile]", title: str) -> int:
        """Say who is in each of many photos, a line each."""
        from closeup.features.gallery import answers
        from closeup.features.gallery.identify import identify_photos

        self._many, refused = True, 0
        with progress_bar(title, quiet=self._quiet or self._as_json or len(photos) == 1) as progress:
            each = identify_photos(self._store, self._analyzer, photos, self._far)
            for number, (name, found) in enumerate(each, 1):
                progress(Progress("Looking", number, len(photos), "photos"))
                if isinstance(found, InputError):
                    self.refuse(name, found)
                    refused += 1
                elif self._as_json:
                    self._show(answers.PHOTO, answers.photo_answer(Path(name), found))
                else:
                    who = "; ".join(answer_words(face.answer) for face in found)
                    typer.echo(one_line(f"{name}: {who or 'no face was found'}"))
        return refused

    def _photo(self, photo: Path) -> None:
        from closeup.features.gallery import answers
        from closeup.features.gallery.identify import identify_photo

        found = identify_photo(self._store, self._analyzer, photo, self._far)
        if self._as_json:
            self._show(answers.PHOTO, answers.photo_answer(photo, found))
            return
        for number, face in enumerate(found, 1):
            place = f"{number} (from the left): " if len(found) > 1 else ""
            typer.echo(f"{place}{answer_words(face.answer)}")
        _warn(found[0].answer)

    def _video(self, video: Path) -> None:
        from closeup.features.gallery import answers
        from closeup.features.gallery.identify import identify_video

        with progress_bar(video.name, quiet=self._quiet or self._as_json) as progress:
            found = identify_video(self._store, self._analyzer, video, self._far, progress=progress)
        if self._as_json:
            self._show(answers.VIDEO, answers.video_answer(video, found))
            return
        self._head(video)
        _tell_video(found)
        for note in found.notes:
            show_note(note)
        if found.sightings:
            _warn(found.sightings[0].answer)

    def _head(self, source: Path) -> None:
        """Say of which of several sources the lines below are."""
        if self._many:
            typer.echo(f"{one_line(str(source))}:")

    def _cast(self, folder: Path) -> None:
        from closeup.features.gallery import answers
        from closeup.features.gallery.cast_people import name_cast

        found = name_cast(self._store, folder, lambda: self._analyzer, self._far)
        if self._as_json:
            self._show(answers.CAST, answers.cast_answer(folder, found))
            return
        self._head(folder)
        _tell_cast(found)


def _tell_video(found: "VideoIdentification") -> None:
    if not found.sightings:
        typer.echo(f"No face was found in {clock(found.duration_s)} of video.")
        return
    people = found.people()
    for name, sightings in people.items():
        when = ", ".join(f"{clock(a.start_s)}-{clock(a.end_s)}" for a in sightings[:8])
        more = f" and {len(sightings) - 8} times more" if len(sightings) > 8 else ""
        best = max(sightings, key=lambda a: a.answer.similarity)
        typer.echo(f"{one_line(name)}: {when}{more}; {similarity_words(best.answer)}")
    strangers = [a for a in found.sightings if a.answer.name is None]
    if strangers:
        times = "time" if len(strangers) == 1 else "times"
        typer.echo(f"Unknown faces: {len(strangers)} {times} in view.")
    typer.echo(f"{found.looks} looks at {clock(found.duration_s)} of video, {found.looks_per_s:g} a second.")


def _tell_cast(found: "Sequence[CastAnswer]") -> None:
    rows = [
        (
            a.person,
            a.called or "",
            a.answer.name or "unknown",
            a.answer.nearest,
            f"{a.answer.similarity:.3f}",
            a.conflict,
        )
        for a in found
    ]
    if not rows:
        typer.echo("Nobody was found in it.")
        return
    show_table(*rows, head=("id", "name", "is", "most like", "similarity", ""))
    first = found[0].answer
    typer.echo(f"Threshold {first.threshold:.3f}, reached by {percent(first.far)} of pairs of strangers.")
    _warn(first)


def _identify_camera(
    store: "GalleryStore", index: int, far: float, models: str, *, liveness: bool, as_json: bool
) -> None:
    from closeup.cli.gallery_enrol import LIVENESS_TOLD, say
    from closeup.features.gallery.guide import watch_until_alive
    from closeup.features.gallery.liveness import LivenessCheck, random_turns
    from closeup.features.gallery.recognise import Recogniser, model_for
    from closeup.media.webcam import open_camera
    from closeup.perception.analyzer import Analyzer

    analyzer = Analyzer(models)
    recogniser = Recogniser(store, model_for(store, analyzer), far)
    check = LivenessCheck(random_turns()) if liveness else None
    with open_camera(index) as camera:
        face, report = watch_until_alive(analyzer, camera, say, check)
    (answer,) = recogniser.answer(face.embeddings[recogniser.model][None])
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.CAMERA.to_data(answers.camera_answer(answer, report.state if report else None)))
        return
    typer.echo(answer_words(answer))
    if report is not None:
        show_note(LIVENESS_TOLD)
    _warn(answer)


def _warn(answer: "Answer") -> None:
    """Say where strangers often pass, and where the nearest has a picture that does not fit."""
    if words := stranger_words(answer):
        show_note(words)
    if answer.flagged:
        show_hint(f"{answer.nearest} has a face that is not like the others: closeup gallery show '{answer.nearest}'")
