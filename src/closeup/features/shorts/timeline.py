"""The shorts for an editing programme: an OpenTimelineIO timeline and a CMX 3600 edit decision list.

Both name stretches of the source video, one short after another, so that an editor can go on from there; the camera is
in shorts.json. Times count from the time code that the source was given, else from the first frame as 00:00:00:00; they
drop frames as the source's do. OpenTimelineIO (https://opentimelineio.readthedocs.io)
is read by DaVinci Resolve, Premiere, Avid and others; the list is written by its adapter, which leaves out whether
times drop frames, and the sound: both are put in here.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from closeup.core.types import VideoInfo
from closeup.features.shorts.plan import Piece, Plan, Short

RATES = tuple(Fraction(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60"))
"""Frames a second that time code knows (SMPTE ST 12-1), lowest first."""

_SAME_RATE = Fraction(1, 5000)
"""Rates that differ by less are the same; the nearest pair, 24 and 23.976, differs by 1 in 1000."""

_ON_FRAME = 0.02
"""A time this near to a frame of the timeline, in frames, is on it."""

_CHANNELS = re.compile(r"^(\d{3,}  .{8} )V    ", re.MULTILINE)
_DROPPED = re.compile(r"\b\d\d:\d\d:\d\d;\d\d\b")
_SOUND_TOO = r"\1AA/V "


@dataclass(frozen=True, slots=True)
class Timelines:
    """Timelines as the bytes of their files.

    Attributes:
        otio: OpenTimelineIO JSON.
        edl: CMX 3600.
        rate: Frames a second that both count in.
        notes: A sentence for people where times had to be rounded.
    """

    otio: bytes
    edl: bytes
    rate: Fraction
    notes: tuple[str, ...]


def timeline_rate(fps: Fraction) -> Fraction:
    """The rate of `RATES` that a video is edited in.

    Its own, or a multiple that keeps every frame on the grid (12.5 is edited in 25); else the next higher, or the
    highest.
    """
    for rate in RATES:
        times = rate / fps
        if round(times) >= 1 and abs(times - round(times)) < _SAME_RATE * round(times):
            return rate
    return next((rate for rate in RATES if rate > fps), RATES[-1])


def write_timelines(plan: Plan, video: Path, *, sound: bool, start: str | None = None) -> Timelines:
    """Write the shorts of a plan, one after another, as timelines of the source video.

    Where a time lies between two frames of the timeline, as with a variable frame rate, it is rounded to the nearest,
    and a note says so: editing programmes count a video of varying rate in frames of one rate, too.

    Args:
        video: The source; the timelines link to it by its absolute path.
        sound: Whether it has sound.
        start: Time code of its first frame, "01:00:00;00"; by the sign before the frames it drops some or does not.
    """
    rate = timeline_rate(plan.video.fps)
    first = _first_frame(start, rate)
    timeline = _timeline(plan, video, float(rate), sound, first)
    text = otio.adapters.write_to_string(timeline, "otio_json")
    drops = _drops(rate) and (not start or start[-3] in ";.")
    edl = _edl(timeline, video.name, rate, sound, drops)
    return Timelines(text.encode(), edl, rate, tuple(_notes(plan, rate)))


def _drops(rate: Fraction) -> bool:
    """Whether time code of a rate leaves out numbers of frames, where nobody says otherwise."""
    return rate.denominator == 1001 and rate > 24


def _first_frame(start: str | None, rate: Fraction) -> int:
    """The number of the frame of a time code; 0 without one, or where there is no such time code at this rate."""
    if start is None:
        return 0
    code = start[:-3] + (";" if start[-3] in ";." and _drops(rate) else ":") + start[-2:]
    try:
        return int(otio.opentime.from_timecode(code, float(rate)).value)
    except ValueError:
        return 0


def _notes(plan: Plan, rate: Fraction) -> Iterable[str]:
    times_s = [time_s for short in plan.shorts for piece in short.pieces for time_s in (piece.start_s, piece.end_s)]
    off = max((abs(time_s * float(rate) - round(time_s * float(rate))) for time_s in times_s), default=0.0)
    if off > _ON_FRAME:
        yield (
            f"In timeline.otio and timeline.edl times are rounded to frames of {float(rate):g} a second, "
            f"up to {1000 * off / float(rate):.0f} ms off: the video's own frames lie between them."
        )


def _timeline(plan: Plan, video: Path, rate: float, sound: bool, first: int) -> Any:
    timeline = otio.schema.Timeline(name=f"{_line(video.stem)} - {plan.person_name or plan.person}")
    media = _media(plan.video, video, rate, first)
    for kind in ("Video", "Audio")[: 2 if sound else 1]:
        track = otio.schema.Track(name=f"{kind[0]}1", kind=kind)
        timeline.tracks.append(track)
        for short in plan.shorts:
            for number, piece in enumerate(short.pieces, start=1):
                clip = _clip(short, number, piece, rate, first)
                clip.media_reference = media.clone()
                if number == 1 and kind == "Video":
                    clip.markers.append(_marker(short, clip.source_range))
                track.append(clip)
    return timeline


def _media(info: VideoInfo, video: Path, rate: float, first: int) -> Any:
    whole = otio.opentime.TimeRange(_time(first, rate), _time(max(1, round(info.duration_s * rate)), rate))
    url = video.resolve().as_uri()
    return otio.schema.ExternalReference(
        target_url=url, available_range=whole, metadata={"closeup": {"sha256": info.sha256}}
    )


def _clip(short: Short, number: int, piece: Piece, rate: float, first: int) -> Any:
    start = round(piece.start_s * rate)
    length = max(1, round(piece.end_s * rate) - start)
    start += first
    part = f" {number} of {len(short.pieces)}" if len(short.pieces) > 1 else ""
    return otio.schema.Clip(
        name=f"{_called(short)}{part}",
        source_range=otio.opentime.TimeRange(_time(start, rate), _time(length, rate)),
        metadata={
            "closeup": {
                "short": short.id,
                "piece": number,
                "start_frame": piece.start_frame,
                "end_frame": piece.end_frame,
                "layout": short.layout,
                "interest": round(short.interest, 4),
            }
        },
    )


def _marker(short: Short, span: Any) -> Any:
    """A mark at the short's first frame."""
    at = otio.opentime.TimeRange(span.start_time, _time(0, span.start_time.rate))
    return otio.schema.Marker(name=_called(short), marked_range=at, color="GREEN", comment=short.reason)


