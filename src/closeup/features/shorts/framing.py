"""Framing: the crop of each frame of a piece that keeps the chosen person, or two who talk, in a good place."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.frames.burnt_text import LOOK_S, SHORT_SIDE_PX, burnt_text
from closeup.algorithms.frames.letterbox import picture_area
from closeup.algorithms.reframing.composition import MARGIN, CropArea, Subject, follow, width_needed
from closeup.core.errors import InputError
from closeup.core.types import Cast, Track
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.subjects import Frames, Times, along, subject_of
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.reframe import Panel, split_panels

MAX_UPSCALE = 2.5
"""Crops are not made smaller than this enlargement of their pixels allows: beyond it the picture is visibly soft."""

Crops = NDArray[np.float64]

_KNOWN_S = 0.1
"""Captions are told of faces once in so many seconds."""


@dataclass(frozen=True, slots=True)
class FramingOptions:
    """What the crops are for.

    Attributes:
        size_wh: The finished picture, pixels.
        layout: "follow" for one picture, "split" for two, one above the other, where that is needed.
        area_xyxy: The part of the source picture that may be shown, pixels, where it has bars; None for all of it.
        zooms: Small faces are brought nearer; without, as much of the picture is shown as the shape allows.
    """

    size_wh: tuple[int, int]
    layout: str = "follow"
    area_xyxy: tuple[float, float, float, float] | None = None
    zooms: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class FramedPiece:
    """A piece with the camera's path through it. Two of a short may touch: the layout changes between them.

    Attributes:
        piece: What is shown.
        panels: One array of shape (N, 4) for "follow", two for "split" (upper, lower): float64 xyxy of each of the
            piece's N frames, pixels of the upright source picture. Their aspect is that of the panel they fill. A crop
            may reach beyond the picture where the face would be cut otherwise.
        layout: "follow" or "split".
    """

    piece: Piece
    panels: tuple[Crops, ...]
    layout: str


def frame_piece(cast: Cast, person: str, piece: Piece, times_s: ArrayLike, options: FramingOptions) -> FramedPiece:
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
    frames, times = _frames_of(cast, person, piece, times_s)
    frame = _frame(cast, options)
    stretches = [(shot, frames[part], times[part]) for shot, part in _shots_of(cast, piece)]
    if options.layout == "split":
        pairs = [pair_of(cast, person, shot, (f, t), frame) for shot, f, t in stretches]
        if all(pairs):
            half = _half(options.size_wh)
            both = [follow_both(t, pair, frame, half) for (_, _, t), pair in zip(stretches, pairs, strict=True) if pair]
            upper, lower = (np.concatenate(crops) for crops in zip(*both, strict=True))
            return FramedPiece(piece, (upper, lower), "split")
    crops = [follow(t, subject_of(cast, person, shot, f, t), frame) for shot, f, t in stretches]
    return FramedPiece(piece, (np.concatenate(crops),), "follow")


def pieces_by_layout(
    cast: Cast, person: str, piece: Piece, times_s: ArrayLike, options: FramingOptions
) -> tuple[Piece, ...]:
    """Cut a piece where the layout changes, which it does only at the video's own cuts.

    The parts touch; together they are the piece. Without "split" among the options, that is one part. Arguments and
    errors are those of `frame_piece`; `times_s` has the shape (N,).
    """
    frames, times = _frames_of(cast, person, piece, times_s)
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


def _frames_of(cast: Cast, person: str, piece: Piece, times_s: ArrayLike) -> tuple[Frames, Times]:
    """The frames (N,) of a piece and when they start, seconds; the person must be in the cast."""
    times = np.asarray(times_s, dtype=np.float64)
    frames = np.arange(piece.start_frame, piece.end_frame)
    if times.shape != frames.shape or len(times) == 0:
        raise ValueError(f"{len(times)} times for the frames {piece.start_frame} to {piece.end_frame}")
    people = (*cast.people, *cast.passers_by, *cast.hidden)
    if all(each.id != person for each in people):
        known = ", ".join(each.id for each in cast.people) or "nobody"
        raise InputError(f"There is no {person} in the cast; there is {known}.")
    return frames, times


def _half(size_wh: tuple[int, int]) -> tuple[int, int]:
    """The upper and the lower panel of a picture."""
    return size_wh[0], size_wh[1] // 2


def _frame(cast: Cast, options: FramingOptions) -> CropArea:
    """The one upright picture."""
    width, height = options.size_wh
    area = options.area_xyxy or (0.0, 0.0, float(cast.video.width), float(cast.video.height))
    nearest = CropArea(area, width / height, width / MAX_UPSCALE)
    return nearest if options.zooms else replace(nearest, min_width=nearest.widest)


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


MIN_SHARE = 0.6
"""Both are there, too far apart for one picture, in at least this share of the shot's frames."""

MIN_SPLIT_S = 1.5
"""A split that lasts shorter than this is a flicker."""

MIN_SIZE_RATIO = 0.4
"""The other's face is at least this large against the chosen person's, side by side: who is behind does not talk."""

