"""The part of a video's picture that shorts may show: all of it, or what lies between black bars."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from closeup.algorithms.frames.letterbox import picture_area
from closeup.features.shorts.plan import Piece
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes

LOOKS = 12
"""So many frames are looked at, spread evenly over what is shown."""

Area = tuple[float, float, float, float]


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
