"""Videos made on the spot, odd in the one way that a test is about."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


@dataclass(frozen=True)
class Odd:
    """What is odd about a video.

    `stamps` are in `tick` seconds, one a frame, ascending; `unordered` need not be, with a codec that keeps order.
    """

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    fps: Fraction = Fraction(25)
    tick: Fraction = Fraction(1, 1000)
    stamps: tuple[int, ...] | None = None
    unordered: tuple[int, ...] | None = None
    rotation: float = 0
    flip: bool = False
    sample_aspect_ratio: Fraction | None = None
    colorspace: int | None = None
    color_trc: int | None = None
    gop: int = 12
    options: tuple[tuple[str, str], ...] = ()
    container_options: tuple[tuple[str, str], ...] = ()


def _mux(container: av.container.OutputContainer, packets: list[av.Packet], odd: Odd) -> None:
    for packet in packets:
        if odd.unordered:
            # Muxers insist on ascending decoding stamps only; of presentation stamps they take any.
            index = round(packet.pts * odd.tick * odd.fps)
            packet.pts, packet.dts, packet.time_base = odd.unordered[index], index, odd.tick
        container.mux(packet)


def write_video(path: Path, images: list[np.ndarray], **oddities: object) -> Path:
    """Write RGB pictures (H, W, 3) as a video, odd as `Odd` says, and give its path back."""
    odd = Odd(**oddities)
    height, width = images[0].shape[:2]
    with av.open(str(path), "w", container_options=dict(odd.container_options)) as container:
        stream = container.add_stream(odd.codec, rate=odd.fps, options=dict(odd.options))
        stream.width, stream.height, stream.pix_fmt = width, height, odd.pix_fmt
        context = stream.codec_context
        context.thread_count, context.gop_size = 1, odd.gop
        context.time_base = odd.tick
        if odd.sample_aspect_ratio is not None:
            context.sample_aspect_ratio = odd.sample_aspect_ratio
        if odd.colorspace is not None:
            context.colorspace = odd.colorspace
        if odd.color_trc is not None:
            context.color_trc = odd.color_trc
        if odd.rotation or odd.flip:
            stream.set_display_rotation(odd.rotation, hflip=odd.flip)
        step = 1 / odd.fps / odd.tick
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=odd.pix_fmt)
            frame.pts = odd.stamps[index] if odd.stamps else round(index * step)
            frame.time_base = odd.tick
            _mux(container, stream.encode(frame), odd)
        _mux(container, stream.encode(None), odd)
    return path
