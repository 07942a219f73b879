"""Which of several sound tracks is heard: the one in which people speak, unless the user says another, or all."""

from pathlib import Path

import numpy as np

from closeup.core.words import listed
from closeup.media.audio import TrackChoice, TrackInfo, has_sound, read_sound, sound_tracks
from closeup.media.frame_times import FrameTimes
from closeup.perception.voice import RATE_HZ, VoiceDetector

_PLACES, _LISTEN_S = 5, 20
"""So many stretches of so many seconds are heard of each track."""

_SILENT = 10 ** (-60 / 20)
"""A track whose loudest sample is below -60 dBFS is silent."""

_CLEARLY_MORE = 1.5
"""Another track than the default one is taken where people speak in it for so many times as long."""


def choose_sound_track(
    video: Path, wanted: TrackChoice, end_s: float, times: FrameTimes | None = None
) -> tuple[TrackChoice, tuple[str, ...]]:
    """The sound track to hear, and a sentence on it where there are several.

    Args:
        video: The file.
        wanted: What the user says; 0 or None leaves the choice: the default track, unless another has clearly more
            speech.
        end_s: When its last frame ends.
        times: When its frames are shown, so that only some parts need be decoded.

    Returns:
        A track; None where there is no choice. And the sentence.

    Raises:
        InputError: If it cannot be read, or has no such track.
        ModelError: If the voice detector is not on this machine.
    """
    if wanted and wanted != "mix":
        has_sound(video, wanted)
        return wanted, ()
    tracks = [track for track in sound_tracks(video) if has_sound(video, track.number)]
    if wanted and len(tracks) > 1:
        return wanted, (f"Its {len(tracks)} sound tracks are mixed: {listed([_named(track) for track in tracks])}.",)
    if len(tracks) < 2:
        return None, ("A mix of sound tracks was asked for, and it has one only.",) if wanted and tracks else ()
    heard = {track.number: _heard(video, end_s, times, track.number) for track in tracks}
    default = next((track for track in tracks if track.default), tracks[0])
    best = max(tracks, key=lambda track: (*heard[track.number], track is default, -track.number))
    if heard[best.number][0] <= _CLEARLY_MORE * heard[default.number][0] and heard[default.number][1] > 0:
        best = default
    why = ", in which people speak" if heard[best.number][0] else ""
    return best.number, (
        f"It has {len(tracks)} sound tracks; {_named(best)} is heard{why}. Another can be chosen, or a mix.",
    )


def _named(track: TrackInfo) -> str:
    return f"track {track.number}" + (f" ({track.title})" if track.title else "")


def _heard(video: Path, all_s: float, times: FrameTimes | None, track: int) -> tuple[float, float]:
    """How many seconds of speech some stretches of a track have, and how loud it is at most; 0 for silence."""
    speech_s = loudest = 0.0
    starts_s = np.linspace(0, max(0.0, all_s - _LISTEN_S), _PLACES if all_s > 2 * _LISTEN_S else 1).tolist()
    for start_s in starts_s:
        end_s = min(start_s + _LISTEN_S, all_s)
        sound = read_sound(video, start_s, end_s, rate_hz=RATE_HZ, channels=1, frame_times=times, track=track)[:, 0]
        peak = float(np.abs(sound).max(initial=0.0))
        if peak >= _SILENT:
            voice = VoiceDetector()
            spans = voice.spans(np.concatenate([voice.step(sound), voice.finish()]))
            speech_s += float((spans[:, 1] - spans[:, 0]).sum())
            loudest = max(loudest, peak)
    return speech_s, loudest
