"""The sound of a video on the clock of its pictures: time 0 is the first frame (docs/concepts/time.md).

Sound starts earlier or later than the pictures in many files, has holes, and changes its format midway in broadcasts.
Here it is one even row of samples: silence where there is none, and cut off where it was there before the first frame.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Literal

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.format import Flags
from av.stream import Discard, Disposition

from closeup.core.errors import InputError
from closeup.core.types import FloatArray
from closeup.media.container import choose_stream, open_container, require_track
from closeup.media.frame_times import FrameTimes
from closeup.media.packets import PacketReader, stamp_of
from closeup.media.sound_filters import mixed
from closeup.media.video import open_video

TrackChoice = int | Literal["mix"] | None
"""Which of a video's sound tracks: a number, counted from 1; "mix" for all at once; None for the default one."""

_SLIP_S = Fraction(15, 1000)
"""Stamps that stray by less from the count of samples are rounded ones; by more, sound is missing or repeated."""

_NEW_CLOCK_S = Fraction(1)
"""Stamps that fall back by more mean that the file's clock was set anew: joined recordings do that."""

_MAX_BAD_IN_A_ROW = 500
"""Damaged parts in a row that cannot be read before the sound is taken to have ended."""

_RUN_IN_S = Fraction(1)
"""Decoding begins this much before the first sample that is wanted: decoders need some packets to settle."""

_CENTRE = 0.5**0.5
"""What a centre or surround channel counts in a stereo mix, -3 dB, after ITU-R BS.775."""

_SIDES = {"FL": "L", "BL": "l", "SL": "l", "FR": "R", "BR": "r", "SR": "r", "FC": "LR", "BC": "lr"}
"""Channel to the side that it is heard on, capital in full, small at -3 dB; those that are not here are left out."""


@dataclass(frozen=True, slots=True)
class _Clip:
    """What to read: samples [first, last) of a track at `rate_hz` on the pictures' clock; no `last` means all."""

    rate_hz: int
    channels: int
    first: int
    last: int | None
    origin: Fraction
    track: TrackChoice = None


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """A sound track of a video.

    Attributes:
        number: Counted from 1, in the file's order.
        title: What the file calls it, or its language; empty where it says neither.
        default: Whether it is the one to hear where nobody chooses.
    """

    number: int
    title: str
    default: bool


def sound_tracks(path: Path) -> tuple[TrackInfo, ...]:
    """The sound tracks of a video that can be decoded.

    Raises:
        InputError: If it is not a video that can be read.
    """
    with open_container(path) as container:
        chosen = _sound_stream(container, path, None)
        return tuple(
            TrackInfo(number, stream.metadata.get("title") or _language(stream), stream is chosen)
            for number, stream in enumerate(container.streams.audio, start=1)
            if stream.codec_context is not None
        )


def _language(stream: AudioStream) -> str:
    return "" if stream.language in (None, "und") else str(stream.language)


def has_sound(path: Path, track: TrackChoice = None) -> bool:
    """Say whether the video has a sound track that decodes, or whether one track does, or any; titles do not count.

    Raises:
        InputError: If it is not a video that can be read, or has no such track.
    """
    if track == "mix":
        return any(has_sound(path, each.number) for each in sound_tracks(path))
    with open_container(path) as container:
        stream = _sound_stream(container, path, track)
        return stream is not None and next(_frames(PacketReader(container, stream)), None) is not None


def read_sound(
    path: Path,
    start_s: Fraction | float,
    end_s: Fraction | float,
    *,
    rate_hz: int,
    channels: int,
    frame_times: FrameTimes | None = None,
    track: TrackChoice = None,
) -> FloatArray:
    """The sound of [start_s, end_s) as float32 (N, C), about -1 to 1; N is round(end * rate) - round(start * rate).

    Exact to the sample where the file's time stamps are; Matroska's are rounded to milliseconds.

    Args:
        start_s: Seconds from the first frame; what lies before and after the track is silence.
        end_s: Likewise, not before `start_s`.
        rate_hz: Samples a second to give.
        channels: 1, the mean of left and right, or 2; more channels are mixed after ITU-R BS.775.
        frame_times: Those of the video, so that only the part that is wanted need be decoded.
        track: Which of its sound tracks.

    Raises:
        InputError: If it cannot be read, or has no sound, or no such track.
        ValueError: If the numbers make no sense.
    """
    first, last = round(Fraction(start_s) * rate_hz), round(Fraction(end_s) * rate_hz)
    if last < first:
        raise ValueError(f"start_s is {start_s} and end_s is {end_s}")
    origin = _origin(path) if frame_times is None else frame_times.origin
    clip = _Clip(rate_hz, channels, first, last, origin, track)
    blocks = list(_read(path, clip, seek=frame_times is not None and frame_times.seekable))
    return np.concatenate([np.zeros((0, channels), np.float32), *blocks])


