"""A long video in shards: each is decoded and looked at by itself, anywhere, and followed where all come together.

What a single pass does for a frame alone is done in the shard: decoding, how much it differs from the frame before,
faces, their quality, crops and clothing. What hangs on other frames (cuts, tracks, who is who) is done once, in order,
over what the shards have kept. So the result is that of the single pass, byte for byte. A shard begins at a key frame,
and ends with a look at the first frame of the next one: two decoders have to agree on it to the last bit.

A finished shard is a file. Whoever does the work again, after a crash or an interruption, begins with those that miss.
"""

import shutil
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from closeup import __version__
from closeup.core.boxes import fitted
from closeup.core.errors import FormatError, InputError, ModelError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import made_folder
from closeup.core.timebase import Sampler
from closeup.core.types import Face, Image, Quality
from closeup.core.whole import part_prefix, write_whole
from closeup.documents.npz import npz_bytes, read_npz
from closeup.features.cast.candidates import Candidate
from closeup.features.cast.looking import Sighting, look, scaled, small_picture
from closeup.features.cast.options import CastOptions
from closeup.features.cast.portraits import head_and_shoulders, track_picture
from closeup.jobs.arguments import encode_arguments
from closeup.jobs.spread import Spread, checked
from closeup.media.excerpt import steady_frames
from closeup.media.frame_times import FrameTimes, steady_times
from closeup.media.video import DecodedFrame, VideoReader
from closeup.perception.analyzer import Analyzer
from closeup.perception.clothing import DIM as CLOTHING_DIM
from closeup.perception.cuts import CutDetector
from closeup.perception.registry import cast_models

SHARD_S = 60.0
"""A shard lasts about so long: a minute of work at most, and a few megabytes of its faces."""

_SUFFIX = ".steps"

WAITING = 8
"""So many frames of a shard wait to be looked at while it is decoded on."""