MIN_DISTANCE = 0.2
"""The two faces are at least this far apart, in widths of the picture."""


Pair = tuple[Subject, Subject]
"""Two people to be shown in one shot, N frames each: the chosen person, and the one that they are with."""


def pair_of(cast: Cast, person: str, shot: int, stretch: tuple[Frames, Times], frame: CropArea) -> Pair | None:
    """The two to be shown split in a stretch of a shot, or None where one picture does.

    Args:
        person: Id of the chosen person.
        shot: Index of the shot.
        stretch: Frames (N,) int64 and when they start (N,), seconds.
        frame: The crop that would have to hold both.
    """
    frames, times = stretch
    if times[-1] - times[0] < MIN_SPLIT_S:
        return None
    here = [track for track in cast.tracks if track.shot == shot]
    chosen = along([track for track in here if track.person == person], frames, times, 1.0)
    pairs = []
    for others in _companions(here, person):
        pair = _pair(chosen, along(others, frames, times, 1.0), frame)
        if pair is not None:
            pairs.append(pair)
    return max(pairs, key=lambda pair: float(_areas(pair[1]).sum()), default=None)


def _companions(here: list[Track], person: str) -> list[list[Track]]:
    """The tracks of each other person in a shot; tracks of nobody who is listed stand alone."""
    groups: dict[str, list[Track]] = {}
    for track in here:
        if track.person != person:
            groups.setdefault(track.person or track.id, []).append(track)
    return list(groups.values())


def _pair(chosen: Subject, other: Subject, frame: CropArea) -> Pair | None:
    both = (chosen.weight > 0) & (other.weight > 0)
    if both.mean() < MIN_SHARE:
        return None
    a, b = chosen.boxes_xyxy[both], other.boxes_xyxy[both]
    apart = np.maximum(a[:, 2], b[:, 2]) - np.minimum(a[:, 0], b[:, 0])
    distance = float(np.median(np.abs((a[:, 0] + a[:, 2] - b[:, 0] - b[:, 2]) / 2)))
    ratio = float(np.sqrt(np.median(_areas(other)[both]) / max(1.0, np.median(_areas(chosen)[both]))))
    too_far = float((apart * (1 + MARGIN) > frame.widest).sum() / len(both))
    fits = too_far >= MIN_SHARE and ratio >= MIN_SIZE_RATIO and distance >= MIN_DISTANCE * frame.area_wh[0]
    return (chosen, other) if fits else None


def _areas(subject: Subject) -> NDArray[np.float64]:
    sides = subject.boxes_xyxy[:, 2:] - subject.boxes_xyxy[:, :2]
    return np.asarray(sides[:, 0] * sides[:, 1] * (subject.weight > 0), dtype=np.float64)


