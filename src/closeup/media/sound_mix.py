"""Several sound tracks heard at once: FFmpeg's amix. Each stays as loud as it is, and peaks are held below full level.

Beside a voice, a second track at its own level is what a listener of both would hear; amix by itself would halve both.
"""

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction

import av
import av.error
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext

from closeup.core.types import FloatArray

_LIMIT = "limit=1:level=0:latency=1"
"""Nothing changes below full level, nor is anything delayed."""


def mixed(tracks: Sequence[Iterator[FloatArray]], rate_hz: int, channels: int) -> Generator[FloatArray, None, None]:
    """Blocks (N, C) of the sum of tracks that begin at one time; it is as long as the longest of them.

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
        yield from _ready(sink)


def _linked(graph: Graph, count: int, rate_hz: int, channels: int) -> tuple[list[FilterContext], FilterContext]:
    """What takes each track, and what gives their mix."""
    layout = _LAYOUTS[channels]
    source = f"sample_rate={rate_hz}:sample_fmt=fltp:channel_layout={layout}:time_base=1/{rate_hz}"
    inputs = [graph.add("abuffer", source) for _ in range(count)]
    mix, limiter = graph.add("amix", f"inputs={count}:normalize=0:duration=longest"), graph.add("alimiter", _LIMIT)
    for number, each in enumerate(inputs):
        each.link_to(mix, 0, number)
    form, sink = graph.add("aformat", f"sample_fmts=fltp:channel_layouts={layout}"), graph.add("abuffersink")
    mix.link_to(limiter)
    limiter.link_to(form)
    form.link_to(sink)
    graph.configure()
    return inputs, sink


_LAYOUTS = {1: "mono", 2: "stereo"}


def _frame(block: FloatArray, rate_hz: int, place: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout=_LAYOUTS[block.shape[1]])
    frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), place
    return frame


def _ready(sink: FilterContext) -> Iterator[FloatArray]:
    """What is mixed so far."""
    while True:
        try:
            frame = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield np.ascontiguousarray(frame.to_ndarray().T)
