"""Loudness against known tones, and against pyloudnorm."""

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.algorithms.sound.sound_level import SILENT_LUFS, LevelMeter, usual_lufs
from closeup.core.types import FloatArray
from sounds import RATE_HZ, chords, hiss, vowels


def measured(sound: FloatArray, rate_hz: int = RATE_HZ, blocks: list[int] | None = None) -> FloatArray:
    meter = LevelMeter(rate_hz)
    for block in np.split(sound, blocks or []):
        meter.step(block)
    return meter.momentary_lufs()


def tone(amplitude: float, rate_hz: int, duration_s: float = 3.0) -> FloatArray:
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * 997 * time)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_the_standards_tone_has_the_standards_loudness(rate_hz: int) -> None:
    # BS.1770: a sine of 997 Hz at full scale in one channel is -3.01 LUFS.
    lufs = measured(tone(1.0, rate_hz), rate_hz)[3:]
    np.testing.assert_allclose(lufs, -3.01, atol=0.1)
    np.testing.assert_allclose(measured(tone(0.1, rate_hz), rate_hz)[3:], -23.01, atol=0.1)


@pytest.mark.parametrize("sound", [vowels(6.0), chords(6.0), np.concatenate([vowels(4.0), hiss(4.0)])])
def test_the_whole_is_as_loud_as_pyloudnorm_says(sound: FloatArray) -> None:
    usual = usual_lufs(measured(sound))
    assert usual == pytest.approx(pyloudnorm.Meter(RATE_HZ).integrated_loudness(sound), abs=0.3)


def test_moments_lie_where_they_are_heard() -> None:
    sound = np.concatenate([np.zeros(RATE_HZ, np.float32), tone(0.5, RATE_HZ, 1.0), np.zeros(RATE_HZ, np.float32)])
    lufs = measured(sound)
    assert len(lufs) == 30
    assert (lufs[:8] == SILENT_LUFS).all()
    assert (lufs[12:18] > -10).all()
    assert (lufs[23:] == SILENT_LUFS).all()
    assert abs(float(lufs[9] - lufs[20])) < 1  # as far before the start as after the end


def test_silence_has_no_usual_loudness() -> None:
    assert usual_lufs(measured(np.zeros(RATE_HZ, np.float32))) is None
    assert usual_lufs(np.zeros(0, np.float32)) is None
    assert len(measured(np.zeros(100, np.float32))) == 0


@pytest.mark.parametrize("rate_hz", [0, -16_000, 11_025])
def test_a_rate_without_whole_tenths_is_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError, match="multiple of 10"):
        LevelMeter(rate_hz)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 30_000), max_size=4).map(sorted))
def test_blocks_make_no_difference(blocks: list[int]) -> None:
    sound = vowels(1.9)
    np.testing.assert_allclose(measured(sound, blocks=blocks), measured(sound), atol=1e-4)
