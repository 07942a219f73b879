"""What can be seen and heard at each moment of a video: the ground that moments are chosen on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.settings import Settings, read_settings
from closeup.core.types import Cast, FloatArray
from closeup.features.shorts import parts
from closeup.features.shorts.listening import listen
from closeup.features.shorts.moments import GRID_HZ as GRID_HZ
from closeup.features.shorts.moments import grid as grid
from closeup.features.shorts.watching import Watched, watch
from closeup.media.audio import has_sound
from closeup.media.frame_times import FrameTimes
from closeup.perception.expression import ExpressionJudge, missing

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
    """

    times_s: NDArray[np.float64]
    frame_times: FrameTimes
    parts: Mapping[str, FloatArray]
    absent: Mapping[str, str]
    speech: NDArray[np.float64] | None
    looks: FloatArray


def gather(
    video: Path, cast: Cast, person: str, progress: ProgressCallback = ignore, settings: Settings | None = None
) -> Evidence:
    """Watch and hear all of a video for one person of its cast: its pictures once, then its sound once.

    Memory grows with the length by some hundred bytes a moment, and not with the size of the pictures.

    Args:
        video: The file that the cast was made from.
        cast: Where the cuts and the people are.
        person: Id of somebody in it.
        progress: Told how far each pass is, in seconds of video.
        settings: Where models are; read anew where not given.

    Raises:
        InputError: If the person is not in the cast, or the file is not a video that can be read.
        ModelError: If the voice detector is not on this machine; says what to type.
    """
    own = [track for track in cast.tracks if track.person == person]
    if not own:
        raise InputError(f"There is no {person} in the cast.", "See who is: closeup people CASTDIR")
    settings = settings or read_settings()
    absent: dict[str, str] = {}
    if why := missing(settings):
        absent["expression"] = why
    watched = watch(video, cast, person, None if why else ExpressionJudge(settings), progress)
    times_s = grid(watched.frame_times.end_s)
    curves = _seen(watched, cast, person, times_s)
    if not why:
        if len(watched.judged_s):
            curves["expression"] = parts.expression(watched.judged_s, watched.strengths, own, times_s)
        else:
            absent["expression"] = NEVER_LARGE
    speech_s: NDArray[np.float64] | None = None
    if has_sound(video):
        heard = listen(video, watched.frame_times.end_s, progress)
        speech_s = heard.speech_s
        curves["speech"] = parts.speech(speech_s, times_s)
        curves["loudness"] = _as_long(parts.loudness(heard.momentary_lufs, heard.usual_lufs), len(times_s))
        curves["bursts"] = _as_long(heard.bursts, len(times_s))
    else:
        absent |= dict.fromkeys(SOUND_PARTS, NO_SOUND)
    return Evidence(times_s, watched.frame_times, curves, absent, speech_s, watched.looks)


def _seen(watched: Watched, cast: Cast, person: str, times_s: NDArray[np.float64]) -> dict[str, FloatArray]:
    """The parts that need pictures only."""
    return {
        "presence": parts.presence(cast, person, times_s),
        "motion": parts.motion(watched.person_speed, watched.overall_speed),
        "company": parts.company(cast, person, times_s),
        "novelty": parts.novelty(watched.looks),
        "rhythm": parts.rhythm(cast.shots, times_s),
    }


def _as_long(curve: FloatArray, count: int) -> FloatArray:
    """The curve (T,) brought to `count` moments: a last one that is not complete is as the one before."""
    missing_moments = max(0, count - len(curve))
    return np.pad(curve, (0, missing_moments), mode="edge" if len(curve) else "constant")[:count]
