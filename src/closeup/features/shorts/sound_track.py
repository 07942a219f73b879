"""Which of several sound tracks is heard: the one in which people speak, unless the user says another."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from closeup.media.audio import TrackInfo, has_sound, read_sound, sound_tracks
from closeup.media.frame_times import FrameTimes
from closeup.perception.voice import RATE_HZ, VoiceDetector

_PLACES, _LISTEN_S = 5, 20
"""So many stretches of so many seconds are heard of each track."""

_SILENT = 10 ** (-60 / 20)
"""A track whose loudest sample is below -60 dBFS is silent."""

_CLEARLY_MORE = 1.5
"""Another track than the default one is taken where people speak in it for so many times as long."""


def choose_sound_track(video: Path, times: FrameTimes, wanted: int) -> tuple[int, tuple[str, ...]]:
    """The number of the sound track to hear, counted from 1, or 0 for the only one; a sentence where there are several.

    Args:
        times: When its frames are shown.
        wanted: What the user says; 0 leaves the choice: the default track, unless another has clearly more speech.

    Raises:
        InputError: If it cannot be read, or has no such track.
        ModelError: If the voice detector is not on this machine.
    """
    if wanted:
        has_sound(video, wanted)
        return wanted, ()
    tracks = [track for track in sound_tracks(video) if has_sound(video, track.number)]
    if len(tracks) < 2:
        return 0, ()
    heard = {track.number: _heard(video, times, track.number) for track in tracks}
    default = next((track for track in tracks if track.default), tracks[0])
    best = max(tracks, key=lambda track: (*heard[track.number], track is default, -track.number))
    if heard[best.number][0] <= _CLEARLY_MORE * heard[default.number][0] and heard[default.number][1] > 0:
        best = default
    why = ", in which people speak" if heard[best.number][0] else ""
    return best.number, (f"It has {len(tracks)} sound tracks; {_named(best)} is heard{why}. Another can be chosen.",)


def _named(track: TrackInfo) -> str:
    return f"track {track.number}" + (f" ({track.title})" if track.title else "")


def _heard(video: Path, times: FrameTimes, track: int) -> tuple[float, float]:
    """How many seconds of speech some stretches of a track have, and how loud it is at most; 0 for silence."""
    speech_s = loudest = 0.0
    starts = np.linspace(0, max(0.0, times.end_s - _LISTEN_S), _PLACES if times.end_s > 2 * _LISTEN_S else 1)
    for start_s in starts:
        end = min(Fraction(float(start_s)) + _LISTEN_S, times.end)
        sound = read_sound(
            video, Fraction(float(start_s)), end, rate_hz=RATE_HZ, channels=1, frame_times=times, track=track
        )[:, 0]
        peak = float(np.abs(sound).max(initial=0.0))
        if peak >= _SILENT:
            voice = VoiceDetector()
            spans = voice.spans(np.concatenate([voice.step(sound), voice.finish()]))
            speech_s += float((spans[:, 1] - spans[:, 0]).sum())
            loudest = max(loudest, peak)
    return speech_s, loudest
