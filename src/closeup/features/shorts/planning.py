"""From a request to a plan: who, from which video, with which captions, and the moments that are chosen."""

import math
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from closeup.algorithms.frames.blending import is_blend
from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.types import Cast, Image
from closeup.core.words import listed
from closeup.features.shorts.boundaries import Cuttable, Spans, cuttable, make_setting
from closeup.features.shorts.captioning import (
    check_captions,
    check_letters,
    cut_captions,
    moved,
    title_of,
    unbreakable,
)
from closeup.features.shorts.choice import Footage, Window, choose, longest_s, next_length_s
from closeup.features.shorts.evidence import Evidence, gather
from closeup.features.shorts.interest import Interest, interest, reason, takes_all
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.plan import Piece, Plan, Short
from closeup.features.shorts.reel import FrameClock, seen_frames, stretches_of
from closeup.features.shorts.source import ShortsSource
from closeup.jobs.casts import label
from closeup.media.audio import TrackChoice
from closeup.media.caption_style import caption_style
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.subtitles import Subtitles, read_subtitles
from closeup.media.video import open_video
from closeup.weights.session import device_notes

_ROUNDING_S = 0.5
"""Before the video is read its frame times are known roughly; what is too little by less than this is left to then."""

_LEAD_S = 0.1
"""Pictures that begin later than this after their file are worth a word."""

