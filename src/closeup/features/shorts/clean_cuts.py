"""Cuts without the frame that shows both shots: pieces end before it, and start behind it."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from closeup.algorithms.frames.blending import is_blend
from closeup.core.types import Image
from closeup.features.shorts.choice import Window
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes

MOST_FRAMES = 3
"""So many blended frames are left out at most; longer dissolves stay, for they were meant."""

_LOOK_WH = (160, 90)


def without_blends(
    video: Path, times: FrameTimes, cuts: Sequence[int], windows: Sequence[Window], min_length_s: float
) -> tuple[Window, ...]:
    """Trim pieces at cuts where the frame beside the cut is a mixture of the two shots.

    A window that would become shorter than asked for stays as it is.

    Args:
        video: The source.
        times: When its frames are shown.
        cuts: Frames that a shot starts with.
        windows: What was chosen.
        min_length_s: What no window may fall below.

    Raises:
        InputError: If the video cannot be read.
    """
    inner = {cut for cut in cuts if 1 < cut < times.count - 1}
    edges = {edge for window in windows for piece in window.pieces for edge in piece} & inner
    looks = _looks(video, times, edges)
    trimmed = []
    for window in windows:
        pieces = tuple(
            (start + _blended(looks, start, 1, end - start), end - _blended(looks, end, -1, end - start))
            for start, end in window.pieces
        )
        length = sum(times.start(end) - times.start(start) for start, end in pieces)
        enough = all(start < end for start, end in pieces) and length >= min_length_s
        trimmed.append(replace(window, pieces=pieces) if enough else window)
    return tuple(trimmed)


def _looks(video: Path, times: FrameTimes, edges: Iterable[int]) -> dict[int, Image]:
    """Small pictures of the frames around edges, by index."""
    reach = MOST_FRAMES + 1
    wanted = {frame for edge in edges for frame in range(edge - reach, edge + reach) if 0 <= frame < times.count}
    ordered = sorted(wanted)
    starts = [b for a, b in pairwise([-9, *ordered]) if b != a + 1]
    ends = [a + 1 for a, b in pairwise([*ordered, times.count + 9]) if b != a + 1]
    with closing(excerpt_frames(video, times, list(zip(starts, ends, strict=True)))) as frames:
        return {frame.index: frame.rgb(_LOOK_WH) for frame in frames}


def _blended(looks: dict[int, Image], edge: int, direction: int, length: int) -> int:
    """How many frames behind an edge (direction 1) or before it (-1) are blends; 0 where the edge is no cut."""
    inside, outside = (edge, edge - 1) if direction > 0 else (edge - 1, edge)
    if inside not in looks or outside not in looks:
        return 0
    for count in range(min(MOST_FRAMES, length - 1)):
        frame = inside + direction * count
        following = looks.get(frame + direction)
        if following is None or not is_blend(looks[outside], looks[frame], following):
            return count
    return min(MOST_FRAMES, length - 1)
