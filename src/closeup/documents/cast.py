"""cast.json: who is in a video, an album or a season (docs/concepts/cast-folder.md)."""

import json
from bisect import bisect_right
from itertools import pairwise
from typing import Any

import numpy as np

from closeup.core.errors import FormatError
from closeup.core.types import Cast, Face, Person, Shot, Track
from closeup.documents.form import Form, must_be

PEOPLE = ("people", "passers_by", "hidden")
"""The lists of people in a cast."""

_KEYS = (
    *("schema_version", "kind", "video", "parts", "models", "options"),
    *("shots", *PEOPLE, "tracks", "timings_s", "notes"),
)
_SORTED = ("models", "options", "timings_s")
_dump = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _layout(data: dict[str, Any]) -> str:
    """One face, shot, part or person a line."""
    members = []
    for key in (key for key in _KEYS if key in data):
        value = dict(sorted(data[key].items())) if key in _SORTED else data[key]
        if isinstance(value, list) and value:
            lines = [_layout_track(item) if key == "tracks" else _dump(item) for item in value]
            members.append(f"{_dump(key)}: [\n " + ",\n ".join(lines) + "\n]")
        else:
            members.append(f"{_dump(key)}: {_dump(value)}")
    return "{\n" + ",\n".join(members) + "\n}\n"


def _layout_track(track: dict[str, Any]) -> str:
    head = _dump({key: value for key, value in track.items() if key != "faces"})
    return head[:-1] + ', "faces": [\n  ' + ",\n  ".join(map(_dump, track["faces"])) + "\n ]}"


def _check(cast: Cast) -> None:
    """Shots cover the video, tracks lie in their shots, and people and tracks name each other."""
    _check_shots(cast.shots, cast.video.frames, gaps=bool(cast.parts))
    _check_parts(cast)
    for number, track in enumerate(cast.tracks):
        _check_track(track, number, cast.shots)
    tracks = {track.id: track for track in cast.tracks}
    if len(tracks) != len(cast.tracks):
        raise FormatError("tracks must have different ids, but two share one.")
    owner: dict[str, str] = {}
    ids: set[str] = set()
    for group in PEOPLE:
        people: tuple[Person, ...] = getattr(cast, group)
        for number, person in enumerate(people):
            if person.id in ids:
                raise must_be((group, number, "id"), "an id that no other person has", person.id)
            ids.add(person.id)
            _check_person(person, (group, number), tracks, owner)
    for number, track in enumerate(cast.tracks):
        if track.person is not None and owner.get(track.id) != track.person:
            raise must_be(("tracks", number, "person"), "null or the id of a person who has this track", track.person)


def _check_parts(cast: Cast) -> None:
    """A cast of several files says which; they follow each other, and a shot lies in one of them."""
    if bool(cast.parts) == (cast.kind == "video"):
        raise must_be(("parts",), f"there and not empty in the cast of {cast.kind!r} only", len(cast.parts))
    end, bounds = 0, list[tuple[int, int]]()
    for number, part in enumerate(cast.parts):
        if part.start_frame < end:
            raise must_be(("parts", number, "start_frame"), f"a whole number from {end} up", part.start_frame)
        end = part.start_frame + part.video.frames
        bounds.append((part.start_frame, end))
    for number, shot in enumerate(cast.shots if bounds else ()):
        low, high = bounds[max(bisect_right(bounds, shot.start_frame, key=lambda bound: bound[0]) - 1, 0)]
        if not low <= shot.start_frame < shot.end_frame <= high:
            raise must_be(("shots", number), "frames of one part", [shot.start_frame, shot.end_frame])


def _check_shots(shots: tuple[Shot, ...], frames: int, *, gaps: bool) -> None:
    for number, (before, shot) in enumerate(pairwise((Shot(0, 0, 0.0, 0.0), *shots))):
        place = ("shots", number)
        if shot.start_frame < before.end_frame or (shot.start_frame > before.end_frame and not gaps):
            must = f"{before.end_frame}, where the shot before it ends"
            raise must_be((*place, "start_frame"), must, shot.start_frame)
        if shot.end_frame <= shot.start_frame:
            raise must_be((*place, "end_frame"), f"a whole number from {shot.start_frame + 1} up", shot.end_frame)
        if shot.start_s < before.start_s:
            raise must_be((*place, "start_s"), f"a number from {before.start_s:g} up", shot.start_s)
        if shot.end_s < shot.start_s:
            raise must_be((*place, "end_s"), f"a number from {shot.start_s:g} up", shot.end_s)
    if shots and (shots[-1].end_frame > frames or (shots[-1].end_frame < frames and not gaps)):
        raise FormatError(f"shots must end at the video's {frames} frames, not at {shots[-1].end_frame}.")


def _check_track(track: Track, number: int, shots: tuple[Shot, ...]) -> None:
    place = ("tracks", number)
    if track.shot >= len(shots):
        raise must_be((*place, "shot"), f"the index of one of the {len(shots)} shots", track.shot)
    shot = shots[track.shot]
    if not shot.start_frame <= track.start_frame < shot.end_frame:
        must = f"a whole number from {shot.start_frame} to {shot.end_frame - 1}"
        raise must_be((*place, "start_frame"), must, track.start_frame)
    if not track.start_frame < track.end_frame <= shot.end_frame:
        must = f"a whole number from {track.start_frame + 1} to {shot.end_frame}"
        raise must_be((*place, "end_frame"), must, track.end_frame)
    if track.end_s < track.start_s:
        raise must_be((*place, "end_s"), f"a number from {track.start_s:g} up", track.end_s)
    low = track.start_frame
    for row, face in enumerate(track.faces):
        if not low <= face.frame < track.end_frame:
            must = f"from {low} to {track.end_frame - 1}, ascending inside its track"
            raise must_be((*place, "faces", row, "frame"), must, face.frame)
        low = face.frame + 1
    _check_boxes(track.faces, number)


def _check_boxes(faces: tuple[Face, ...], track: int) -> None:
    boxes = np.array([face.box_xyxy for face in faces])
    for row in np.flatnonzero((boxes[:, :2] >= boxes[:, 2:]).any(axis=1)).tolist():
        place = ("tracks", track, "faces", row, "box")
        raise must_be(place, "[x0, y0, x1, y1] with x0 < x1 and y0 < y1", boxes[row].tolist())


def _check_person(person: Person, place: tuple[str, int], tracks: dict[str, Track], owner: dict[str, str]) -> None:
    for number, name in enumerate(person.tracks):
        track = tracks.get(name)
        if track is None:
            raise must_be((*place, "tracks", number), "the id of a track", name)
        if track.person != person.id or name in owner:
            raise must_be((*place, "tracks", number), f"a track whose person is {person.id}, listed once", name)
        owner[name] = person.id
    if person.portrait_track is not None and person.portrait_track not in person.tracks:
        raise must_be((*place, "portrait_track"), "the id of one of this person's tracks", person.portrait_track)
    if list(person.shots) != sorted({tracks[name].shot for name in person.tracks}):
        raise must_be((*place, "shots"), "the shots of this person's tracks, ascending", person.shots)


CAST_JSON = Form(
    Cast,
    "cast.json",
    version=1,
    check=_check,
    layout=_layout,
    code="cast.damaged",
    hint="Make the cast anew.",
)
"""The form of cast.json. Times are kept to a microsecond, boxes to 0.01 pixel, scores to four digits."""
