"""Several tracks at once: their sum to the sample, in step, and never above full level."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.media.audio import has_sound, read_sound, stereo_blocks
from closeup.media.frame_times import read_frame_times
from closeup.media.sound_mix import mixed
from media.tones import HZ, strength, write_tones

RATE = 16_000


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
