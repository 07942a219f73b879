"""Who stays in focus: by a name or an id, by the largest face, or everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.matting.people import kept_alpha, owners, strength_by_ground, with_others
from closeup.core.boxes import fitted, iou
from closeup.core.errors import InputError
from closeup.core.types import Cast, FloatArray, Image, Track
from closeup.features.portrait.options import ALL, LARGEST
from closeup.jobs.casts import find_person
from closeup.jobs.work import work
from closeup.media.sources import StillFrame
from closeup.perception.analyzer import DETAIL_PX, Analyzer

_EYES = 0.4
"""Of a face's box, from its top."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of a picture.

    Attributes:
        boxes_xyxy: (N, 4), in shares of the picture's width and height.
        kept: Which of them stay in focus, (N,).
    """

    boxes_xyxy: FloatArray
    kept: NDArray[np.bool_]

    def chosen(self, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Alpha of those who are kept, and of the others, each (H, W), of everybody's, (H, W)."""
        if self.kept.all():
            return alpha, np.zeros_like(alpha)
        owner = owners(alpha, self._within(alpha))
        return kept_alpha(alpha, owner, self.kept), kept_alpha(alpha, owner, ~self.kept)

    def strength(self, alpha: FloatArray, others: FloatArray) -> FloatArray | None:
        """How much is out of focus where, (H, W), by the feet of those who are kept; None where nothing is known.

        Args:
            alpha: Of those who are kept, (H, W); `others` of the others.
        """
        boxes = self._within(alpha)
        if not self.kept.any():
            return None
        tops, heights = boxes[self.kept, 1], boxes[self.kept, 3] - boxes[self.kept, 1]
        ground = strength_by_ground(alpha, float((tops + _EYES * heights).mean()), float(heights.mean()))
        if ground is None or self.kept.all():
            return ground
        owner = owners(np.maximum(alpha, others), boxes)
        return with_others(ground, others, owner, boxes[:, 3] - boxes[:, 1], self.kept)

    def _within(self, alpha: FloatArray) -> FloatArray:
        height, width = alpha.shape
        return np.asarray(self.boxes_xyxy * np.array([width, height, width, height], np.float32), np.float32)


NOBODY = Faces(np.zeros((0, 4), np.float32), np.zeros(0, bool))
"""No face was looked for: everybody is kept."""


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


class FacesInTime:
    """The faces of a video by its cast, and who of them is kept."""

    def __init__(self, cast: Cast, keep: str, folder: Path) -> None:
        """Find the one who is kept.

        Args:
            cast: Of the video.
            keep: "largest", an id or name of the cast, or a name of the gallery.
            folder: Of the cast.

        Raises:
            InputError: If there is nobody called so.
        """
        self._tracks: dict[int, list[Track]] = {}
        for track in cast.tracks:
            self._tracks.setdefault(track.shot, []).append(track)
        self._shots = cast.shots
        self._size = np.array([cast.video.width, cast.video.height] * 2, np.float32)
        self._kept = {_largest(tracks).id for tracks in self._tracks.values()} if keep == LARGEST else set[str]()
        if keep != LARGEST:
            self._kept |= set(find_person(cast, _by_gallery(cast, keep, folder), folder).tracks)

    def at(self, frame: int, time_s: float) -> Faces | None:
        """The faces at a time, in seconds; None in a shot that the one who is kept is not in.

        Between two sightings a face is on the line from one to the other; before the first and after the last of a
        shot it is where it was seen: heads turn away.
        """
        shot = next((n for n, each in enumerate(self._shots) if each.start_frame <= frame < each.end_frame), -1)
        tracks = self._tracks.get(shot, [])
        own = [track for track in tracks if track.id in self._kept]
        if not own:
            return None
        nearest = min(own, key=lambda track: max(track.start_s - time_s, time_s - track.end_s, 0.0))
        seen = [track for track in tracks if track.start_s <= time_s < track.end_s and track.id not in self._kept]
        boxes = np.stack([_box_at(track, time_s) for track in (nearest, *seen)])
        return Faces(np.asarray(boxes / self._size, np.float32), np.arange(len(boxes)) == 0)


def _largest(tracks: Sequence[Track]) -> Track:
    """The track of a shot whose face is largest for longest."""

    def fills(track: Track) -> float:
        boxes = np.stack([face.box_xyxy for face in track.faces])
        return float(_areas(boxes).mean() * (track.end_s - track.start_s))

    return max(tracks, key=fills)


def _box_at(track: Track, time_s: float) -> FloatArray:
    times = [face.time_s for face in track.faces]
    boxes = np.stack([face.box_xyxy for face in track.faces])
    return np.array([np.interp(time_s, times, boxes[:, edge]) for edge in range(4)], np.float32)


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