def follow_both(
    times_s: Times, pair: Pair, frame: CropArea, panel_wh: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The crops of the upper panel (the chosen person) and of the lower one: two arrays (N, 4), xyxy, pixels.

    Each camera keeps to its person's side of the middle between the two, so that neither panel shows the other again,
    and a panel is at most as soft as the one upright picture `frame` would be. `times_s` (N,) are the starts of the
    frames, `panel_wh` a panel's pixels.
    """
    chosen, other = pair
    both = (chosen.weight > 0) & (other.weight > 0)
    a, b = chosen.boxes_xyxy[both], other.boxes_xyxy[both]
    chosen_left = float(np.median(a[:, 0] + a[:, 2])) < float(np.median(b[:, 0] + b[:, 2]))
    left, right = (a, b) if chosen_left else (b, a)
    middle = float(np.median(left[:, 2] + right[:, 0])) / 2
    whole = CropArea(frame.area_xyxy, panel_wh[0] / panel_wh[1], min(frame.min_width, frame.widest))
    upper = follow(times_s, chosen, _side(chosen, whole, middle, chosen_left))
    return upper, follow(times_s, other, _side(other, whole, middle, not chosen_left))


def _side(subject: Subject, frame: CropArea, middle: float, left: bool) -> CropArea:
    """The part of the picture on one side of the middle, and beyond it as far as the face asks: better seen twice."""
    x0, y0, x1, y1 = frame.area_xyxy
    boxes = subject.boxes_xyxy[subject.weight > 0]
    need = width_needed(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), frame)
    if left:
        x1 = min(x1, max(middle, x0 + need, float(boxes[:, 2].max())))
    else:
        x0 = max(x0, min(middle, x1 - need, float(boxes[:, 0].min())))
    return replace(frame, area_xyxy=(x0, y0, x1, y1))


LOOKS = 12
"""So many frames are looked at, spread evenly over what is shown."""

Area = tuple[float, float, float, float]


def shown_faces(
    cast: Cast, pieces: Sequence[FramedPiece], times: FrameTimes, size_wh: tuple[int, int]
) -> NDArray[np.float64]:
    """Where the faces that a cast knows of are in a short, about ten times a second.

    Args:
        cast: Everybody's tracks count, whoever they are.
        pieces: The short, in order.
        times: When the video's frames are shown.
        size_wh: Width and height of the finished picture.

    Returns:
        Rows (K, 5) of a time in seconds on the short's clock, and a box xyxy in pixels of the finished picture.
    """
    rows, offset_s = [np.zeros((0, 5))], 0.0
    for each in pieces:
        start, end = each.piece.start_frame, each.piece.end_frame
        step = max(1, round(_KNOWN_S * (end - start) / max(each.piece.length_s, 1e-6)))
        frames = np.unique([*range(start, end, step), end - 1])
        panels = split_panels(size_wh, len(each.panels))
        for track in (track for track in cast.tracks if track.start_frame < end and track.end_frame > start):
            here = frames[(frames >= track.start_frame) & (frames < track.end_frame)]
            if len(here):
                faces = along([track], here, times.starts_s[here], 1.0).boxes_xyxy
                at_s = times.starts_s[here] - times.starts_s[start] + offset_s
                for panel, crops in zip(panels, each.panels, strict=True):
                    rows.append(_in_panel(faces, crops[here - start], panel, at_s))
        offset_s += each.piece.length_s
    return np.concatenate(rows)


def shown_text(
    video: Path, pieces: Sequence[FramedPiece], times: FrameTimes, size_wh: tuple[int, int]
) -> NDArray[np.float64]:
    """Where text that lies over the video is seen in a short; arguments and rows (K, 5) are those of `shown_faces`.

    Raises:
        InputError: If the video cannot be read.
    """
    rows, offset_s = [np.zeros((0, 5))], 0.0
    for each in pieces:
        start, end = each.piece.start_frame, each.piece.end_frame
        step = max(1, round(LOOK_S * (end - start) / max(each.piece.length_s, 1e-6)))
        for first, last, box in _text_over(video, times, each.piece, step):
            # It may be there from just behind the look before to just before the look after.
            here = np.arange(max((first - 1) * step + 1, 0), min((last + 1) * step, end - start))
            here = here[:: max(1, round(step * _KNOWN_S / LOOK_S))]
            at_s = times.starts_s[start + here] - times.starts_s[start] + offset_s
            for panel, crops in zip(split_panels(size_wh, len(each.panels)), each.panels, strict=True):
                rows.append(_in_panel(np.tile(box, (len(here), 1)), crops[here], panel, at_s))
        offset_s += each.piece.length_s
    return np.concatenate(rows)


def _text_over(video: Path, times: FrameTimes, piece: Piece, step: int) -> list[tuple[int, int, Crops]]:
    """The first and last of every `step`-th frame that show a line of text, and its box (4,) in the video's pixels."""
    scale = 1.0
    with closing(excerpt_frames(video, times, [(piece.start_frame, piece.end_frame)])) as frames:

        def looks() -> Iterator[NDArray[np.uint8]]:
            nonlocal scale
            for frame in frames:
                if (frame.index - piece.start_frame) % step == 0:
                    scale = min(frame.size_wh) / SHORT_SIDE_PX
                    small = frame.rgb((round(frame.size_wh[0] / scale), round(frame.size_wh[1] / scale)))
                    yield np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)

        lines = burnt_text(looks())
    return [(first, last, np.array(box, np.float64) * scale) for first, last, box in lines]


def _in_panel(faces: Crops, crops: Crops, panel: Panel, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Faces (N, 4) as a panel shows them by its crops (N, 4): rows (M, 5) of those that are seen."""
    scale = np.array([panel.width, panel.height]) / (crops[:, 2:] - crops[:, :2])
    corners = (faces - np.tile(crops[:, :2], 2)) * np.tile(scale, 2)
    corners = np.clip(corners, 0, [panel.width, panel.height] * 2) + [panel.x, panel.y] * 2
    seen = (corners[:, 2] - corners[:, 0] > 1) & (corners[:, 3] - corners[:, 1] > 1)
    return np.column_stack([at_s, corners])[seen]


def find_area(video: Path, times: FrameTimes, pieces: Sequence[Piece]) -> Area | None:
    """The picture between its bars, xyxy in pixels, as far as the pieces tell; None where there are no bars.

    Args:
        video: The source.
        times: When its frames are shown.
        pieces: What will be shown, in the order of the video, not overlapping; at least one.

    Raises:
        InputError: If the video cannot be read.
    """
    shown = np.concatenate([np.arange(piece.start_frame, piece.end_frame) for piece in pieces])
    looks = shown[np.unique(np.linspace(0, len(shown) - 1, LOOKS).round().astype(int))]
    brightest = None
    with closing(excerpt_frames(video, times, [(int(frame), int(frame) + 1) for frame in looks])) as frames:
        for frame in frames:
            level = frame.rgb().max(axis=2)
            brightest = level if brightest is None else np.maximum(brightest, level)
    assert brightest is not None
    height, width = brightest.shape
    area = picture_area(brightest)
    if area == (0, 0, width, height):
        return None
    x0, y0, x1, y1 = map(float, area)
    return x0, y0, x1, y1
