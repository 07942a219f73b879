"""Several tracks at once, to the sample, in step, never above full level; and loudness after the standard."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from closeup.core.types import FloatArray
from closeup.media.audio import has_sound, read_sound, stereo_blocks
from closeup.media.frame_times import read_frame_times
from closeup.media.sound_filters import SILENT_LUFS, LoudnessMeter, mixed
from media.tones import HZ, strength, write_tones
from sounds import RATE_HZ as SPEECH_HZ
from sounds import vowels

RATE = 16_000

WEIGHTING = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
"""BS.1770's two filters for 48 kHz."""


def blocks(sound: np.ndarray, length: int) -> Iterator[np.ndarray]:
    return (sound[start : start + length] for start in range(0, len(sound), length))


def noise(seed: int, length: int, channels: int, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-level, level, (length, channels)).astype(np.float32)


@given(
    lengths=st.lists(st.integers(1, 9000), min_size=2, max_size=4),
    cut=st.integers(100, 3000),
    channels=st.sampled_from([1, 2]),
)
def test_the_sum_of_all_as_long_as_the_longest(lengths: list[int], cut: int, channels: int) -> None:
    tracks = [noise(number, length, channels) for number, length in enumerate(lengths)]
    whole = np.zeros((max(lengths), channels), np.float32)
    for track in tracks:
        whole[: len(track)] += track
    rows = [blocks(track, cut + 17 * number) for number, track in enumerate(tracks)]
    heard = np.concatenate(list(mixed(rows, RATE, channels)))
    assert heard.shape == whole.shape
    assert np.abs(heard - whole).max() < 1e-6


def test_peaks_do_not_pass_full_level() -> None:
    loud = noise(0, RATE, 2, 0.9)
    heard = np.concatenate(list(mixed([blocks(loud, 1000), blocks(loud, 1000)], RATE, 2)))
    assert len(heard) == RATE
    assert 0.9 < np.abs(heard).max() <= 1.0


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_both_tracks_of_a_video_are_heard_in_step(tmp_path: Path, name: str) -> None:
    """The first has 440 Hz from 1 s on, the second 1000 Hz from 2 s on."""
    path = write_tones(tmp_path / name, [(440, 1.0), (1000, 2.0)])
    times = read_frame_times(path)
    assert has_sound(path, "mix")
    sound = read_sound(path, 0, times.end, rate_hz=RATE, channels=2, frame_times=times, track="mix")
    alone = read_sound(path, 0, times.end, rate_hz=RATE, channels=2, frame_times=times, track=2)
    begins = {hz: np.flatnonzero(strength(sound, RATE, hz) > 0.05)[0] / 100 for hz in (440, 1000)}
    assert begins == {440: pytest.approx(1.0, abs=0.03), 1000: pytest.approx(2.0, abs=0.03)}
    late = slice(round(2.3 * RATE), None)
    assert strength(sound[late], RATE, 1000).mean() == pytest.approx(strength(alone[late], RATE, 1000).mean(), rel=0.02)
    whole, part = (
        read_sound(path, start_s, 2.5, rate_hz=HZ, channels=2, frame_times=times, track="mix") for start_s in (0, 1.5)
    )
    assert np.abs(part - whole[-len(part) :]).mean() < 1e-3
    streamed = np.concatenate(list(stereo_blocks(path, RATE, times.end_s, track="mix")))
    assert np.abs(streamed - sound).max() < 1e-6


def test_one_track_is_its_own_mix(tmp_path: Path) -> None:
    path = write_tones(tmp_path / "a.mkv", [(440, 0.0)])
    one, mix = (read_sound(path, 0, 2, rate_hz=RATE, channels=1, track=track) for track in (None, "mix"))
    assert np.array_equal(one, mix)


def measured(sound: FloatArray, rate_hz: int = SPEECH_HZ, blocks: list[int] | None = None) -> FloatArray:
    return metered(sound, rate_hz, blocks)[0]


def metered(
    sound: FloatArray, rate_hz: int = SPEECH_HZ, blocks: list[int] | None = None
) -> tuple[FloatArray, float | None]:
    meter = LoudnessMeter(rate_hz, 1 if sound.ndim == 1 else sound.shape[1])
    for block in np.split(sound, blocks or []):
        meter.step(block)
    return meter.finish()


def tone(amplitude: float, rate_hz: int, duration_s: float = 3.0) -> FloatArray:
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * 997 * time)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_the_standards_tone_has_the_standards_loudness(rate_hz: int) -> None:
    # BS.1770: a sine of 997 Hz at full scale in one channel is -3.01 LUFS.
    lufs = measured(tone(1.0, rate_hz), rate_hz)[3:]
    np.testing.assert_allclose(lufs, -3.01, atol=0.1)
    np.testing.assert_allclose(measured(tone(0.1, rate_hz), rate_hz)[3:], -23.01, atol=0.1)


@given(seconds=st.integers(5, 60), channels=st.sampled_from([1, 2]), seed=st.integers(0, 9))
def test_the_whole_is_as_loud_as_the_standard_says(seconds: int, channels: int, seed: int) -> None:
    """Blocks of 0.4 s with three quarters in common, weighted as in the table of BS.1770 for 48 kHz, and two gates."""
    rng = np.random.default_rng(seed)
    envelope = np.repeat(10 ** rng.uniform(-3, -0.5, seconds), 4800)[:, None]
    sound = (rng.normal(0, 1, (4800 * seconds, channels)) * envelope).astype(np.float32)
    weighted = sound.astype(np.float64)
    for over, under in WEIGHTING:
        weighted = lfilter(over, under, weighted, axis=0)
    steps = (weighted**2).sum(axis=1).reshape(-1, 4800).mean(axis=1)
    powers = np.convolve(steps, np.full(4, 0.25), "valid")
    levels = -0.691 + 10 * np.log10(powers)
    heard = powers[levels > -70]
    loud = heard[-0.691 + 10 * np.log10(heard) > -0.691 + 10 * np.log10(heard.mean()) - 10]
    wanted = -0.691 + 10 * np.log10(loud.mean())
    assert metered(sound, 48_000)[1] == pytest.approx(wanted, abs=0.01)


def test_moments_lie_where_they_are_heard() -> None:
    sound = np.concatenate(
        [np.zeros(SPEECH_HZ, np.float32), tone(0.5, SPEECH_HZ, 1.0), np.zeros(SPEECH_HZ, np.float32)]
    )
    lufs = measured(sound)
    assert len(lufs) == 30
    assert (lufs[:8] == SILENT_LUFS).all()
    assert (lufs[12:18] > -10).all()
    assert (lufs[23:] == SILENT_LUFS).all()
    assert abs(float(lufs[9] - lufs[20])) < 1  # as far before the start as after the end


def test_silence_has_no_usual_loudness() -> None:
    levels, whole = metered(np.zeros(SPEECH_HZ, np.float32))
    assert (levels == SILENT_LUFS).all()
    assert len(levels) == 10
    assert whole is None
    for samples in (0, 100):
        levels, whole = metered(np.zeros(samples, np.float32))
        assert len(levels) == 0
        assert whole is None


def test_what_is_shorter_than_a_block_has_no_loudness() -> None:
    assert metered(tone(0.5, 48_000, 0.39), 48_000)[1] is None
    assert metered(tone(0.5, 48_000, 0.4), 48_000)[1] == pytest.approx(-9.03, abs=0.2)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 30_000), max_size=4).map(sorted))
def test_blocks_make_no_difference(blocks: list[int]) -> None:
    sound = vowels(1.9)
    np.testing.assert_allclose(measured(sound, blocks=blocks), measured(sound), atol=1e-4)
