"""cast.json: a Cast as JSON and back, by a reader that trusts nothing (docs/concepts/cast-folder.md).

`cast.schema.json` beside this file says the same form for other programs. The reader checks more than a schema can:
what refers to what, and the order of frames and of box corners.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.errors import FormatError
from closeup.core.strict_json import Node, check_version, file_bytes, parse
from closeup.core.timebase import fraction_from_text, fraction_to_text
from closeup.core.types import Cast, Face, Person, Quality, Shot, Track, VideoInfo

SCHEMA_VERSION = 1
"""The version of the form that this closeup writes, and the only one that it reads."""

NAME_PATTERN = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
"""What a person may be called: one line of up to 200 characters."""

FAR = 1e6
"""No coordinate lies farther than this many pixels from the picture's corner."""

PERSON_PATTERN = re.compile(r"p[1-9][0-9]{0,8}")
TRACK_PATTERN = re.compile(r"t[1-9][0-9]{0,8}")
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
_PORTRAIT = re.compile(r"people/[A-Za-z0-9_-]{1,64}\.jpg")
_FPS = re.compile(r"[1-9][0-9]{0,11}/[1-9][0-9]{0,11}")
_QUALITY = ("total", "size", "sharpness", "pose", "exposure", "detection")
_TOP = ("schema_version", "video", "models", "options", "shots", "people", "passers_by", "tracks")


