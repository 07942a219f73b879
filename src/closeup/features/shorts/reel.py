"""Where a person is on screen: the stretches of the video that shorts about them are cut from.

A stretch is a whole shot where the person is in it for most of the time; where they are not, or stay away for long,
it is trimmed to where they are. Shots without them are left out, so that no short ever shows one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import Cast, Face, Person, Shot, Track
from closeup.media.frame_times import FrameTimes

LONGEST_ABSENCE_S = 3.0
"""In a shot that shows the person most of the time, a break of this length in their track stays in if they are still in
the same place after it: they look away, or somebody passes before them, and the talk goes on."""

LONGEST_ABSENCE_ELSEWHERE_S = 1.0
"""The same in a shot that mostly shows others."""

LONGEST_MISS_S = 0.4
"""A shorter break is the detector's, wherever the face is after it; a longer one to another place may be a cut that
nobody has found."""

SAME_PLACE = 2.0
"""A face is in the same place if it has moved by less than this, in widths of the larger one, and kept its size to
within a factor of `SAME_SIZE`."""

SAME_SIZE = 1.6

EDGE_S = 0.5
"""A track that begins or ends this near to a cut is taken to reach it: faces are looked for a few times a second, and
found late while they turn. Elsewhere a stretch begins and ends with a face that was seen."""

SHORTEST_PIECE_S = 1.0
"""Whatever is shorter is a flash in which a viewer recognises nobody."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames [start_frame, end_frame) that show the person most of the time, without a break."""

    start_frame: int
    end_frame: int


@dataclass(frozen=True, slots=True, eq=False)
class FrameClock:
    """When frames start, as an array that can be computed with.

    Attributes:
        starts_s: Shape (N + 1,), float64: start of each of N frames in seconds, and the end of the last one.
        frame_s: What a frame usually lasts, in seconds.
    """

    starts_s: NDArray[np.float64]
    frame_s: float

    @classmethod
    def of(cls, times: FrameTimes) -> Self:
        """The clock of a video's frame times."""
        starts_s = np.append(times.starts_s, times.end_s)
        return cls(starts_s, float(np.median(np.diff(starts_s))))

    def frame_near(self, time_s: float) -> int:
        """The frame, 0 to N, whose start is nearest to a time in seconds."""
        after = int(np.searchsorted(self.starts_s, time_s))
        if after == 0 or after == len(self.starts_s):
            return min(after, len(self.starts_s) - 1)
        before = after - 1
        return before if time_s - self.starts_s[before] <= self.starts_s[after] - time_s else after

    def frames_within(self, start_s: float, end_s: float) -> range:
        """The frames, 0 to N, that start in the closed span of seconds."""
        low, high = np.searchsorted(self.starts_s, (start_s - 1e-6, end_s + 1e-6))
        return range(int(low), int(high))


def seen_frames(cast: Cast, person: Person, frames: int) -> NDArray[np.bool_]:
    """In which of `frames` frames one of the person's tracks runs: (N,) bool."""
    own = set(person.tracks)
    seen = np.zeros(frames, dtype=np.bool_)
    for track in cast.tracks:
        if track.id in own:
            seen[track.start_frame : track.end_frame] = True
    return seen


def stretches_of(cast: Cast, person: Person, clock: FrameClock) -> tuple[Stretch, ...]:
    """The person's stretches in the order of the video, not touching, each at least `SHORTEST_PIECE_S` long."""
    tracks: dict[int, list[Track]] = {}
    for track in cast.tracks:
        if track.person == person.id:
            tracks.setdefault(track.shot, []).append(track)
    found: list[Stretch] = []
    for index in sorted(tracks):
        for stretch in _in_shot(cast.shots[index], tracks[index], clock.starts_s):
            if found and found[-1].end_frame == stretch.start_frame:
                found[-1] = Stretch(found[-1].start_frame, stretch.end_frame)
            else:
                found.append(stretch)
    times = clock.starts_s
    return tuple(s for s in found if times[s.end_frame] - times[s.start_frame] >= SHORTEST_PIECE_S)


@dataclass(frozen=True, slots=True, eq=False)
class _TrackedRun:
    """Frames [start, end) in which a person is tracked without a break; `first` and `last` are faces that were seen."""

    start: int
    end: int
    first: Face
    last: Face


def _in_shot(shot: Shot, tracks: Sequence[Track], times: NDArray[np.float64]) -> Iterator[Stretch]:
    """The stretches of one shot, by the person's tracks in it and when frames start (N + 1,)."""
    runs = _runs(tracks)
    tracked_s = sum(times[run.end] - times[run.start] for run in runs)
    mostly = tracked_s >= 0.5 * (times[shot.end_frame] - times[shot.start_frame])
    absence_s = LONGEST_ABSENCE_S if mostly else LONGEST_ABSENCE_ELSEWHERE_S
    joined = runs[:1]
    for run in runs[1:]:
        away_s = times[run.start] - times[joined[-1].end]
        if away_s <= LONGEST_MISS_S or (away_s <= absence_s and _same_place(joined[-1].last, run.first)):
            joined[-1] = replace(joined[-1], end=run.end, last=run.last)
        else:
            joined.append(run)
    for run in joined:
        at_start = times[run.start] - times[shot.start_frame] <= EDGE_S
        at_end = times[shot.end_frame] - times[run.end] <= EDGE_S
        start = shot.start_frame if at_start else run.first.frame
        yield Stretch(start, shot.end_frame if at_end else run.last.frame + 1)


def _runs(tracks: Sequence[Track]) -> list[_TrackedRun]:
    """Tracks of one shot, those that overlap or touch made one."""
    runs: list[_TrackedRun] = []
    for track in sorted(tracks, key=lambda track: track.start_frame):
        run = _TrackedRun(track.start_frame, track.end_frame, track.faces[0], track.faces[-1])
        if runs and run.start <= runs[-1].end:
            last = max(runs[-1].last, run.last, key=lambda face: face.frame)
            runs[-1] = replace(runs[-1], end=max(runs[-1].end, run.end), last=last)
        else:
            runs.append(run)
    return runs


def _same_place(before: Face, after: Face) -> bool:
    """Whether a face that went away and one that came are about where the other was, and as large."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = before.box_xyxy.tolist(), after.box_xyxy.tolist()
    widths = x1 - x0, u1 - u0
    moved = np.hypot((u0 + u1 - x0 - x1) / 2, (v0 + v1 - y0 - y1) / 2)
    return bool(moved < SAME_PLACE * max(widths) and max(widths) < SAME_SIZE * min(widths))