_PLAN = {"ticks": "<i8", "clock": "<U", "canvas_wh": "<i8", "bytes": "<i8"}
_SHARD = {
    "change": "<f8",
    "small": "|u1",
    "seam": "<i8",
    "sample": "<i8",
    "shown": "|u1",
    "shown_bytes": "<i8",
    "faces": "<i8",
    "box": "<f4",
    "landmarks": "<f4",
    "score": "<f8",
    "quality": "<f8",
    "crop": "|u1",
    "clothing": "<f4",
    "picture": "|u1",
    "picture_bytes": "<i8",
}


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A frame that a shard has looked at: its numbers for the search for cuts, and what was seen if it was sampled.

    Attributes:
        small: The picture in a few pixels, (18, 32, 3), as `CutDetector.measure` gives it.
        shown: JPEG bytes of a small picture for the report; of a sampled frame.
    """

    index: int
    time: Fraction
    size_wh: tuple[int, int]
    small: Image
    sighting: Sighting | None = None
    shown: bytes = b""

    def rgb(self, size_wh: tuple[int, int] | None = None) -> Image:
        """The picture in a few pixels, (18, 32, 3), RGB uint8, whatever size is asked for: there is no other."""
        return self.small


class StoredCuts(CutDetector):
    """The search for cuts over frames that were measured in shards."""

    def __init__(self, fps: Fraction) -> None:
        super().__init__(fps)
        self.changes: deque[float] = deque()

    def step(self, index: int, image: Image) -> list[int]:
        """Take the next frame by its small picture (18, 32, 3); how much it differs was put into `changes` before."""
        return self.judge(index, self.changes.popleft(), image)


class Shards:
    """A video's shards and the folder of those that are finished.

    Attributes:
        bounds: Frames at which shards begin, and the end of the last one.
        times: Of all frames.
    """

    def __init__(
        self, video: Path, home: Path, times: FrameTimes, bounds: Sequence[int], options: CastOptions, models: str
    ) -> None:
        """Plan the shards of `video`, to be kept in the folder `home`."""
        self.times, self.bounds = times, tuple(bounds)
        self._video, self._home, self._options, self._models = video, home, options, models

    def read(self, spread: Spread, cuts: StoredCuts, progress: ProgressCallback) -> Generator[StoredFrame, None, None]:
        """Have the shards that miss looked at, and give the frames of all, in order, `cuts` with what it wants.

        Raises:
            InputError: With the code "video.odd" where the video cannot be read in shards after all.
            OutputError: If the folder cannot be written.
        """
        with made_folder(self._home):
            write_whole(self._home / "plan.npz", _plan_bytes(self.times, self._video))
            todo = [number for number in range(len(self.bounds) - 1) if self._open(number) is None]
            calls = [self._call(number, spread.threads) for number in todo]
            spent_s = self.times.end_s * (1 - len(todo) / (len(self.bounds) - 1))

            def report(told: Progress) -> None:
                part = told.done / (told.total or 1)
                done_s = spent_s + part * (self.times.end_s - spent_s)
                progress(Progress("Finding faces", done_s, self.times.end_s, "s"))

            seam = None
            with closing(spread.run("cast.look", calls, report)) as answers:
                for number in range(len(self.bounds) - 1):
                    if number in todo:
                        checked(next(answers))
                    stored = self._open(number)
                    if stored is None:
                        raise _not_shared(f"{self._file(number)} is not there, though it was written.")
                    first, following = stored["seam"].tolist()
                    if seam not in (None, first):
                        raise InputError(f"{self._video} decodes differently from its key frames.", code="video.odd")
                    seam = following
                    yield from self._frames(number, stored, cuts)

    def _call(self, number: int, threads: int) -> Mapping[str, Any]:
        start, end = self.bounds[number : number + 2]
        places = {"video": self._video, "plan": self._home / "plan.npz", "output": self._file(number)}
        how = {"options": self._options, "models": self._models, "threads": threads}
        return encode_arguments("cast.look", **places, start=start, end=end, **how)

    def _file(self, number: int) -> Path:
        return self._home / f"{self.bounds[number]}-{self.bounds[number + 1]}.npz"

    def _open(self, number: int) -> dict[str, NDArray[Any]] | None:
        """A finished shard; None where there is none, or a disk has damaged it."""
        try:
            return read_npz(self._file(number).read_bytes(), _SHARD)
        except (FileNotFoundError, FormatError):
            return None

    def _frames(self, number: int, stored: Mapping[str, NDArray[Any]], cuts: StoredCuts) -> Iterator[StoredFrame]:
        start = self.bounds[number]
        size_wh = self.times.canvas_wh or (0, 0)
        sampled = {int(frame): row for row, frame in enumerate(stored["sample"])}
        last_of = np.cumsum(stored["faces"])
        shown = _split(stored["shown"], stored["shown_bytes"])
        pictures = _split(stored["picture"], stored["picture_bytes"])
        cuts.changes.extend(stored["change"][min(number, 1) :].tolist())  # of the first frame the shard before tells
        for place, small in enumerate(stored["small"]):
            index = start + place
            time, row = self.times.start(index), sampled.get(index)
            if row is None:
                yield StoredFrame(index, time, size_wh, small)
                continue
            rows = range(int(last_of[row] - stored["faces"][row]), int(last_of[row]))
            seen = tuple(_candidate(stored, each, index, float(time), pictures[each]) for each in rows)
            yield StoredFrame(index, time, size_wh, small, Sighting(index, float(time), seen, None, 1.0), shown[row])


def plan_shards(
    reader: VideoReader, digest: str, folder: Path, options: CastOptions, analyzer: Analyzer
) -> Shards | None:
    """How an open video is cut into shards, kept beside the result `folder`; None where it is short, or odd.

    The folder of the shards has a name of its own for every file, choice of options and models, and closeup.

    Args:
        digest: SHA-256 of the file.
        analyzer: Which models look at it.
    """
    found = steady_times(reader.path, options.video_track or None)
    if found is None:
        return None
    times, keys = found
    times = FrameTimes(
        times.ticks, times.end_tick, times.tick, times.origin, track=reader.track, canvas_wh=reader.size_wh
    )
    bounds = [0]
    for key in keys:
        if times.start(key) - times.start(bounds[-1]) >= SHARD_S and times.end - times.start(key) >= SHARD_S / 2:
            bounds.append(key)
    if len(bounds) == 1 or keys[0] != 0:
        return None
    models = _names(analyzer)
    name = sha256(f"{__version__} {digest} {options} {models} {SHARD_S}".encode()).hexdigest()[:16]
    place = folder.parent / f"{part_prefix(folder)}{name}{_SUFFIX}"
    return Shards(reader.path, place, times, (*bounds, times.count), options, models)


def _names(analyzer: Analyzer) -> str:
    """The models that faces are found and cut out by."""
    return f"{analyzer.detector_card.name}, {analyzer.embedder_card.name}"


def remove_shards(folder: Path) -> None:
    """Remove the finished shards that were kept beside a result folder, which is there now."""
    for place in folder.parent.iterdir():
        if place.name.startswith(part_prefix(folder)) and place.suffix == _SUFFIX:
            shutil.rmtree(place, ignore_errors=True)


def look_at_shard(
    video: Path,
    plan: Path,
    output: Path,
    *,
    start: int,
    end: int,
    options: CastOptions | None = None,
    models: str = "",
    threads: int = 1,
    progress: ProgressCallback = ignore,
) -> None:
    """Look at the frames [start, end) of a video, and write what a single pass would have known of each by itself.

    Args:
        video: The video, the very one that was planned.
        plan: When its frames are shown, as `Shards` has written it.
        output: The file to write.
        start: A key frame.
        options: As of the cast.
        models: The models that the other shards are looked at with, where that matters.
        threads: How many look at frames beside the one that decodes.

    Raises:
        ModelError: If the models here are others.
        InputError: If it is not the video that was planned; with the code "video.odd" if this part of it has to be
            read from the video's start.
        OutputError: If the file cannot be written.
    """
    options = options or CastOptions()
    times = _planned_times(plan, video)
    analyzer = _same_models(_analyzer(options.models), models)
    sampler, cuts = Sampler(options.detect_fps), CutDetector(Fraction(25))  # its rate does not matter to measuring
    if start:
        sampler.wants(times.start(start - 1))
    changes, smalls, seams = list[float](), list[Image](), [0, 0]
    waiting: deque[Future[_Looked]] = deque()
    looked: list[_Looked] = []
    past_end = end < times.count
    start_s, lasts_s = float(times.start(start)), float(times.start(end) - times.start(start))
    with ThreadPoolExecutor(threads, thread_name_prefix="closeup-look") as pool:
        for frame in steady_frames(video, times, start, end + past_end):
            picture = frame.rgb(fitted(frame.size_wh, cuts.look_px))
            change, small = cuts.measure(picture)
            changes.append(change)
            if frame.index in (start, end):
                seams[frame.index == end] = crc32(picture.tobytes())
            if frame.index == end:
                break
            smalls.append(small)
            if sampler.wants(frame.time):
                waiting.append(pool.submit(_looked, analyzer, frame, with_clothing=options.clothing))
                progress(Progress("Finding faces", float(frame.time) - start_s, lasts_s, "s"))
            while len(waiting) > WAITING:
                looked.append(waiting.popleft().result())
        looked.extend(each.result() for each in waiting)
    write_whole(output, _shard_bytes(changes, smalls, seams, looked))


_Looked = tuple[Sighting, bytes, tuple[bytes, ...]]
"""What was seen in a sampled frame, a small picture of it, and that of each of its faces, should it be its track's."""


