"""Half pictures made whole: frames that were filmed as two fields go through FFmpeg's bwdif, all others stay."""

from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from typing import Any

import av.error
from av import VideoFrame
from av.filter import Graph


def deinterlaced(
    frames: Iterator[VideoFrame], on_interlaced: Callable[[], None] = lambda: None
) -> Generator[VideoFrame, None, None]:
    """The same frames, as many and in the same order, without combs.

    From the first interlaced frame on, of which `on_interlaced` hears, they pass through the filter, which leaves whole
    pictures as they are; where a format is not one of its own, frames stay as they are.
    """
    graph: Graph | None = None
    kind: tuple[int, int, str] | None = None
    taken: list[VideoFrame] = []
    for frame in frames:
        if graph is not None and kind != _kind(frame):
            yield from _drained(graph, taken)
            graph = None
        if graph is None and frame.interlaced_frame and kind != _kind(frame):
            kind = _kind(frame)
            graph = _filter(frame)
            if graph is not None:
                on_interlaced()
        if graph is None:
            yield frame
            continue
        taken.append(frame)
        graph.push(frame)
        yield from _ready(graph, taken)
    if graph is not None:
        yield from _drained(graph, taken)


def _kind(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _filter(frame: VideoFrame) -> Graph | None:
    graph, base = Graph(), frame.time_base or Fraction(1, 1000)
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
        f"time_base={base.numerator}/{base.denominator}:pixel_aspect=1/1"
    )
    try:
        nodes = graph.add("buffer", source), graph.add("bwdif", "send_frame:auto:interlaced"), graph.add("buffersink")
        graph.link_nodes(*nodes).configure()
    except (av.error.FFmpegError, ValueError):
        return None
    return graph


def _ready(graph: Graph, taken: list[VideoFrame]) -> Generator[VideoFrame, None, None]:
    """What the filter has finished, with the stamps of what it took in."""
    while True:
        try:
            frame: VideoFrame = graph.pull()  # type: ignore[assignment]
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        before = taken.pop(0)
        frame.pts, frame.time_base, frame.duration = before.pts, before.time_base, before.duration
        noted: Any = before.opaque
        frame.opaque = noted and (*noted,)
        yield frame


def _drained(graph: Graph, taken: list[VideoFrame]) -> Generator[VideoFrame, None, None]:
    graph.push(None)
    yield from _ready(graph, taken)
