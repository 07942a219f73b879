"""How loud sound is, and bringing it to the level that people expect, without distortion.

Loudness is measured after EBU R 128 and ITU-R BS.1770; true peaks after annex 2 of the latter.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray
from closeup.media.sound_filters import LoudnessMeter

TARGET_LUFS = -14.0
"""What the large platforms play video at: sound that is louder is turned down there, sound that is softer stays so."""

PEAK_LIMIT_DBTP = -1.0
"""The highest true peak: EBU R 128's limit, which leaves room for what AAC adds."""

SILENT_LUFS = -50.0
"""Sound below this is noise of a room or a device, and is left alone."""

MAX_GAIN_DB = 20.0
"""More would bring up the noise more than the voice."""

MAX_MAKE_UP_DB = 3.0
"""More, and the limiter would work all the time, which is heard as pumping."""

_PHASES, _TAPS = 4, 12
"""Oversampling for true peaks, as in BS.1770-4."""

_ATTACK_S, _RELEASE_S = 0.005, 0.08
"""The limiter turns down within the first and up again within the second: below what is heard as a click, and slow
enough not to distort low voices."""

_BLOCK = 1 << 18
"""Samples whose peaks are worked out at a time."""


@dataclass(frozen=True, slots=True)
class Levelled:
    """Sound brought to its level.

    Attributes:
        sound: Float32 (N, C).
        loudness_in_lufs: What it measured before; None where it is shorter than 0.4 s or silent.
        gain_db: What it was turned up by (down, where negative).
        limited: Whether peaks had to be held down beside that.
    """

    sound: FloatArray
    loudness_in_lufs: float | None
    gain_db: float
    limited: bool


def integrated_loudness(sound: FloatArray, rate_hz: int) -> float | None:
    """Integrated loudness in LUFS of sound (N, C), one or two channels; None below 0.4 s, or where all is silence."""
    meter = LoudnessMeter(rate_hz, sound.shape[1])
    meter.step(sound)
    return meter.finish()[1]


def true_peak(sound: FloatArray) -> float:
    """The highest level that sound (N, C) reaches between its samples too, linear; 0 where there is none."""
    return float(_peaks(sound).max(initial=0.0))


def level(sound: FloatArray, rate_hz: int, target_lufs: float = TARGET_LUFS) -> Levelled:
    """Bring sound (N, C) to a loudness, with true peaks of at most -1 dBTP.

    It is turned up or down as a whole; only where that would lift peaks over the limit are those held down. What is
    lost by that is made up for once, by 3 dB at most: sound with higher peaks stays a little softer than the target.
    Sound under -50 LUFS, and what is too short to measure, stays as it is.
    """
    loudness = integrated_loudness(sound, rate_hz)
    if loudness is None or loudness < SILENT_LUFS:
        return Levelled(sound, loudness, 0.0, limited=False)
    gain_db = min(target_lufs - loudness, MAX_GAIN_DB)
    peaks = _peaks(sound)
    if peaks.max() * _linear(gain_db) <= _linear(PEAK_LIMIT_DBTP):
        return Levelled(_times(sound, gain_db), loudness, gain_db, limited=False)
    held = _held(_times(sound, gain_db), peaks * np.float32(_linear(gain_db)), rate_hz)
    lost_db = loudness + gain_db - (integrated_loudness(held, rate_hz) or target_lufs)
    gain_db += min(max(lost_db, 0.0), MAX_MAKE_UP_DB)
    held = _held(_times(sound, gain_db), peaks * np.float32(_linear(gain_db)), rate_hz)
    return Levelled(held, loudness, gain_db, limited=True)


def limit_peaks(sound: FloatArray, rate_hz: int) -> FloatArray:
    """Sound (N, C) turned down smoothly around each peak that would pass -1 dBTP, all channels alike.

    A look-ahead limiter: the gain that each sample needs, its running minimum, so that it holds on both sides of a
    peak, and the running mean of that, so that it moves without a step. Over any sample the mean is of minima that
    all include it, so the ceiling holds.
    """
    return _held(sound, _peaks(sound), rate_hz)


def _held(sound: FloatArray, peaks: FloatArray, rate_hz: int) -> FloatArray:
    """Sound (N, C) held down where its peaks (N,) are too high."""
    ceiling = np.float32(_linear(PEAK_LIMIT_DBTP))
    needed: FloatArray = np.asarray(ceiling / np.maximum(peaks, ceiling), np.float32)
    attack, release = max(1, round(_ATTACK_S * rate_hz)), max(1, round(_RELEASE_S * rate_hz))
    # Minimum over [n - release, n + attack], mean over [n - attack, n]: later gain comes back in steps of the release.
    held = _running(needed, attack, release, minimum=True)
    smooth = _running(held, 0, attack, minimum=False)
    held_down: FloatArray = sound * np.minimum(smooth, 1)[:, None]
    return held_down


def _times(sound: FloatArray, gain_db: float) -> FloatArray:
    return sound * np.float32(_linear(gain_db))


def _running(values: FloatArray, ahead: int, behind: int, *, minimum: bool) -> FloatArray:
    """Minimum or mean over the samples from `behind` before to `ahead` after each one."""
    row, window = values[None, :], ahead + behind + 1
    padded = cv2.copyMakeBorder(row, 0, 0, behind, ahead, cv2.BORDER_REPLICATE)
    if minimum:
        found = cv2.erode(padded, np.ones((1, window), np.uint8), borderType=cv2.BORDER_REPLICATE)[0]
        return np.ascontiguousarray(found[window // 2 : window // 2 + len(values)])
    sums = np.concatenate([[0.0], np.cumsum(padded[0], dtype=np.float64)])
    mean: FloatArray = ((sums[window:] - sums[:-window]) / window).astype(np.float32)
    return mean


def _peaks(sound: FloatArray) -> FloatArray:
    """The highest true peak around each sample, over all channels, float32 (N,)."""
    filters = _interpolators()
    half = _TAPS // 2
    padded = np.pad(np.asarray(sound, np.float32), ((half, half), (0, 0)))
    highest: FloatArray = np.abs(sound).max(axis=1, initial=0.0).astype(np.float32)
    for channel in padded.T:
        for taps in filters:
            for first in range(0, len(sound), _BLOCK):
                part = highest[first : first + _BLOCK]
                between = np.abs(np.convolve(channel[first : first + len(part) + _TAPS], taps, "valid"))
                # One lies between this sample and the next: it belongs to both.
                np.maximum(part, between[1 : 1 + len(part)], out=part)
                np.maximum(part, between[: len(part)], out=part)
    return highest


def _interpolators() -> NDArray[np.float32]:
    """Filters (3, 12) that give the sound at a quarter, half and three quarters of the way to the next sample."""
    places = np.arange(_TAPS) - _TAPS // 2 + 1
    filters = []
    for phase in range(1, _PHASES):
        at = places - phase / _PHASES
        taps = np.sinc(at) * np.kaiser(_TAPS * 100 + 1, 5.0)[np.rint((at + _TAPS / 2) * 100).astype(int)]
        filters.append(taps[::-1] / taps.sum())
    return np.array(filters, np.float32)


def _linear(decibels: float) -> float:
    return float(10.0 ** (decibels / 20))