def sound_blocks(
    path: Path,
    rate_hz: int = 16000,
    end_s: float | None = None,
    frame_times: FrameTimes | None = None,
    *,
    track: TrackChoice = None,
) -> Iterator[FloatArray]:
    """All of the sound from time 0 as mono blocks, float32 (n,), about a second each; memory does not grow.

    Args:
        rate_hz: Samples a second to give.
        end_s: Where to stop, padded with silence; None stops where the track does.
        frame_times: Those of the video, where they are known.
        track: Which of its sound tracks.

    Raises:
        InputError: If it cannot be read, or has no sound, or no such track.
    """
    for block in _blocks(path, (rate_hz, 1), end_s, frame_times, track):
        yield block[:, 0]


def stereo_blocks(
    path: Path, rate_hz: int, end_s: float | None = None, *, track: TrackChoice = None
) -> Iterator[FloatArray]:
    """All of the sound from time 0 as stereo blocks, float32 (N, 2); for the rest see `sound_blocks`."""
    return _blocks(path, (rate_hz, 2), end_s, None, track)


def _blocks(
    path: Path, form: tuple[int, int], end_s: float | None, frame_times: FrameTimes | None, track: TrackChoice
) -> Iterator[FloatArray]:
    rate_hz, channels = form
    last = None if end_s is None else round(Fraction(end_s) * rate_hz)
    origin = _origin(path) if frame_times is None else frame_times.origin
    clip = _Clip(rate_hz, channels, 0, last, origin, track)
    sure = frame_times is not None and frame_times.seekable
    waiting: list[FloatArray] = []
    for block in _read(path, clip, seek=sure):
        waiting.append(block)
        if sum(map(len, waiting)) >= rate_hz:
            yield np.concatenate(waiting)
            waiting.clear()
    if waiting:
        yield np.concatenate(waiting)


def _origin(path: Path) -> Fraction:
    with open_video(path) as reader:
        return reader.origin


def _read(path: Path, clip: _Clip, *, seek: bool) -> Iterator[FloatArray]:
    """Blocks (n, C) that make up the clip, by seeking where that is safe and worth it."""
    if clip.channels not in (1, 2) or clip.rate_hz < 1:
        raise ValueError(f"{clip.channels} channels at {clip.rate_hz} Hz; 1 or 2 can be had")
    if clip.track == "mix":
        numbers = [each.number for each in sound_tracks(path) if has_sound(path, each.number)]
        if len(numbers) > 1:
            rows = [_read(path, replace(clip, track=number), seek=seek) for number in numbers]
            yield from mixed(rows, clip.rate_hz, clip.channels)
            return
        clip = replace(clip, track=numbers[0] if numbers else None)
    start = Fraction(clip.first, clip.rate_hz) - _RUN_IN_S
    with closing(_decoded(path, clip, clip.origin + start if seek and start > 0 else None, seek)) as frames:
        yield from _even(_placed(frames, clip), clip)


def _decoded(path: Path, clip: _Clip, stamp: Fraction | None, sure: bool) -> Generator[av.AudioFrame, None, None]:
    """Frames from `stamp` (seconds on the file's clock) or a little before; all where the file cannot seek there.

    Where it is not `sure` that the file has one clock, pictures are read beside: they tell a new clock from a hole.
    """
    for at in (None,) if stamp is None else (stamp, None):
        with open_container(path) as container:
            stream = _sound_stream(container, path, clip.track)
            if stream is None:
                raise InputError(f"{path} has no sound.", "Give a video that has sound.")
            if at is not None and not _sought(container, stream, at):
                continue
            alone = sure and not container.format.flags & Flags.ts_discont.value  # type: ignore[operator]  # the value is an int
            pictures = [] if alone else [choose_stream(container, path)]
            others = [each for each in container.streams.audio if pictures and each is not stream]
            for each in container.streams:
                if each is not stream and each not in (*pictures, *others):
                    each.discard = Discard.all  # the demuxer skips what nobody needs
            frames = _frames(PacketReader(container, stream, [*pictures, *others]))
            first = next(frames, None)
            begins = stamp_of(first)
            if at is not None and (begins is None or begins > at):
                continue
            if first is not None:
                yield first
            yield from frames
            return


def _sought(container: InputContainer, stream: AudioStream, stamp: Fraction) -> bool:
    assert stream.time_base is not None
    try:
        container.seek(int(stamp / stream.time_base), stream=stream, backward=True)
    except av.error.FFmpegError:
        return False
    return True


