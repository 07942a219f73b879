"""Faces followed from look to look, and what is said of each averaged over about a second, so that it does not flicker.

A single picture of a face that speaks or blinks is taken for many things; the mean over the looks around it is calmer
and nearer to what people see. The mean reaches as far forward as back, so that it does not come late.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

import numpy as np

from closeup.algorithms.tracking.online import NO_TRACK, Tracker, TrackerOptions
from closeup.core.types import Quality
from closeup.documents.faces import Answer, ClassAnswer, FoundFace, Look, ValueAnswer, VideoSpan

WINDOW_S = 1.0
"""Answers are means over the looks within half of this before and after."""


def follow(looks: Sequence[Look], span: VideoSpan) -> tuple[Look, ...]:
    """Give every face of a video, by its looks in their order, the number of its track; a cut ends all tracks."""
    tracker = Tracker(TrackerOptions.at_rate(span.looks_per_s))
    waiting = list(span.cuts_s)
    followed = []
    for look in looks:
        while waiting and waiting[0] <= look.time_s:
            waiting.pop(0)
            tracker.cut()
        boxes = np.array([face.box_xyxy for face in look.faces], np.float32).reshape(-1, 4)
        numbers = tracker.step(look.time_s, boxes, np.array([face.score for face in look.faces], np.float32))
        assert NO_TRACK not in numbers  # no score is too low here
        faces = (replace(face, track=number + 1) for face, number in zip(look.faces, numbers, strict=True))
        followed.append(replace(look, faces=tuple(faces)))
    return tuple(followed)


def steadied(looks: Sequence[Look]) -> tuple[Look, ...]:
    """Looks, followed and in their order, with each face's quality and answers averaged along its track."""
    tracks: dict[int | None, list[tuple[float, FoundFace]]] = defaultdict(list)
    for look in looks:
        for face in look.faces:
            tracks[face.track].append((look.time_s, face))
    steady = {number: iter(_steadied(seen)) for number, seen in tracks.items()}
    return tuple(replace(look, faces=tuple(next(steady[face.track]) for face in look.faces)) for look in looks)


def _steadied(seen: Sequence[tuple[float, FoundFace]]) -> Iterable[FoundFace]:
    """The faces of one track, each with the means of those around it."""
    times = np.array([time_s for time_s, _ in seen])
    reach = WINDOW_S / 2 + 1e-6  # sums of 0.2 s are not exact
    starts, ends = np.searchsorted(times, times - reach, "left"), np.searchsorted(times, times + reach, "right")
    for (_, face), start, end in zip(seen, starts, ends, strict=True):
        around = [each for _, each in seen[int(start) : int(end)]]
        yield replace(face, quality=_mean_quality(around), answers=_mean_answers(face, around))


def _mean_quality(faces: Sequence[FoundFace]) -> Quality:
    names = [field.name for field in fields(Quality)]
    return Quality(**{name: float(np.mean([getattr(face.quality, name) for face in faces])) for name in names})


def _mean_answers(face: FoundFace, around: Sequence[FoundFace]) -> dict[str, Answer]:
    """Every answer that the face itself has, as the mean of those around it."""
    return {name: mean_answer([each.answers for each in around], name) for name in face.answers}


def mean_answer(answers: Sequence[Mapping[str, Answer]], name: str) -> Answer:
    """The mean of all answers called `name`, of which there is one at least: of probabilities, or of values."""
    known = [each[name] for each in answers if name in each]
    values = [answer for answer in known if isinstance(answer, ValueAnswer)]
    if values:
        return ValueAnswer(float(np.mean([answer.value for answer in values])), values[0].unit)
    tables = [answer.probabilities for answer in known if isinstance(answer, ClassAnswer)]
    means = {kind: float(np.mean([table[kind] for table in tables])) for kind in tables[0]}
    best = max(means, key=means.__getitem__)
    return ClassAnswer(best, means)
