"""Whose faces are where in a picture or a video, and who of them stays in focus."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.matting.people import kept_alpha, owners, strength_by_ground, with_others
from closeup.core.types import Cast, FloatArray, Track

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

    def part(self, rows: slice, columns: slice, size_wh: tuple[int, int]) -> "Faces":
        """The same faces in a part of the picture, which is of (width, height); those that are not in it left out."""
        width, height = size_wh
        origin = np.array([columns.start / width, rows.start / height] * 2, np.float32)
        share = np.array([(columns.stop - columns.start) / width, (rows.stop - rows.start) / height] * 2, np.float32)
        boxes = np.asarray((self.boxes_xyxy - origin) / share, np.float32)
        inside = ((boxes[:, 2:] > 0) & (boxes[:, :2] < 1)).all(axis=1)
        return Faces(boxes[inside], self.kept[inside])

    def _within(self, alpha: FloatArray) -> FloatArray:
        height, width = alpha.shape
        return np.asarray(self.boxes_xyxy * np.array([width, height, width, height], np.float32), np.float32)


NOBODY = Faces(np.zeros((0, 4), np.float32), np.zeros(0, bool))
"""No face was looked for: everybody is kept."""


class FacesInTime:
    """The faces of a video by its cast, and who of them is kept."""

    def __init__(self, cast: Cast, kept: Collection[str]) -> None:
        """Remember the faces.

        Args:
            cast: Of the video.
            kept: Ids of the tracks that stay in focus.
        """
        self._tracks: dict[int, list[Track]] = {}
        for track in cast.tracks:
            self._tracks.setdefault(track.shot, []).append(track)
        self._shots = cast.shots
        self._size = np.array([cast.video.width, cast.video.height] * 2, np.float32)
        self._kept = frozenset(kept)

    def shot(self, frame: int) -> int:
        """Which shot a frame is of, counted from 0; -1 for none."""
        return next((n for n, each in enumerate(self._shots) if each.start_frame <= frame < each.end_frame), -1)

    def at(self, frame: int, time_s: float) -> Faces | None:
        """The faces at a time, in seconds; None in a shot that the one who is kept is not in.

        Between two sightings a face is on the line from one to the other; before the first and after the last of a
        shot it is where it was seen: heads turn away.
        """
        tracks = self._tracks.get(self.shot(frame), [])
        own = [track for track in tracks if track.id in self._kept]
        if not own:
            return None
        nearest = min(own, key=lambda track: max(track.start_s - time_s, time_s - track.end_s, 0.0))
        seen = [track for track in tracks if track.start_s <= time_s < track.end_s and track.id not in self._kept]
        boxes = np.stack([_box_at(track, time_s) for track in (nearest, *seen)])
        return Faces(np.asarray(boxes / self._size, np.float32), np.arange(len(boxes)) == 0)


def _box_at(track: Track, time_s: float) -> FloatArray:
    times = [face.time_s for face in track.faces]
    boxes = np.stack([face.box_xyxy for face in track.faces])
    return np.array([np.interp(time_s, times, boxes[:, edge]) for edge in range(4)], np.float32)
