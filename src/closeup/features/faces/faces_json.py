"""What is found of faces as JSON and back, by a reader that trusts nothing (docs/concepts/faces.md).

A photo is one document. A video is JSON Lines: a first line about the video, then one for each look. The schema beside
this file, faces.schema.json, says the form of all three for other programs; the reader checks more than a schema can.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.cast_json import FAR, round_pixels, round_score, round_time
from closeup.core.errors import FormatError
from closeup.core.strict_json import Node, check_version, file_bytes, parse
from closeup.core.types import Quality
from closeup.features.faces.found import MODELS, FoundFace, FoundFaces, Look, VideoSpan
from closeup.perception.classifier import Answer, ClassAnswer, ValueAnswer

SCHEMA_VERSION = 1
"""The version of the form that this closeup writes, and the only one that it reads."""

_ANSWERS = tuple(name for names in MODELS.values() for name in names)
_HEAD = ("schema_version", "source", "width", "height", "models", "absent", "notes")
_PHOTO = (*_HEAD, "faces")
_VIDEO = (*_HEAD, "duration_s", "looks_per_s", "cuts_s", "looks")
_LOOK = ("frame", "time_s", "faces")
_FACE = ("track", "box", "landmarks", "score", "quality", "answers")
_QUALITY = tuple(field.name for field in fields(Quality))


def faces_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a photo's document, and of every line of a video's."""
    text = resources.files("closeup.features.faces").joinpath("faces.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def encode_faces(found: FoundFaces) -> bytes:
    """Write what was found: a photo as one line, a video as several; the same input gives the same bytes.

    Raises:
        FormatError: If it could not be read back: a number is not finite, or its parts do not fit together.
    """
    try:
        lines = [json.dumps(line, ensure_ascii=False, allow_nan=False) for line in faces_to_json(found)]
    except ValueError as error:
        raise FormatError(f"What was found of {found.source or 'a picture'} holds a number that is none.") from error
    content = "".join(f"{line}\n" for line in lines).encode()
    decode_faces(content, "What was found")
    return content


def faces_to_json(found: FoundFaces) -> Iterable[dict[str, Any]]:
    """A photo's document, or the lines of a video's, as JSON values.

    Boxes are rounded to 0.01 pixel, times to a microsecond, scores and probabilities to four digits.
    """
    head = {
        "schema_version": SCHEMA_VERSION,
        # A file name that is not UTF-8 reaches Python with stand-ins that no UTF-8 file can hold.
        "source": found.source.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "width": found.size_wh[0],
        "height": found.size_wh[1],
        "models": dict(sorted(found.models.items())),
        "absent": dict(sorted(found.absent.items())),
        "notes": list(found.notes),
    }
    if found.video is None:
        yield {**head, "faces": [_face_to_json(face) for face in found.faces]}
        return
    yield {
        **head,
        "duration_s": round_time(found.video.duration_s),
        "looks_per_s": round_time(found.video.looks_per_s),
        "cuts_s": [round_time(time_s) for time_s in found.video.cuts_s],
        "looks": len(found.looks),
    }
    for look in found.looks:
        faces = [_face_to_json(face) for face in look.faces]
        yield {"frame": look.frame, "time_s": round_time(look.time_s), "faces": faces}


def _face_to_json(face: FoundFace) -> dict[str, Any]:
    return {
        "track": face.track,
        "box": round_pixels(face.box_xyxy),
        "landmarks": [round_pixels(point) for point in face.landmarks_xy],
        "score": round_score(face.score),
        "quality": {part: round_score(value) for part, value in asdict(face.quality).items()},
        "answers": {name: _answer_to_json(face.answers[name]) for name in _ANSWERS if name in face.answers},
    }


def _answer_to_json(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, ValueAnswer):
        return {"value": round(answer.value, 2) + 0.0, "unit": answer.unit}
    rounded = {name: round_score(value) for name, value in answer.probabilities.items()}
    return {"class": answer.name, "probabilities": rounded}


def read_faces(path: Path) -> FoundFaces:
    """Read what `closeup faces` wrote of a photo (.json) or a video (.jsonl).

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it does not hold what it must; the message says where.
    """
    return decode_faces(file_bytes(path), str(path))


def decode_faces(content: bytes, name: str) -> FoundFaces:
    """Read the bytes of such a file, called `name` in complaints.

    Raises:
        FormatError: If they do not hold what they must; the message says where.
    """
    lines = content.removesuffix(b"\n").split(b"\n")
    with _told_at(f"{name}, line 1" if len(lines) > 1 else name):
        head = parse(lines[0], "The line")
        check_version(head, SCHEMA_VERSION)
        if "faces" in head.members():
            if len(lines) > 1:
                raise FormatError("A photo has one line only.")
            return _read_photo(head)
        found, count = _read_video(head)
    looks = []
    for number, line in enumerate(lines[1:], 2):
        with _told_at(f"{name}, line {number}"):
            looks.append(_read_look(parse(line, "The line")))
    with _told_at(name):
        return _joined(found, looks, count)


@contextmanager
def _told_at(place: str) -> Iterator[None]:
    """Begin complaints with their place, and end them with what to do."""
    try:
        yield
    except FormatError as error:
        raise error.within(place, "Make it anew.", code="faces.damaged") from error


def _read_photo(node: Node) -> FoundFaces:
    members = node.fields(_PHOTO)
    faces = tuple(_read_face(face, tracked=False) for face in members["faces"].items())
    return FoundFaces(**_read_head(members), looks=(Look(0, 0.0, faces),))


def _read_video(node: Node) -> tuple[FoundFaces, int]:
    """What the first line says of a video, and how many looks follow."""
    members = node.fields(_VIDEO)
    duration_s = members["duration_s"].number(low=0)
    cuts_s = tuple(cut.number(0, duration_s) for cut in members["cuts_s"].items())
    if any(after <= before for before, after in pairwise(cuts_s)):
        members["cuts_s"].fail("times that ascend")
    span = VideoSpan(duration_s, members["looks_per_s"].number(1e-6, 1e6), cuts_s)
    return FoundFaces(**_read_head(members), looks=(), video=span), members["looks"].integer(low=0)


def _joined(found: FoundFaces, looks: list[Look], count: int) -> FoundFaces:
    if len(looks) != count:
        raise FormatError(f"It tells of {count} looks, and {len(looks)} follow: the file is not whole.")
    for before, after in pairwise(looks):
        if after.frame <= before.frame or after.time_s <= before.time_s:
            raise FormatError(f"The look at frame {after.frame} comes after that at frame {before.frame}.")
    return FoundFaces(found.source, found.size_wh, found.models, found.absent, tuple(looks), found.video, found.notes)


def _read_head(members: Mapping[str, Node]) -> dict[str, Any]:
    models, absent = (_read_texts(members[name]) for name in ("models", "absent"))
    if "detector" not in models or set(models) - {"detector"} - set(MODELS):
        members["models"].fail(f"an object with detector, and of {', '.join(MODELS)} those that are there")
    if set(absent) != set(MODELS) - set(models):
        members["absent"].fail(f"an object with those of {', '.join(MODELS)} that models does not name")
    return {
        "source": members["source"].text(),
        "size_wh": (members["width"].integer(low=1), members["height"].integer(low=1)),
        "models": models,
        "absent": absent,
        "notes": tuple(note.text() for note in members["notes"].items()),
    }


def _read_texts(node: Node) -> dict[str, str]:
    return {name: value.text() for name, value in node.members().items()}


def _read_look(node: Node) -> Look:
    members = node.fields(_LOOK)
    faces = tuple(_read_face(face, tracked=True) for face in members["faces"].items())
    if len({face.track for face in faces}) < len(faces):
        members["faces"].fail("faces of different tracks")
    return Look(members["frame"].integer(low=0), members["time_s"].number(low=0), faces)


def _read_face(node: Node, *, tracked: bool) -> FoundFace:
    members = node.fields(_FACE)
    box = members["box"].numbers(4, -FAR, FAR)
    if box[0] > box[2] or box[1] > box[3]:
        members["box"].fail("a box [x0, y0, x1, y1] with x0 <= x1 and y0 <= y1")
    track = members["track"]
    if not tracked and track.value is not None:
        track.fail("null in a photo")
    landmarks = [point.numbers(2, -FAR, FAR) for point in members["landmarks"].items(5)]
    parts = members["quality"].fields(_QUALITY)
    answers = members["answers"].fields((), _ANSWERS)
    return FoundFace(
        box_xyxy=np.array(box, np.float32),
        landmarks_xy=np.array(landmarks, np.float32),
        score=members["score"].number(0, 1),
        quality=Quality(**{name: parts[name].number(0, 1) for name in _QUALITY}),
        answers={name: _read_answer(answer) for name, answer in answers.items()},
        track=track.integer(low=1) if tracked else None,
    )


def _read_answer(node: Node) -> Answer:
    if "value" in node.members():
        members = node.fields(("value", "unit"))
        return ValueAnswer(members["value"].number(-FAR, FAR), members["unit"].text())
    members = node.fields(("class", "probabilities"))
    table = {name: value.number(0, 1) for name, value in members["probabilities"].members().items()}
    best = members["class"].text()
    if not table or table.get(best) != max(table.values()):
        members["class"].fail("the likeliest of the probabilities")
    return ClassAnswer(best, table[best], table)
