"""Grey videos with sound tracks that carry a tone each, and how strong a tone is in a sound."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HZ = 48_000


def write_tones(path: Path, tones: list[tuple[int, float]], seconds: float = 4.0, level: float = 0.2) -> Path:
    """Write a grey video with a sound track for each pair of hertz and the second that its tone begins at."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        tracks = [container.add_stream("aac", rate=HZ, layout="mono") for _ in tones]
        for _ in range(round(25 * seconds)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), "rgb24")))
        container.mux(video.encode(None))
        at_s = np.arange(round(HZ * seconds)) / HZ
        for track, (hertz, begins_s) in zip(tracks, tones, strict=True):
            sound = np.where(at_s >= begins_s, level * np.sin(2 * np.pi * hertz * at_s), 0).astype(np.float32)
            for start in range(0, len(sound), 1024):
                block = np.ascontiguousarray(sound[None, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = HZ, start, Fraction(1, HZ)
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


def strength(sound: np.ndarray, rate_hz: int, hertz: int) -> np.ndarray:
    """The amplitude of a tone in each hundredth of a second of sound (N, C): (T,)."""
    step = rate_hz // 100
    rows = sound.mean(axis=1)[: len(sound) // step * step].reshape(-1, step)
    at_s = np.arange(step) / rate_hz
    return 2 / step * np.abs(rows @ np.exp(-2j * np.pi * hertz * at_s))
