"""An original and an attempt in one picture, in step, with the original's sound."""

from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import chain, repeat
from math import ceil
from pathlib import Path

import numpy as np

from closeup.core.progress import Progress, ProgressCallback
from closeup.core.types import Image
from closeup.media.audio import has_sound, stereo_blocks
from closeup.media.encoder import VideoEncoder
from closeup.media.mp4_file import SOUND_RATE_HZ
from closeup.media.sampling import shown_at_rate
from closeup.media.video import VideoReader, open_video

HEIGHT = 480
"""Of both pictures, in pixels; the widths follow."""

MOST_FPS = Fraction(30)
GAP_PX = 8


def write_side_by_side(
    original: Path, attempt: Path, target: Path, clock: tuple[float, float], progress: ProgressCallback
) -> None:
    """Write both videos as one MP4, the original at the left; the attempt's lag and drift are taken out.

    Where the attempt has no picture for a moment of the original, its side is black.

    Args:
        original: A video; its sound is heard.
        attempt: A video.
        target: Where the MP4 will be; replaced if it exists.
        clock: Lag in seconds, and rate, of the attempt.
        progress: Told how far the work is.

    Raises:
        InputError: If a video cannot be read.
        OutputError: If the MP4 cannot be written.
    """
    with open_video(original) as left, open_video(attempt) as right:
        fps = min(left.fps, MOST_FPS)
        sizes = [_size(reader) for reader in (left, right)]
        size_wh = sizes[0][0] + GAP_PX + sizes[1][0], HEIGHT
        end_s = left.duration_hint_s
        sound = stereo_blocks(original, SOUND_RATE_HZ, end_s) if has_sound(original) else None
        with VideoEncoder(target, size_wh, fps, sound) as encoder:
            pictures = shown_at_rate(left, sizes[0], 1 / fps)
            others = _in_step(right, sizes[1], 1 / fps, clock)
            for number, ((_, picture), other) in enumerate(zip(pictures, others, strict=False)):
                whole = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
                whole[:, : sizes[0][0]] = picture
                if other is not None:
                    whole[:, -sizes[1][0] :] = other
                encoder.write(whole)
                progress(Progress("Drawing", float(number / fps), end_s, "s"))


def _size(reader: VideoReader) -> tuple[int, int]:
    """(width, height) of one side, even."""
    width, height = reader.size_wh
    return max(round(width * HEIGHT / height / 2) * 2, 2), HEIGHT


def _in_step(
    reader: VideoReader, size_wh: tuple[int, int], step: Fraction, clock: tuple[float, float]
) -> Iterator[Image | None]:
    """The attempt's picture at every tick of the original; None where it has none, for ever after its end."""
    lag, rate = (Fraction(value).limit_denominator(100_000) for value in clock)
    before = max(ceil(-lag / (rate * step)), 0)
    shown: Generator[tuple[float, Image], None, None] = shown_at_rate(
        reader, size_wh, rate * step, lag + before * rate * step
    )
    return chain(repeat(None, before), (picture for _, picture in shown), repeat(None))
