"""The single pass over a video: decoded once, streaming, it gives shots, tracks, vectors and pictures.

The decoder and the search for cuts run in the calling thread; sampled frames are looked at by a few threads beside it,
once it is certain in which shot they lie, and their faces are handed to the tracker in order. A track that ended is
embedded at once, and of its pictures only one small JPEG stays, so memory grows with faces, not with frames.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import ceil
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from closeup.algorithms.clustering.similarity import cosines
from closeup.algorithms.tracking.online import FaceKey, Tracker, TrackerOptions
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import TIME, CastKind, CastPart, FloatArray, Shot, Track, VideoInfo
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.candidates import Candidate, embedded
from closeup.features.cast.growing import (
    DOUBTFUL_LIKENESS,
    EndedTrack,
    GrowingTrack,
    build_tracks,
    build_vectors,
    in_order,
    likeness,
    mended,
    without_noise,
)
from closeup.features.cast.looking import Sighting, look, scaled, small_picture
from closeup.features.cast.options import CastOptions
from closeup.features.cast.portraits import head_and_shoulders, shot_name, track_picture
from closeup.features.cast.shards import StoredCuts, plan_shards
from closeup.jobs.spread import Spread
from closeup.media.sampling import Cut, Sample, Sampling
from closeup.media.sources import Frame
from closeup.media.video import VideoReader, hash_file, open_video
from closeup.perception.analyzer import Analyzer
from closeup.perception.cuts import CutDetector
from closeup.perception.drawn import are_drawn

WAITING_PIXELS = 64_000_000
"""Frames that wait to be looked at hold at most about this many pixels together."""


Sharing = tuple[Spread, Path]
"""Who shares the work, and the result folder that it is for."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a video gives; or all passes over the files of an album or a season.

    Attributes:
        video: The file, with all that was found out by reading it.
        shots: In order, without gaps in a file.
        tracks: By start; nobody owns them yet.
        vectors: Of the tracks' best faces, and of their clothing.
        pictures: Track id to JPEG bytes of its best picture; "photo-17" to the thumbnail of the photo in frame 17,
            "shot-3" to a small picture of the fourth shot of a video, where that is long enough to be sampled.
        kind: What was looked at.
        parts: The files of an album or a season.
    """

    video: VideoInfo
    shots: tuple[Shot, ...]
    tracks: tuple[Track, ...]
    vectors: TrackVectors
    pictures: Mapping[str, bytes]
    kind: CastKind = "video"
    parts: tuple[CastPart, ...] = ()


def scan_video(
    path: Path,
    analyzer: Analyzer,
    options: CastOptions,
    progress: ProgressCallback,
    sharing: Sharing | None = None,
    *,
    leads_only: bool = False,
) -> Scan:
    """Read the video at `path` once.

    Args:
        path: The video.
        analyzer: Finds and describes faces.
        options: How often it is looked at, which track, and whether clothing is described.
        progress: Told how many seconds of video are done.
        sharing: Who shares the work on a long video, and the result folder that its shards are kept beside until that
            is written; see `shards`. The scan is the same.
        leads_only: Beside large faces no small ones are looked for; not where the work is shared.

    Raises:
        InputError: If it is not a video that can be read.
    """
    limits = analyzer.embedder_card.thresholds
    with open_video(path, track=options.video_track or None) as reader, _pool() as pool:
        digest = hash_file(path)  # not before it is known to be a video: other files may be huge too
        # A video of fewer frames a second than are asked for gives one sample a frame, that much later.
        rate_hz = min(options.detect_fps, float(reader.fps))
        tracking = TrackerOptions.at_rate(rate_hz, limits["same_person"].value)
        new_scanner = partial(_Scanner, reader.size_wh, pool, analyzer, tracking)
        together = sharing and _together(
            reader, digest, new_scanner, analyzer=analyzer, options=options, sharing=sharing, progress=progress
        )
        if together:
            scanner, cuts = together
        else:
            scanner = new_scanner(
                partial(look, analyzer, with_clothing=options.clothing, leads_only=leads_only), small_picture
            )
            cuts = scanner.run(reader, options.detect_fps, CutDetector(reader.fps), reader.duration_hint_s, progress)
        end_s = float(reader.end_time)
        progress(Progress("Finding faces", end_s, end_s, "s"))
        brief = analyzer.detector_card.thresholds.get("brief")
        ended = in_order(without_noise(scanner.ended, brief.value if brief else 0.0))
        ended = mended(ended, cuts, limits)
        vectors = build_vectors(ended, analyzer.embedder_card.name, analyzer.embedder.dim)
        video = reader.info(digest)
    shots = _shots(cuts, video)
    tracks = build_tracks(ended, shots, 1 / rate_hz)
    pictures = {track.id: item.picture for track, item in zip(tracks, ended, strict=True)}
    pictures |= {shot_name(number): picture for number, picture in scanner.shot_pictures.items()}
    return Scan(video, shots, tracks, vectors, pictures)


def _together(
    reader: VideoReader,
    digest: str,
    new_scanner: Callable[..., "_Scanner"],
    *,
    analyzer: Analyzer,
    options: CastOptions,
    sharing: Sharing,
    progress: ProgressCallback,
) -> tuple["_Scanner", list[Cut]] | None:
    """Read an open video in shards; None where that cannot be, and it has to be read from its start."""
    spread, folder = sharing
    shards = plan_shards(reader, digest, folder, options, analyzer)
    if shards is None:
        return None
    scanner, finder = new_scanner(attrgetter("sighting"), attrgetter("shown")), StoredCuts(reader.fps)
    try:
        with closing(shards.read(spread, finder, progress)) as frames:
            cuts = scanner.run(frames, options.detect_fps, finder, shards.times.end_s, ignore)
    except InputError as error:
        if error.code != "video.odd":
            raise
        return None
    starts = [shards.times.start(frame) for frame in range(shards.times.count)]
    reader.take_as_read(starts, shards.times.end)
    return scanner, cuts


def worker_count() -> int:
    """Threads that look at frames: one for each core that this process may use, at most eight."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """A pool whose waiting work is dropped when the block is left early, so that Ctrl-C answers at once."""
    pool = ThreadPoolExecutor(worker_count(), thread_name_prefix="closeup-look")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Scanner:
    """The state of one pass."""

    def __init__(
        self,
        size_wh: tuple[int, int],
        pool: ThreadPoolExecutor,
        analyzer: Analyzer,
        tracking: TrackerOptions,
        look_at: Callable[[Any], Sighting],
        show: Callable[[Any], bytes],
    ) -> None:
        self._pool, self._embedder, self._card = pool, analyzer.embedder, analyzer.embedder_card
        self._look, self._show_shot = look_at, show
        self._waiting: deque[tuple[int, Future[Sighting]]] = deque()
        self._most_waiting = int(np.clip(WAITING_PIXELS // (size_wh[0] * size_wh[1]), 2, 24))
        self._tracker, self._lost_s = Tracker(tracking), tracking.max_gap_s + 0.01
        self._steps = self._shot = 0
        self._recent: deque[tuple[Candidate, ...]] = deque(maxlen=ceil(tracking.max_gap_s / tracking.sample_s) + 2)
        self._live: dict[int, GrowingTrack] = {}
        self.ended: list[EndedTrack] = []
        self.shot_pictures: dict[int, bytes] = {}
        self._samples_of_shot = 0

    def run(
        self,
        source: Iterable[Frame],
        rate_hz: float,
        finder: CutDetector,
        duration_s: float | None,
        progress: ProgressCallback,
    ) -> list[Cut]:
        """Read all frames; afterwards `ended` is complete. Gives the cuts."""
        sampling = Sampling(source, rate_hz, finder)
        for sample in sampling:
            self._show(sample)
            self._waiting.append((sample.shot, self._pool.submit(self._look, sample.frame)))
            progress(Progress("Finding faces", float(sample.frame.time), duration_s, "s"))
            self._settle(leave=self._most_waiting)
        self._settle(leave=0)
        self._cut()
        return sampling.cuts

    def _show(self, sample: Sample) -> None:
        """Keep a small picture of each shot: its first sample, or better the third, past a blend with another."""
        self._samples_of_shot = self._samples_of_shot + 1 if sample.shot in self.shot_pictures else 1
        if self._samples_of_shot in (1, 3):
            self.shot_pictures[sample.shot] = self._show_shot(sample.frame)

    def _cut(self) -> None:
        """A shot is over, and with it all its tracks."""
        self._tracker.cut()
        self._end(list(self._live))

    def _settle(self, leave: int) -> None:
        """Hand on the sightings, in order; wait for them only where more than `leave` are waiting."""
        while self._waiting and (len(self._waiting) > leave or self._waiting[0][1].done()):
            shot, sighting = self._waiting.popleft()
            if shot != self._shot:
                self._shot = shot
                self._cut()
            self._follow(sighting.result())

    def _follow(self, sighting: Sighting) -> None:
        """Add one frame's faces to the tracks, and end those that have not been seen for too long."""
        candidates = sighting.candidates
        self._recent.append(candidates)
        boxes = np.array([c.face.box_xyxy for c in candidates], np.float32).reshape(-1, 4)
        scores = np.array([c.face.score for c in candidates], np.float32)
        numbers = self._tracker.step(sighting.time_s, boxes, scores, self._face_vectors)
        self._steps += 1
        for number, candidate in zip(numbers, candidates, strict=True):
            if number in self._live and self._is_another(self._live[number], candidate):
                self._end([number])
            track = self._live.setdefault(number, GrowingTrack())
            if track.add(candidate):
                track.picture = candidate.picture
                if sighting.picture is not None:
                    face = scaled(candidate.face, sighting.picture_scale)
                    track.picture = head_and_shoulders(sighting.picture, face)
        last_s = sighting.time_s - self._lost_s
        self._end([n for n, track in self._live.items() if track.faces[-1].time_s < last_s])

    def _is_another(self, track: GrowingTrack, candidate: Candidate) -> bool:
        """Whether the face in the track's place is another person's, as behind a cut that nobody noticed."""
        if track.last is None or likeness(track.last.crop, candidate.crop) >= DOUBTFUL_LIKENESS:
            return False
        before, now = embedded([track.last, candidate], self._embedder)[0]
        return float(1 - cosines(before, now)) > self._card.thresholds["two_people"].value

    def _face_vectors(self, keys: Sequence[FaceKey]) -> FloatArray:
        """Embed the faces that the tracker is in doubt about: (K, D), for keys (step, row) of the last few steps."""
        oldest = self._steps - len(self._recent) + 1
        return embedded([self._recent[step - oldest][row] for step, row in keys], self._embedder)[0]

    def _end(self, numbers: Iterable[int]) -> None:
        """Embed the tracks that get no more faces, and let go of their pictures."""
        for number in sorted(numbers):
            track = self._live.pop(number)
            chosen = track.candidates.chosen()
            self.ended.append(
                EndedTrack(
                    faces=tuple(track.faces),
                    picture=track.picture if isinstance(track.picture, bytes) else track_picture(track.picture),
                    embedded=tuple(c.face for c in chosen),
                    vectors=self._pool.submit(embedded, chosen, self._embedder),
                    clothing=track.candidates.clothing(),
                    drawn=are_drawn([candidate.crop for candidate in chosen], self._card),
                )
            )


def _shots(cuts: Sequence[Cut], video: VideoInfo) -> tuple[Shot, ...]:
    """The shots between the cuts; they cover the video without gaps."""
    frames = [0, *(cut.frame for cut in cuts), video.frames]
    times = [0.0, *(TIME.round(cut.time) for cut in cuts), video.duration_s]
    return tuple(
        Shot(start, end, start_s, end_s)
        for (start, end), (start_s, end_s) in zip(pairwise(frames), pairwise(times), strict=True)
    )
