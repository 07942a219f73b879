"""What can be seen and heard at each moment of a video, as curves: the ground that moments are chosen on.

A curve means the same in any video wherever it can: presence, company, rhythm, motion, speech and expression are
absolute. Loudness, bursts and novelty compare a moment with the rest of its own video, since microphones, mixes and
scenery differ (docs/concepts/interest.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, pi, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.similarity import cosines
from closeup.algorithms.sound.bursts import BurstListener
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.settings import Settings, read_settings
from closeup.core.types import Cast, FloatArray, Shot, Track
from closeup.features.shorts.watching import GRID_HZ as GRID_HZ
from closeup.features.shorts.watching import grid as grid
from closeup.features.shorts.watching import watch
from closeup.media.audio import TrackChoice, has_sound, sound_blocks
from closeup.media.frame_times import FrameTimes
from closeup.media.sound_filters import LoudnessMeter
from closeup.perception.expression import ExpressionJudge, missing
from closeup.perception.sound_choice import choose_sound_track
from closeup.perception.voice import RATE_HZ, VoiceDetector

SOUND_PARTS = ("speech", "loudness", "bursts")
"""Parts that need a sound track."""

NO_SOUND = "the video has no sound"
NEVER_LARGE = "no face of theirs is large enough to judge"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The parts that make a moment interesting, for one person of one video.

    Attributes:
        times_s: Shape (T,), float64: the middle of each moment, 0.05, 0.15, ... s; they cover the whole video.
        frame_times: When each frame of the video starts.
        parts: Name of a part ("presence", "speech", ...) to its curve (T,), float32, 0 to 1; NaN where it is not known.
        absent: Name of a part that could not be judged at all to the reason, a few words for people.
        speech: Shape (K, 2), float64: start and end in seconds of each stretch of speech, ascending, apart; None where
            the video has no sound.
        looks: Shape (T, D), float32: what the picture looks like at each moment, of length 1; the cosine of two says
            how alike they are (`perception.looks`).
        sound_track: Which of several sound tracks was heard; None where there is no choice.
        notes: What was chosen, a sentence each, for people.
    """

    times_s: NDArray[np.float64]
    frame_times: FrameTimes
    parts: Mapping[str, FloatArray]
    absent: Mapping[str, str]
    speech: NDArray[np.float64] | None
    looks: FloatArray
    sound_track: TrackChoice = None
    notes: tuple[str, ...] = ()


def gather(
    video: Path,
    cast: Cast,
    person: str,
    progress: ProgressCallback = ignore,
    settings: Settings | None = None,
    *,
    sound_track: TrackChoice = None,
) -> Evidence:
    """Watch and hear all of a video for one person of its cast: its pictures once, then its sound once.

    Memory grows with the length by some hundred bytes a moment, and not with the size of the pictures.

    Args:
        video: The file that the cast was made from.
        cast: Where the cuts and the people are.
        person: Id of somebody in it.
        settings: Where models are; read anew where not given.
        sound_track: Which of several sound tracks is heard; 0 or None takes the one in which people speak.

    Raises:
        InputError: If the person is not in the cast, or the file is not a video that can be read.
        ModelError: If the voice detector is not on this machine.
    """
    own = [track for track in cast.tracks if track.person == person]
    if not own:
        raise InputError(f"There is no {person} in the cast.", code="cast.person")
    settings = settings or read_settings()
    absent: dict[str, str] = {}
    if why := missing(settings):
        absent["expression"] = why
    watched = watch(video, cast, person, None if why else ExpressionJudge(settings), progress)
    times_s = grid(watched.frame_times.end_s)
    curves = {
        "presence": presence(cast, person, times_s),
        "motion": motion(watched.person_speed, watched.overall_speed),
        "company": company(cast, person, times_s),
        "novelty": novelty(watched.looks),
        "rhythm": rhythm(cast.shots, times_s),
    }
    if not why:
        if len(watched.judged_s):
            curves["expression"] = expression(watched.judged_s, watched.strengths, own, times_s)
        else:
            absent["expression"] = NEVER_LARGE
    speech_s: NDArray[np.float64] | None = None
    times = watched.frame_times
    track, notes = choose_sound_track(video, sound_track, times.end_s, times)
    if has_sound(video, track):
        heard = listen(video, times.end_s, progress, times, track)
        speech_s = heard.speech_s
        curves["speech"] = speech(speech_s, times_s)
        curves["loudness"] = _as_long(loudness(heard.momentary_lufs, heard.usual_lufs), len(times_s))
        curves["bursts"] = _as_long(heard.bursts, len(times_s))
    else:
        absent |= dict.fromkeys(SOUND_PARTS, NO_SOUND)
    return Evidence(times_s, times, curves, absent, speech_s, watched.looks, track, notes)


def _as_long(curve: FloatArray, count: int) -> FloatArray:
    """The curve (T,) brought to `count` moments: a last one that is not complete is as the one before."""
    missing_moments = max(0, count - len(curve))
    return np.pad(curve, (0, missing_moments), mode="edge" if len(curve) else "constant")[:count]


STAGE = "Listening"

