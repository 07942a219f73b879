"""Where closeup's time goes: processor time of each thread, by the stage that it was in."""

import os
import resource
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench import Bench
from closeup import CastOptions
from closeup.features.cast import find, scan
from closeup.media.video import DecodedFrame, VideoReader
from closeup.perception.cuts import CutDetector
from closeup.perception.embedder import OnnxEmbedder
from closeup.perception.yunet import YuNetDetector
from programmes import STANDARD, programme_video
from tables import Cell, Section, Table

REST = "decoder's own threads, and the rest"
STAGES: tuple[tuple[str, object, str], ...] = (
    ("scaling and colour", DecodedFrame, "rgb"),
    ("cuts", CutDetector, "step"),
    ("finding faces", YuNetDetector, "detect"),
    ("quality, clothing, crops", scan, "look"),
    ("embedding", OnnxEmbedder, "embed_with_worth"),
    ("tracking, pictures of tracks", scan._Scanner, "_settle"),
    ("hashing the file", scan, "hash_file"),
    ("grouping", find, "group"),
    ("writing", find, "write_cast_folder"),
)
"""Stage, and where the function is that does it; what runs inside another stage counts for the inner one only."""


class Ledger:
    """Processor time by stage, from all threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._own = threading.local()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what this thread does meanwhile for `name`, less what inner stages count."""
        inner: list[float] = self._own.__dict__.setdefault("inner", [])
        inner.append(0.0)
        started = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - started
            with self._lock:
                self.seconds[name] += spent - inner.pop()
            if inner:
                inner[-1] += spent

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, counted."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return function(*args, **kwargs)

        return counted

    def frames(self, read: Callable[[VideoReader], Iterator[DecodedFrame]]) -> Callable[[VideoReader], Any]:
        """The frames of a reader, with the wait for each one counted."""

        def counted(reader: VideoReader) -> Iterator[DecodedFrame]:
            frames = read(reader)
            while True:
                with self.stage("decoding"):
                    frame = next(frames, None)
                if frame is None:
                    return
                yield frame

        return counted


def measure(bench: Bench) -> Section:
    """Profile the 2-minute programme; a first run, unmeasured, warms up."""
    os.environ["CLOSEUP_MODELS_DIR"] = str(bench.models_dir)
    video = programme_video(bench, STANDARD)
    seconds, wall_s = profile(bench, video)
    total = sum(seconds.values())
    rows: list[tuple[Cell, ...]] = [
        (name, round(seconds[name], 2), round(100 * seconds[name] / total))
        for name in ("decoding", *(name for name, _, _ in STAGES), REST)
    ]
    rows.append(("all", round(total, 2), 100))
    heads = ("stage", "s", "%")
    note = f"Programme: {STANDARD.name}. Processor seconds of all threads together, one run in a warm process."
    return Section(
        "Where the time goes",
        (Table("Processor time by stage", heads, tuple(rows), note),),
        remarks=(_bound(seconds, wall_s),),
    )


def profile(bench: Bench, video: Path) -> tuple[dict[str, float], float]:
    """Processor seconds by stage, and seconds on the clock."""
    options = CastOptions()
    folder = bench.out / "stages" / "programme.cast"
    folder.parent.mkdir(parents=True, exist_ok=True)
    clip = next(iter(sorted(bench.clips.glob("talk_*.mp4"))))
    find.make_cast_folder(clip, folder, options, overwrite=True)
    ledger = Ledger()
    with ExitStack() as patches:
        for name, owner, attribute in STAGES:
            counted = ledger.around(name, getattr(owner, attribute))
            patches.enter_context(patch.object(owner, attribute, counted))
        patches.enter_context(patch.object(VideoReader, "__iter__", ledger.frames(VideoReader.__iter__)))
        before, started = _cpu_s(), time.perf_counter()
        find.make_cast_folder(video, folder, options, overwrite=True)
        wall_s, cpu_s = time.perf_counter() - started, _cpu_s() - before
    ledger.seconds[REST] = cpu_s - sum(ledger.seconds.values())
    return ledger.seconds, wall_s


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _bound(seconds: dict[str, float], wall_s: float) -> str:
    first, second = sorted(seconds, key=lambda name: -seconds[name])[:2]
    total = sum(seconds.values())
    return (
        f"{total:.1f} s of processor time in {wall_s:.1f} s, {total / wall_s:.2f} cores busy; bound by "
        f"{first} ({100 * seconds[first] / total:.0f} %), then {second} ({100 * seconds[second] / total:.0f} %)."
    )
