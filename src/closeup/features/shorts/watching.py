"""One pass over the pictures of a video: frame times of all frames; movement, looks and expressions ten times a second.

Every frame is decoded, and most are only asked when they start. What is kept grows with the length by a few
hundred bytes a moment, whatever the size of the pictures.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import fitted
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.types import Cast, Face, FloatArray, Image, Track
from closeup.media.frame_times import FrameTimes
from closeup.media.sampling import Sampling
from closeup.media.sources import Frame
from closeup.media.video import open_video
from closeup.perception import looks
from closeup.perception.expression import BATCH, SMALLEST_PX, ExpressionJudge
from closeup.perception.movement import PICTURE_PX, Movement, MovementMeter

GRID_HZ = 10
"""Moments a second; moment i is the time from i / 10 to (i + 1) / 10 s."""


def grid(duration_s: float) -> NDArray[np.float64]:
    """The middles of all moments of a video of `duration_s` seconds: (T,), T at least 1."""
    count = max(1, int(np.ceil(round(duration_s * GRID_HZ, 6))))
    return (np.arange(count) + 0.5) / GRID_HZ


STAGE = "Watching"

EXPRESSION_EVERY_S = 0.35
"""An expression lasts half a second to four (Ekman: Emotions Revealed, 2003), and faces come five times a second: every
second one is judged."""

_FACE_PX = 112
"""Faces are cut from a picture in which they are at least about this high, if the video has them so."""

_LONGEST_STEP_S = 0.5
"""Pictures further apart than this are not compared: what moved between them is anybody's guess."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen, at T moments.

    Attributes:
        frame_times: When each frame starts.
        person_speed: Shape (T,), float32: movement of the person in picture heights a second; NaN where not seen.
        overall_speed: Shape (T,), float32: of all of the picture; NaN where there is nothing to compare with.
        looks: Shape (T, D), float32: what the picture looks like, of length 1.
        judged_s: Shape (N,), float64: times of the faces of the person whose expression was judged, ascending.
        strengths: Shape (N,), float32, 0 to 1: how strong it was.
    """

    frame_times: FrameTimes
    person_speed: FloatArray
    overall_speed: FloatArray
    looks: FloatArray
    judged_s: NDArray[np.float64]
    strengths: FloatArray


def watch(path: Path, cast: Cast, person: str, judge: ExpressionJudge | None, progress: ProgressCallback) -> Watched:
    """See all of the video at `path`, and a person of its cast in it.

    Args:
        path: The video that the cast was made from.
        cast: Where its cuts are, and where the person is.
        person: Their id.
        judge: Of expressions; None leaves them out.

    Raises:
        InputError: If it is not a video that can be read.
    """
    video = cast.video
    with open_video(path, track=video.track) as reader:
        if reader.size_wh != (video.width, video.height):
            measured, now = (f"{width}x{height}" for width, height in ((video.width, video.height), reader.size_wh))
            raise InputError(
                f"The cast measured its video as {measured}, which an older closeup did; it is shown as {now}.",
                "Make the cast again.",
            )
        watcher = _Watcher(cast, person, reader.size_wh, judge)
        for sample in Sampling(reader, GRID_HZ, on_frame=watcher.pass_by):
            watcher.look(sample.frame)
            progress(Progress(STAGE, float(sample.frame.time), cast.video.duration_s, "s"))
        frame_times = FrameTimes.read(watcher.starts, reader)
    return watcher.result(frame_times)


class _Watcher:
    """What has been seen so far."""

    def __init__(self, cast: Cast, person: str, size_wh: tuple[int, int], judge: ExpressionJudge | None) -> None:
        own = sorted((track for track in cast.tracks if track.person == person), key=lambda track: track.start_s)
        self._coming = deque(_FacePath(track) for track in own)
        self._running: list[_FacePath] = []
        self._cut_frames = [shot.start_frame for shot in cast.shots]
        self._small_wh = fitted(size_wh, PICTURE_PX)
        self._scale = self._small_wh[0] / size_wh[0]
        self._meter = MovementMeter()
        self._last: tuple[int, Fraction] = (-1, Fraction(0))
        self._moments: list[Moment] = []
        self._faces = _FaceJudge(judge, due_faces(own))
        self.starts: list[Fraction] = []

    def pass_by(self, frame: Frame) -> None:
        """Note when a frame starts, and judge the expressions of the person's faces that are due in it."""
        self.starts.append(frame.time)
        self._faces.see(frame)

    def look(self, frame: Frame) -> None:
        """Take in a frame for its moment."""
        image = frame.rgb(self._small_wh)
        shot = bisect_right(self._cut_frames, frame.index)
        before_shot, before = self._last
        self._last = (shot, frame.time)
        passed_s = float(frame.time - before)
        if shot != before_shot or passed_s > _LONGEST_STEP_S:
            self._meter.restart()
        movement = self._meter.step(image, passed_s or 1.0, self._face_at(float(frame.time)))
        index = int(frame.time * GRID_HZ)
        self._moments.append(Moment(index, shot, movement, looks.describe(image)))

    def result(self, frame_times: FrameTimes) -> Watched:
        """All that was seen."""
        count = len(grid(frame_times.end_s))
        person, everything, descriptors = spread_out(self._moments, count)
        return Watched(frame_times, person, everything, descriptors, *self._faces.results())

    def _face_at(self, time_s: float) -> FloatArray | None:
        """Where the person's face is, xyxy (4,) in pixels of the small picture; the largest where there are several.

        Times have to ascend from call to call.
        """
        while self._coming and self._coming[0].track.start_s <= time_s:
            self._running.append(self._coming.popleft())
        self._running = [path for path in self._running if time_s < path.track.end_s]
        if not self._running:
            return None
        boxes = [path.at(time_s) for path in self._running]
        return max(boxes, key=lambda box: float(box[3] - box[1])) * np.float32(self._scale)