def _called(short: Short) -> str:
    return _line(short.title or short.id)


def _time(frames: int, rate: float) -> Any:
    return otio.opentime.RationalTime(frames, rate)


def _edl(timeline: Any, name: str, rate: Fraction, sound: bool, drops: bool) -> bytes:
    """The decision list of a timeline of this file: an event for each piece, the sound cut with the picture."""
    copy = timeline.clone()
    for clip in copy.tracks[0]:
        clip.metadata["cmx_3600"] = {"reel": _reel(name), "comments": [f"SHORT: {clip.name}"]}
        clip.name = _line(name)  # by this comment editing programmes find the file
    copy.name = _line(copy.name)[:70]
    text = otio.adapters.write_to_string(copy, "cmx_3600", rate=float(rate))
    if not drops:  # the adapter goes by the rate
        text = _DROPPED.sub(lambda code: _undropped(code.group(), rate), text)
    text = re.sub(r"\A(TITLE: .*\n)\n", rf"\1FCM: {'' if drops else 'NON-'}DROP FRAME\n\n", text)
    if sound:
        text = _CHANNELS.sub(_SOUND_TOO, text)
    return text.encode("utf-8", "replace")


def _undropped(code: str, rate: Fraction) -> str:
    """A time code that drops frames as one of the same frame that does not."""
    per_s = round(rate)
    seconds, frames = divmod(int(otio.opentime.from_timecode(code, float(rate)).value), per_s)
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames:02}"


def _reel(name: str) -> str:
    """A reel's name as decision lists have it: eight capital letters or digits; AX where there is no other."""
    plain = unicodedata.normalize("NFKD", Path(name).stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]", "", plain.upper())[:8].ljust(8) if re.search(r"[A-Za-z0-9]", plain) else "AX".ljust(8)


def _line(text: str) -> str:
    """Text on one line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
