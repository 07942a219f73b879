"""Where a short may start and end: at cuts, and in pauses of speech; never inside a span that captions keep whole.

How well a boundary sits is its ease, 0 to 1. A viewer takes a cut, or the breath before a sentence and after it, for a
natural boundary; the middle of a long silence is a little less so; a cut that speech runs across loses a word.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.features.shorts.reel import SHORTEST_PIECE_S, FrameClock, Stretch

SHORTEST_PAUSE_S = 0.25
"""Gaps in speech below this are stops inside a word or between two, not pauses."""

LEAD_S = 0.15
"""A short starts this much before speech, and ends this much after it, where the pause has room."""

CROSSING_S = 0.1
"""Speech that reaches less than this over a cut does not run across it; a detector is not surer than that."""

GRID_S = 1.0
"""In silence, and where there is no sound, boundaries are tried this far apart."""

TRIM_S = 1.5
"""Where speech runs across the cut out of a stretch, the stretch may end this much earlier, in a pause; and start this
much later likewise."""

NEAR_CUT_S = 0.5
"""Nearer than this to a cut that is easy, no other boundary is offered."""

LONGEST_CAPTION_S = 8.0
"""Captions are read in less; one that stands for longer is a paragraph of a transcript, cut in its pauses."""

EASY, QUIET, MUTE, CUT_IN_SPEECH, ROUGH = 1.0, 0.7, 0.5, 0.3, 0.0
"""Ease of: a cut or a breath beside speech; a long silence; anywhere in a video without sound; a cut that speech runs
across; and an edge of the person's track that speech runs across, where no short starts or ends."""

