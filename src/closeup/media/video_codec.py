"""What video is encoded by: names for FFmpeg's encoders, how each is set, and which one is taken.

An encoder that FFmpeg lists need not work: the card, its driver or the system may be missing. So each is tried before
it is used, by a few frames that are encoded and read back.
"""

import logging
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import Any

import av
import numpy as np
from av.codec import Codec
from av.codec.hwaccel import HWAccel
from av.container import OutputContainer

from closeup.core.errors import InputError
from closeup.core.settings import hush_encoders, read_settings, take_back_priority

AUTO, X264 = "auto", "libx264"

X264_OPTIONS = {"crf": "18", "preset": "veryfast"}
"""Constant quality, near to what the eye can tell. At 1080x1920 "veryfast" takes two thirds of the processor time of
"faster", and fewer bytes."""


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """One encoder.

    Attributes:
        codec: FFmpeg's name for it.
        licence: Of the encoder itself, as it matters for who passes closeup on.
        options: Its settings.
        pixels: Pixel format that it takes.
        bits_per_pixel: What a pixel of a frame may cost; 0 where `options` keep the quality constant instead.
        device: FFmpeg's name of the device that frames are moved to first; empty where the encoder takes them as is.
    """

    codec: str
    licence: str
    options: dict[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"
    bits_per_pixel: float = 0
    device: str = ""


_CARD = "part of the graphics card's driver"

ENCODERS = {
    X264: VideoCodec("libx264", "GPL-2.0-or-later", X264_OPTIONS),
    "openh264": VideoCodec("libopenh264", "BSD-2-Clause", bits_per_pixel=0.15),
    "nvenc": VideoCodec("h264_nvenc", _CARD, {"preset": "p5", "rc": "vbr", "cq": "21", "b": "0"}),
    "videotoolbox": VideoCodec("h264_videotoolbox", "part of macOS", bits_per_pixel=0.15),
    "qsv": VideoCodec("h264_qsv", _CARD, pixels="nv12", bits_per_pixel=0.15),
    "amf": VideoCodec("h264_amf", _CARD, pixels="nv12", bits_per_pixel=0.15),
    "mediafoundation": VideoCodec("h264_mf", "part of Windows", pixels="nv12", bits_per_pixel=0.15),
    "vaapi": VideoCodec("h264_vaapi", _CARD, pixels="nv12", bits_per_pixel=0.15, device="vaapi"),
    "svtav1": VideoCodec("libsvtav1", "BSD-3-Clause-Clear", {"crf": "24", "preset": "8"}),
}
"""Name of an encoder to what FFmpeg is asked for. `auto` takes the first that works: x264, whose quality we measured
against its bytes, then the others that write H.264, which everything plays; AV1 last."""

CHOICES = (AUTO, *ENCODERS)

_LOG = logging.getLogger("closeup.media")

_TAKEN: set[str] = set()
"""The encoders that this process has written with."""

_TRIAL_WH, _TRIAL_FRAMES = (320, 240), 5


def add_video_stream(
    container: OutputContainer, size_wh: tuple[int, int], rate: Fraction, encoder: str | None = None
) -> Any:
    """Add a stream of video to a container, by an encoder that works here.

    Args:
        container: That was just opened.
        size_wh: Width and height in pixels, even.
        rate: Frames a second, about.
        encoder: Of `CHOICES`; that of the settings where not given.

    Raises:
        InputError: If the encoder that was asked for does not work here; says which do.
    """
    name = choose_encoder(encoder or read_settings().encoder)
    _TAKEN.add(name)
    _LOG.info("%s is encoded by %s", container.name, name)
    return _stream(container, ENCODERS[name], size_wh, rate)


def choose_encoder(asked: str) -> str:
    """The encoder to take: the one that is asked for, or with "auto" the first that works.

    Raises:
        InputError: If there is no such encoder, or it does not work here; says which do.
    """
    if asked not in CHOICES:
        raise InputError(f"There is no encoder called {asked!r}.", f"Use one of: {', '.join(CHOICES)}.")
    if asked != AUTO and not (reason := fault(asked)):
        return asked
    if asked == AUTO and (first := next((name for name in ENCODERS if not fault(name)), "")):
        return first
    works = ", ".join(name for name in ENCODERS if not fault(name))
    said = f"{asked} cannot encode video here: {reason}" if asked != AUTO else "No encoder of video works here"
    raise InputError(f"{said}.", f"What works here: {works}." if works else "", code="encoder.absent")


def encoder_notes() -> list[str]:
    """What this process has written video with, where that was not x264, a sentence each."""
    return [f"Video was encoded by {name} ({ENCODERS[name].codec})." for name in sorted(_TAKEN - {X264})]


@cache
def fault(name: str) -> str:
    """Why an encoder of `ENCODERS` does not work here, a few words; empty where it does. Tried once in a process."""
    hush_encoders()
    kind = ENCODERS[name]
    try:
        Codec(kind.codec, "w")
    except ValueError:
        return "FFmpeg was built without it"
    before = av.logging.get_level()
    av.logging.set_level(av.logging.PANIC)  # what fails is said in other words
    try:
        written = _trial(kind)
        with av.open(BytesIO(written), "r") as container:
            shown = [frame.width for frame in container.decode(video=0)]
    except (av.error.FFmpegError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        told = getattr(error, "log", None)  # FFmpeg's last words: level, who, what
        return (told[2] if told else str(error)).strip().splitlines()[0].rstrip(".")
    finally:
        av.logging.set_level(before)
    return "" if shown == [_TRIAL_WH[0]] * _TRIAL_FRAMES else f"{len(shown)} of {_TRIAL_FRAMES} frames came back"


def _trial(kind: VideoCodec) -> bytes:
    """A few frames, encoded into an MP4 in memory."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = _stream(container, kind, _TRIAL_WH, Fraction(25))
        for number in range(_TRIAL_FRAMES):
            image = np.full((*_TRIAL_WH[::-1], 3), 40 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
            take_back_priority()
        container.mux(stream.encode(None))
    return file.getvalue()


def _stream(container: OutputContainer, kind: VideoCodec, size_wh: tuple[int, int], rate: Fraction) -> Any:
    more = {"hwaccel": HWAccel(kind.device)} if kind.device else {}
    stream: Any = container.add_stream(kind.codec, rate=rate, options=dict(kind.options), **more)
    stream.width, stream.height = size_wh
    stream.pix_fmt = kind.pixels
    if kind.bits_per_pixel:
        stream.bit_rate = round(kind.bits_per_pixel * size_wh[0] * size_wh[1] * float(rate))
    return stream
