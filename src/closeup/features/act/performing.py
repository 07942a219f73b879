"""From a video to the performance of one person in it.

Who is who is the cast's to say: the person's tracks tell where their face is, and a face that is on nobody's track, or
on another's, is never judged. So of a video that has no cast yet, one is made first, and thrown away.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.timebase import clock
from closeup.core.types import Cast, Face, FloatArray, Image, Person
from closeup.documents.act import BOXES, LEVELS, PROBABILITIES, TIMES, Performance
from closeup.documents.shorts import PersonRef
from closeup.jobs.casts import find_person, find_video, label, open_cast
from closeup.jobs.work import work
from closeup.media.audio import has_sound, sound_blocks
from closeup.media.container import is_video
from closeup.media.image import encode_jpeg
from closeup.media.sampling import Sample, Sampling
from closeup.media.sound_filters import LoudnessMeter
from closeup.media.sources import Frame
from closeup.media.video import open_video
from closeup.perception.classifier import PictureClassifier
from closeup.perception.expression import BATCH, OWN_NAME, SMALLEST_PX, box_crop, expression_model

RATE_HZ = 10.0
"""How often an expression is judged."""

LONGEST_MISS_S = 0.5
"""Between two sightings on one track that are farther apart, the face is not taken to have been there."""

PICTURE_EVERY_S, PICTURE_PX, AROUND = 0.5, 176, 1.5
"""How often a small picture of the face is kept for the report, its side, and that in sides of the face."""

NEARLY = 0.8
"""Somebody who is in view for this part of the time of the one most in view is named, for the choice may be wrong."""

SOUND_HZ = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class ReadPerformance:
    """A performance, and what its report is made from.

    Attributes:
        performance: What is kept.
        path: Where its video is now.
        pictures: JPEGs of the face, by their time in seconds, ascending.
    """

    performance: Performance
    path: Path
    pictures: dict[float, bytes]


def read_performance(given: Path, who: str | None, progress: ProgressCallback, *, side: str) -> ReadPerformance:
    """Read what somebody does with their face in a video.

    Args:
        given: A video, or the cast folder of one.
        who: Id or name of the person; None takes the one who is in view longest.
        progress: Told how far the work is.
        side: "original" or "attempt": which of two this is, for the choice of a person.

    Raises:
        InputError: If there is no such video or cast, it is a picture, nobody is in it, or nobody called `who`.
        ModelError: If the network is not there.
    """
    judge = expression_model()
    cast, path = _cast_of(given, who, progress)
    person, notes = _chosen(cast, who, given, side)
    faces = _Faces(cast, person)
    times: list[float] = []
    boxes: list[FloatArray] = []
    answers: list[FloatArray] = []
    crops: list[Image] = []
    pictures: dict[float, bytes] = {}
    with open_video(path, track=cast.video.track) as reader:
        sampling = Sampling(reader, RATE_HZ)
        for sample in sampling:
            seen = faces.at(sample)
            progress(Progress(f"Watching {path.name}", float(sample.frame.time), reader.duration_hint_s, "s"))
            if seen is None:
                continue
            crop, box, picture = _cut_out(
                judge, sample.frame, seen, wanted=not is_pictured(pictures, sample.frame.time)
            )
            times.append(float(sample.frame.time))
            boxes.append(box)
            crops.append(crop)
            if picture is not None:
                pictures[times[-1]] = picture
            if len(crops) == BATCH:
                answers.append(_probabilities(judge, crops))
        if crops:
            answers.append(_probabilities(judge, crops))
    classes = judge.card.head(OWN_NAME).classes
    if faces.small:
        notes.append(f"At {faces.small} moments the face of {label(person)} was too small to be judged.")
    performance = Performance(
        video=cast.video,
        person=PersonRef(person.id, person.name),
        model=judge.card.name,
        expressions=tuple(classes),
        times_s=TIMES.round(np.array(times, np.float64)),
        probabilities=PROBABILITIES.round(np.concatenate([np.zeros((0, len(classes))), *answers])),
        boxes_xyxy=BOXES.round(np.array(boxes, np.float32).reshape(-1, 4)),
        loudness_lufs=loudness_of(path, progress),
        notes=(*cast.video.notes, *notes),
    )
    return ReadPerformance(performance, path, pictures)


def _cast_of(given: Path, who: str | None, progress: ProgressCallback) -> tuple[Cast, Path]:
    """The cast of a video, made now where a video was given, and where the video is.

    Who is asked for may be small beside others; who is most in view is not.
    """
    if given.is_dir():
        cast = open_cast(given)
        return cast, find_video(cast, given, None, progress)
    if given.is_file() and not is_video(given):
        raise InputError(f"{given} is not a video that can be read.", "A performance is read from a video.")
    found: Cast = work("cast.find")(video=given, leads_only=who is None, progress=progress)
    if found.video.frames < 2:
        raise InputError(f"{given} is a single picture.", "A performance is read from a video.")
    return found, given


def _chosen(cast: Cast, who: str | None, given: Path, side: str) -> tuple[Person, list[str]]:
    """Whose performance it is, and what there is to say about the choice."""
    people = cast.people or cast.passers_by
    if not people:
        raise InputError(f"Nobody's face is to be seen in {given}.", "Take a video that shows a face, near and lit.")
    if who is not None:
        return find_person(cast, who, given), []
    first = max(people, key=lambda person: person.screen_time_s)
    others = [p for p in people if p is not first and p.screen_time_s >= NEARLY * first.screen_time_s]
    if not others:
        return first, []
    seen = f"{label(first)} is in view for {clock(first.screen_time_s)} of {given.name}, and is taken"
    also = ", ".join(f"{label(p)} for {clock(p.screen_time_s)}" for p in others[:3])
    return first, [f"{seen}; {also}. If the {side} is somebody else, name them."]


class _Faces:
    """Where one person's face is at any time, by their tracks; asked in the order of time.

    Attributes:
        small: How many moments were left out because the face was too small.
    """

    def __init__(self, cast: Cast, person: Person) -> None:
        own = set(person.tracks)
        self._tracks = sorted((t for t in cast.tracks if t.id in own), key=lambda t: t.start_frame)
        self._times = [[face.time_s for face in track.faces] for track in self._tracks]
        self.small = 0

    def at(self, sample: Sample) -> tuple[FloatArray, FloatArray] | None:
        """Box (4,) and landmarks (5, 2) in a frame, in its pixels; None where the face is not seen, or too small.

        Between two sightings it is on the line from one to the other: of a fifth of a second.
        """
        frame, time_s = sample.frame, float(sample.frame.time)
        for track, times in zip(self._tracks, self._times, strict=True):
            if track.start_frame <= frame.index < track.end_frame:
                found = _between(track.faces, times, time_s)
                if found is None:
                    continue
                if min(found[0][2:] - found[0][:2]) < SMALLEST_PX:
                    self.small += 1
                    return None
                return found
        return None


def _between(faces: Sequence[Face], times: list[float], time_s: float) -> tuple[FloatArray, FloatArray] | None:
    """Box (4,) and landmarks (5, 2) at a time of a track, from the sightings around it."""
    after = min(bisect_left(times, time_s), len(faces) - 1)
    before = after if times[after] <= time_s else max(after - 1, 0)
    first, second = faces[before], faces[after]
    apart = times[after] - times[before]
    off = max(times[before] - time_s, time_s - times[after], 0.0)
    if apart > LONGEST_MISS_S or off > LONGEST_MISS_S / 2:
        return None
    part = np.float32((time_s - times[before]) / apart) if apart > 0 else np.float32(0)
    part = np.float32(np.clip(part, 0, 1))
    return (
        (1 - part) * first.box_xyxy + part * second.box_xyxy,
        (1 - part) * first.landmarks_xy + part * second.landmarks_xy,
    )


def _cut_out(
    judge: PictureClassifier, frame: Frame, seen: tuple[FloatArray, FloatArray], *, wanted: bool
) -> tuple[Image, FloatArray, bytes | None]:
    """What the network sees of a face (S, S, 3), its box (4,) in the frame, and a small JPEG where one is wanted."""
    box, points = seen
    picture = frame.rgb()
    return judge.crop(picture, points, box), box, face_picture(picture, box) if wanted else None


def face_picture(picture: Image, box_xyxy: FloatArray) -> bytes:
    """A small JPEG of a face with box (4,), from an RGB picture (H, W, 3)."""
    return encode_jpeg(box_crop(picture, box_xyxy, PICTURE_PX, AROUND), 80)


def is_pictured(pictures: dict[float, bytes], time: Fraction) -> bool:
    """Whether the last picture that was kept is near enough."""
    return bool(pictures) and float(time) - next(reversed(pictures)) < PICTURE_EVERY_S - 1e-6


def _probabilities(judge: PictureClassifier, crops: list[Image]) -> FloatArray:
    """What the network says of crops, (N, 7); empties the list."""
    said = judge.answers(np.stack(crops))[OWN_NAME]
    crops.clear()
    return np.clip(said, 0, 1)


def loudness_of(path: Path, progress: ProgressCallback) -> NDArray[np.float64]:
    """How loud each tenth of a second is, (T,) LUFS; none where there is no sound."""
    if not has_sound(path):
        return np.zeros(0)
    meter = LoudnessMeter(SOUND_HZ)
    for number, block in enumerate(_heard(path)):
        meter.step(block)
        progress(Progress(f"Hearing {path.name}", float(number), None, "s"))
    return LEVELS.round(meter.finish()[0].astype(np.float64))


def _heard(path: Path) -> Iterator[FloatArray]:
    yield from sound_blocks(path, SOUND_HZ)