Spans = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What boundaries are judged by.

    Attributes:
        clock: When frames start.
        cuts: Frames that a shot starts with, and the number of frames.
        speech: Shape (K, 2): start and end of stretches of speech in seconds, ascending, apart; None without sound.
        unbreakable: Shape (M, 2): open spans in seconds that no boundary may fall into, ascending, not overlapping.
    """

    clock: FrameClock
    cuts: frozenset[int]
    speech: Spans | None
    unbreakable: Spans

    def breaks(self, frame: int) -> bool:
        """Whether a boundary before `frame` falls into an unbreakable span, by more than half a frame."""
        return _within(self.clock.starts_s[frame], self.unbreakable, self.clock.frame_s / 2 + 1e-6)

    def speaks(self, frame: int) -> bool:
        """Whether speech runs across the boundary before `frame`."""
        return self.speech is not None and _within(self.clock.starts_s[frame], self.speech, CROSSING_S)


def make_setting(clock: FrameClock, cuts: Sequence[int], speech: Spans | None, unbreakable: Spans) -> Setting:
    """Gather what boundaries are judged by.

    Args:
        clock: When frames start.
        cuts: Frames that a shot starts with.
        speech: Shape (K, 2), seconds, ascending; None without sound.
        unbreakable: Shape (M, 2), seconds; empty without captions. Spans above `LONGEST_CAPTION_S` are left out.
    """
    ordered = unbreakable[np.argsort(unbreakable[:, 0], kind="stable")]
    ordered = ordered[ordered[:, 1] - ordered[:, 0] <= LONGEST_CAPTION_S]
    return Setting(
        clock,
        frozenset([*cuts, len(clock.starts_s) - 1]),
        None if speech is None else joined_spans(speech, SHORTEST_PAUSE_S),
        joined_spans(ordered, 0.0),
    )


def _within(time_s: float, spans: Spans, slack_s: float) -> bool:
    """Whether a time lies in one of the spans (K, 2), ascending and apart, by more than `slack_s` from its ends."""
    last = int(np.searchsorted(spans[:, 0], time_s)) - 1
    return last >= 0 and bool(spans[last, 0] + slack_s < time_s < spans[last, 1] - slack_s)


def joined_spans(spans: Spans, gap_s: float) -> Spans:
    """Spans (K, 2) ascending by start, those that overlap or lie less than `gap_s` apart made one: (L, 2)."""
    joined: list[list[float]] = []
    for start, end in spans.tolist():
        if joined and start - joined[-1][1] < gap_s:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined, np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Cuttable:
    """A stretch as shorts may use it.

    Attributes:
        start_frame: First frame shown where a short comes into the stretch from the one before; `end_frame` is
            exclusive.
        starts: Frame that a short may start with to its ease; `ends` likewise, exclusive frames.
        rough_start: Whether speech is cut off where a short comes in; `rough_end` where it goes on.
    """

    start_frame: int
    end_frame: int
    starts: dict[int, float]
    ends: dict[int, float]
    rough_start: bool
    rough_end: bool


def cuttable(stretch: Stretch, setting: Setting, *, polish: bool = True) -> Cuttable | None:
    """Find the boundaries of a stretch; None where captions leave nothing of it that could be shown whole.

    Args:
        stretch: Of the person.
        setting: Cuts, speech and captions.
        polish: Move edges out of speech and captions; without it a stretch is used from edge to edge.
    """
    starts, ends = _boundaries(stretch, setting)
    low, high = stretch.start_frame, stretch.end_frame
    if polish:
        times = setting.clock.starts_s
        low = _moved(low, [f for f in sorted(starts) if times[f] - times[low] <= _room_s(low, setting)], setting)
        high = _moved(
            high, [f for f in sorted(ends)[::-1] if times[high] - times[f] <= _room_s(high, setting)], setting
        )
        if setting.breaks(low) or setting.breaks(high) or times[high] - times[low] < SHORTEST_PIECE_S:
            return None
    starts = {frame: ease for frame, ease in starts.items() if low <= frame < high}
    ends = {frame: ease for frame, ease in ends.items() if low < frame <= high}
    return Cuttable(low, high, starts, ends, setting.speaks(low), setting.speaks(high))


def _room_s(edge: int, setting: Setting) -> float:
    """How far the edge may be moved into its stretch: little for speech, as far as it takes for captions."""
    return np.inf if setting.breaks(edge) else TRIM_S


def _moved(edge: int, others: list[int], setting: Setting) -> int:
    """The edge, or, where it would lose a word, the first of `others` that does not."""
    if not setting.breaks(edge) and not setting.speaks(edge):
        return edge
    return next((frame for frame in others if not setting.speaks(frame)), edge)


def _boundaries(stretch: Stretch, setting: Setting) -> tuple[dict[int, float], dict[int, float]]:
    """Frames inside the stretch that a short may start with, and end before, each with its ease."""
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    cuts = sorted(frame for frame in setting.cuts if stretch.start_frame < frame < stretch.end_frame)
    edges = [(frame, ease, ease) for frame in (stretch.start_frame, *cuts, stretch.end_frame)
             for ease in [_edge_ease(frame, setting)]]  # fmt: skip
    for frame, start_ease, end_ease in (*edges, *_in_pauses(stretch, setting), *_at_captions(stretch, setting)):
        if setting.breaks(frame):
            continue
        if start_ease and stretch.start_frame <= frame < stretch.end_frame and not _flashes(frame, cuts, setting, 1):
            starts[frame] = max(start_ease, starts.get(frame, 0.0))
        if end_ease and stretch.start_frame < frame <= stretch.end_frame and not _flashes(frame, cuts, setting, -1):
            ends[frame] = max(end_ease, ends.get(frame, 0.0))
    return _cuts_first(starts, setting, 1), _cuts_first(ends, setting, -1)


def _cuts_first(boundaries: dict[int, float], setting: Setting, direction: int) -> dict[int, float]:
    """Leave out what lies just behind an easy cut (starts, direction 1) or before it (ends, -1): take the cut."""
    cuts = sorted(frame for frame, ease in boundaries.items() if frame in setting.cuts and ease == EASY)
    return {
        frame: ease
        for frame, ease in boundaries.items()
        if _to_cut_s(frame, cuts, setting, -direction) >= NEAR_CUT_S or frame in setting.cuts
    }


def _flashes(frame: int, cuts: Sequence[int], setting: Setting, direction: int) -> bool:
    """Whether a cut follows a start (direction 1), or precedes an end (-1), so soon that the shot would only flash."""
    return _to_cut_s(frame, cuts, setting, direction) < SHORTEST_PIECE_S - 1e-6


def _to_cut_s(frame: int, cuts: Sequence[int], setting: Setting, direction: int) -> float:
    """Seconds from a boundary to the next of the cuts (ascending) behind it (direction 1) or before it (-1)."""
    place = bisect_right(cuts, frame) if direction > 0 else bisect_left(cuts, frame) - 1
    if not 0 <= place < len(cuts):
        return np.inf
    times = setting.clock.starts_s
    return float(abs(times[cuts[place]] - times[frame]))


def _edge_ease(frame: int, setting: Setting) -> float:
    speaks = setting.speaks(frame)
    if frame in setting.cuts:
        return CUT_IN_SPEECH if speaks else EASY
    if setting.speech is None:
        return MUTE
    return ROUGH if speaks else QUIET


def _in_pauses(stretch: Stretch, setting: Setting) -> Iterator[tuple[int, float, float]]:
    """Frames in pauses of speech: (frame, ease as a start, ease as an end)."""
    times = setting.clock.starts_s
    begin_s, end_s = float(times[stretch.start_frame]), float(times[stretch.end_frame])
    if setting.speech is None:
        for frame in _grid(begin_s, end_s, setting):
            yield frame, MUTE, MUTE
        return
    for low_s, high_s in pauses(setting.speech, begin_s, end_s):
        middle_s = (low_s + high_s) / 2
        after_s = min(low_s + LEAD_S, middle_s) if low_s > begin_s else low_s
        before_s = max(high_s - LEAD_S, middle_s) if high_s < end_s else high_s
        for frame in _grid(after_s, before_s, setting):
            yield frame, QUIET, QUIET
        if low_s > begin_s:
            yield setting.clock.frame_near(after_s), EASY if after_s == before_s else QUIET, EASY
        if high_s < end_s:
            yield setting.clock.frame_near(before_s), EASY, EASY if after_s == before_s else QUIET


def _at_captions(stretch: Stretch, setting: Setting) -> Iterator[tuple[int, float, float]]:
    """The first and last frames of captions, where nobody is heard to speak on: (frame, ease, ease)."""
    for time_s in np.unique(setting.unbreakable):
        frame = setting.clock.frame_near(float(time_s))
        if stretch.start_frame <= frame <= stretch.end_frame and not setting.speaks(frame):
            yield frame, QUIET, QUIET


def pauses(speech: Spans, start_s: float, end_s: float) -> list[tuple[float, float]]:
    """The parts of [start_s, end_s] outside speech (K, 2), ascending; all in seconds."""
    found = []
    low = start_s
    for begin, end in speech[(speech[:, 1] > start_s) & (speech[:, 0] < end_s)].tolist():
        if begin > low:
            found.append((low, begin))
        low = max(low, end)
    if low < end_s:
        found.append((low, end_s))
    return found


def _grid(start_s: float, end_s: float, setting: Setting) -> Iterator[int]:
    """Frames in [start_s, end_s], `GRID_S` apart; none where that is shorter."""
    count = int((end_s - start_s) / GRID_S)
    within = setting.clock.frames_within(start_s, end_s)
    for step in range(count + 1 if count else 0):
        frame = setting.clock.frame_near(start_s + step * GRID_S)
        if frame in within:
            yield frame
