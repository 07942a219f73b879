"""Recordings that were joined, each part with a clock, a size and sound of its own; made here."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from closeup.core.types import Image

SOUND_HZ = 48_000
FLASH_S = (0.4, 1.2)
"""When each part turns white and beeps, in seconds from its start, for a tenth of a second."""


@dataclass(frozen=True)
class Part:
    """One recording of a joined one.

    Attributes:
        seconds: How long it is.
        at_s: What its clock shows at its start.
        size_wh: Of its pictures.
        fps: Frames a second.
        sound: Whether it has sound; `sound_at_s` is what the sound's clock shows where it is another.
    """

    seconds: float = 2.0
    at_s: float = 0.0
    size_wh: tuple[int, int] = (160, 96)
    fps: int = 25
    sound: bool = True
    sound_at_s: float | None = None


def flashing(part: Part) -> list[Image]:
    """Grey pictures that turn white at `FLASH_S`, with a dark left edge."""
    images = []
    for number in range(round(part.seconds * part.fps)):
        white = any(0 <= number / part.fps - at < 0.1 - 1e-6 for at in FLASH_S)
        image = np.full((part.size_wh[1], part.size_wh[0], 3), 235 if white else 90, np.uint8)
        image[:, : part.size_wh[0] // 8] = 20
        images.append(image)
    return images


def beeps(part: Part) -> np.ndarray:
    """Silence with beeps at `FLASH_S`, float32 (N,)."""
    time = np.arange(round(part.seconds * SOUND_HZ)) / SOUND_HZ
    on = np.any([(time >= at) & (time < at + 0.1) for at in FLASH_S], axis=0)
    return (0.5 * on * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)


def write_part(path: Path, part: Part, kind: str = "mpegts", codec: str = "libx264") -> Path:
    """Write one part as a file of its own."""
    sound_at = part.at_s if part.sound_at_s is None else part.sound_at_s
    with av.open(str(path), "w", format=kind) as container:
        video = container.add_stream(codec, rate=part.fps)
        if codec == "libx264":
            video.options = {"preset": "ultrafast", "crf": "20", "g": "25"}
        video.width, video.height = part.size_wh
        video.pix_fmt = "yuv420p"
        audio = (
            container.add_stream("mp2" if kind == "mpeg" else "aac", rate=SOUND_HZ, layout="mono")
            if part.sound
            else None
        )
        sound, heard = beeps(part), 0
        for number, image in enumerate(flashing(part)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round((part.at_s + number / part.fps) * 90_000), Fraction(1, 90_000)
            container.mux(video.encode(frame))
            while audio and heard < len(sound) and heard / SOUND_HZ <= number / part.fps:
                block = av.AudioFrame.from_ndarray(sound[None, heard : heard + 1024], format="fltp", layout="mono")
                block.sample_rate, block.time_base = SOUND_HZ, Fraction(1, SOUND_HZ)
                block.pts = heard + round(sound_at * SOUND_HZ)
                heard += 1024
                container.mux(audio.encode(block))
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))
    return path


def joined(path: Path, *parts: Part) -> Path:
    """MPEG-TS parts one after another in one file, as recorders and `cat` join them."""
    content = b""
    for number, part in enumerate(parts):
        content += write_part(path.with_name(f"{path.stem}{number}.part"), part).read_bytes()
    path.write_bytes(content)
    return path
