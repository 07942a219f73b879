"""One pass over a video: it is looked at some times a second, and cuts are found on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from closeup.core.progress import Progress, ProgressCallback
from closeup.core.read_ahead import read_ahead
from closeup.features.faces.found import FoundFace, Look, VideoSpan
from closeup.features.faces.steadying import follow, steadied
from closeup.media.sampling import Sampling
from closeup.media.sources import Frame
from closeup.media.video import open_video
from closeup.perception.cuts import CutDetector

_AHEAD = 4
"""Frames that are decoded while one is looked at."""

Glance = Callable[[Frame], tuple[FoundFace, ...]]
"""Finds the faces of a frame, in its pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchedFaces:
    """What one pass gives; the fields are those of `FoundFaces`, `span` is its `video`."""

    size_wh: tuple[int, int]
    looks: tuple[Look, ...]
    span: VideoSpan
    notes: tuple[str, ...]


def watch(path: Path, glance: Glance, looks_per_s: float, progress: ProgressCallback) -> WatchedFaces:
    """Look at the video at `path`, by a glance at each frame that is sampled.

    Raises:
        InputError: If it cannot be read.
        ValueError: If `looks_per_s` is not positive.
    """
    with open_video(path) as reader:
        sampling = Sampling(reader, looks_per_s, CutDetector(reader.fps))
        looks = []
        with read_ahead(iter(sampling), _AHEAD) as samples:
            for sample in samples:
                looks.append(Look(sample.frame.index, float(sample.frame.time), glance(sample.frame)))
                progress(Progress("Looking", float(sample.frame.time), reader.duration_hint_s, "s"))
        # A video of fewer frames a second than are asked for gives one look a frame.
        rate_hz = min(looks_per_s, float(reader.fps))
        cuts_s = tuple(float(cut.time) for cut in sampling.cuts)
        span = VideoSpan(float(reader.end_time), rate_hz, cuts_s)
        followed = follow(looks, span)
        return WatchedFaces(reader.size_wh, steadied(followed), span, reader.notes)
