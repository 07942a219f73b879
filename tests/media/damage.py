"""Damaged videos and pictures, read to the end in a process of its own: what crashes does not take the tests along.

As a program: `python -m media.damage FOLDER ENDING PLACES` reads them one after another and prints a line for each.
"""

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from closeup.core.errors import CloseupError
from closeup.media.audio import has_sound, sound_blocks
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.image import read_image
from closeup.media.video import open_video
from heic_file import heic_bytes
from media.joined import Part, write_part

FORMATS = {
    "mp4": ("mp4", "libx264"),
    "mov": ("mov", "mpeg4"),
    "mkv": ("matroska", "libx264"),
    "webm": ("webm", "libvpx-vp9"),
    "ts": ("mpegts", "libx264"),
    "mpg": ("mpeg", "mpeg2video"),
    "avi": ("avi", "mpeg4"),
    "flv": ("flv", "flv1"),
}
PICTURES = {
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "avif": "AVIF",
    "bmp": "BMP",
    "tif": "TIFF",
    "jp2": "JPEG2000",
    "ppm": "PPM",
    "heic": "",  # which Pillow does not write
}
_HEADER = 600
"""Headers are small, and matter."""


def damaged(content: bytes, places: int) -> Iterator[tuple[str, bytes]]:
    """The content damaged at so many places, the same each time: each has a bit flipped, noise, and the end cut off."""
    rng = np.random.default_rng(len(content))
    for number in range(places):
        at = int(rng.integers(0, len(content)))
        at = at % _HEADER if number % 3 == 0 else at
        flipped, noisy = bytearray(content), bytearray(content)
        flipped[at] ^= 1 << int(rng.integers(0, 8))
        noisy[at : at + 64] = rng.bytes(len(noisy[at : at + 64]))
        yield f"bit of {at}", bytes(flipped)
        yield f"cut at {at}", content[:at]
        yield f"noise at {at}", bytes(noisy)


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


def read_picture(path: Path) -> None:
    """Read a picture, and check that what comes is one."""
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert image.size


def write_whole(folder: Path, ending: str) -> Path:
    """A clip or a picture of a format, undamaged; in 64 x 48, a clip of a second."""
    if ending in PICTURES:
        rows, columns = np.mgrid[:48, :64]
        waves = 128 + 90 * np.sin(rows / 5) * np.cos(columns / 7)
        image = np.stack([waves, 4 * columns, 255 - 5 * rows], axis=2).clip(0, 255).astype(np.uint8)
        path = folder / f"whole.{ending}"
        if ending == "heic":
            path.write_bytes(heic_bytes(image))
        else:
            Pillow.fromarray(image).save(path, PICTURES[ending])
        return path
    kind, codec = FORMATS[ending]
    part = Part(seconds=0.8, size_wh=(64, 48), sound=ending not in ("flv", "webm"))
    return write_part(folder / f"whole.{ending}", part, kind, codec)


def main(folder: Path, ending: str, places: int) -> None:
    """Print, for each damaged file, how it is damaged, and then its seconds and whether it was read or refused."""
    whole = write_whole(folder, ending)
    read = read_picture if ending in PICTURES else read_all
    read(whole)
    path = folder / f"damaged.{ending}"
    for how, content in damaged(whole.read_bytes(), places):
        path.write_bytes(content)
        say(how + "\t")
        started, word = time.process_time(), "read"
        try:
            read(path)
        except CloseupError:
            word = "refused"
        say(f"{time.process_time() - started:.2f}\t{word}\n")


def say(words: str) -> None:
    """Say it at once: after a crash nothing more is said."""
    sys.stdout.write(words)
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
