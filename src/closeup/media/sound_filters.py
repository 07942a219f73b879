"""FFmpeg's filters on sound: several tracks mixed (amix), and loudness metered (ebur128)."""

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction

import av
import av.error
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from numpy.typing import NDArray

from closeup.core.types import FloatArray

STEP_HZ = 10
"""Values of momentary loudness a second."""

SILENT_LUFS = -70.0
"""What is quieter counts for nothing; BS.1770's absolute gate."""

_RELATIVE_GATE_LU = -10.0

_BLOCK_STEPS = 4
"""Loudness is measured over 0.4 s (EBU Tech 3341), every tenth of a second."""

_LAYOUTS = {1: "mono", 2: "stereo"}

_LIMIT = "limit=1:level=0:latency=1"
"""Nothing changes below full level, nor is anything delayed."""


def mixed(tracks: Sequence[Iterator[FloatArray]], rate_hz: int, channels: int) -> Generator[FloatArray, None, None]:
    """Blocks (N, C) of the sum of tracks that begin at one time; it is as long as the longest of them.

    Each stays as loud as it is: amix by itself would halve two. Peaks are held below full level.

    Args:
        tracks: Blocks (N, C) of each, one or two channels, of any lengths; taken in step, so that memory stays small.
        rate_hz: Samples a second of them all.
        channels: C.
    """
    graph = Graph()  # its filters live as long as it does
    inputs, sink = _linked(graph, len(tracks), rate_hz, channels)
    fed, going = [0] * len(tracks), set(range(len(tracks)))
    while going:
        number = min(going, key=lambda each: (fed[each], each))
        block = next(tracks[number], None)
        if block is None:
            going.remove(number)
            inputs[number].push(None)
        else:
            inputs[number].push(_frame(block, rate_hz, fed[number]))
            fed[number] += len(block)
        yield from (np.ascontiguousarray(frame.to_ndarray().T, np.float32) for frame in _ready(sink))


def _linked(graph: Graph, count: int, rate_hz: int, channels: int) -> tuple[list[FilterContext], FilterContext]:
    """What takes each track, and what gives their mix."""
    inputs = [_source(graph, rate_hz, channels) for _ in range(count)]
    mix, limiter = graph.add("amix", f"inputs={count}:normalize=0:duration=longest"), graph.add("alimiter", _LIMIT)
    for number, each in enumerate(inputs):
        each.link_to(mix, 0, number)
    form, sink = (
        graph.add("aformat", f"sample_fmts=fltp:channel_layouts={_LAYOUTS[channels]}"),
        graph.add("abuffersink"),
    )
    mix.link_to(limiter)
    limiter.link_to(form)
    form.link_to(sink)
    graph.configure()
    return inputs, sink


def _frame(block: FloatArray, rate_hz: int, place: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout=_LAYOUTS[block.shape[1]])
    frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), place
    return frame


def _source(graph: Graph, rate_hz: int, channels: int) -> FilterContext:
    form = f"sample_fmt=fltp:channel_layout={_LAYOUTS[channels]}"
    return graph.add("abuffer", f"sample_rate={rate_hz}:time_base=1/{rate_hz}:{form}")


def _ready(sink: FilterContext) -> Iterator[av.AudioFrame]:
    """What has passed the filters so far."""
    while True:
        try:
            yield sink.pull()  # type: ignore[misc]  # sound comes out where sound goes in
        except (av.error.BlockingIOError, av.error.EOFError):
            return


class LoudnessMeter:
    """Measures one sound as it streams by: ITU-R BS.1770, EBU R 128.

    At 16 kHz what lies above 8 kHz is missing, which takes little from speech and laughter.
    """

    def __init__(self, rate_hz: int, channels: int = 1) -> None:
        """Start at time 0 with sound of one or two channels."""
        self._rate_hz, self._samples = rate_hz, 0
        self._levels: list[float] = []
        self._graph = Graph()
        self._input = _source(self._graph, rate_hz, channels)
        meter, self._sink = self._graph.add("ebur128", "metadata=1:framelog=quiet"), self._graph.add("abuffersink")
        self._input.link_to(meter)
        meter.link_to(self._sink)
        self._graph.configure()

    def step(self, samples: FloatArray) -> None:
        """Hear the next samples (N,) or (N, C), -1 to 1; how they are cut into blocks makes no difference."""
        sound = samples[:, None] if samples.ndim == 1 else samples
        for first in range(0, len(sound), self._rate_hz):
            part = sound[first : first + self._rate_hz]
            self._input.push(_frame(part, self._rate_hz, self._samples))
            self._samples += len(part)
            self._take()

    def finish(self) -> tuple[FloatArray, float | None]:
        """The loudness of each tenth of a second with its neighbours, and that of the whole.

        Returns:
            (T,) LUFS, not below `SILENT_LUFS`, without a last step that is not complete; and LUFS, None where all is
            silent or shorter than 0.4 s.
        """
        self._input.push(None)
        self._take()
        # In silence after sound FFmpeg's running sum may fall below 0, and its level is no number.
        levels = np.fmax(self._levels[: self._samples * STEP_HZ // self._rate_hz], SILENT_LUFS)
        # A value is of the four steps that end with its own; two of them lie evenly around one.
        powers = np.pad(10 ** (levels / 10), (0, 2 * bool(len(levels))), mode="edge")
        around = 10 * np.log10((powers[1:-1] + powers[2:]) / 2)
        return np.asarray(around, np.float32), _gated(levels[_BLOCK_STEPS - 1 :])

    def _take(self) -> None:
        for frame in _ready(self._sink):
            level = frame.metadata.get("lavfi.r128.M")
            if level is not None:
                self._levels.append(float(level))


def _gated(levels: NDArray[np.float64]) -> float | None:
    """The loudness of a whole from that of its blocks (N,): the mean power of those that pass BS.1770's two gates."""
    heard = levels[levels > SILENT_LUFS]
    if not len(heard):
        return None
    return _mean_lufs(heard[heard > _mean_lufs(heard) + _RELATIVE_GATE_LU])


def _mean_lufs(levels: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(10 ** (levels / 10))))
