"""edits.json: what the user has said about a cast, as a list of operations (docs/concepts/edits.md).

An operation does not lean on ids alone, for another analysis gives other ids: it remembers some faces of every track
that it speaks of, by frame and box.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from closeup.core.cast_json import PERSON_PATTERN, SHA256_PATTERN, TRACK_PATTERN, read_box, read_name, round_pixels
from closeup.core.errors import FormatError, InputError
from closeup.core.strict_json import Node, parse

SCHEMA_VERSION = 1
KINDS = ("name", "merge", "split", "hide", "unhide", "not")
"""What an operation can be."""

MAX_PERSON = 10**9
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class FaceAnchor:
    """Where a face was: its frame, and its box (x0, y0, x1, y1) in pixels of the upright frame."""

    frame: int
    box_xyxy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TrackAnchor:
    """A track as it was when the user spoke of it: its id then, and some of its faces."""

    id: str
    faces: tuple[FaceAnchor, ...]


@dataclass(frozen=True, slots=True)
class PersonAnchor:
    """A person as they were when the user spoke of them: their id then, and all their tracks."""

    id: str
    tracks: tuple[TrackAnchor, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the user has said.

    Attributes:
        kind: One of `KINDS`.
        at: When, UTC, "2026-01-31T12:00:00Z".
        video_sha256: Of the video it was said about; it says nothing about another.
        people: Whom it is about: two or more for "merge" (all become the first), else one.
        tracks: For "split" and "not": the ids of those tracks of the person that it moves.
        name: For "name": the name, or None to take it away.
        new_person: For "split": the id of the person that it makes.
    """

    kind: str
    at: str
    video_sha256: str
    people: tuple[PersonAnchor, ...]
    tracks: tuple[str, ...] = ()
    name: str | None = None
    new_person: str | None = None


@dataclass(frozen=True, slots=True)
class Edits:
    """All that the user has said, in order.

    Attributes:
        operations: The oldest first.
        next_person: The lowest number that no person of this cast has ever had; it only grows, so that an id never
            comes to mean somebody else.
    """

    operations: tuple[Operation, ...] = ()
    next_person: int = 1


def undo(edits: Edits) -> tuple[Edits, Operation]:
    """Take back the last operation: what is left, and what was taken back.

    Raises:
        InputError: If there is none.
    """
    if not edits.operations:
        raise InputError("There is no edit to undo.")
    return replace(edits, operations=edits.operations[:-1]), edits.operations[-1]


def person_number(identity: str) -> int:
    """The number in a person's id: 7 for "p7"."""
    return int(identity[1:])


def encode_edits(edits: Edits) -> bytes:
    """Write edits as the bytes of an edits.json, one operation a line; equal edits give equal bytes.

    Raises:
        FormatError: If they could not be read back.
    """
    lines = ",\n".join(
        "  " + json.dumps(_operation_to_json(operation), ensure_ascii=False, allow_nan=False)
        for operation in edits.operations
    )
    listed = f"[\n{lines}\n ]" if lines else "[]"
    head = f' "schema_version": {SCHEMA_VERSION},\n "next_person": {edits.next_person},\n'
    content = f'{{\n{head} "operations": {listed}\n}}\n'.encode("utf-8", "surrogatepass")
    decode_edits(content)
    return content


def decode_edits(content: bytes) -> Edits:
    """Read edits from the bytes of an edits.json.

    Raises:
        FormatError: If anything is wrong; the message says where.
    """
    document = parse(content, "The file")
    version = document.members().get("schema_version")
    if version is not None and version.integer(low=1) > SCHEMA_VERSION:
        raise FormatError(
            f"It has schema_version {version.value}, and this closeup reads {SCHEMA_VERSION}: a later one wrote it.",
            "Get the later one: pip install --upgrade closeup",
        )
    fields = document.fields(("schema_version", "next_person", "operations"))
    operations = tuple(_read_operation(node) for node in fields["operations"].items())
    edits = Edits(operations, fields["next_person"].integer(1, MAX_PERSON))
    given = [person_number(op.new_person) for op in operations if op.new_person]
    given += [person_number(person.id) for op in operations for person in op.people]
    if max(given, default=0) >= edits.next_person:
        fields["next_person"].fail("above the number of every person in the operations")
    return edits


