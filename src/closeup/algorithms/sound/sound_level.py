"""How loud sound is at each moment, as people hear it: ITU-R BS.1770-5, in steps of a tenth of a second.

The weighting filters are designed for the rate at hand from the analogue values behind the standard's table for 48 kHz
(De Man: Evaluation of Implementations of the EBU R128 Loudness Measurement, AES 145, 2018). At 16 kHz what lies above
8 kHz is missing, which takes little from speech and laughter.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from closeup.core.types import FloatArray

STEP_HZ = 10
"""Levels a second."""

SILENT_LUFS = -70.0
"""What is quieter counts for nothing; BS.1770's absolute gate."""

_RELATIVE_GATE_LU = -10.0
_MOMENTARY_STEPS = 4
"""Momentary loudness is that of 0.4 s (EBU Tech 3341)."""

_OFFSET_LU = -0.691
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)


class LevelMeter:
    """Measures one mono sound as it streams by."""

    def __init__(self, rate_hz: int) -> None:
        """Start at time 0.

        Raises:
            ValueError: If the rate is no multiple of 10 Hz.
        """
        if rate_hz <= 0 or rate_hz % STEP_HZ:
            raise ValueError(f"rate_hz is {rate_hz}, and has to be a multiple of {STEP_HZ}")
        self._step = rate_hz // STEP_HZ
        self._filters = [_shelf(rate_hz), _high_pass(rate_hz)]
        self._states = [np.zeros(2), np.zeros(2)]
        self._waiting = np.zeros(0, np.float64)
        self._powers: list[NDArray[np.float64]] = []

    def step(self, samples: FloatArray) -> None:
        """Hear the next samples (N,), -1 to 1; how they are cut into blocks makes no difference."""
        if len(samples) == 0:
            return  # scipy's filters lose their state on nothing
        weighted = np.asarray(samples, np.float64)
        for number, (over, under) in enumerate(self._filters):
            weighted, self._states[number] = lfilter(over, under, weighted, zi=self._states[number])
        heard = np.concatenate([self._waiting, weighted])
        whole = len(heard) // self._step * self._step
        self._waiting = heard[whole:]
        self._powers.append((heard[:whole].reshape(-1, self._step) ** 2).mean(axis=1))

    def momentary_lufs(self) -> FloatArray:
        """Loudness of each tenth of a second so far, with its neighbours: (T,) LUFS, not below `SILENT_LUFS`.

        A last step that is not complete is left out.
        """
        powers = np.concatenate([np.zeros(0), *self._powers])
        if len(powers) == 0:
            return np.zeros(0, np.float32)
        # Four steps cannot lie evenly around one: half of the outermost on both sides.
        window = np.array([0.5, 1, 1, 1, 0.5]) / _MOMENTARY_STEPS
        mean = np.convolve(np.pad(powers, 2, mode="edge"), window, mode="valid")
        lufs = _OFFSET_LU + 10 * np.log10(np.maximum(mean, 1e-12))
        return np.asarray(np.maximum(lufs, SILENT_LUFS), np.float32)


def usual_lufs(momentary_lufs: FloatArray) -> float | None:
    """The loudness of the whole from its moments (T,): the mean power of those that pass BS.1770's two gates.

    None where everything is silent. (The standard gates blocks of 0.4 s that overlap by three quarters, as these do.)
    """
    heard = momentary_lufs[momentary_lufs > SILENT_LUFS]
    if len(heard) == 0:
        return None
    loud = heard[heard > _mean_lufs(heard) + _RELATIVE_GATE_LU]
    return _mean_lufs(loud)


def _mean_lufs(lufs: FloatArray) -> float:
    return float(10 * np.log10(np.mean(10 ** (lufs.astype(np.float64) / 10))))


def _shelf(rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """BS.1770's first filter: 4 dB more above 1.7 kHz, as a head in the way of sound has it."""
    centre_hz, gain_db, quality = _SHELF
    k = np.tan(np.pi * centre_hz / rate_hz)
    high = 10 ** (gain_db / 20)
    middle = high**0.4996667741545416
    over = np.array([high + middle * k / quality + k * k, 2 * (k * k - high), high - middle * k / quality + k * k])
    under = np.array([1 + k / quality + k * k, 2 * (k * k - 1), 1 - k / quality + k * k])
    return over / under[0], under / under[0]


def _high_pass(rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """BS.1770's second filter: what is below 38 Hz is hardly heard."""
    centre_hz, quality = _HIGH_PASS
    k = np.tan(np.pi * centre_hz / rate_hz)
    under = np.array([1 + k / quality + k * k, 2 * (k * k - 1), 1 - k / quality + k * k])
    return np.array([1.0, -2.0, 1.0]), under / under[0]
