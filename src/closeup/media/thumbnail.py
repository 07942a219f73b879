"""A small picture of a video or a photo, for lists."""

from itertools import islice
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.core.whole import write_whole
from closeup.media.container import is_video
from closeup.media.image import encode_jpeg, read_image, shrunk
from closeup.media.sampling import Sampling
from closeup.media.video import open_video

SIDE_PX = 480

FRAMES = 25
"""So far into a video is looked for a picture that shows more than a black beginning: a frame a second."""


def write_thumbnail(source: Path, output: Path, *, progress: ProgressCallback = ignore) -> None:
    """Write a JPEG whose longer side has 480 pixels: of a video the frame with most contrast of its first half minute.

    Raises:
        InputError: If it is neither a video nor a photo that can be read.
    """
    progress(Progress("Looking", 0, None, ""))
    image = _telling_frame(source) if is_video(source) else read_image(source)
    write_whole(output, encode_jpeg(np.ascontiguousarray(shrunk(image, SIDE_PX))))


def _telling_frame(video: Path) -> Image:
    """Of a frame a second of its beginning the one with most contrast, RGB (H, W, 3)."""
    with open_video(video) as reader:
        best, most = None, -1.0
        for sample in islice(Sampling(reader, 1.0), FRAMES):
            frame = sample.frame.rgb()
            contrast = float(frame[::8, ::8].std())
            if contrast > most:
                best, most = frame, contrast
    if best is None:
        raise InputError(f"{video} has no frame.")
    return best
