"""The gallery's work as `jobs.work` calls it: by files and options, in the gallery that the settings name."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.whole import write_whole
from closeup.documents.gallery import (
    CameraAnswer,
    CastFolderAnswer,
    EnrolReport,
    ImportReport,
    LookAlikes,
    PairsEvaluation,
    PhotoAnswer,
    Verification,
    VideoAnswer,
)
from closeup.features.gallery import cast_people, enrol, evaluate, guide, identify, liveness, mapping, similar, verify
from closeup.features.gallery.options import AskOptions, EnrolOptions
from closeup.features.gallery.recognise import Recogniser, model_for
from closeup.media import webcam
from closeup.media.container import is_video
from closeup.media.photos import find_photos, is_album
from closeup.media.video import hash_file, open_video
from closeup.perception import analyzer
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore, open_gallery
from closeup.storage.names import clean_name

Say = Callable[[str], None]
SourceAnswer = PhotoAnswer | VideoAnswer | CastFolderAnswer
Listener = Callable[[str, SourceAnswer | InputError], None]
"""Is given the name of each photo, video or cast, and who is in it or why it cannot be used, when that is known."""


def enrol_photos(
    name: str, photos: Sequence[Path], options: EnrolOptions, *, progress: ProgressCallback = ignore
) -> EnrolReport:
    """Enrol somebody by photos, folders and zip files; raises what `enrol.enrol` does."""
    clean_name(name)
    with open_gallery() as store:
        return enrol.enrol(store, analyzer.Analyzer(options.models), name, photos, options, progress=progress)


def enrol_video(name: str, video: Path, options: EnrolOptions, *, progress: ProgressCallback = ignore) -> EnrolReport:
    """Enrol somebody by the best frame of each pose in a video of them alone; raises what `collect_poses` does."""
    clean_name(name)
    with open_gallery() as store, open_video(video) as reader:
        samples = guide.collect_poses(
            analyzer.Analyzer(options.models),
            reader,
            str(video),
            source_hash=hash_file(video),
            keep_pictures=options.keep_pictures,
            progress=progress,
        )
        return enrol.enrol_samples(store, name, samples, options)


def enrol_by_camera(
    name: str,
    options: EnrolOptions,
    *,
    say: Say,
    camera: int = 0,
    check: bool = False,
    progress: ProgressCallback = ignore,
) -> EnrolReport:
    """Enrol who sits before a camera; raises what `collect_poses` does.

    Args:
        say: Is given what the person shall do.
        check: Ask for head turns first.
    """
    clean_name(name)
    turns = liveness.LivenessCheck(liveness.random_turns()) if check else None
    with open_gallery() as store:
        reader = analyzer.Analyzer(options.models)
        with webcam.open_camera(camera) as source:
            samples = guide.collect_poses(
                reader,
                source,
                "the camera",
                say=say,
                check=turns,
                keep_pictures=options.keep_pictures,
                progress=progress,
            )
        return enrol.enrol_samples(store, name, samples, options)


def import_folders(folder: Path, options: EnrolOptions, *, progress: ProgressCallback = ignore) -> ImportReport:
    """Enrol a folder for each person; raises what `import_people` does."""
    enrol.person_folders(folder)
    with open_gallery() as store:
        return enrol.import_people(store, analyzer.Analyzer(options.models), folder, options, progress=progress)


def import_cast(folder: Path, options: EnrolOptions, *, progress: ProgressCallback = ignore) -> ImportReport:
    """Enrol the people of a cast who have names; raises what `cast_people.import_cast` does."""
    progress(Progress("Enrolling", 0, None, ""))
    with open_gallery() as store:
        return cast_people.import_cast(store, analyzer.Analyzer(options.models), folder, options)


def identify_sources(
    sources: Sequence[Path],
    options: AskOptions,
    *,
    each: Listener,
    progress: ProgressCallback = ignore,
) -> tuple[str, ...]:
    """Say who is in photos, videos and casts, and in folders and zip files of photos.

    What cannot be used does not stop the others, unless it is alone.

    Returns:
        Notes on what lies in folders and was passed by, a sentence each.

    Raises:
        InputError: If nobody is enrolled, or the only source cannot be used.
        ModelError: If all templates are of models that are not on this machine.
    """
    notes: dict[str, None] = {}
    with open_gallery() as store:
        new_analyzer = cache(lambda: analyzer.Analyzer(options.models))  # once, and only where it is needed
        for source in sources:
            try:
                noted = _about(
                    source,
                    store,
                    options.far,
                    new_analyzer=new_analyzer,
                    alone=len(sources) == 1,
                    each=each,
                    progress=progress,
                )
                notes |= dict.fromkeys(noted)
            except InputError as error:
                if len(sources) == 1:
                    raise
                each(str(source), error)
    return tuple(notes)


def _about(
    source: Path,
    store: GalleryStore,
    far: float,
    *,
    new_analyzer: Callable[[], Analyzer],
    alone: bool,
    each: Listener,
    progress: ProgressCallback,
) -> Sequence[str]:
    """Say who is in one source; gives notes. A photo that is `alone` has to show a face."""
    if (source / "cast.json").is_file():
        people = cast_people.name_cast(store, source, new_analyzer, far)
        each(str(source), CastFolderAnswer(folder=str(source), people=people))
    elif not is_album(source) and is_video(source):
        each(str(source), identify.identify_video(store, new_analyzer(), source, far, progress=progress))
    elif alone and not source.is_dir() and source.suffix.casefold() != ".zip":
        each(str(source), identify.identify_photo(store, new_analyzer(), source, far))
    else:
        photos, notes = find_photos([source])
        for number, (name, answer) in enumerate(identify.identify_photos(store, new_analyzer(), photos, far), 1):
            if len(photos) > 1:
                progress(Progress("Looking", number, len(photos), "photos"))
            each(name, answer)
        return notes
    return ()


def identify_by_camera(
    options: AskOptions, *, say: Say, camera: int = 0, check: bool = False, progress: ProgressCallback = ignore
) -> CameraAnswer:
    """Say who sits before a camera; raises what `watch_until_alive` does.

    Args:
        say: Is given what the person shall do.
        check: Ask for head turns first.
    """
    progress(Progress("Looking", 0, None, ""))
    turns = liveness.LivenessCheck(liveness.random_turns()) if check else None
    with open_gallery() as store:
        reader = analyzer.Analyzer(options.models)
        recogniser = Recogniser(store, model_for(store, reader), options.far)
        with webcam.open_camera(camera) as source:
            face = guide.watch_until_alive(reader, source, say, turns)
        (answer,) = recogniser.answer(face.embeddings[recogniser.model][None])
    return CameraAnswer(**asdict(answer), liveness=turns.report.state if turns else None)


def verify_photo(
    a: Path,
    options: AskOptions,
    *,
    b: Path | None = None,
    name: str | None = None,
    progress: ProgressCallback = ignore,
) -> Verification:
    """Say whether a photo shows the same person as another one, `b`, or the person of that name who is enrolled."""
    progress(Progress("Comparing", 0, None, ""))
    reader = analyzer.Analyzer(options.models)
    if b is not None:
        return verify.verify(reader, a, b, options.far, largest=options.largest)
    if name is None:
        raise ValueError("there is nothing to compare with")
    with open_gallery() as store:
        return verify.verify_identity(store, reader, a, name, options.far, largest=options.largest)


def find_alikes(
    photo: Path,
    options: AskOptions,
    *,
    folder: Path | None = None,
    sheet: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> LookAlikes:
    """Find who in the gallery, or which faces in a folder or zip file, are most like the face in a photo.

    Args:
        sheet: Write the pictures beside each other, as HTML.

    Raises:
        OutputError: If the sheet is there and must stay; and what `similar.similar` and `similar_in` raise.
    """
    _check_free(sheet, overwrite=overwrite)
    reader, far = analyzer.Analyzer(options.models), options.far
    if folder is not None:
        found = similar.similar_in(folder, reader, photo, options.top, far, progress=progress)
    else:
        with open_gallery() as store:
            found = similar.similar(store, reader, photo, options.top, far, largest=options.largest)
    if sheet is not None:
        write_whole(sheet, similar.sheet(found).encode())
    return found


def draw_map(
    output: Path,
    options: AskOptions,
    *,
    folder: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> mapping.FaceMap:
    """Draw everybody, or the faces in a folder or zip file, on a page by likeness; raises what `map_gallery` does."""
    _check_free(output, overwrite=overwrite)
    reader = analyzer.Analyzer(options.models)
    if folder is not None:
        drawn = mapping.map_folder(folder, reader, progress=progress)
    else:
        with open_gallery() as store:
            drawn = mapping.map_gallery(store, reader, progress=progress)
    write_whole(output, drawn.html.encode())
    return drawn


def evaluate_list(
    folder: Path, pairs: Path, options: AskOptions, *, progress: ProgressCallback = ignore
) -> PairsEvaluation:
    """Measure how well people are told apart on a list of pairs; raises what `evaluate_pairs` does."""
    return evaluate.evaluate_pairs(analyzer.Analyzer(options.models), folder, pairs, progress)


def _check_free(path: Path | None, *, overwrite: bool) -> None:
    """Make sure that a page can be written, before the work for it."""
    if path is not None and path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Choose another place.", code="result.exists")
