import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.media.loudness import (
    MAX_GAIN_DB,
    PEAK_LIMIT_DBTP,
    integrated_loudness,
    level,
    limit_peaks,
    true_peak,
)

RATE = 48000
LIMIT = 10 ** (PEAK_LIMIT_DBTP / 20)


def tone(level_dbfs: float, frequency_hz: float = 997, seconds: float = 2, channels: int = 2) -> np.ndarray:
    wave = 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE)) / RATE)
    return np.tile(wave.astype(np.float32)[:, None], (1, channels))


def speech(seed: int, seconds: float = 3, loud: float = 0.05, peaks: float = 0.0) -> np.ndarray:
    """Noise in syllables, with some high peaks where asked for."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    swell = np.abs(np.sin(np.arange(count) * 2 * np.pi * 3 / RATE))
    wave = rng.normal(0, loud, (count, 2)) * swell[:, None]
    for at in rng.integers(0, count - 200, 5):
        wave[at : at + 200] += peaks * np.sin(np.arange(200) * 0.3)[:, None]
    return wave.astype(np.float32)


def test_the_standards_own_tones():
    # EBU Tech 3341, cases 1 and 2: a stereo tone of 1000 Hz at -23 dBFS measures -23 LUFS, at -33 it is -33.
    assert integrated_loudness(tone(-23, 1000, 5), RATE) == pytest.approx(-23, abs=0.1)
    assert integrated_loudness(tone(-33, 1000, 5), RATE) == pytest.approx(-33, abs=0.1)
    # BS.1770: 997 Hz at full scale in one channel is -3.01.
    assert integrated_loudness(tone(0, 997, 3, channels=1), RATE) == pytest.approx(-3.01, abs=0.05)


def test_pauses_do_not_count():
    sound = tone(-20)
    assert integrated_loudness(np.concatenate([sound, np.zeros_like(sound)]), RATE) == pytest.approx(
        integrated_loudness(sound, RATE), abs=0.6
    )


@pytest.mark.parametrize("phase", [0, 45, 90])
@pytest.mark.parametrize("divisor", [4, 6, 8])
def test_true_peaks_between_samples_are_seen(phase: float, divisor: int):
    """EBU Tech 3341, cases 15 to 20: tones at a part of the sampling rate, whose samples may miss their peaks."""
    wave = 0.5 * np.sin(2 * np.pi * np.arange(RATE // 4) / divisor + np.radians(phase))
    found = 20 * np.log10(true_peak((wave * np.hanning(len(wave))).astype(np.float32)[:, None]))
    assert -0.4 <= found - 20 * np.log10(0.5) <= 0.2


def test_true_peak_is_no_lower_than_any_sample_nor_than_any_block():
    sound = speech(1, peaks=0.7)
    assert true_peak(sound) >= np.abs(sound).max()
    swell = tone(-6, channels=1)[:4000] * np.hanning(4000).astype(np.float32)[:, None]
    long = np.concatenate([np.zeros((300_000, 1), np.float32), swell])
    assert true_peak(long) == pytest.approx(0.5, abs=0.02)  # behind the first block
    assert true_peak(np.zeros((0, 2), np.float32)) == 0


@settings(max_examples=15)
@given(seed=st.integers(0, 99), loud=st.floats(0.003, 0.4))
def test_sound_without_high_peaks_meets_the_target(seed: int, loud: float):
    levelled = level(speech(seed, loud=loud), RATE)
    assert levelled.sound.dtype == np.float32
    assert true_peak(levelled.sound) <= LIMIT * 1.001
    if levelled.gain_db < MAX_GAIN_DB:
        assert integrated_loudness(levelled.sound, RATE) == pytest.approx(-14, abs=1)
    assert levelled.loudness_in_lufs == pytest.approx(integrated_loudness(speech(seed, loud=loud), RATE))


def test_a_gain_alone_changes_nothing_but_the_level():
    sound = speech(3, loud=0.02)
    softer = level(10 * sound, RATE)
    assert not softer.limited
    assert softer.gain_db < 0
    assert np.allclose(softer.sound, 10 * sound * 10 ** (softer.gain_db / 20), atol=1e-6)


def test_high_peaks_are_held_down_and_the_rest_is_louder():
    sound = speech(5, loud=0.02, peaks=0.6)
    levelled = level(sound, RATE)
    assert levelled.limited
    assert true_peak(levelled.sound) <= LIMIT * 1.001
    assert integrated_loudness(levelled.sound, RATE) > integrated_loudness(sound, RATE) + 4
    assert integrated_loudness(levelled.sound, RATE) < -13.5


@pytest.mark.parametrize("factor", [0, 1e-5, 1e-3])
def test_silence_and_the_noise_of_a_room_stay(factor: float):
    sound = speech(2) * np.float32(factor)
    levelled = level(sound, RATE)
    assert levelled.gain_db == 0
    assert np.array_equal(levelled.sound, sound)
    assert levelled.loudness_in_lufs is None or levelled.loudness_in_lufs < -50


def test_what_is_too_short_to_measure_stays():
    sound = tone(-30, seconds=0.3)
    levelled = level(sound, RATE)
    assert (levelled.loudness_in_lufs, levelled.gain_db) == (None, 0)
    assert np.array_equal(levelled.sound, sound)


@settings(max_examples=20)
@given(seed=st.integers(0, 99), loud=st.floats(0.01, 2), length=st.integers(1, 30000))
def test_the_ceiling_holds_for_any_sound(seed: int, loud: float, length: int):
    sound = (np.random.default_rng(seed).normal(0, loud, (length, 2))).astype(np.float32)
    held = limit_peaks(sound, RATE)
    assert held.shape == sound.shape
    assert true_peak(held) <= LIMIT * 1.06  # gain that moves within a sample's reach lifts white noise a little
    assert np.abs(held).max() <= LIMIT * 1.0001
    gain = held / np.where(sound == 0, 1, sound)
    assert gain.max() <= 1.0001
    assert np.allclose(gain[:, 0], gain[:, 1], atol=1e-4)  # the picture of left and right stays in its place


def test_the_limiter_leaves_alone_what_is_far_from_a_peak():
    sound = tone(-20, seconds=2)
    sound[RATE : RATE + 100] *= 9.9
    held = limit_peaks(sound, RATE)
    assert np.array_equal(held[: RATE - 1000], sound[: RATE - 1000])
    assert np.array_equal(held[RATE + 10000 :], sound[RATE + 10000 :])
    gain = np.abs(held[:, 0]).max() / np.abs(sound[:, 0]).max()
    assert gain < 1


def test_the_limiter_moves_smoothly():
    sound = np.full((RATE, 1), 0.5, np.float32)
    sound[RATE // 2] = 2
    held = limit_peaks(sound, RATE)
    gain = np.delete(held[:, 0], RATE // 2) / 0.5
    assert np.abs(np.diff(gain)).max() < 0.005
