"""Containers with bits flipped, stretches overwritten and ends cut off: no crash, no hang, no half result."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import CloseupError
from closeup.media.audio import has_sound, sound_blocks
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.video import open_video
from media.joined import Part, write_part

FORMATS = {
    "mp4": ("mp4", "libx264"),
    "mov": ("mov", "mpeg4"),
    "mkv": ("matroska", "libx264"),
    "ts": ("mpegts", "libx264"),
    "mpg": ("mpeg", "mpeg2video"),
    "avi": ("avi", "mpeg4"),
    "flv": ("flv", "flv1"),
}
PLACES = 40
LONGEST_S = 10
"""Processor seconds that one file may take; a whole one takes a fiftieth of a second."""


def damaged(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The content damaged in `PLACES` ways, the same each time."""
    rng = np.random.default_rng(len(content))
    for number in range(PLACES):
        at = int(rng.integers(0, len(content)))
        spoilt = bytearray(content)
        if number % 4 == 0:
            yield f"cut at {at}", content[:at]
        elif number % 4 == 1:
            spoilt[at : at + 64] = rng.bytes(len(spoilt[at : at + 64]))
            yield f"noise at {at}", bytes(spoilt)
        else:
            early = at if number % 4 == 2 else at % 600  # headers are small, and matter
            spoilt[early] ^= 1 << int(rng.integers(0, 8))
            yield f"bit of {early}", bytes(spoilt)


def read_all(path: Path) -> None:
    """Read pictures and sound, and check that what comes is whole."""
    with open_video(path) as reader:
        times = []
        for frame in reader:
            times.append(frame.time)
            if frame.index % 8 == 0:
                image = frame.rgb()
                assert image.shape == (reader.size_wh[1], reader.size_wh[0], 3)
        assert times
        assert times[0] == 0
        assert all(before < after for before, after in pairwise(times))
        assert reader.end_time > times[-1]
        known = FrameTimes.read(times, reader)
    assert len(list(excerpt_frames(path, known, [(len(times) // 2, len(times))]))) == len(times) - len(times) // 2
    if has_sound(path):
        assert all(np.isfinite(block).all() for block in sound_blocks(path, end_s=min(known.end_s, 60.0)))


@pytest.mark.parametrize("ending", FORMATS)
def test_a_damaged_file_is_read_or_refused_with_a_reason(tmp_path: Path, ending: str) -> None:
    kind, codec = FORMATS[ending]
    whole = write_part(
        tmp_path / f"whole.{ending}", Part(seconds=0.8, size_wh=(96, 64), sound=ending != "flv"), kind, codec
    )
    read_all(whole)
    refused = 0
    path = tmp_path / f"damaged.{ending}"
    for how, content in damaged(whole.read_bytes()):
        path.write_bytes(content)
        started = time.process_time()
        try:
            read_all(path)
        except CloseupError:
            refused += 1
        assert time.process_time() - started < LONGEST_S, how
    assert refused < 0.8 * PLACES