def _looked(analyzer: Analyzer, frame: DecodedFrame, *, with_clothing: bool) -> _Looked:
    seen = look(analyzer, frame, with_clothing=with_clothing)
    picture = partial(head_and_shoulders, seen.picture) if seen.picture is not None else None
    pictures = [track_picture(picture(scaled(each.face, seen.picture_scale))) for each in seen.candidates if picture]
    kept = Sighting(seen.frame, seen.time_s, seen.candidates, None, seen.picture_scale)  # without the large picture
    return kept, small_picture(frame), tuple(pictures)


@cache
def _analyzer(models: str) -> Analyzer:
    """Models are loaded once in a process, however many shards it looks at."""
    return Analyzer(cast_models(models))


def _same_models(analyzer: Analyzer, models: str) -> Analyzer:
    """The analyzer, if it has the models of these names, or "" is given."""
    if models not in ("", _names(analyzer)):
        problem = f"The models where the work is done are {_names(analyzer)}, and here {models}."
        raise ModelError(problem, "Have the same models on all machines.", code="cluster.models")
    return analyzer


def _shard_bytes(
    changes: Sequence[float],
    smalls: Sequence[Image],
    seams: Sequence[int],
    looked: Sequence[_Looked],
) -> bytes:
    candidates = [each for seen, _, _ in looked for each in seen.candidates]
    faces, count = [each.face for each in candidates], len(candidates)
    unknown = np.full(CLOTHING_DIM, np.nan, np.float32)
    clothing = [unknown if each.clothing is None else each.clothing for each in candidates]
    quality = [[getattr(face.quality, part.name) for part in fields(Quality)] for face in faces]
    crops = [each.crop for each in candidates] or np.empty((0, 1, 1, 3), np.uint8)
    shown, pictures = [small for _, small, _ in looked], [each for _, _, some in looked for each in some]
    arrays = {
        "change": changes,
        "small": smalls,
        "seam": seams,
        "sample": [seen.frame for seen, _, _ in looked],
        "shown": np.frombuffer(b"".join(shown), np.uint8),
        "shown_bytes": [len(each) for each in shown],
        "faces": [len(seen.candidates) for seen, _, _ in looked],
        "box": np.array([face.box_xyxy for face in faces], np.float32).reshape(count, 4),
        "landmarks": np.array([face.landmarks_xy for face in faces], np.float32).reshape(count, 5, 2),
        "score": [face.score for face in faces],
        "quality": np.array(quality, np.float64).reshape(count, len(fields(Quality))),
        "crop": np.array(crops, np.uint8),
        "clothing": np.array(clothing, np.float32).reshape(count, CLOTHING_DIM),
        "picture": np.frombuffer(b"".join(pictures), np.uint8),
        "picture_bytes": [len(each) for each in pictures],
    }
    return npz_bytes({name: np.asarray(value, _SHARD[name]) for name, value in arrays.items()})