_BLOCK_S = 4
"""Seconds that are heard at once; longer blocks are no quicker."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard.

    Attributes:
        speech_s: Shape (K, 2), float64: start and end of each stretch of speech in seconds.
        momentary_lufs: Shape (T,), float32: loudness of each tenth of a second.
        usual_lufs: Loudness of the whole; None where everything is silent.
        bursts: Shape (T,), float32, 0 to 1: how much each tenth of a second sounds like laughter or applause of many.
    """

    speech_s: NDArray[np.float64]
    momentary_lufs: FloatArray
    usual_lufs: float | None
    bursts: FloatArray


def listen(
    path: Path, end_s: float, progress: ProgressCallback, times: FrameTimes | None = None, track: TrackChoice = None
) -> Heard:
    """Hear a sound track of the video at `path` from the first frame to `end_s` seconds.

    Raises:
        InputError: If it cannot be read, or has no sound.
        ModelError: If the voice detector is not on this machine.
    """
    voice, level, bursts = VoiceDetector(), LoudnessMeter(RATE_HZ), BurstListener()
    probabilities: list[FloatArray] = []
    waiting: list[FloatArray] = []
    samples = 0
    for block in sound_blocks(path, RATE_HZ, end_s, times, track=track):
        waiting.append(block)
        if sum(map(len, waiting)) >= _BLOCK_S * RATE_HZ:
            samples += _hear(waiting, voice, level, bursts, probabilities)
            progress(Progress(STAGE, min(samples / RATE_HZ, end_s), end_s, "s"))
    _hear(waiting, voice, level, bursts, probabilities)
    probabilities.append(voice.finish())
    progress(Progress(STAGE, end_s, end_s, "s"))
    lufs, usual_lufs = level.finish()
    return Heard(voice.spans(np.concatenate(probabilities)), lufs, usual_lufs, bursts.curve())


def _hear(
    waiting: list[FloatArray],
    voice: VoiceDetector,
    level: LoudnessMeter,
    bursts: BurstListener,
    probabilities: list[FloatArray],
) -> int:
    """Give what is waiting to all three, and forget it; the number of its samples."""
    sound = np.concatenate([np.zeros(0, np.float32), *waiting])
    waiting.clear()
    probabilities.append(voice.step(sound))
    level.step(sound)
    bursts.step(sound)
    return len(sound)


Times = NDArray[np.float64]

SMALL_FACE, LARGE_FACE = 0.06, 0.40
"""Height of a face over the picture's shorter side where its size counts 0 and 1, on a logarithmic scale: from somebody
at the far end of a room to a close-up."""

QUIETER_LU, LOUDER_LU = -10.0, 8.0
"""Loudness against the usual of the video where the part is 0 and 1."""

STILL, LIVELY = 0.01, 0.5
"""Speeds in picture heights a second where motion is 0 and 1, on a logarithmic scale: a tenth of the moments of six
clips lie below the first, and about one in a hundred above the second."""

PERSON_SHARE = 0.7
"""What the person's own movement counts against that of everything, where they are seen."""

SLOW_CUTS, QUICK_CUTS = 5.0, 30.0
"""Cuts a minute where rhythm is 0 and 1, on a logarithmic scale: shots of 12 s, as in old films, and of 2 s, as in the
quickest (Cutting, Brunick, DeLong, Iricinschi, Candan: Quicker, Faster, Darker, i-Perception 2, 2011)."""

_RHYTHM_S = 5.0
"""Standard deviation of the window in which cuts are counted."""

_SPEECH_S = 1.0

ALIKE, UNLIKE = 0.8, 0.3
"""Cosine of two looks where they count as the same picture, and as another."""

_REFERENCES = 600
"""Moments of the video that each is compared with."""


def presence(cast: Cast, person: str, times_s: Times) -> FloatArray:
    """How well the person is seen at each moment (T,): size times quality, both 0 to 1; 0 where they are away.

    Args:
        cast: Who is in the video, and its size.
        person: Their id.
        times_s: Shape (T,), seconds.
    """
    return _seen([track for track in cast.tracks if track.person == person], cast, times_s)


def company(cast: Cast, person: str, times_s: Times) -> FloatArray:
    """How well others are seen at each moment of `times_s` (T,), whoever they are: 0 alone, 1 with one close and clear.

    Several others add up as chances do: 1 minus the product of what each leaves.
    """
    owners: dict[str, list[Track]] = {}
    for track in cast.tracks:
        if track.person != person:
            owners.setdefault(track.person or track.id, []).append(track)
    alone = np.ones(len(times_s), np.float32)
    for tracks in owners.values():
        alone *= 1 - _seen(tracks, cast, times_s)
    return 1 - alone


def speech(spans_s: NDArray[np.float64], times_s: Times) -> FloatArray:
    """Share of the second around each moment (T,) in which somebody speaks, from stretches (K, 2) in seconds."""
    low, high = times_s - _SPEECH_S / 2, times_s + _SPEECH_S / 2
    spoken = np.zeros(len(times_s))
    for start_s, end_s in spans_s:
        first, last = np.searchsorted(high, start_s), np.searchsorted(low, end_s)
        spoken[first:last] += np.minimum(high[first:last], end_s) - np.maximum(low[first:last], start_s)
    return np.asarray(np.clip(spoken / _SPEECH_S, 0, 1), np.float32)


