"""Split layout: when two people of one shot are shown one above the other, each by a camera of their own.

The bounds are in the range of what other makers of shorts use (two faces in half of the samples, a fifth of the width
apart); closeup adds that one upright picture must not be able to hold both, else it shows them as they are.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.reframing.composition import MARGIN, Frame, Subject, follow, width_needed
from closeup.core.types import Cast, Track
from closeup.features.shorts.subjects import Frames, Times, along

MIN_SHARE = 0.6
"""Both are there, too far apart for one picture, in at least this share of the shot's frames."""

MIN_SPLIT_S = 1.5
"""A split that lasts shorter than this is a flicker."""

MIN_SIZE_RATIO = 0.4
"""The other's face is at least this large against the chosen person's, side by side: who is behind does not talk."""

MIN_DISTANCE = 0.2
"""The two faces are at least this far apart, in widths of the picture."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two people to be shown in one shot, N frames.

    Attributes:
        chosen: The chosen person.
        other: The one that they are with.
    """

    chosen: Subject
    other: Subject


def pair_of(cast: Cast, person: str, shot: int, stretch: tuple[Frames, Times], frame: Frame) -> Pair | None:
    """The two to be shown split in a stretch of a shot, or None where one picture does.

    Args:
        cast: The cast.
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
    return max(pairs, key=lambda pair: float(_areas(pair.other).sum()), default=None)


def _companions(here: list[Track], person: str) -> list[list[Track]]:
    """The tracks of each other person in a shot; tracks of nobody who is listed stand alone."""
    groups: dict[str, list[Track]] = {}
    for track in here:
        if track.person != person:
            groups.setdefault(track.person or track.id, []).append(track)
    return list(groups.values())


def _pair(chosen: Subject, other: Subject, frame: Frame) -> Pair | None:
    both = (chosen.weight > 0) & (other.weight > 0)
    if both.mean() < MIN_SHARE:
        return None
    a, b = chosen.boxes_xyxy[both], other.boxes_xyxy[both]
    apart = np.maximum(a[:, 2], b[:, 2]) - np.minimum(a[:, 0], b[:, 0])
    distance = float(np.median(np.abs((a[:, 0] + a[:, 2] - b[:, 0] - b[:, 2]) / 2)))
    ratio = float(np.sqrt(np.median(_areas(other)[both]) / max(1.0, np.median(_areas(chosen)[both]))))
    too_far = float((apart * (1 + MARGIN) > frame.widest).sum() / len(both))
    fits = too_far >= MIN_SHARE and ratio >= MIN_SIZE_RATIO and distance >= MIN_DISTANCE * frame.area_wh[0]
    return Pair(chosen, other) if fits else None


def _areas(subject: Subject) -> NDArray[np.float64]:
    sides = subject.boxes_xyxy[:, 2:] - subject.boxes_xyxy[:, :2]
    return np.asarray(sides[:, 0] * sides[:, 1] * (subject.weight > 0), dtype=np.float64)


def follow_both(
    times_s: Times, pair: Pair, frame: Frame, panel_wh: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The crops of the upper panel (the chosen person) and of the lower one: two arrays (N, 4), xyxy, pixels.

    Each camera keeps to its person's side of the middle between the two, so that neither panel shows the other again,
    and a panel is at most as soft as the one upright picture `frame` would be. `times_s` (N,) are the starts of the
    frames, `panel_wh` a panel's pixels.
    """
    both = (pair.chosen.weight > 0) & (pair.other.weight > 0)
    a, b = pair.chosen.boxes_xyxy[both], pair.other.boxes_xyxy[both]
    chosen_left = float(np.median(a[:, 0] + a[:, 2])) < float(np.median(b[:, 0] + b[:, 2]))
    left, right = (a, b) if chosen_left else (b, a)
    middle = float(np.median(left[:, 2] + right[:, 0])) / 2
    whole = Frame(frame.area_xyxy, panel_wh[0] / panel_wh[1], min(frame.min_width, frame.widest))
    upper = follow(times_s, pair.chosen, _side(pair.chosen, whole, middle, chosen_left))
    return upper, follow(times_s, pair.other, _side(pair.other, whole, middle, not chosen_left))


def _side(subject: Subject, frame: Frame, middle: float, left: bool) -> Frame:
    """The part of the picture on one side of the middle, and beyond it as far as the face asks: better seen twice."""
    x0, y0, x1, y1 = frame.area_xyxy
    boxes = subject.boxes_xyxy[subject.weight > 0]
    need = width_needed(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), frame)
    if left:
        x1 = min(x1, max(middle, x0 + need, float(boxes[:, 2].max())))
    else:
        x0 = max(x0, min(middle, x1 - need, float(boxes[:, 0].min())))
    return replace(frame, area_xyxy=(x0, y0, x1, y1))
