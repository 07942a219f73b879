"""One pass over the sound of a video: speech, loudness and bursts, block by block."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.sound.bursts import BurstListener
from closeup.algorithms.sound.sound_level import LevelMeter, usual_lufs
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.types import FloatArray
from closeup.media.audio import sound_blocks
from closeup.perception.voice import RATE_HZ, VoiceDetector

STAGE = "Listening"

_BLOCK_S = 4
"""Seconds that are heard at once; longer blocks are no quicker."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard.

    Attributes:
        speech_s: Shape (K, 2), float64: start and end of each stretch of speech in seconds.
        momentary_lufs: Shape (T,), float32: loudness of each tenth of a second.
        usual_lufs: Loudness of the whole; None where everything is silent.
        bursts: Shape (T,), float32, 0 to 1: how much each tenth of a second sounds like laughter or applause of many.
    """

    speech_s: NDArray[np.float64]
    momentary_lufs: FloatArray
    usual_lufs: float | None
    bursts: FloatArray


def listen(path: Path, end_s: float, progress: ProgressCallback) -> Heard:
    """Hear the sound of the video at `path`, which has some, from its first frame to `end_s` seconds.

    Raises:
        InputError: If it cannot be read, or has no sound.
        ModelError: If the voice detector is not on this machine; says what to type.
    """
    voice, level, bursts = VoiceDetector(), LevelMeter(RATE_HZ), BurstListener()
    probabilities: list[FloatArray] = []
    waiting: list[FloatArray] = []
    samples = 0
    for block in sound_blocks(path, RATE_HZ, end_s):
        waiting.append(block)
        if sum(map(len, waiting)) >= _BLOCK_S * RATE_HZ:
            samples += _hear(waiting, voice, level, bursts, probabilities)
            progress(Progress(STAGE, min(samples / RATE_HZ, end_s), end_s, "s"))
    _hear(waiting, voice, level, bursts, probabilities)
    probabilities.append(voice.finish())
    progress(Progress(STAGE, end_s, end_s, "s"))
    lufs = level.momentary_lufs()
    return Heard(voice.spans(np.concatenate(probabilities)), lufs, usual_lufs(lufs), bursts.curve())


def _hear(
    waiting: list[FloatArray],
    voice: VoiceDetector,
    level: LevelMeter,
    bursts: BurstListener,
    probabilities: list[FloatArray],
) -> int:
    """Let everybody hear what is waiting, and forget it; the samples that it had."""
    sound = np.concatenate([np.zeros(0, np.float32), *waiting])
    waiting.clear()
    probabilities.append(voice.step(sound))
    level.step(sound)
    bursts.step(sound)
    return len(sound)
