"""Half pictures made whole: frames that were filmed as two fields go through FFmpeg's bwdif, all others stay."""

from collections.abc import Callable, Generator, Iterator
from fractions import Fraction

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
    stamps: list[tuple[int | None, Fraction | None, int]] = []
    for frame in frames:
        if graph is not None and kind != _kind(frame):
            yield from _drained(graph, stamps)
            graph = None
        if graph is None and frame.interlaced_frame and kind != _kind(frame):
            kind = _kind(frame)
            graph = _filter(frame)
            if graph is not None:
                on_interlaced()
        if graph is None:
            yield frame
            continue
        stamps.append((frame.pts, frame.time_base, frame.duration))
        graph.push(frame)
        yield from _ready(graph, stamps)
    if graph is not None:
        yield from _drained(graph, stamps)


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


def _ready(graph: Graph, stamps: list[tuple[int | None, Fraction | None, int]]) -> Generator[VideoFrame, None, None]:
    """What the filter has finished, with the stamps that it took in."""
    while True:
        try:
            frame: VideoFrame = graph.pull()  # type: ignore[assignment]
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        frame.pts, frame.time_base, frame.duration = stamps.pop(0)
        yield frame


def _drained(graph: Graph, stamps: list[tuple[int | None, Fraction | None, int]]) -> Generator[VideoFrame, None, None]:
    graph.push(None)
    yield from _ready(graph, stamps)
