"""Who stays in focus: by a name or an id, by the largest face, or everybody."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.boxes import fitted, iou
from closeup.core.errors import InputError
from closeup.core.types import Cast, FloatArray, Image, Track
from closeup.features.portrait.options import ALL, LARGEST
from closeup.jobs.casts import find_person
from closeup.jobs.work import work
from closeup.media.sources import StillFrame
from closeup.perception.analyzer import DETAIL_PX, Analyzer
from closeup.perception.kept_faces import Faces, FacesInTime


def faces_of_photo(path: Path | None, image: Image, keep: str, analyzer: Analyzer) -> Faces:
    """The faces of a photo, RGB (H, W, 3), and who of them is kept.

    Args:
        path: Of the photo, for the gallery; None for a picture in memory.
        keep: "all", "largest", or a name of the gallery.

    Raises:
        InputError: If nobody is called so in the photo, or no face is found to choose by.
    """
    picture = StillFrame(0, 0, image).rgb(fitted((image.shape[1], image.shape[0]), DETAIL_PX))  # type: ignore[arg-type]
    found = analyzer.faces(picture)
    sizes = np.array([picture.shape[1], picture.shape[0]] * 2, np.float32)
    boxes = np.stack([face.box_xyxy for face in found]) / sizes if found else np.zeros((0, 4), np.float32)
    if keep == ALL:
        return Faces(boxes, np.ones(len(boxes), bool))
    name = path.name if path else "the picture"
    if not len(boxes):
        raise InputError(f"No face was found in {name}, so that nobody can be chosen.", "Keep everybody.")
    if keep == LARGEST:
        return Faces(boxes, np.arange(len(boxes)) == int(_areas(boxes).argmax()))
    if path is None:
        raise InputError(f"{keep!r} is looked for in files only.", f"Keep {ALL} or {LARGEST}, or give a file.")
    named = _identified(path)
    known = [face for face in named.faces if face.name is not None and face.name.casefold() == keep.casefold()]
    if not known:
        seen = ", ".join(sorted({face.name for face in named.faces if face.name is not None})) or "nobody known"
        raise InputError(f"{keep!r} is not in {name}; by the gallery there is: {seen}.", "Name one who is there.")
    full = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    near = iou(
        np.asarray(np.stack([face.box_xyxy for face in known]) / full, np.float32), np.asarray(boxes, np.float32)
    )
    return Faces(boxes, near.max(axis=0) > 0.3)


def _areas(boxes: FloatArray) -> FloatArray:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float32)


def _identified(source: Path) -> Any:
    """What the gallery says of a photo, or of a cast folder."""
    identify, answers = work("gallery.identify"), list[Any]()
    assert identify.options is not None
    identify(sources=[source], options=identify.options(), each=lambda _, answer: answers.append(answer))
    return answers[0]


def faces_in_time(cast: Cast, keep: str, folder: Path) -> FacesInTime:
    """The faces of a video by its cast, and who of them is kept.

    Args:
        cast: Of the video.
        keep: "largest", an id or name of the cast, or a name of the gallery.
        folder: Of the cast.

    Raises:
        InputError: If there is nobody called so.
    """
    if keep != LARGEST:
        return FacesInTime(cast, find_person(cast, _by_gallery(cast, keep, folder), folder).tracks)
    shots = {track.shot for track in cast.tracks}
    return FacesInTime(cast, {_largest([each for each in cast.tracks if each.shot == shot]).id for shot in shots})


def _largest(tracks: Sequence[Track]) -> Track:
    """The track of a shot whose face is largest for longest."""

    def fills(track: Track) -> float:
        boxes = np.stack([face.box_xyxy for face in track.faces])
        return float(_areas(boxes).mean() * (track.end_s - track.start_s))

    return max(tracks, key=fills)


def _by_gallery(cast: Cast, keep: str, folder: Path) -> str:
    """The id of who is called so in the gallery; what was given where the cast itself knows it, or nobody does."""
    wanted = keep.casefold()
    if any(wanted in (each.id, (each.name or "").casefold()) for each in (*cast.people, *cast.passers_by)):
        return keep
    try:
        people = _identified(folder).people
    except InputError:
        return keep  # nobody is enrolled: the cast says who there is
    return next((each.person for each in people if (each.name or "").casefold() == wanted), keep)
