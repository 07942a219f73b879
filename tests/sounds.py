"""Sounds made here, mono float32 at 16 kHz: what speech, music, laughter and applause have in common with theirs."""

import numpy as np

from closeup.core.types import FloatArray

RATE_HZ = 16_000


def levelled(sound: FloatArray, rms: float) -> FloatArray:
    return np.asarray(sound * (rms / (np.sqrt(np.mean(np.square(sound))) + 1e-12)), np.float32).clip(-1, 1)


def hiss(duration_s: float, rms: float = 0.003, seed: int = 0) -> FloatArray:
    """Steady noise, such as a room's."""
    return levelled(np.random.default_rng(seed).normal(0, 1, round(duration_s * RATE_HZ)).astype(np.float32), rms)


def vowels(duration_s: float, rms: float = 0.06, seed: int = 0) -> FloatArray:
    """Something like speech: a buzz of wandering pitch through formants that change four times a second."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * time) + 10 * np.sin(2 * np.pi * 2.3 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    sound = np.zeros_like(time)
    syllable = (time * 4).astype(int)
    formants = rng.uniform((300, 900, 2200), (800, 2000, 3000), (syllable[-1] + 1, 3))
    for harmonic in range(1, 30):
        distance = np.abs(harmonic * pitch[:, None] - formants[syllable]) / (90, 140, 220)
        sound += (1 / (1 + distance**2)).sum(axis=1) * np.sin(harmonic * phase)
    return levelled(sound * (0.1 + 0.9 * np.abs(np.sin(np.pi * 4 * time)) ** 2), rms)


def talk(duration_s: float, rms: float = 0.06, seed: int = 0) -> FloatArray:
    """Speech with pauses of half a second between phrases of two."""
    return vowels(duration_s, rms, seed) * (np.arange(round(duration_s * RATE_HZ)) % 40_000 < 32_000)


def chords(duration_s: float, rms: float = 0.1, seed: int = 0) -> FloatArray:
    """Music: three plucked strings with ten harmonics each, twice a second."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    sound = np.zeros_like(time)
    for start_s in np.arange(0, duration_s, 0.5):
        since = np.maximum(time - start_s, 0)
        heard = (time >= start_s) * np.exp(-1.5 * since)
        for semitone in rng.choice(24, 3, replace=False):
            pitch = 130.8 * 2 ** (semitone / 12)
            for harmonic in range(1, 11):
                sound += heard * np.sin(2 * np.pi * harmonic * pitch * since) / harmonic
    return levelled(sound, rms)


def applause(duration_s: float, rms: float = 0.1, seed: int = 0) -> FloatArray:
    """Sixty pairs of hands, four claps a second each: bursts of noise of 10 ms around 1 to 2 kHz."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(duration_s * RATE_HZ) + 2000)
    for _ in range(60):
        centre_hz, loud = rng.uniform(900, 2200), rng.uniform(0.3, 1)
        for start_s in np.arange(rng.uniform(0, 0.25), duration_s, 0.25):
            place = int((start_s + rng.uniform(0, 0.05)) * RATE_HZ)
            sound[place : place + 400] += loud * _clap(rng, centre_hz)
    return levelled(sound[: round(duration_s * RATE_HZ)], rms)


def _clap(rng: np.random.Generator, centre_hz: float) -> FloatArray:
    time = np.arange(400) / RATE_HZ
    noise = rng.normal(0, 1, 400)
    ring = np.sin(2 * np.pi * centre_hz * time + rng.uniform(0, 6.3))
    return np.asarray((noise + ring) * np.exp(-time / 0.006), np.float32)


def laughter_of_many(duration_s: float, rms: float = 0.1, seed: int = 0) -> FloatArray:
    """Forty people who laugh: notes of 75 ms, 4.7 a second, breathy, each at a pitch of their own."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    sound = np.zeros_like(time)
    for _ in range(40):
        pitch = rng.uniform(150, 450) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(0.3, 1.5) * time))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
        voice = sum(np.sin(k * phase) / k for k in range(1, 9))
        gate = np.clip(np.sin(2 * np.pi * rng.uniform(4.2, 5.2) * time + rng.uniform(0, 6.3)), 0, 1)
        sound += gate * (0.5 * voice + rng.normal(0, 1, len(time)))
    return levelled(sound, rms)
