"""Where a person is on screen: the stretches of the video that shorts about them are cut from.

A stretch is a whole shot where the person is in it for most of the time; where they are not, or stay away for long,
it is trimmed to where they are. Shots without them are left out, so that no short ever shows one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import Cast, Person, Shot
from closeup.media.frame_times import FrameTimes

LONGEST_ABSENCE_S = 3.0
"""In a shot that shows the person most of the time, a break of this length in their track stays in: they look away, or
somebody passes before them, and the talk goes on."""

LONGEST_ABSENCE_ELSEWHERE_S = 1.0
"""The same in a shot that mostly shows others."""

EDGE_S = 0.8
"""A track that begins or ends this near to a cut is taken to reach it: faces are looked for a few times a second, and
found late while they turn; `EDGE_ELSEWHERE_S` in a shot that mostly shows others."""

EDGE_ELSEWHERE_S = 0.4

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
    seen = seen_frames(cast, person, len(clock.starts_s) - 1)
    found: list[Stretch] = []
    for index in sorted({track.shot for track in cast.tracks if track.person == person.id}):
        for stretch in _in_shot(cast.shots[index], seen, clock):
            if found and found[-1].end_frame == stretch.start_frame:
                found[-1] = Stretch(found[-1].start_frame, stretch.end_frame)
            else:
                found.append(stretch)
    lengths = clock.starts_s
    return tuple(s for s in found if lengths[s.end_frame] - lengths[s.start_frame] >= SHORTEST_PIECE_S)


def _in_shot(shot: Shot, seen: NDArray[np.bool_], clock: FrameClock) -> Iterable[Stretch]:
    """The stretches of one shot."""
    begins, ends = _runs(seen[shot.start_frame : shot.end_frame])
    begins, ends = begins + shot.start_frame, ends + shot.start_frame
    if not len(begins):
        return
    times = clock.starts_s
    share = (times[ends] - times[begins]).sum() / (times[shot.end_frame] - times[shot.start_frame])
    mostly = share >= 0.5
    absence_s = LONGEST_ABSENCE_S if mostly else LONGEST_ABSENCE_ELSEWHERE_S
    edge_s = EDGE_S if mostly else EDGE_ELSEWHERE_S
    apart = np.flatnonzero(times[begins[1:]] - times[ends[:-1]] > absence_s)
    for first, last in zip([0, *(apart + 1)], [*apart, len(begins) - 1], strict=True):
        start, end = int(begins[first]), int(ends[last])
        if times[start] - times[shot.start_frame] <= edge_s:
            start = shot.start_frame
        if times[shot.end_frame] - times[end] <= edge_s:
            end = shot.end_frame
        yield Stretch(start, end)


def _runs(flags: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Starts and exclusive ends of the runs of True in flags (N,): two arrays (R,)."""
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
