"""Small videos with sound, made here."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from closeup.core.types import FloatArray, Image

SOUND_HZ = 16_000


def write_film(
    path: Path, pictures: Sequence[Image], fps: int = 25, sound: FloatArray | None = None, *more: FloatArray
) -> Path:
    """Write pictures and mono sound at 16 kHz (N,) as MP4; `more` are sound tracks beside the first."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"crf": "18", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sounds = [each for each in (sound, *more) if each is not None]
        tracks = [container.add_stream("aac", rate=SOUND_HZ, layout="mono") for _ in sounds]
        for picture in pictures:
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(video.encode(None))
        for track, samples in zip(tracks, sounds, strict=True):
            for start in range(0, len(samples), 1024):
                block = np.ascontiguousarray(samples[None, start : start + 1024], np.float32)
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = SOUND_HZ, start
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


def scenery(seed: int, size_wh: tuple[int, int] = (160, 90)) -> Image:
    """A picture of coarse colours, the same for the same number."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 236, (size_wh[1] // 10 + 1, size_wh[0] // 10 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((10, 10, 1), np.uint8))[: size_wh[1], : size_wh[0]])