_NO_CAPTIONS: Spans = np.zeros((0, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A plan, and what it was made from.

    Attributes:
        plan: The shorts.
        interest: The curves that they were chosen by; None where a plan comes without them.
        frame_times: Of the video.
        captions: Of the whole video, or None.
        sound_track: Which of its sound tracks is heard; None where there is no choice.
    """

    plan: Plan
    interest: Interest | None
    frame_times: FrameTimes
    captions: Subtitles | None
    sound_track: TrackChoice = None


def read_captions(options: ShortsOptions, source: ShortsSource) -> tuple[Subtitles | None, tuple[str, ...]]:
    """The captions of the whole video, or None, and a sentence for each oddity.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it holds no captions, or none that fall into the video.
    """
    caption_style(options.caption_style)  # complained of before the work
    if options.captions is None:
        return None, ()
    captions, later_s = read_subtitles(options.captions, options.caption_encoding), lead_s(source)
    captions = moved(captions, later_s)
    notes = check_captions(captions, source.cast.video.duration_s)
    if later_s >= _LEAD_S:
        notes += (
            f"The pictures begin {later_s:.1f} s after the file does; the times of the captions were moved by it.",
        )
    return captions, (*notes, *(check_letters(captions, options.font) if options.burn_captions else ()))


def lead_s(source: ShortsSource) -> float:
    """How many seconds after its file the source's pictures begin."""
    info = source.cast.video
    with open_video(source.video, track=info.track, canvas_wh=(info.width, info.height)) as reader:
        return float(reader.lead)


def make_plan(source: ShortsSource, options: ShortsOptions, progress: ProgressCallback = ignore) -> Planned:
    """Watch and hear the video, and choose the moments.

    Raises:
        InputError: If the captions cannot be used, or the person is on screen too little.
    """
    cast, person = source.cast, source.person
    captions, notes = read_captions(options, source)
    _check_enough(source, options)
    evidence = gather(source.video, cast, person.id, progress, sound_track=options.audio_track)
    curves = interest(evidence, options.weights)
    windows, more_notes = _chosen(source, options, evidence, curves, captions)
    times = evidence.frame_times
    shorts = _shorts(windows, times, curves, options)
    if options.titles:
        shorts, named = _named(shorts, captions)
        more_notes += named
    plan = Plan(
        video=cast.video,
        person=person.id,
        person_name=person.name,
        shorts=shorts,
        weights=curves.weights,
        absent=evidence.absent,
        notes=(*cast.video.notes, *notes, *evidence.notes, *more_notes, *device_notes()),
    )
    return Planned(plan, curves, times, captions, evidence.sound_track)


def _shorts(
    windows: Sequence[Window], times: FrameTimes, curves: Interest, options: ShortsOptions
) -> tuple[Short, ...]:
    """The windows with their figures and reasons, most interesting first."""
    edges = [edge for window in windows for edge in window.pieces]
    whole = takes_all(curves, [(float(times.start(start)), float(times.start(end))) for start, end in edges])
    found = []
    for window in windows:
        pieces = tuple(
            Piece(start, end, float(times.start(start)), float(times.start(end))) for start, end in window.pieces
        )
        spans = [(piece.start_s, piece.end_s) for piece in pieces]
        parts, told = curves.means(spans), reason(curves, spans, all_taken=whole)
        found.append(Short("", pieces, mean_interest(curves, spans), parts, told, options.layout))
    found.sort(key=lambda short: (-round(short.interest, 4), short.pieces[0].start_frame))
    return tuple(replace(short, id=f"s{number}") for number, short in enumerate(found, start=1))


def _named(shorts: Sequence[Short], captions: Subtitles | None) -> tuple[tuple[Short, ...], tuple[str, ...]]:
    """The shorts with titles from their captions, and a sentence for what could not be named."""
    if captions is None:
        return tuple(shorts), ("No short has a title: titles are made from captions, and there are none.",)
    made = [title_of(cut_captions(captions, short.pieces)) for short in shorts]
    named = tuple(replace(short, title=line) for short, (line, _) in zip(shorts, made, strict=True))
    notes = tuple(note for _, of_one in made for note in of_one)
    if without := [short.id for short in named if short.title is None]:
        notes += (f"The captions say nothing that could be a title of {listed(without)}.",)
    return named, tuple(dict.fromkeys(notes))


def mean_interest(curves: Interest, spans_s: Sequence[tuple[float, float]]) -> float:
    """The mean over the moments in the spans [start, end), in seconds; 0 where they hold none."""
    inside = curves.within(spans_s)
    return float(curves.total[inside].mean()) if inside.any() else 0.0


def _chosen(
    source: ShortsSource, options: ShortsOptions, evidence: Evidence, curves: Interest, captions: Subtitles | None
) -> tuple[tuple[Window, ...], tuple[str, ...]]:
    """The windows, and a sentence for what could not be as it was asked."""
    clock = FrameClock.of(evidence.frame_times)
    spans = _NO_CAPTIONS if captions is None else unbreakable(captions)
    notes = [] if evidence.speech is not None else ["The video has no sound: moments were chosen by what is seen."]
    for polish in (True, False):
        parts = _cuttables(source, clock, evidence.speech, spans, polish=polish)
        seen = seen_frames(source.cast, source.person, evidence.frame_times.count)
        footage = Footage(clock, parts, seen, curves.total, evidence.looks)
        windows, _ = choose(footage, options.count, options.min_length_s, options.max_length_s)
        if windows:
            break
    else:
        raise _no_window(source, options, footage, captioned=bool(len(spans)))
    cuts = [shot.start_frame for shot in source.cast.shots]
    windows = without_blends(source.video, evidence.frame_times, cuts, windows, options.min_length_s)
    if not polish and len(spans):
        notes.append("Jumps inside the shorts may cut off a caption: without that there was too little.")
    if len(windows) < options.count:
        notes.append(_fewer(source, options, len(windows)))
    return windows, tuple(notes)


def _cuttables(
    source: ShortsSource, clock: FrameClock, speech: Spans | None, captions: Spans, *, polish: bool = True
) -> tuple[Cuttable, ...]:
    setting = make_setting(clock, [shot.start_frame for shot in source.cast.shots], speech, captions)
    found = (cuttable(each, setting, polish=polish) for each in stretches_of(source.cast, source.person, clock))
    return tuple(part for part in found if part is not None)


def _fewer(source: ShortsSource, options: ShortsOptions, count: int) -> str:
    person, seen_s = label(source.person), source.person.screen_time_s
    return (
        f"Only {count} of {options.count} shorts can be made: {person} is on screen for {seen_s:.0f} s in all, "
        f"and each is to be {options.min_length_s:g} s or longer."
    )


def _check_enough(source: ShortsSource, options: ShortsOptions) -> None:
    """Say before the work, and not after it, that the person is on screen too little."""
    cast = source.cast
    clock = rough_clock(cast)
    parts = _cuttables(source, clock, None, _NO_CAPTIONS, polish=False)
    length_s = sum(clock.starts_s[part.end_frame] - clock.starts_s[part.start_frame] for part in parts)
    if length_s < options.min_length_s - _ROUNDING_S:
        seen = seen_frames(cast, source.person, cast.video.frames)
        flat = np.zeros(1, np.float32)
        raise too_little(source, options, longest_s(Footage(clock, parts, seen, flat, flat[:, None])))


def rough_clock(cast: Cast) -> FrameClock:
    """When frames start as far as a cast tells: exact at cuts, and in between where the frame rate is constant."""
    frames = [0, *(shot.end_frame for shot in cast.shots)]
    times = [0.0, *(shot.end_s for shot in cast.shots)]
    starts_s = np.interp(np.arange(cast.video.frames + 1), frames, times)
    return FrameClock(starts_s, float(np.median(np.diff(starts_s))) if cast.video.frames else 0.0)


def _no_window(source: ShortsSource, options: ShortsOptions, footage: Footage, *, captioned: bool) -> InputError:
    """Say why nothing of the reel is as long as was asked for."""
    fits_s, most_s = next_length_s(footage, options.min_length_s), longest_s(footage)
    if fits_s is None and not captioned:
        return too_little(source, options, most_s)
    lengths = f"{options.min_length_s:g} to {options.max_length_s:g}"
    message = f"No start and end for a short of {label(source.person)} lie {lengths} s apart: "
    message += "shorts start and end at cuts and in pauses of speech" + (", outside captions." if captioned else ".")
    if fits_s is not None:
        most = math.ceil(fits_s)
        return InputError(message, f"Leave more room: {most:g} s.", code="shorts.longer", length=f"{most:g}")
    if most_s < 1:
        return InputError(message, "Do without captions.")
    least = f"{math.floor(most_s):g}"
    hint = f"Ask for shorter ones, from {least} s, or do without captions."
    return InputError(message, hint, code="shorts.shorter-or-bare", length=least)


def too_little(source: ShortsSource, options: ShortsOptions, longest: float) -> InputError:
    """Say how much of the person there is, and what would work."""
    seen_s = source.person.screen_time_s
    message = f"{label(source.person)} is on screen for {seen_s:.1f} s in all"
    works = math.floor(longest) if longest >= 3 else math.floor(longest * 10) / 10
    if works >= 1:
        message += f", which gives a short of {longest:.1f} s at most, and {options.min_length_s:g} s were asked for."
        return InputError(
            message, f"Ask for shorter ones, from {works:g} s.", code="shorts.shorter", length=f"{works:g}"
        )
    others = [person for person in source.cast.people if person.screen_time_s >= max(1.0, 2 * seen_s)]
    hint = f"Choose somebody who is seen longer, such as {label(others[0])}." if others else ""
    return InputError(f"{message}, too little for any short.", hint)


MOST_FRAMES = 3
"""So many blended frames are left out at most; longer dissolves stay, for they were meant."""

_LOOK_WH = (160, 90)


def without_blends(
    video: Path, times: FrameTimes, cuts: Sequence[int], windows: Sequence[Window], min_length_s: float
) -> tuple[Window, ...]:
    """Trim pieces at cuts where the frame beside the cut is a mixture of the two shots.

    A window that would become shorter than asked for stays as it is.

    Args:
        video: The source.
        times: When its frames are shown.
        cuts: Frames that a shot starts with.
        windows: What was chosen.
        min_length_s: What no window may fall below.

    Raises:
        InputError: If the video cannot be read.
    """
    inner = {cut for cut in cuts if 1 < cut < times.count - 1}
    edges = {edge for window in windows for piece in window.pieces for edge in piece} & inner
    looks = _looks(video, times, edges)
    trimmed = []
    for window in windows:
        pieces = tuple(
            (start + _blended(looks, start, 1, end - start), end - _blended(looks, end, -1, end - start))
            for start, end in window.pieces
        )
        length = sum(times.start(end) - times.start(start) for start, end in pieces)
        enough = all(start < end for start, end in pieces) and length >= min_length_s
        trimmed.append(replace(window, pieces=pieces) if enough else window)
    return tuple(trimmed)


def _looks(video: Path, times: FrameTimes, edges: Iterable[int]) -> dict[int, Image]:
    """Small pictures of the frames around edges, by index."""
    reach = MOST_FRAMES + 1
    wanted = {frame for edge in edges for frame in range(edge - reach, edge + reach) if 0 <= frame < times.count}
    ordered = sorted(wanted)
    starts = [b for a, b in pairwise([-9, *ordered]) if b != a + 1]
    ends = [a + 1 for a, b in pairwise([*ordered, times.count + 9]) if b != a + 1]
    with closing(excerpt_frames(video, times, list(zip(starts, ends, strict=True)))) as frames:
        return {frame.index: frame.rgb(_LOOK_WH) for frame in frames}


def _blended(looks: dict[int, Image], edge: int, direction: int, length: int) -> int:
    """How many frames behind an edge (direction 1) or before it (-1) are blends; 0 where the edge is no cut."""
    inside, outside = (edge, edge - 1) if direction > 0 else (edge - 1, edge)
    if inside not in looks or outside not in looks:
        return 0
    for count in range(min(MOST_FRAMES, length - 1)):
        frame = inside + direction * count
        following = looks.get(frame + direction)
        if following is None or not is_blend(looks[outside], looks[frame], following):
            return count
    return min(MOST_FRAMES, length - 1)
