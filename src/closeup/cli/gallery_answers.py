"""`closeup gallery verify | identify | similar | map`: who is it, and who is like whom."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AsJson, Quiet
from closeup.cli.gallery_options import Far, Largest, Models
from closeup.cli.gallery_words import answer_words, percent, similarity_words, stranger_words
from closeup.cli.output import one_line, show_hint, show_json, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import OutputError
from closeup.core.timebase import clock
from closeup.features.gallery.options import FAR, TOP

if TYPE_CHECKING:
    from closeup.features.gallery.identify import VideoIdentification
    from closeup.features.gallery.recognise import Answer
    from closeup.features.gallery.similar import LookAlikes
    from closeup.perception.analyzer import Analyzer
    from closeup.storage.gallery import GalleryStore

app = typer.Typer()

Photo = Annotated[Path, typer.Argument(metavar="PHOTO", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]


@app.command()
def verify(
    a: Annotated[Path, typer.Argument(metavar="A", help="A photo with one face.", show_default=False)],
    b: Annotated[Path | None, typer.Argument(metavar="B", help="Another.", show_default=False)] = None,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Instead of B: a person who is enrolled.")
    ] = None,
    far: Far = FAR,
    largest: Largest = False,
    models: Models = "auto",
    as_json: AsJson = False,
) -> None:
    """Say whether two photos show one person, or a photo a person who is enrolled."""
    if (b is None) == (name is None):
        raise typer.BadParameter("give another photo, or --as NAME.", param_hint="B")
    from closeup.features.gallery import verify as feature
    from closeup.perception.analyzer import Analyzer

    analyzer = Analyzer(models)
    if b is not None:
        result, other = feature.verify(analyzer, a, b, far, largest=largest), str(b)
    else:
        from closeup.storage.gallery import open_gallery

        with open_gallery() as store:
            assert name is not None
            result, other = feature.verify_identity(store, analyzer, a, name, far, largest=largest), name
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.PAIR.to_data(answers.pair_answer(result, str(a), other)))
        return
    typer.echo(f"{'The same person' if result.same else 'Two different people'}: {similarity_words(result)}")


@app.command()
def identify(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="PHOTO|VIDEO|CASTDIR", show_default=False, help="What to look at."),
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
    """Say who is in a photo, a video or a cast folder, or before the camera; unknown is an answer."""
    if (source is None) != camera:
        raise typer.BadParameter("give a photo, a video or a cast folder, or --camera.", param_hint="PHOTO|VIDEO")
    if liveness and not camera:
        raise typer.BadParameter("asks for head turns, so it goes with --camera only.", param_hint="--liveness")
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        if source is None:
            _identify_camera(store, camera_index, far, models, liveness=liveness, as_json=as_json)
        elif source.is_dir():
            _identify_cast(store, source, far, models, as_json=as_json)
        else:
            from closeup.media.container import is_video
            from closeup.perception.analyzer import Analyzer

            analyzer = Analyzer(models)
            if is_video(source):
                _identify_video(store, analyzer, source, far, quiet=quiet, as_json=as_json)
            else:
                _identify_photo(store, analyzer, source, far, as_json=as_json)


def _identify_photo(store: "GalleryStore", analyzer: "Analyzer", photo: Path, far: float, *, as_json: bool) -> None:
    from closeup.features.gallery.identify import identify_photo

    found = identify_photo(store, analyzer, photo, far)
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.PHOTO.to_data(answers.photo_answer(photo, found)))
        return
    for number, face in enumerate(found, 1):
        place = f"{number} (from the left): " if len(found) > 1 else ""
        typer.echo(f"{place}{answer_words(face.answer)}")
    _warn(found[0].answer)


def _identify_video(
    store: "GalleryStore", analyzer: "Analyzer", video: Path, far: float, *, quiet: bool, as_json: bool
) -> None:
    from closeup.features.gallery.identify import identify_video

    with progress_bar(video.name, quiet=quiet or as_json) as progress:
        found = identify_video(store, analyzer, video, far, progress=progress)
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.VIDEO.to_data(answers.video_answer(video, found)))
        return
    _tell_video(found)
    for note in found.notes:
        show_note(note)
    if found.sightings:
        _warn(found.sightings[0].answer)


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


def _identify_cast(store: "GalleryStore", folder: Path, far: float, models: str, *, as_json: bool) -> None:
    from closeup.features.gallery.cast_people import name_cast
    from closeup.perception.analyzer import Analyzer

    found = name_cast(store, folder, lambda: Analyzer(models), far)
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.CAST.to_data(answers.cast_answer(folder, found)))
        return
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
        typer.echo("Nobody was found in this video.")
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


@app.command()
def similar(
    photo: Photo,
    top: Annotated[int, typer.Option(metavar="N", help="How many to list.")] = TOP,
    folder: Annotated[
        Path | None, typer.Option("--in", metavar="DIR", help="Compare with the pictures below DIR, not the gallery.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a picture sheet too, as HTML.")] = None,
    overwrite: Overwrite = False,
    far: Far = FAR,
    largest: Largest = False,
    models: Models = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Find who looks most like the face in a photo: in the gallery, or in a folder of pictures."""
    from closeup.features.gallery import similar as feature
    from closeup.perception.analyzer import Analyzer

    _check_free(sheet, overwrite=overwrite)
    analyzer = Analyzer(models)
    if folder is not None:
        with progress_bar(folder.name, quiet=quiet or as_json) as progress:
            found = feature.similar_in(folder, analyzer, photo, top, far, progress=progress)
    else:
        from closeup.storage.gallery import open_gallery

        with open_gallery() as store:
            found = feature.similar(store, analyzer, photo, top, far, largest=largest)
    if sheet is not None:
        from closeup.core.whole import write_whole

        write_whole(sheet, found.sheet().encode())
    _tell_alikes(found, as_json=as_json)
    if sheet is not None and not as_json:
        typer.echo(f"Sheet: {one_line(str(sheet))}")


