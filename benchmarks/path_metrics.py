"""How well a camera moves: figures of a path of crops, defined once.

All lengths are in widths of the crop, so that the figures hold for any size of picture. A path is judged shot by shot:
at a cut it may jump.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEAD_BAND = 0.02
"""Crop widths a second: slower than this counts as standing (22 pixels a second in a picture 1080 wide)."""

SPIKE = 2.0
"""Crop widths a second squared: more is a jerk to the eye. From rest to rest over half a width in a second takes 2."""

WHOLE = 0.5
"""A box may stick out by this many source pixels and counts as whole: detectors say no more."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathFigures:
    """Counts over one or many shots; they add up.

    Attributes:
        duration_s: Seconds of path.
        reversals: How often the camera turns back, in x and in y: its speed has the other sign than when it last moved,
            where moving is more than `DEAD_BAND`; standing in between does not pardon it.
        spikes: Frames at which the speed changes by more than `SPIKE`, in x or y or the width.
        travel: Widths of the crop travelled.
        faces: Frames with a face to be held.
        whole: Those in which the whole box, as far as it lies in the picture, is in the crop.
        aside: Widths of the crop from its middle to the face's, left or right, summed over the frames with a face.
    """

    duration_s: float = 0.0
    reversals: int = 0
    spikes: int = 0
    travel: float = 0.0
    faces: int = 0
    whole: int = 0
    aside: float = 0.0

    def __add__(self, other: "PathFigures") -> "PathFigures":
        return PathFigures(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def reversals_per_s(self) -> float:
        """Reversals a second."""
        return self.reversals / self.duration_s if self.duration_s else 0.0

    @property
    def whole_percent(self) -> float:
        """Of a hundred frames with a face, how many hold it whole."""
        return 100.0 * self.whole / self.faces if self.faces else 100.0

    @property
    def mean_aside(self) -> float:
        """Widths of the crop from its middle to the face's, on average."""
        return self.aside / self.faces if self.faces else 0.0


def path_figures(times_s: Array, crops: Array, faces: Array, picture_wh: tuple[int, int]) -> PathFigures:
    """Judge the path through one shot.

    Args:
        times_s: Shape (N,), start of each frame, ascending.
        crops: Shape (N, 4), xyxy.
        faces: Shape (N, 4), the box of the chosen person's face; NaN where there is none.
        picture_wh: The picture's size, pixels.
    """
    width = crops[:, 2] - crops[:, 0]
    states = np.stack([(crops[:, 0] + crops[:, 2]) / 2, (crops[:, 1] + crops[:, 3]) / 2, width], axis=1)
    gaps = np.diff(times_s)
    speed = np.diff(states / width.mean(), axis=0) / gaps[:, None]
    change = (
        np.abs(np.diff(speed, axis=0)) / ((gaps[1:] + gaps[:-1]) / 2)[:, None] if len(gaps) > 1 else np.zeros((0, 3))
    )
    seen = ~np.isnan(faces[:, 0])
    frame_s = float(np.median(gaps)) if len(gaps) else 0.0
    return PathFigures(
        duration_s=float(times_s[-1] - times_s[0]) + frame_s,
        reversals=sum(reversals(speed[:, axis]) for axis in (0, 1)),
        spikes=int((change > SPIKE).any(axis=1).sum()),
        travel=float((np.abs(speed[:, :2]) * gaps[:, None]).sum()),
        faces=int(seen.sum()),
        whole=int(holds(crops[seen], faces[seen], picture_wh).sum()),
        aside=float((np.abs((crops - faces)[seen][:, [0, 2]].sum(axis=1)) / 2 / width[seen]).sum()),
    )


def reversals(speed: Array) -> int:
    """Changes of sign in a speed (N,), where what is slower than `DEAD_BAND` is left out."""
    signs = np.sign(speed[np.abs(speed) > DEAD_BAND])
    return int((signs[1:] != signs[:-1]).sum())


def holds(crops: Array, faces: Array, picture_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether crops (N, 4) hold the boxes (N, 4), as far as these lie in the picture: (N,)."""
    inside = np.clip(faces, 0, [*picture_wh, *picture_wh])
    return ((crops[:, :2] <= inside[:, :2] + WHOLE) & (inside[:, 2:] <= crops[:, 2:] + WHOLE)).all(axis=1)


def total(figures: Iterable[PathFigures]) -> PathFigures:
    """All of them together."""
    return sum(figures, PathFigures())
