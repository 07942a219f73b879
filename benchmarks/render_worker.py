"""One rendering as a process of its own: `render_worker.py VIDEO OUTPUT WIDTH HEIGHT still|moving`."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.features.shorts.plan import Piece
from closeup.features.shorts.render import Look, RenderPiece, render_short
from closeup.media.frame_times import read_frame_times
from closeup.media.video import open_video

PERIOD_S = 8.0
"""A moving camera goes from one side to the other and back in this time: far more than a real one moves."""


def main() -> None:
    video, output, width, height, camera = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5]), sys.argv[5]
    times = read_frame_times(video)
    with open_video(video) as reader:
        source_wh = reader.size_wh
    piece = Piece(0, times.count, 0.0, times.end_s)
    crops = crop_path(times.starts_s, source_wh, width / height, moving=camera == "moving")
    render_short(video, [RenderPiece(piece, (crops,))], times, output, Look((width, height)))


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