def _tell_alikes(found: "LookAlikes", *, as_json: bool) -> None:
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.ALIKES.to_data(answers.alikes_answer(found)))
        return
    rows = [
        (str(number), a.name, f"{a.similarity:.3f}", f"{a.distance:.3f}", "as one person" if a.same else "")
        for number, a in enumerate(found.found, 1)
    ]
    show_table(*rows, head=("", "who", "similarity", "distance", ""))
    typer.echo(f"Threshold {found.threshold:.3f}, reached by {percent(found.far)} of pairs of strangers.")
    if found.skipped:
        show_note(f"{len(found.skipped)} pictures were of no use. The first: {found.skipped[0].reason}")


@app.command("map")
def draw_map(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Write the page there.")] = Path(
        "map.html"
    ),
    folder: Annotated[
        Path | None, typer.Option("--in", metavar="DIR", help="Draw the faces in the pictures below DIR instead.")
    ] = None,
    overwrite: Overwrite = False,
    models: Models = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw everybody on a map by likeness (PCA and t-SNE): one page that needs nothing beside itself."""
    from closeup.core.whole import write_whole
    from closeup.features.gallery.mapping import map_folder, map_gallery
    from closeup.perception.analyzer import Analyzer

    _check_free(output, overwrite=overwrite)
    with progress_bar("map", quiet=quiet) as progress:
        if folder is not None:
            drawn = map_folder(folder, Analyzer(models), progress=progress)
        else:
            from closeup.storage.gallery import open_gallery

            with open_gallery() as store:
                drawn = map_gallery(store, Analyzer(models), progress=progress)
    write_whole(output, drawn.html.encode())
    typer.echo(f"{drawn.faces} faces of {drawn.people} people: {one_line(str(output))}")
    for note in drawn.notes:
        show_note(note)


def _check_free(path: Path | None, *, overwrite: bool) -> None:
    """Make sure that a page can be written, before the work for it."""
    if path is not None and path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Add --overwrite to replace it, or choose another place.")


def _warn(answer: "Answer") -> None:
    """Say where strangers often pass, and where the nearest has a picture that does not fit."""
    if words := stranger_words(answer):
        show_note(words)
    if answer.flagged:
        show_hint(f"{answer.nearest} has a face that is not like the others: closeup gallery show '{answer.nearest}'")
