"""Framing: the crop of each frame of a piece that keeps the chosen person in a good place."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.composition import Frame, follow
from closeup.core.errors import InputError
from closeup.core.types import Cast
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.subjects import subject_of

MAX_UPSCALE = 2.5
"""Crops are not made smaller than this enlargement of their pixels allows: beyond it the picture is visibly soft."""

Crops = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FramingOptions:
    """What the crops are for.

    Attributes:
        size_wh: The finished picture, pixels.
        layout: "follow" for one picture, "split" for two, one above the other, where that is needed.
    """

    size_wh: tuple[int, int]
    layout: str = "follow"


@dataclass(frozen=True, eq=False)
class Framing:
    """The crops of a piece.

    Attributes:
        panels: One array of shape (N, 4) for "follow", two for "split" (upper, lower): float64 xyxy of each of the
            piece's N frames, pixels of the upright source picture. Their aspect is that of the panel they fill. A crop
            may reach beyond the picture where the face would be cut otherwise.
        layout: "follow" or "split".
    """

    panels: tuple[Crops, ...]
    layout: str


def frame_piece(cast: Cast, person: str, piece: Piece, times_s: ArrayLike, options: FramingOptions) -> Framing:
    """Lead the camera through a piece: still or smooth inside of a shot, jumping only at its cuts.

    Args:
        cast: The cast that the piece was chosen from.
        person: Id of the chosen person.
        piece: What is to be shown; it may contain several shots.
        times_s: Shape (N,), start of each of the piece's frames in seconds, ascending.
        options: What the crops are for.

    Raises:
        InputError: If there is nobody of that id, or the piece reaches beyond the cast's shots.
        ValueError: If the times are not one for each frame, or do not ascend.
    """
    times = np.asarray(times_s, dtype=np.float64)
    if times.shape != (piece.end_frame - piece.start_frame,) or len(times) == 0:
        raise ValueError(f"{len(times)} times for the frames {piece.start_frame} to {piece.end_frame}")
    people = (*cast.people, *cast.passers_by, *cast.hidden)
    if all(each.id != person for each in people):
        known = ", ".join(each.id for each in cast.people) or "nobody"
        raise InputError(f"There is no {person} in the cast; there is {known}.")
    frames = np.arange(piece.start_frame, piece.end_frame)
    frame = _frame(cast, options.size_wh)
    crops = [
        follow(times[part], subject_of(cast, person, shot, frames[part], times[part]), frame)
        for shot, part in _shots_of(cast, piece)
    ]
    return Framing((np.concatenate(crops),), "follow")


def _frame(cast: Cast, panel_wh: tuple[int, int]) -> Frame:
    return Frame(
        picture_wh=(cast.video.width, cast.video.height),
        aspect=panel_wh[0] / panel_wh[1],
        min_width=panel_wh[0] / MAX_UPSCALE,
    )


def _shots_of(cast: Cast, piece: Piece) -> Iterator[tuple[int, slice]]:
    """Each shot that the piece touches, with its part of the piece's frames, counted from the piece's first."""
    end = piece.start_frame
    for number, shot in enumerate(cast.shots):
        start, stop = max(shot.start_frame, piece.start_frame), min(shot.end_frame, piece.end_frame)
        if start < stop:
            end = stop
            yield number, slice(start - piece.start_frame, stop - piece.start_frame)
    if end != piece.end_frame:
        raise InputError(f"The piece ends with frame {piece.end_frame}, and the cast's last shot with frame {end}.")
