"""Where sound swells up like the laughter or applause of many: loud, noisy and without gaps.

Applause is a great number of claps at once: noise, without pitch, that goes on for seconds (Peltola, Erkut, Cook,
Valimaki: Synthesis of Hand Clapping Sounds, IEEE Trans. Audio, Speech, Lang. Proc. 15, 2007; Uhle: Applause Sound
Detection, J. Audio Eng. Soc. 59, 2011, who finds it by features of short spectra). The laughter of many is alike, with
lower frequencies. Both fill the gaps that speech leaves between its syllables about four times a second (Scheirer,
Slaney: Construction and Evaluation of a Robust Multifeature Speech/Music Discriminator, ICASSP 1997), and both lack the
harmonics of voices and instruments, which spectral flatness tells (Herre, Allamanche, Hellmuth: Robust Matching of
Audio Signals Using Spectral Flatness Features, WASPAA 2001; taken in narrow bands, so that a slope does not matter).

So four measures are multiplied, each 0 to 1:
- rise: the quiet parts within 0.8 s lie well above what they are in the minute around;
- noise: narrow bands are flat;
- fullness: those quiet parts are hardly below the mean;
- level: they are not much below the loudest sounds of the whole.

What it cannot tell: a crowd that laughs from one that shouts, surf, or an engine that starts. It does not hear the
laugh of one person, which has a pitch and gaps as speech has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter

from closeup.core.types import FloatArray

STEP_HZ = 10
"""Values a second of the result."""

RATE_HZ = 16_000

_WINDOW, _HOP = 512, 256
_FRAME_HZ = RATE_HZ / _HOP
_EDGES_HZ = (300, 500, 800, 1200, 1700, 2400, 3300, 4500, 6000)
"""Bands of 6 to 48 bins; below lie rumble and mains hum, above lies what codecs leave out."""

_SPAN_S = 0.8
"""Laughs and claps of many last longer; three syllables of speech, with the gaps between them, fit within."""

_VALLEY_PERCENT = 15
_FLAT_PERCENT = 35
"""Flatness must hold for most of the span: music is noisy for moments."""

_BACKGROUND_S, _BACKGROUND_PERCENT = 60.0, 20
_LOUD_PERCENT = 90
_SILENT_DB = -100.0


@dataclass(frozen=True, slots=True)
class Scales:
    """Where each measure is 0 and where 1; read off the sound of twelve clips, 4 minutes (docs/concepts/interest.md).

    Attributes:
        rise_db: Quiet parts above the background.
        flatness: Spectral flatness of the bands, their mean; noise has 0.56, speech 0.3 to 0.5, music 0.1 to 0.4.
        gaps_db: Mean level above quiet parts; laughter and applause have 2 to 5, speech 8 to 20.
        below_loud_db: Quiet parts above the level that a tenth of the whole exceeds.
    """

    rise_db: tuple[float, float] = (6.0, 14.0)
    flatness: tuple[float, float] = (0.42, 0.50)
    gaps_db: tuple[float, float] = (9.0, 5.0)
    below_loud_db: tuple[float, float] = (-18.0, -10.0)


class BurstListener:
    """Hears one mono sound at 16 kHz as it streams by."""

    def __init__(self) -> None:
        frequencies = np.fft.rfftfreq(_WINDOW, 1 / RATE_HZ)
        self._bounds = np.searchsorted(frequencies, _EDGES_HZ)
        self._shape = np.hanning(_WINDOW).astype(np.float32)
        self._waiting = np.zeros(0, np.float32)
        self._samples = 0
        self._levels: list[FloatArray] = []
        self._flatness: list[FloatArray] = []

    def step(self, samples: FloatArray) -> None:
        """Hear the next samples (N,), -1 to 1; how they are cut into blocks makes no difference."""
        heard = np.concatenate([self._waiting, np.asarray(samples, np.float32)])
        self._samples += len(samples)
        frames = (len(heard) - _WINDOW) // _HOP + 1
        if frames < 1:
            self._waiting = heard
            return
        windows = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[: frames * _HOP : _HOP]
        self._waiting = heard[frames * _HOP :]
        power = np.abs(np.fft.rfft(windows * self._shape, axis=1)) ** 2 + 1e-10
        lowest, highest = self._bounds[0], self._bounds[-1]
        within, starts = power[:, lowest:highest], self._bounds[:-1] - lowest
        sizes = np.diff(self._bounds)
        logs = np.add.reduceat(np.log(within), starts, axis=1) / sizes
        means = np.add.reduceat(within, starts, axis=1) / sizes
        self._levels.append((10 * np.log10(within.mean(axis=1))).astype(np.float32))
        self._flatness.append((np.exp(logs) / means).mean(axis=1).astype(np.float32))

    def curve(self, scales: Scales | None = None) -> FloatArray:
        """How much each tenth of a second so far sounds like laughter or applause of many: (T,) float32, 0 to 1."""
        count = self._samples * STEP_HZ // RATE_HZ
        if not self._levels or count == 0:
            return np.zeros(count, np.float32)
        scores = _scores(np.concatenate(self._levels), np.concatenate(self._flatness), scales or Scales())
        middles_s = (np.arange(len(scores)) * _HOP + _WINDOW / 2) / RATE_HZ
        moments_s = (np.arange(count) + 0.5) / STEP_HZ
        return np.interp(moments_s, middles_s, scores).astype(np.float32)


def _scores(levels_db: FloatArray, flatness: FloatArray, scales: Scales) -> NDArray[np.float64]:
    """The four measures of every frame, multiplied: (F,)."""
    span = _odd(_SPAN_S)
    valleys = percentile_filter(levels_db, _VALLEY_PERCENT, span, mode="nearest")
    means = np.convolve(np.pad(levels_db, span // 2, mode="edge"), np.full(span, 1 / span), mode="valid")
    every = span // 2
    # Beyond its ends the sound is thought mirrored: repeating its last moment would make that the background.
    background = percentile_filter(valleys[::every], _BACKGROUND_PERCENT, _odd(_BACKGROUND_S / every), mode="reflect")
    background = np.repeat(background, every)[: len(valleys)]
    audible = levels_db[levels_db > _SILENT_DB]
    loud = float(np.percentile(audible, _LOUD_PERCENT)) if len(audible) else 0.0
    return np.asarray(
        _ramp(valleys - background, scales.rise_db)
        * _ramp(percentile_filter(flatness, _FLAT_PERCENT, span, mode="nearest"), scales.flatness)
        * _ramp(means - valleys, scales.gaps_db)
        * _ramp(valleys - loud, scales.below_loud_db),
        np.float64,
    )


def _odd(seconds: float) -> int:
    """Frames in so many seconds, an odd number."""
    return int(seconds * _FRAME_HZ) | 1


def _ramp(values: NDArray[np.floating], ends: tuple[float, float]) -> NDArray[np.float64]:
    """0 at the first end, 1 at the second, a straight line between and level beyond; (F,) as given."""
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1)