def loudness(momentary_lufs: FloatArray, usual_lufs: float | None) -> FloatArray:
    """How loud each moment (T,) is against the usual of its video; all 0 where everything is silent (None)."""
    if usual_lufs is None:
        return np.zeros(len(momentary_lufs), np.float32)
    return _ramp(momentary_lufs - usual_lufs, QUIETER_LU, LOUDER_LU)


def motion(person: FloatArray, everything: FloatArray) -> FloatArray:
    """How much moves at each moment (T,).

    Args:
        person: Shape (T,): speed of the person in picture heights a second; NaN where they are not seen.
        everything: Shape (T,): speed of all of the picture, likewise; NaN where there is nothing to compare with.
    """
    speed = np.where(np.isfinite(person), PERSON_SHARE * person + (1 - PERSON_SHARE) * everything, everything)
    return _ramp(np.log(np.maximum(speed, 1e-6)), np.log(STILL), np.log(LIVELY))


def rhythm(shots: Sequence[Shot], times_s: Times) -> FloatArray:
    """How quick the cutting is around each moment of `times_s` (T,): cuts a minute in a window of some 10 s."""
    cuts_s = np.array([shot.start_s for shot in shots[1:]], np.float64)
    per_s = np.zeros(len(times_s))
    for cut_s in cuts_s:
        per_s += _bell(times_s - cut_s)
    # Near the ends part of the window lies outside, where no cut can be.
    inside = np.array([_share_inside(time_s, shots[-1].end_s) for time_s in times_s.tolist()])
    return _ramp(np.log(np.maximum(60 * per_s / inside, 1e-6)), np.log(SLOW_CUTS), np.log(QUICK_CUTS))


def novelty(looks: FloatArray) -> FloatArray:
    """Share of the video that looks otherwise than each moment (T,), from looks (T, D) of length 1."""
    chosen = looks[np.linspace(0, len(looks) - 1, min(len(looks), _REFERENCES)).round().astype(int)]
    blocks = [_ramp(-cosines(block, chosen), -ALIKE, -UNLIKE).mean(axis=1) for block in _blocks(looks)]
    return np.concatenate(blocks).astype(np.float32)


def expression(judged_s: Times, strengths: FloatArray, tracks: Sequence[Track], times_s: Times) -> FloatArray:
    """How strong the person's expression is at each moment (T,); NaN where no face of theirs was judged.

    Args:
        judged_s: Shape (N,), ascending: times of the judged faces in seconds.
        strengths: Shape (N,): what came of it, 0 to 1.
        tracks: The person's tracks; between two faces of one the strength runs in a straight line.
        times_s: Shape (T,), seconds.
    """
    curve = np.full(len(times_s), np.nan, np.float32)
    for track in tracks:
        own = (judged_s >= track.start_s) & (judged_s < track.end_s)
        if own.any():
            inside = (times_s >= track.start_s) & (times_s < track.end_s)
            curve[inside] = np.interp(times_s[inside], judged_s[own], strengths[own])
    return curve


def _seen(tracks: Sequence[Track], cast: Cast, times_s: Times) -> FloatArray:
    """How well the faces of some tracks are seen at each moment (T,), the best where several run at once."""
    shorter = min(cast.video.width, cast.video.height)
    best = np.zeros(len(times_s), np.float32)
    for track in tracks:
        inside = (times_s >= track.start_s) & (times_s < track.end_s)
        heights = np.array([face.box_xyxy[3] - face.box_xyxy[1] for face in track.faces], np.float64)
        sizes = _ramp(np.log(np.maximum(heights / shorter, 1e-6)), np.log(SMALL_FACE), np.log(LARGE_FACE))
        quality = [face.quality.total if face.quality else face.score for face in track.faces]
        values = sizes * np.array(quality)
        times = [face.time_s for face in track.faces]
        best[inside] = np.maximum(best[inside], np.interp(times_s[inside], times, values))
    return best


def _ramp(values: NDArray[np.floating], low: float, high: float) -> FloatArray:
    """0 up to `low`, 1 from `high` on, a straight line between; NaN stays NaN."""
    return np.asarray(np.clip((values - low) / (high - low), 0, 1), np.float32)


def _bell(distance_s: Times) -> Times:
    return np.asarray(np.exp(-0.5 * (distance_s / _RHYTHM_S) ** 2) / (_RHYTHM_S * sqrt(2 * pi)))


def _share_inside(time_s: float, end_s: float) -> float:
    """How much of the bell around a time within the video lies within it: half, or more."""
    spread = _RHYTHM_S * sqrt(2)
    return 0.5 * (erf((end_s - time_s) / spread) + erf(time_s / spread))


def _blocks(rows: FloatArray) -> list[FloatArray]:
    """Rows in blocks of a few hundred, so that comparing them all takes little memory."""
    return np.array_split(rows, max(1, len(rows) // 256))
