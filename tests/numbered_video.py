"""Videos whose frames say their own number, in blocks that code reads, with claps: a white flash and a click at once.

The number stands in the middle 9:16 of the picture, so that an upright crop of it, of any size, can be read too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 12
COLUMNS, ROWS = 4, 4
LEFT, TOP, RIGHT, BOTTOM = 0.1, 0.3, 0.9, 0.6
"""Where the blocks stand, in parts of the upright crop."""

BLACK, WHITE, CALM, FLASH = 30, 220, 100, 235
CLICK_S = Fraction(1, 500)


@dataclass(frozen=True)
class Sound:
    """The sound track of a numbered video; its first sample is heard at `start_s`, counted from the first frame."""

    codec: str = "aac"
    rate_hz: int = 48000
    layout: str = "stereo"
    start_s: Fraction = Fraction(0)


@dataclass(frozen=True)
class Numbered:
    """What a numbered video is like.

    `starts` are the frames' times in seconds, from 0; the last frame lasts as long as the one before. `delay_s` moves
    pictures and sound on the file's clock. At the frames `claps` there is a flash and a click.
    """

    starts: Sequence[Fraction]
    size_wh: tuple[int, int] = (256, 144)
    claps: Sequence[int] = ()
    sound: Sound | None = None
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    gop: int = 30
    options: tuple[tuple[str, str], ...] = ()
    rotation: int = 0
    delay_s: Fraction = Fraction(0)
    tick: Fraction | None = None


def constant(count: int, fps: Fraction) -> list[Fraction]:
    """Times of so many frames at a constant rate."""
    return [index / fps for index in range(count)]


def variable(count: int, seed: int = 5) -> list[Fraction]:
    """Times of so many frames that last 15 to 80 ms, in whole milliseconds, as phones record them."""
    steps = np.random.default_rng(seed).integers(15, 80, count - 1)
    return [Fraction(0), *(Fraction(int(ms), 1000) for ms in np.cumsum(steps))]


def upright_crop(size_wh: tuple[int, int]) -> tuple[float, float, float, float]:
    """The middle 9:16 of a picture, xyxy in pixels."""
    width, height = size_wh
    half = height * 9 / 32
    return width / 2 - half, 0.0, width / 2 + half, float(height)


def cells(box: tuple[float, float, float, float]) -> list[tuple[slice, slice]]:
    """Rows and columns of each block, for an upright crop that lies at `box`."""
    x0, y0, x1, y1 = box
    xs = np.rint(x0 + (x1 - x0) * np.linspace(LEFT, RIGHT, COLUMNS + 1)).astype(int)
    ys = np.rint(y0 + (y1 - y0) * np.linspace(TOP, BOTTOM, ROWS + 1)).astype(int)
    return [
        (slice(ys[row], ys[row + 1]), slice(xs[column], xs[column + 1]))
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]


def draw(number: int, size_wh: tuple[int, int], *, flash: bool = False) -> np.ndarray:
    """RGB uint8 (H, W, 3) that shows the number; the last blocks count its ones."""
    width, height = size_wh
    picture = np.full((height, width, 3), FLASH if flash else CALM, np.uint8)
    bits = [number >> bit & 1 for bit in range(BITS)]
    check = sum(bits)
    bits += [check >> bit & 1 for bit in range(COLUMNS * ROWS - BITS)]
    for (rows, columns), bit in zip(cells(upright_crop(size_wh)), bits, strict=True):
        picture[rows, columns] = WHITE if bit else BLACK
    return picture


def read(picture: np.ndarray, box: tuple[float, float, float, float] | None = None) -> int:
    """The number that a picture (H, W, 3) shows; `box` is where the upright crop lies in it, all of it by default."""
    height, width = picture.shape[:2]
    middles = []
    for rows, columns in cells(box or (0, 0, width, height)):
        block = picture[rows, columns]
        tall, wide = block.shape[0] // 4, block.shape[1] // 4
        middles.append(block[tall : block.shape[0] - tall, wide : block.shape[1] - wide].mean())
    bits = [int(level > (BLACK + WHITE) / 2) for level in middles]
    number = sum(bit << place for place, bit in enumerate(bits[:BITS]))
    check = sum(bit << place for place, bit in enumerate(bits[BITS:]))
    if check != sum(bits[:BITS]) or any(60 < level < 190 for level in middles):
        raise AssertionError(f"no number can be read: {np.round(middles).tolist()}")
    return number


def flashes(picture: np.ndarray) -> bool:
    """Whether the picture (H, W, 3) is that of a clap: its top is white."""
    return bool(picture[: picture.shape[0] // 8].mean() > (CALM + FLASH) / 2)


def write(path: Path, video: Numbered) -> Path:
    """Write a numbered video, and give its path back."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(video.codec, rate=30, options=dict(video.options))
        pictures.width, pictures.height, pictures.pix_fmt = *video.size_wh, video.pix_fmt
        if video.rotation % 180:
            pictures.width, pictures.height = video.size_wh[::-1]
        context = pictures.codec_context
        tick = video.tick or _tick([*video.starts, video.delay_s])
        context.time_base, context.gop_size, context.thread_count = tick, video.gop, 1
        if video.rotation:
            pictures.set_display_rotation(video.rotation)
        track = None
        if video.sound is not None:
            track = container.add_stream(video.sound.codec, rate=video.sound.rate_hz, layout=video.sound.layout)
        _write_pictures(container, pictures, video, tick)
        if track is not None:
            _write_sound(container, track, video)
    return path