def _sound_stream(container: InputContainer, path: Path, track: TrackChoice) -> AudioStream | None:
    """The track to hear: that of a number, counted from 1, or the default one, and of several that of most channels."""
    streams = list(container.streams.audio)
    if isinstance(track, int):
        streams = [require_track(streams, track, path, "sound")]
    readable = [stream for stream in streams if stream.codec_context is not None]
    if not readable:
        return None
    return max(readable, key=lambda s: (bool(s.disposition & Disposition.default), s.codec_context.channels))


def _frames(packets: PacketReader) -> Iterator[av.AudioFrame]:
    """Frames that decode; damaged packets are passed over, and a failing disk ends the sound."""
    bad_in_a_row = 0
    for packet in packets:
        if packet is None:
            bad_in_a_row += 1
            if bad_in_a_row >= _MAX_BAD_IN_A_ROW:
                return
            continue
        try:
            frames: list[Any] = packet.decode()
        except av.error.FFmpegError:
            continue
        bad_in_a_row = 0
        yield from (frame for frame in frames if frame.samples)


class _FrameRun:
    """Frames of one format that follow each other without a hole, brought to the rate and channels of a clip."""

    def __init__(self, frame: av.AudioFrame, start: Fraction, clip: _Clip) -> None:
        self.format = _format(frame)
        self.rate_hz = frame.sample_rate
        self.start = start
        self.samples = 0
        self.place = round(start * clip.rate_hz)
        self._resampler = AudioResampler(format="fltp", layout=frame.layout, rate=clip.rate_hz)
        self._mix = mixing_matrix([channel.name for channel in frame.layout.channels], clip.channels)

    @property
    def end(self) -> Fraction:
        """When its last sample so far ends, in seconds on the pictures' clock."""
        return self.start + Fraction(self.samples, self.rate_hz)

    def feed(self, frame: av.AudioFrame | None) -> Iterator[tuple[int, FloatArray]]:
        """Blocks (n, C) with the place of their first sample; None at the end of the run."""
        if frame is not None:
            frame.pts = None
            self.samples += frame.samples
        for resampled in self._resampler.resample(frame):
            block = np.ascontiguousarray((self._mix @ resampled.to_ndarray()).T)
            yield self.place, block
            self.place += len(block)


def _format(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def mixing_matrix(names: list[str], channels: int) -> FloatArray:
    """How N channels of these names are mixed to C, one or two: float32 (C, N).

    After ITU-R BS.775, scaled so that nothing clips: centre and surround at -3 dB, the low-frequency channel left out.
    Channels whose place is not known are heard on both sides.
    """
    if len(names) == 1:
        return np.ones((channels, 1), np.float32)
    sides = [_SIDES.get(name, "") for name in names]
    if not any(sides):
        sides = ["LR"] * len(names)
    mix = np.zeros((2, len(names)), np.float32)
    for column, side in enumerate(sides):
        for row, letter in enumerate("LR"):
            if letter in side:
                mix[row, column] = _CENTRE if len(side) == 2 else 1.0
            elif letter.lower() in side:
                mix[row, column] = _CENTRE ** len(side)
    mix /= mix.sum(axis=1, keepdims=True).max()
    return mix if channels == 2 else mix.mean(axis=0, keepdims=True)


def _placed(frames: Iterable[av.AudioFrame], clip: _Clip) -> Iterator[tuple[int, FloatArray]]:
    """Blocks (n, C) with their places on the pictures' clock, ascending but for slips; holes between them."""
    run, shift = None, -clip.origin
    for frame in frames:
        due = run.end if run else Fraction(0)
        stamp = stamp_of(frame)
        time = due if stamp is None else stamp + shift
        if run and time < due - _NEW_CLOCK_S:
            shift += due - time
            time = due
        if run and (run.format != _format(frame) or abs(time - due) > _SLIP_S):
            yield from run.feed(None)
            run = None
        run = run or _FrameRun(frame, time, clip)
        yield from run.feed(frame)
    if run:
        yield from run.feed(None)


def _even(placed: Iterable[tuple[int, FloatArray]], clip: _Clip) -> Iterator[FloatArray]:
    """Cut to the clip, without holes: silence where nothing is, the earlier one where two overlap."""
    position = clip.first
    for place, block in placed:
        if clip.last is not None and place >= clip.last:
            break
        yield from _silence(place - position, clip)
        position = max(position, place)
        kept = block[position - place : None if clip.last is None else clip.last - place]
        position += len(kept)
        if len(kept):
            yield kept
    if clip.last is not None:
        yield from _silence(clip.last - position, clip)


def _silence(samples: int, clip: _Clip) -> Iterator[FloatArray]:
    """That many samples of silence, in blocks (n, C) of a second at most; none where `samples` is below 1."""
    for block in range(ceil(samples / clip.rate_hz)):
        yield np.zeros((min(clip.rate_hz, samples - block * clip.rate_hz), clip.channels), np.float32)