class _FacePath:
    """Where the face of a track is between its samples."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self._times_s = [face.time_s for face in track.faces]
        self._boxes = np.stack([face.box_xyxy for face in track.faces])

    def at(self, time_s: float) -> FloatArray:
        """The box (4,) at a time in seconds at which the track runs, in pixels of the video's frame."""
        return np.array([np.interp(time_s, self._times_s, side) for side in self._boxes.T], np.float32)


@dataclass(frozen=True, slots=True)
class Moment:
    """What one sampled frame showed.

    Attributes:
        index: Of the moment that it begins in.
        shot: Number of its shot.
        movement: Since the sample before; None where that one was in another shot, or too long ago.
        look: Shape (D,), of length 1.
    """

    index: int
    shot: int
    movement: Movement | None
    look: FloatArray


def spread_out(moments: Iterable[Moment], count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """From samples to curves of `count` moments: speed of the person (T,), of everything (T,), and looks (T, D).

    A picture stays until the next one. The first picture of a shot has nothing to be compared with and takes the
    movement of the second; a shot of one picture has none (NaN).
    """
    samples = list(moments)
    person = [_speed(sample.movement, "person") for sample in samples]
    everything = [_speed(sample.movement, "everything") for sample in samples]
    for here in range(len(samples) - 2, -1, -1):
        after = here + 1
        if samples[here].movement is None and samples[after].shot == samples[here].shot:
            person[here], everything[here] = person[after], everything[after]
    showing = np.searchsorted([sample.index for sample in samples], np.arange(count), side="right") - 1
    showing = np.maximum(showing, 0)
    descriptors = np.stack([sample.look for sample in samples])
    return np.array(person, np.float32)[showing], np.array(everything, np.float32)[showing], descriptors[showing]


def _speed(movement: Movement | None, name: str) -> float:
    value = None if movement is None else getattr(movement, name)
    return float("nan") if value is None else float(value)


def due_faces(tracks: Iterable[Track]) -> dict[int, list[Face]]:
    """Frame to the faces in it whose expression is to be judged: large enough, and some time apart in each track."""
    due: dict[int, list[Face]] = {}
    for track in tracks:
        last_s = -np.inf
        for face in track.faces:
            sides = face.box_xyxy[2:] - face.box_xyxy[:2]
            if float(sides.min()) >= SMALLEST_PX and face.time_s - last_s >= EXPRESSION_EVERY_S:
                due.setdefault(face.frame, []).append(face)
                last_s = face.time_s
    return due


class _FaceJudge:
    """Cuts out the faces that are due, and judges a number of them at once."""

    def __init__(self, judge: ExpressionJudge | None, due: dict[int, list[Face]]) -> None:
        self._judge = judge
        self._due = due if judge else {}
        self._waiting: list[Image] = []
        self._times_s: list[float] = []
        self._strengths: list[FloatArray] = []

    def see(self, frame: Frame) -> None:
        """Cut out the faces that are due in a frame."""
        for face in self._due.get(frame.index, ()):
            assert self._judge is not None
            # Halved as often as the face stays large enough: few sizes, so that scalers can be kept.
            side = float((face.box_xyxy[2:] - face.box_xyxy[:2]).max())
            factor = 1.0
            while side * factor >= 2 * _FACE_PX:
                factor /= 2
            size_wh = max(1, round(frame.size_wh[0] * factor)), max(1, round(frame.size_wh[1] * factor))
            box, landmarks = (places * np.float32(factor) for places in (face.box_xyxy, face.landmarks_xy))
            self._waiting.append(self._judge.crop(frame.rgb(size_wh), box, landmarks))
            self._times_s.append(face.time_s)
        if len(self._waiting) >= BATCH:
            self._judge_waiting()

    def results(self) -> tuple[NDArray[np.float64], FloatArray]:
        """Times of the judged faces (N,) in seconds, ascending, and the strength of each (N,)."""
        self._judge_waiting()
        order = np.argsort(self._times_s, kind="stable")
        strengths = np.concatenate([np.zeros(0, np.float32), *self._strengths])
        return np.array(self._times_s, np.float64)[order], strengths[order]

    def _judge_waiting(self) -> None:
        if self._judge is not None and self._waiting:
            self._strengths.append(self._judge.strengths(np.stack(self._waiting)))
            self._waiting.clear()