def read_edits(path: Path) -> Edits:
    """Read an edits.json; a file that is not there is an empty list of edits.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it does not hold edits.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Edits()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    try:
        return decode_edits(content)
    except FormatError as error:
        hint = error.hint or f"Mend it, or move it away to go on without the edits: mv {path} {path}.broken"
        raise FormatError(f"{path}: {error.message}", hint) from error


def _operation_to_json(operation: Operation) -> dict[str, Any]:
    data: dict[str, Any] = {"op": operation.kind, "at": operation.at, "video_sha256": operation.video_sha256}
    if operation.kind == "name":
        data["name"] = operation.name
    if operation.tracks:
        data["tracks"] = list(operation.tracks)
    if operation.new_person is not None:
        data["new_person"] = operation.new_person
    data["people"] = [
        {"id": person.id, "tracks": [_track_to_json(track) for track in person.tracks]} for person in operation.people
    ]
    return data


def _track_to_json(track: TrackAnchor) -> dict[str, Any]:
    return {"id": track.id, "faces": [[face.frame, *round_pixels(face.box_xyxy)] for face in track.faces]}


def _read_operation(node: Node) -> Operation:
    always = ("op", "at", "video_sha256", "people")
    kind = node.fields(always, ("name", "tracks", "new_person"))["op"]
    if kind.value not in KINDS:
        kind.fail(f"one of {', '.join(KINDS)}")
    own = {"name": ("name",), "split": ("tracks", "new_person"), "not": ("tracks",)}.get(kind.value, ())
    fields = node.fields((*always, *own))
    people = tuple(_read_person(person) for person in fields["people"].items())
    if len(people) < 2 if kind.value == "merge" else len(people) != 1:
        fields["people"].fail("a list of two or more" if kind.value == "merge" else "a list of one")
    _check_different(fields["people"], [person.id for person in people])
    return Operation(
        kind=kind.value,
        at=fields["at"].text('a time such as "2026-01-31T12:00:00Z"', _TIME),
        video_sha256=fields["video_sha256"].text("64 hexadecimal digits", SHA256_PATTERN),
        people=people,
        tracks=_read_moved(fields["tracks"], people[0]) if "tracks" in own else (),
        name=read_name(fields["name"]) if "name" in own else None,
        new_person=fields["new_person"].text("a person's id", PERSON_PATTERN) if "new_person" in own else None,
    )


def _read_moved(node: Node, person: PersonAnchor) -> tuple[str, ...]:
    known = {track.id for track in person.tracks}
    moved = tuple(item.text("the id of a track", TRACK_PATTERN) for item in node.items())
    for item in node.items():
        if item.value not in known:
            item.fail(f"the id of a track of {person.id}")
    if not 0 < len(moved) < len(known):
        node.fail(f"some of the tracks of {person.id}, and not all")
    _check_different(node, moved)
    return moved


def _read_person(node: Node) -> PersonAnchor:
    fields = node.fields(("id", "tracks"))
    tracks = tuple(_read_track(track) for track in fields["tracks"].items())
    if not tracks:
        fields["tracks"].fail("a list of at least one track")
    _check_different(fields["tracks"], [track.id for track in tracks])
    return PersonAnchor(fields["id"].text("a person's id", PERSON_PATTERN), tracks)


def _read_track(node: Node) -> TrackAnchor:
    fields = node.fields(("id", "faces"))
    faces = tuple(_read_face(face) for face in fields["faces"].items())
    if not faces:
        fields["faces"].fail("a list of at least one face")
    return TrackAnchor(fields["id"].text("a track's id", TRACK_PATTERN), faces)


def _read_face(node: Node) -> FaceAnchor:
    frame, *_ = node.items(5)
    x0, y0, x1, y1 = read_box(Node(node.value[1:], node, "box"))
    return FaceAnchor(frame.integer(low=0), (x0, y0, x1, y1))


def _check_different(node: Node, ids: Iterable[str]) -> None:
    ids = list(ids)
    if len(set(ids)) != len(ids):
        node.fail("a list in which every id stands once")
