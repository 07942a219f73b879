"""`closeup.portrait`: pictures and files with the background out of focus, and their mattes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from closeup.algorithms.matting.focus import full_alpha
from closeup.algorithms.matting.light import Pixels
from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import made_folder
from closeup.core.types import FloatArray, Image
from closeup.core.whole import write_whole
from closeup.core.words import counted
from closeup.documents.portrait import PortraitAnswer, PortraitPerson, PortraitResult
from closeup.features.portrait.options import ALL, MatteOptions, PortraitOptions
from closeup.features.portrait.people import faces_in_time, faces_of_photo
from closeup.features.portrait.video import VideoSource, matte_video, portrait_video
from closeup.jobs.casts import CAST, find_video, open_cast
from closeup.jobs.work import work
from closeup.media.container import is_video
from closeup.media.files import is_picture, photos_given
from closeup.media.photo_file import PhotoContent, encode_png_with, read_photo, write_photo
from closeup.perception.analyzer import Analyzer
from closeup.perception.kept_faces import NOBODY, Faces
from closeup.perception.matte import PersonMatte
from closeup.perception.shallow_focus import (
    PRESENT,
    Lens,
    SmallPicture,
    alpha_by,
    fitted_edges,
    small_alpha,
    small_picture,
)

_FILLS = 0.98
"""Who fills more than this of a picture leaves no background to speak of."""

_OWN = (".portrait.jpg", ".portrait.png", ".matte.png")
"""Endings of earlier results, which folders of photos are not searched for."""

_FILES = (".jpg", ".jpeg", ".png", ".mp4", ".mkv")
"""Endings by which an output is a file rather than a folder."""


def portrait(picture: Path | str | Image, options: PortraitOptions | None = None) -> Pixels:
    """A photo with all but the people in it out of focus, as a fast lens would have taken it.

    Args:
        picture: A picture file, or upright RGB uint8 (H, W, 3).
        options: What is chosen; see there.

    Returns:
        RGB (H, W, 3), uint8, or uint16 for a file of 16 bits; RGBA (H, W, 4) with a transparent background.

    Raises:
        InputError: If it cannot be read, or nobody is in it.
        ModelError: If a network is missing.
    """
    options = options or PortraitOptions()
    path = None if isinstance(picture, np.ndarray) else Path(picture)
    pixels: Pixels = picture if isinstance(picture, np.ndarray) else read_photo(Path(picture)).pixels
    cut = _CutOut(PersonMatte(), options.keep, options.models)
    return cut.portrait(
        path, pixels, Lens(options.blur, options.shape, options.background), by_depth=options.strength_by == "depth"
    )[0]


def make_portraits(
    sources: Sequence[Path],
    output: Path = Path(),
    options: PortraitOptions | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> PortraitAnswer:
    """Make portraits of photos and videos: NAME.portrait.jpg, .png or .mp4 in a folder, or one file.

    Args:
        sources: Photos, folders of photos, videos, and cast folders of videos.
        output: Folder of the results, made if need be; of one source also a file, .jpg, .png or .mp4.
        overwrite: Replace results that are there.

    Raises:
        InputError: If nothing can be used, or two sources would be written to one file.
        OutputError: If a result is there that must stay.
        ModelError: If a network is missing.
    """
    options = options or PortraitOptions()
    network, look = PersonMatte(), Lens(options.blur, options.shape, options.background)
    cut = _CutOut(network, options.keep, options.models)

    def photo(path: Path, content: PhotoContent, target: Path) -> PortraitResult:
        if look.transparent and target.suffix != ".png":
            raise InputError("JPEG cannot be transparent.", "Write to a file that ends in .png.")
        pixels, result = cut.portrait(path, content.pixels, look, by_depth=options.strength_by == "depth")
        write_photo(target, pixels, content)
        return result

    def video(source: VideoSource, target: Path) -> PortraitResult:
        return portrait_video(source, target, options, network, progress)

    kinds = _Kinds("portrait", photo, video, ".png" if look.transparent else "", ".mp4", options.keep_gps)
    answer = _each(kinds, sources, output, keep=options.keep, overwrite=overwrite, progress=progress)
    return replace(answer, model=network.card_name)


def make_mattes(
    sources: Sequence[Path],
    output: Path = Path(),
    options: MatteOptions | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> PortraitAnswer:
    """Write how much of each pixel is a person: NAME.matte.png of photos, NAME.matte.mkv of videos.

    Args and errors are those of `make_portraits`.
    """
    options = options or MatteOptions()
    network = PersonMatte()
    cut = _CutOut(network, options.keep, options.models)

    def photo(path: Path, content: PhotoContent, target: Path) -> PortraitResult:
        alpha, result = cut.matte(path, content.pixels)
        grey = (
            np.rint(alpha * 255).astype(np.uint8) if options.bits == "8" else np.rint(alpha * 65535).astype(np.uint16)
        )
        write_whole(target, encode_png_with(grey))
        return result

    def video(source: VideoSource, target: Path) -> PortraitResult:
        return matte_video(source, target, options, network, progress)

    kinds = _Kinds("matte", photo, video, ".png", ".mkv")
    answer = _each(kinds, sources, output, keep=options.keep, overwrite=overwrite, progress=progress)
    return replace(answer, model=network.card_name)


class _CutOut:
    """Photos to the people in them who are kept."""

    def __init__(self, network: PersonMatte, keep: str, models: str) -> None:
        self._network, self._keep = network, keep
        self._analyzer = cache(lambda: Analyzer(models))  # only where faces are looked for

    def portrait(
        self, path: Path | None, pixels: Pixels, look: Lens, *, by_depth: bool
    ) -> tuple[Pixels, PortraitResult]:
        """The portrait of a photo, and what is to be said of it."""
        by_depth = by_depth and look.by_depth
        small, faces, own, others = self._chosen(path, pixels, faces_too=by_depth)
        model = fitted_edges(small, own)
        strength = faces.strength(own, others) if by_depth else None
        made = look.portrait(pixels, small, model.apply, strength=strength)
        result = self._result(pixels, faces, float(small_alpha(small, model).mean()))
        notes = []
        if result.coverage > _FILLS:
            notes.append("They fill the picture: there is hardly any background.")
        blur_px = look.radius * pixels.shape[0]
        if 0 < blur_px < 1:
            notes.append("The picture is so small that the blur is less than a pixel.")
        return made, replace(result, blur_px=blur_px, by_depth=strength is not None, notes=tuple(notes))

    def matte(self, path: Path, pixels: Pixels) -> tuple[FloatArray, PortraitResult]:
        """Alpha (H, W) of a photo, and what is to be said of it."""
        small, faces, own, _ = self._chosen(path, pixels, faces_too=False)
        alpha = full_alpha(pixels, alpha_by(fitted_edges(small, own), (pixels.shape[1], pixels.shape[0])))
        return alpha, self._result(pixels, faces, float(alpha.mean()))

    def _chosen(
        self, path: Path | None, pixels: Pixels, *, faces_too: bool
    ) -> tuple[SmallPicture, Faces, FloatArray, FloatArray]:
        """The small picture, its faces, and alpha of those who are kept and of the others."""
        small = small_picture(pixels)
        alpha = self._network.alpha(small.image)
        name = path or "the picture"
        if float((alpha > 0.5).mean()) < PRESENT:
            raise InputError(f"Nobody is seen in {name}.", "Take a picture in which somebody is near and lit.")
        faces = NOBODY
        if faces_too or self._keep != ALL:
            faces = faces_of_photo(path, _eight_bits(pixels), self._keep, self._analyzer())
        own, others = faces.chosen(alpha)
        if float((own > 0.5).mean()) < PRESENT:
            raise InputError(f"Of who is to be kept, nothing but a face is seen in {name}.", "Keep everybody.")
        return small, faces, own, others

    def _result(self, pixels: Pixels, faces: Faces, coverage: float) -> PortraitResult:
        height, width = pixels.shape[:2]
        boxes = faces.boxes_xyxy * np.array([width, height, width, height], np.float32)
        people = tuple(PortraitPerson(box, bool(kept)) for box, kept in zip(boxes, faces.kept, strict=True))
        return PortraitResult("", "", width, height, self._keep, min(coverage, 1.0), 0.0, False, people)


def _eight_bits(pixels: Pixels) -> Image:
    return np.asarray(pixels if pixels.dtype == np.uint8 else pixels >> 8, np.uint8)


class _Kinds(NamedTuple):
    """What is made of photos and of videos, and what its files end with; "" for that of the photo itself."""

    word: str
    photo: Callable[[Path, PhotoContent, Path], PortraitResult]
    video: Callable[[VideoSource, Path], PortraitResult]
    photo_ending: str
    video_ending: str
    keep_gps: bool = False


def _each(
    kinds: _Kinds, sources: Sequence[Path], output: Path, *, keep: str, overwrite: bool, progress: ProgressCallback
) -> PortraitAnswer:
    """Make something of every source; what cannot be used stops the others only where it is alone."""
    todo, notes = _listed(sources)
    file = output if len(todo) == 1 and output.suffix.casefold() in _FILES and not output.is_dir() else None
    results, problems, taken = list[PortraitResult](), dict[str, str](), dict[Path, Path]()

    def place(source: Path, ending: str) -> Path:
        target = file or output / f"{source.stem}.{kinds.word}{ending}"
        other = taken.setdefault(target, source)
        if other != source:
            raise InputError(f"{other} and {source} would both be written to {target}.", "Run them one by one.")
        if target.exists() and (not overwrite or target.samefile(source)):
            raise OutputError(f"{target} exists already.", code="result.exists")
        return target

    with made_folder(file.parent if file else output):
        for number, source in enumerate(todo):
            if len(todo) > 1:
                progress(Progress("Working", number, len(todo), "files"))
            try:
                results.append(_one(kinds, source, place, keep, progress))
            except InputError as error:
                if len(todo) == 1:
                    raise
                problems[str(source)] = error.message
    if not results:
        raise InputError(f"None of {len(todo)} sources can be used. {next(iter(problems.values()))}")
    return PortraitAnswer(tuple(results), problems, "", tuple(notes))


def _one(
    kinds: _Kinds, source: Path, place: Callable[[Path, str], Path], keep: str, progress: ProgressCallback
) -> PortraitResult:
    if not source.is_dir() and (is_picture(source.name) or not is_video(source)):
        content = read_photo(source, keep_gps=kinds.keep_gps)
        target = place(source, kinds.photo_ending or content.suffix)
        result = kinds.photo(source, content, target)
        return replace(result, source=str(source), output=str(target), notes=(*content.notes, *result.notes))
    target = place(source, kinds.video_ending)
    with TemporaryDirectory(prefix="closeup-portrait-") as folder:
        return kinds.video(_video(source, keep, Path(folder) / "cast", progress), target)


def _video(source: Path, keep: str, spare: Path, progress: ProgressCallback) -> VideoSource:
    """A video, or that of a cast folder, and who is kept in it; where that needs a cast, one is made in `spare`."""
    if not source.is_dir():
        if keep == ALL:
            return VideoSource(source)
        cast = work("cast")(video=source, folder=spare, progress=progress)
        return VideoSource(source, cast.video.track, faces_in_time(cast, keep, spare))
    cast = open_cast(source)
    faces = None if keep == ALL else faces_in_time(cast, keep, source)
    return VideoSource(find_video(cast, source, progress=progress), cast.video.track, faces)


def _listed(sources: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Photos, videos and cast folders, each once, with the photos of folders in the place of these; and notes."""
    todo: dict[Path, None] = {}
    notes: dict[str, None] = {}
    for source in sources:
        if (source / CAST).is_file() or not source.is_dir():
            todo[source] = None
            continue
        photos, noted = photos_given([source])
        fresh = [photo for photo in photos if not photo.name.endswith(_OWN)]
        if len(fresh) < len(photos):
            noted = (*noted, f"{counted(len(photos) - len(fresh), 'picture')} of an earlier run passed by.")
        todo |= dict.fromkeys(fresh)
        notes |= dict.fromkeys(noted)
    if not todo:
        raise InputError("There is nothing to make a portrait of.", "Give photos or videos.")
    return list(todo), list(notes)