def cast_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of cast.json, as it ships with the package."""
    text = resources.files("closeup.core").joinpath("cast.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def read_cast(path: Path) -> Cast:
    """Read a cast.json.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it is not a cast that this closeup understands; the message says where.
    """
    content = file_bytes(path)
    try:
        return cast_from_json(parse(content, "The file").value)
    except FormatError as error:
        raise error.within(path, "Make the cast anew.", code="cast.damaged") from error


def encode_cast(cast: Cast) -> bytes:
    """Write a cast as the bytes of a cast.json: equal casts give equal bytes, one face, shot or person a line.

    Raises:
        FormatError: If the cast could not be read back: a number is not finite, or its parts do not fit together.
    """
    data = cast_to_json(cast)
    cast_from_json(data)
    return (
        "{\n" + ",\n".join(f"{_dump(key)}: {_layout(key, value)}" for key, value in data.items()) + "\n}\n"
    ).encode()


def cast_to_json(cast: Cast) -> dict[str, Any]:
    """A cast as JSON values. Boxes are rounded to 0.01 pixel, times to a microsecond, scores to four digits."""
    groups = {"people": cast.people, "passers_by": cast.passers_by, "hidden": cast.hidden}
    return {
        "schema_version": SCHEMA_VERSION,
        "video": video_to_json(cast.video),
        "models": dict(sorted(cast.models.items())),
        "options": dict(sorted(cast.options.items())),
        "shots": [_shot_to_json(shot) for shot in cast.shots],
        **{key: [_person_to_json(person) for person in people] for key, people in groups.items()},
        "tracks": [_track_to_json(track) for track in cast.tracks],
        "timings_s": {name: round_time(value) for name, value in sorted(cast.timings_s.items())},
        "notes": list(cast.notes),
    }


def cast_from_json(data: object) -> Cast:
    """Read a cast from JSON values, checking every type, range and reference.

    Raises:
        FormatError: If anything is wrong; the message says where, as in "people[2].tracks[0] must be ...".
    """
    document = Node(data)
    check_version(document, SCHEMA_VERSION)
    fields = document.fields(_TOP, ("hidden", "timings_s", "notes"))
    video = read_video_info(fields["video"])
    shots = _read_shots(fields["shots"], video.frames)
    cast = Cast(
        video=video,
        models={role: node.text() for role, node in fields["models"].members().items()},
        options={name: _read_option(node) for name, node in fields["options"].members().items()},
        shots=shots,
        people=tuple(_read_person(node) for node in fields["people"].items()),
        passers_by=tuple(_read_person(node) for node in fields["passers_by"].items()),
        tracks=tuple(_read_track(node, shots) for node in fields["tracks"].items()),
        notes=_read_notes(fields),
    )
    if "hidden" in fields:
        cast = replace(cast, hidden=tuple(_read_person(node) for node in fields["hidden"].items()))
    if "timings_s" in fields:
        timings = {name: node.number(low=0) for name, node in fields["timings_s"].members().items()}
        cast = replace(cast, timings_s=timings)
    _check_references(fields, {track.id: track for track in cast.tracks})
    return cast


def _read_notes(fields: dict[str, Node]) -> tuple[str, ...]:
    return tuple(note.text() for note in fields["notes"].items()) if "notes" in fields else ()


def round_time(seconds: float) -> float:
    """Seconds as cast.json holds them: to a microsecond."""
    return round(float(seconds), 6) + 0.0  # + 0.0 turns -0.0 into 0.0


def round_score(score: float) -> float:
    """A score or quality as cast.json holds it: to four digits."""
    return round(float(score), 4) + 0.0


def round_pixels(coordinates: Iterable[float]) -> list[float]:
    """Coordinates as cast.json holds them: to 0.01 pixel."""
    return [round(float(value), 2) + 0.0 for value in coordinates]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _layout(key: str, value: Any) -> str:
    if not isinstance(value, list) or not value:
        return _dump(value)
    lines = [_layout_track(item) if key == "tracks" else _dump(item) for item in value]
    return "[\n " + ",\n ".join(lines) + "\n]"


def _layout_track(track: dict[str, Any]) -> str:
    head = _dump({key: value for key, value in track.items() if key != "faces"})
    return head[:-1] + ', "faces": [\n  ' + ",\n  ".join(_dump(face) for face in track["faces"]) + "\n ]}"


def video_to_json(video: VideoInfo) -> dict[str, Any]:
    """What is known of a video as JSON values; `read_video_info` reads them."""
    return {
        # A file name that is not UTF-8 reaches Python with stand-ins that no UTF-8 file can hold.
        "path": video.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "sha256": video.sha256,
        "duration_s": round_time(video.duration_s),
        "fps": fraction_to_text(video.fps),
        "frames": video.frames,
        "width": video.width,
        "height": video.height,
        "notes": list(video.notes),
    }


def _shot_to_json(shot: Shot) -> dict[str, Any]:
    return {
        "start_frame": shot.start_frame,
        "end_frame": shot.end_frame,
        "start_s": round_time(shot.start_s),
        "end_s": round_time(shot.end_s),
    }


def _person_to_json(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "portrait": person.portrait,
        "screen_time_s": round_time(person.screen_time_s),
        "shots": list(person.shots),
        "tracks": list(person.tracks),
        "quality": round_score(person.quality),
    }


def _track_to_json(track: Track) -> dict[str, Any]:
    return {
        "id": track.id,
        "shot": track.shot,
        "person": track.person,
        "start_frame": track.start_frame,
        "end_frame": track.end_frame,
        "start_s": round_time(track.start_s),
        "end_s": round_time(track.end_s),
        "faces": [_face_to_json(face) for face in track.faces],
    }


def _face_to_json(face: Face) -> dict[str, Any]:
    quality = face.quality
    return {
        "frame": face.frame,
        "time_s": round_time(face.time_s),
        "box": round_pixels(face.box_xyxy),
        "landmarks": [round_pixels(point) for point in face.landmarks_xy],
        "score": round_score(face.score),
        "quality": quality and {part: round_score(getattr(quality, part)) for part in _QUALITY},
    }


def read_video_info(node: Node) -> VideoInfo:
    """What is known of a video, from its object in a document.

    Raises:
        FormatError: If anything is wrong with it.
    """
    names = ("path", "sha256", "duration_s", "fps", "frames", "width", "height")
    fields = node.fields(names, ("notes",))
    return VideoInfo(
        path=fields["path"].text(),
        sha256=fields["sha256"].text("64 hexadecimal digits", SHA256_PATTERN),
        duration_s=fields["duration_s"].number(low=0),
        fps=_read_fps(fields["fps"]),
        frames=fields["frames"].integer(low=0),
        width=fields["width"].integer(low=1),
        height=fields["height"].integer(low=1),
        notes=_read_notes(fields),
    )


def _read_fps(node: Node) -> Fraction:
    return fraction_from_text(node.text('a rate such as "30000/1001"', _FPS))


def _read_option(node: Node) -> bool | int | float | str | None:
    value: bool | int | float | str | None = node.value
    if isinstance(value, str):
        return node.text()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return node.integer() if isinstance(value, int) else node.number()
    if value is not None and not isinstance(value, bool):
        node.fail("a number, text, true, false or null")
    return value


def _read_shots(node: Node, frames: int) -> tuple[Shot, ...]:
    shots: list[Shot] = []
    for item in node.items():
        fields = item.fields(("start_frame", "end_frame", "start_s", "end_s"))
        start = shots[-1].end_frame if shots else 0
        if fields["start_frame"].integer(low=0) != start:
            fields["start_frame"].fail(f"{start}, where the shot before it ends")
        start_s = fields["start_s"].number(low=shots[-1].start_s if shots else 0)
        end = fields["end_frame"].integer(low=start + 1)
        shots.append(Shot(start, end, start_s, fields["end_s"].number(low=start_s)))
    if shots and shots[-1].end_frame != frames:
        raise FormatError(f"shots must end at the video's {frames} frames, not at {shots[-1].end_frame}.")
    return tuple(shots)


def _read_person(node: Node) -> Person:
    fields = node.fields(("id", "name", "portrait", "screen_time_s", "shots", "tracks", "quality"))
    return Person(
        id=fields["id"].text('a person\'s id such as "p1"', PERSON_PATTERN),
        name=read_name(fields["name"]),
        portrait=fields["portrait"].text("a path such as people/p1.jpg", _PORTRAIT),
        screen_time_s=fields["screen_time_s"].number(low=0),
        shots=tuple(shot.integer(low=0) for shot in fields["shots"].items()),
        tracks=tuple(track.text("the id of a track") for track in fields["tracks"].items()),
        quality=fields["quality"].number(0, 1),
    )


def read_name(node: Node) -> str | None:
    """A person's name, or None for null.

    Raises:
        FormatError: If it is neither.
    """
    return None if node.value is None else node.text("null or one line of up to 200 characters", NAME_PATTERN)


def _read_track(node: Node, shots: tuple[Shot, ...]) -> Track:
    fields = node.fields(("id", "shot", "person", "start_frame", "end_frame", "start_s", "end_s", "faces"))
    index = fields["shot"].integer(low=0)
    if index >= len(shots):
        fields["shot"].fail(f"the index of one of the {len(shots)} shots")
    shot = shots[index]
    start = fields["start_frame"].integer(shot.start_frame, shot.end_frame - 1)
    end = fields["end_frame"].integer(start + 1, shot.end_frame)
    start_s = fields["start_s"].number(low=0)
    faces = tuple(_read_face(face) for face in fields["faces"].items())
    _check_frames(fields["faces"], [face.frame for face in faces], start, end)
    person = fields["person"]
    return Track(
        id=fields["id"].text('a track\'s id such as "t1"', TRACK_PATTERN),
        shot=index,
        person=None if person.value is None else person.text("null or the id of a person"),
        start_frame=start,
        end_frame=end,
        start_s=start_s,
        end_s=fields["end_s"].number(low=start_s),
        faces=faces,
    )


def _check_frames(node: Node, frames: list[int], start: int, end: int) -> None:
    if not frames:
        node.fail("a list of at least one face")
    for place, frame in enumerate(frames):
        low = start if place == 0 else frames[place - 1] + 1
        if not low <= frame < end:
            where = f"{node.path()}[{place}].frame"
            raise FormatError(f"{where} must be from {low} to {end - 1}, ascending inside its track, not {frame}.")


def _read_face(node: Node) -> Face:
    fields = node.fields(("frame", "time_s", "box", "landmarks", "score", "quality"))
    quality = fields["quality"]
    return Face(
        frame=fields["frame"].integer(low=0),
        time_s=fields["time_s"].number(low=0),
        box_xyxy=np.array(read_box(fields["box"]), dtype=np.float32),
        landmarks_xy=np.array([node.numbers(2, -FAR, FAR) for node in fields["landmarks"].items(5)], dtype=np.float32),
        score=fields["score"].number(0, 1),
        quality=None if quality.value is None else _read_quality(quality),
    )


def read_box(node: Node) -> list[float]:
    """Four numbers [x0, y0, x1, y1] in pixels with x0 < x1 and y0 < y1.

    Raises:
        FormatError: If it is anything else.
    """
    box = node.numbers(4, -FAR, FAR)
    if not (box[0] < box[2] and box[1] < box[3]):
        node.fail("[x0, y0, x1, y1] with x0 < x1 and y0 < y1")
    return box


def _read_quality(node: Node) -> Quality:
    fields = node.fields(_QUALITY)
    return Quality(**{part: fields[part].number(0, 1) for part in _QUALITY})


def _check_references(fields: dict[str, Node], tracks: dict[str, Track]) -> None:
    """Ids are given once, and people and tracks name each other."""
    if len(tracks) != len(fields["tracks"].value):
        raise FormatError("tracks must have different ids, but two share one.")
    owner: dict[str, str] = {}
    ids: set[str] = set()
    for group in ("people", "passers_by", "hidden"):
        for node in fields[group].items() if group in fields else ():
            _check_person(node.members(), tracks, ids, owner)
    for node in fields["tracks"].items():
        person = node.members()["person"]
        if person.value is not None and owner.get(node.value["id"]) != person.value:
            person.fail("null or the id of a person who has this track")


def _check_person(fields: dict[str, Node], tracks: dict[str, Track], ids: set[str], owner: dict[str, str]) -> None:
    identity = fields["id"].value
    if identity in ids:
        fields["id"].fail("an id that no other person has")
    ids.add(identity)
    for node in fields["tracks"].items():
        track = tracks.get(node.value)
        if track is None:
            node.fail("the id of a track")
        if track.person != identity or track.id in owner:
            node.fail(f"a track whose person is {identity}, listed once")
        owner[track.id] = identity
    if not fields["tracks"].value:
        fields["tracks"].fail("a list of at least one track")
    shots = sorted({tracks[track].shot for track in fields["tracks"].value})
    if fields["shots"].value != shots:
        fields["shots"].fail("the shots of this person's tracks, ascending")
