"""Bursts in sounds that are made here, and in what must not be taken for them."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from closeup.algorithms.sound.bursts import RATE_HZ, STEP_HZ, BurstListener
from closeup.core.types import FloatArray
from sounds import applause, chords, hiss, laughter_of_many, talk

Maker = Callable[..., FloatArray]


def heard(sound: FloatArray, blocks: list[int] | None = None) -> FloatArray:
    listener = BurstListener()
    for block in np.split(sound, blocks or []):
        listener.step(block)
    return listener.curve()


def talk_with(middle: FloatArray, room_rms: float = 0.003) -> FloatArray:
    """Ten seconds of talk in a quiet room, the middle, and ten seconds of talk."""
    sound = np.concatenate([talk(10.0, seed=1), middle, talk(10.0, seed=2)])
    return sound + hiss(len(sound) / RATE_HZ, room_rms)


@pytest.mark.parametrize("maker", [applause, laughter_of_many])
@pytest.mark.parametrize("rms", [0.1, 0.3])
@pytest.mark.parametrize("seed", [0, 1])
def test_many_who_laugh_or_clap_are_heard_where_they_do(maker: Maker, rms: float, seed: int) -> None:
    curve = heard(talk_with(maker(4.0, rms, seed)))
    assert len(curve) == 24 * STEP_HZ
    assert curve[105:135].mean() > 0.8
    assert curve[:95].mean() < 0.02
    assert curve[145:].mean() < 0.02


@pytest.mark.parametrize(
    "sound",
    [
        hiss(20.0, 0.2),
        talk(20.0) + hiss(20.0),
        chords(20.0) + hiss(20.0),
        np.concatenate([talk(10.0), chords(10.0)]) + hiss(20.0),
        np.concatenate([hiss(10.0), talk(10.0, 0.2)]),
        hiss(4.0, 0.1) * np.minimum(1, np.arange(4 * RATE_HZ) / RATE_HZ * 3).astype(np.float32),
        np.zeros(10 * RATE_HZ, np.float32),
        np.concatenate([np.zeros(5 * RATE_HZ), talk_with(hiss(4.0, 0.0005))]).astype(np.float32),
    ],
    ids=[
        "noise",
        "speech",
        "music",
        "speech then music",
        "louder speech",
        "noise fading in",
        "silence",
        "a room after digital silence",
    ],
)
def test_what_is_no_burst_is_not_heard_as_one(sound: FloatArray) -> None:
    curve = heard(sound)
    assert curve.mean() < 0.02
    assert curve.max() < 0.5


def test_loudness_of_the_whole_makes_no_difference() -> None:
    sound = talk_with(applause(3.0))
    np.testing.assert_allclose(heard(sound), heard(sound * np.float32(0.1)), atol=0.01)


SOUNDS = arrays.arrays(np.float32, st.integers(0, 20_000), elements=st.floats(-1, 1, width=32))


@settings(max_examples=30)
@given(SOUNDS, st.lists(st.integers(0, 20_000), max_size=4).map(sorted))
def test_any_sound_gives_a_value_for_every_whole_tenth_and_blocks_make_no_difference(
    sound: FloatArray, blocks: list[int]
) -> None:
    curve = heard(sound)
    assert curve.dtype == np.float32
    assert len(curve) == len(sound) * STEP_HZ // RATE_HZ
    assert ((curve >= 0) & (curve <= 1)).all()
    np.testing.assert_array_equal(heard(sound, blocks), curve)
