"""Framing: the crop of each frame of a piece that keeps the chosen person in a good place."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.reframing.composition import Frame, follow
from closeup.core.errors import InputError
from closeup.core.types import Cast
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.split import follow_both, pair_of
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
        area_xyxy: The part of the source picture that may be shown, pixels, where it has bars; None for all of it.
    """

    size_wh: tuple[int, int]
    layout: str = "follow"
    area_xyxy: tuple[float, float, float, float] | None = None


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

    The layout is "split" where that is asked for and every shot of the piece calls for it; `pieces_by_layout` cuts a
    piece so that this is so wherever it can be.

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
    frames = np.arange(piece.start_frame, piece.end_frame)
    if times.shape != frames.shape or len(times) == 0:
        raise ValueError(f"{len(times)} times for the frames {piece.start_frame} to {piece.end_frame}")
    _require(cast, person)
    frame = _frame(cast, options)
    stretches = [(shot, frames[part], times[part]) for shot, part in _shots_of(cast, piece)]
    if options.layout == "split":
        pairs = [pair_of(cast, person, shot, (f, t), frame) for shot, f, t in stretches]
        if all(pairs):
            half = _half(options.size_wh)
            both = [follow_both(t, pair, frame, half) for (_, _, t), pair in zip(stretches, pairs, strict=True) if pair]
            return Framing((np.concatenate([a for a, _ in both]), np.concatenate([b for _, b in both])), "split")
    crops = [follow(t, subject_of(cast, person, shot, f, t), frame) for shot, f, t in stretches]
    return Framing((np.concatenate(crops),), "follow")


def pieces_by_layout(
    cast: Cast, person: str, piece: Piece, times_s: ArrayLike, options: FramingOptions
) -> tuple[Piece, ...]:
    """Cut a piece where the layout changes, which it does only at the video's own cuts.

    The parts touch; together they are the piece. Without "split" among the options, that is one part. Arguments and
    errors are those of `frame_piece`; `times_s` has the shape (N,).
    """
    times = np.asarray(times_s, dtype=np.float64)
    frames = np.arange(piece.start_frame, piece.end_frame)
    if times.shape != frames.shape or len(times) == 0:
        raise ValueError(f"{len(times)} times for the frames {piece.start_frame} to {piece.end_frame}")
    _require(cast, person)
    if options.layout != "split":
        return (piece,)
    frame = _frame(cast, options)
    starts, was = [], None
    for shot, part in _shots_of(cast, piece):
        split = pair_of(cast, person, shot, (frames[part], times[part]), frame) is not None
        if split is not was:
            starts.append(part.start)
        was = split
    ends = [*starts[1:], len(frames)]
    return tuple(
        Piece(
            piece.start_frame + start,
            piece.start_frame + end,
            float(times[start]) if start else piece.start_s,
            float(times[end]) if end < len(times) else piece.end_s,
        )
        for start, end in zip(starts, ends, strict=True)
    )


def _require(cast: Cast, person: str) -> None:
    people = (*cast.people, *cast.passers_by, *cast.hidden)
    if all(each.id != person for each in people):
        known = ", ".join(each.id for each in cast.people) or "nobody"
        raise InputError(f"There is no {person} in the cast; there is {known}.")


def _half(size_wh: tuple[int, int]) -> tuple[int, int]:
    """The upper and the lower panel of a picture."""
    return size_wh[0], size_wh[1] // 2


def _frame(cast: Cast, options: FramingOptions) -> Frame:
    """The one upright picture."""
    width, height = options.size_wh
    area = options.area_xyxy or (0.0, 0.0, float(cast.video.width), float(cast.video.height))
    return Frame(area, width / height, width / MAX_UPSCALE)


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
