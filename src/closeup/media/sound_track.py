"""The sound of the MP4 files that closeup writes: one stereo track of AAC."""

from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer

from closeup.core.types import FloatArray

SOUND_RATE_HZ = 48000
SOUND_BIT_RATE = 160_000
"""Of stereo AAC; where FFmpeg's encoder is no longer told from the source in most listening tests."""

AAC_FRAME = 1024
"""Samples that AAC encodes together."""


class SoundTrack:
    """A track in a container, and how far it has come.

    Attributes:
        stream: PyAV's stream, which encodes the frames.
        samples: How many have been made frames of.
    """

    def __init__(self, container: OutputContainer) -> None:
        """Add the track to a container that was just opened."""
        self.stream = container.add_stream("aac", rate=SOUND_RATE_HZ, layout="stereo")
        self.stream.bit_rate = SOUND_BIT_RATE
        self.samples = 0

    def frame(self, sound: FloatArray) -> av.AudioFrame:
        """The next samples, float32 (N, 2), as a frame; `AAC_FRAME` of them, fewer only at the end."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = SOUND_RATE_HZ, Fraction(1, SOUND_RATE_HZ)
        frame.pts = self.samples
        self.samples += len(sound)
        return frame