def _tick(starts: Sequence[Fraction]) -> Fraction:
    return Fraction(1, int(np.lcm.reduce([start.denominator for start in starts])))


def _write_pictures(container: object, stream: object, video: Numbered, tick: Fraction) -> None:
    lasts = {}
    for number, start in enumerate(video.starts):
        image = np.rot90(draw(number, video.size_wh, flash=number in video.claps), -video.rotation // 90)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format=video.pix_fmt)
        frame.pts, frame.time_base = round((start + video.delay_s) / tick), tick
        after = video.starts[number + 1] if number + 1 < len(video.starts) else 2 * start - video.starts[number - 1]
        lasts[frame.pts] = round((after - start) / tick)
        _mux(container, stream.encode(frame), lasts)
    _mux(container, stream.encode(None), lasts)


def _mux(container: object, packets: list[av.Packet], lasts: dict[int, int]) -> None:
    for packet in packets:
        packet.duration = lasts[packet.pts]
        container.mux(packet)


def samples(video: Numbered) -> np.ndarray:
    """The sound as it is written, float32 (C, N): a short burst at the start of each clap's frame."""
    sound = video.sound
    end = 2 * video.starts[-1] - video.starts[-2]
    count = round((end - sound.start_s) * sound.rate_hz)
    mono = np.zeros(count, np.float32)
    burst = np.sin(np.arange(round(CLICK_S * sound.rate_hz)) * 0.9).astype(np.float32) * 0.8
    for clap in video.claps:
        at = round((video.starts[clap] - sound.start_s) * sound.rate_hz)
        if at >= 0:
            mono[at : at + len(burst)] = burst[: max(0, count - at)]
    return np.tile(mono, (av.AudioLayout(sound.layout).nb_channels, 1))


def _write_sound(container: object, stream: object, video: Numbered) -> None:
    wave, rate = samples(video), video.sound.rate_hz
    size = stream.codec_context.frame_size or 1024
    as_encoder_wants = av.AudioResampler(stream.codec_context.format, video.sound.layout, rate)
    for first in range(0, wave.shape[1], size):
        part = np.ascontiguousarray(wave[:, first : first + size])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=video.sound.layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = first + round((video.sound.start_s + video.delay_s) * rate)
        for converted in as_encoder_wants.resample(frame):
            container.mux(stream.encode(converted))
    container.mux(stream.encode(None))