def _candidate(stored: Mapping[str, NDArray[Any]], row: int, frame: int, time_s: float, picture: bytes) -> Candidate:
    quality = Quality(*stored["quality"][row].tolist())
    box, landmarks = stored["box"][row], stored["landmarks"][row]
    face = Face(frame, time_s, box, landmarks, float(stored["score"][row]), quality)
    clothing = stored["clothing"][row]
    return Candidate(face, stored["crop"][row], None if np.isnan(clothing).all() else clothing, picture=picture)


def _split(content: NDArray[np.uint8], lengths: NDArray[np.int64]) -> list[bytes]:
    ends = np.cumsum(lengths).tolist()
    return [content[end - length : end].tobytes() for end, length in zip(ends, lengths.tolist(), strict=True)]


def _plan_bytes(times: FrameTimes, video: Path) -> bytes:
    return npz_bytes(
        {
            "ticks": np.array([*times.ticks, times.end_tick], np.int64),
            "clock": np.array([str(times.tick), str(times.origin), str(times.track or "")]),
            "canvas_wh": np.array(times.canvas_wh, np.int64),
            "bytes": np.array(video.stat().st_size, np.int64),
        }
    )


def _planned_times(plan: Path, video: Path) -> FrameTimes:
    """When the frames of a video are shown, by its plan."""
    try:
        content, size = plan.read_bytes(), video.stat().st_size
    except OSError as error:
        raise _not_shared(f"{error.filename} is not to be seen where the work is done: {error.strerror}.") from error
    known = read_npz(content, _PLAN)
    if size != int(known["bytes"]):
        raise InputError(f"{video} is not the file that was planned.", code="video.changed", path=video)
    *ticks, end_tick = known["ticks"].tolist()
    tick, origin, track = known["clock"].tolist()
    width, height = known["canvas_wh"].tolist()
    return FrameTimes(
        tuple(ticks),
        end_tick,
        Fraction(tick),
        Fraction(origin),
        track=int(track) if track else None,
        canvas_wh=(width, height),
    )


def _not_shared(problem: str) -> InputError:
    return InputError(problem, "All machines have to see the same folders, at the same places.", code="cluster.folder")
