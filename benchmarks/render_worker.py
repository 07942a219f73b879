"""One rendering as a process of its own: `render_worker.py VIDEO OUTPUT WIDTHxHEIGHT still|moving FRAMES DURATION_S`.

The last two are what a cast knows of its video: with them, time stamps are read without decoding all of it.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import VideoInfo
from closeup.features.shorts.finished import FramedPiece
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.render import render_short
from closeup.media.frame_times import read_frame_times
from closeup.media.video import open_video

PERIOD_S = 20.0
"""A moving camera goes from one side to the other and back in this time, and never rests, as real ones do."""


def main() -> None:
    video, output, size, camera, frames, duration = sys.argv[1:]
    width, height = map(int, size.split("x"))
    render(Path(video), Path(output), (width, height), camera == "moving", (int(frames), float(duration)))


def render(video: Path, output: Path, size_wh: tuple[int, int], moving: bool, known: tuple[int, float]) -> None:
    with open_video(video) as reader:
        source_wh, fps = reader.size_wh, reader.fps
    times = read_frame_times(video, VideoInfo(str(video), "", known[1], fps, known[0], *source_wh))
    piece = Piece(0, times.count, 0.0, times.end_s)
    crops = crop_path(times.starts_s, source_wh, size_wh[0] / size_wh[1], moving=moving)
    render_short(video, [FramedPiece(piece, (crops,), "follow")], output, frame_times=times, size_wh=size_wh)


def crop_path(
    times_s: NDArray[np.float64], source_wh: tuple[int, int], aspect: float, *, moving: bool
) -> NDArray[np.float64]:
    """Crops (N, 4) of the source's full height, in its middle or from side to side."""
    width, height = source_wh
    crop_width = height * aspect
    place = 0.5 + 0.5 * np.sin(times_s * 2 * np.pi / PERIOD_S) if moving else np.full(len(times_s), 0.5)
    left = place * (width - crop_width)
    return np.stack([left, np.zeros_like(left), left + crop_width, np.full_like(left, height)], axis=1)


if __name__ == "__main__":
    main()
