"""One pass over a video: it is looked at some times a second, and cuts are found on the way."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from closeup.core.boxes import fitted
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.read_ahead import read_ahead
from closeup.core.timebase import Sampler
from closeup.core.types import Image
from closeup.features.faces.found import FoundFace, Look, VideoSpan
from closeup.features.faces.steadying import follow, steadied
from closeup.media.video import DecodedFrame, VideoReader, open_video
from closeup.perception import cuts

DETECT_PX = 640
"""Longer side of the picture that faces are looked for in; smaller videos are not enlarged."""

DETAIL_PX = 1920
"""Longer side of the picture that they are judged in."""

_AHEAD = 4
"""Frames that are decoded while one is looked at."""

Glance = Callable[[Image, Image], tuple[FoundFace, ...]]
"""Finds the faces of a small picture (h, w, 3) and judges them in a larger one (H, W, 3), in whose pixels they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What one pass gives; the fields are those of `FoundFaces`, `span` is its `video`."""

    size_wh: tuple[int, int]
    looks: tuple[Look, ...]
    span: VideoSpan
    notes: tuple[str, ...]


def watch(path: Path, glance: Glance, looks_per_s: float, progress: ProgressCallback) -> Watched:
    """Look at the video at `path`, by a glance at each picture (H, W, 3) that is wanted.

    Raises:
        InputError: If it cannot be read.
        ValueError: If `looks_per_s` is not positive.
    """
    sampler = Sampler(looks_per_s)
    with open_video(path) as reader:
        found_cuts = _Cuts(reader)
        looks = []
        with read_ahead(_sampled(reader, sampler, found_cuts), _AHEAD) as frames:
            for frame in frames:
                looks.append(_look(frame, glance))
                progress(Progress("Looking", float(frame.time), reader.duration_hint_s, "s"))
        # A video of fewer frames a second than are asked for gives one look a frame.
        rate_hz = min(looks_per_s, float(reader.fps))
        span = VideoSpan(float(reader.end_time), rate_hz, tuple(found_cuts.times_s))
        followed = follow(looks, span)
        return Watched(reader.size_wh, steadied(followed), span, reader.notes)


class _Cuts:
    """Finds cuts as frames pass, and knows their times."""

    def __init__(self, reader: VideoReader) -> None:
        self._detector = cuts.CutDetector(reader.fps)
        self._look_wh = fitted(reader.size_wh, cuts.LOOK_PX)
        self._recent: dict[int, float] = {}
        self._last = -1
        self.times_s: list[float] = []

    def step(self, frame: DecodedFrame) -> None:
        self._last = frame.index
        self._recent[frame.index] = float(frame.time)
        self._recent.pop(frame.index - 4 * cuts.LAG_FRAMES - 64, None)
        self._add(self._detector.step(frame.index, frame.rgb(self._look_wh)))

    def finish(self) -> None:
        if self._last >= 0:
            self._add(self._detector.finish(self._last))

    def _add(self, frames: list[int]) -> None:
        self.times_s += [self._recent[index] for index in frames]


def _sampled(reader: VideoReader, sampler: Sampler, found_cuts: _Cuts) -> Generator[DecodedFrame, None, None]:
    """The frames that are to be looked at; all are shown to the search for cuts."""
    for frame in reader:
        found_cuts.step(frame)
        if sampler.wants(frame.time):
            yield frame
    found_cuts.finish()


def _look(frame: DecodedFrame, glance: Glance) -> Look:
    small = frame.rgb(fitted(frame.size_wh, DETECT_PX))
    detail_wh = fitted(frame.size_wh, DETAIL_PX)
    detail = small if detail_wh == (small.shape[1], small.shape[0]) else frame.rgb(detail_wh)
    by = np.float32(frame.size_wh[0] / detail_wh[0])
    faces = tuple(
        replace(face, box_xyxy=face.box_xyxy * by, landmarks_xy=face.landmarks_xy * by)
        for face in glance(small, detail)
    )
    return Look(frame.index, float(frame.time), faces)
