"""edits.json: what the user has said about a cast, as a list of operations (docs/concepts/edits.md).

An operation does not lean on ids alone, for another analysis gives other ids: it remembers some faces of every track
that it speaks of, by frame and box.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from closeup.core.fields import AtLeast, Rounded, Text, Within
from closeup.core.types import FAR, Count, Line, PersonId, Sha256, TrackId
from closeup.documents.form import Form, Place, must_be

MAX_PERSON = 10**9

Pixel = Annotated[float, Within(-FAR, FAR), Rounded(2)]
FaceAnchor = tuple[Count, Pixel, Pixel, Pixel, Pixel]
"""Where a face was: its frame, and its box x0, y0, x1, y1 in pixels of the upright frame."""


@dataclass(frozen=True, slots=True)
class TrackAnchor:
    """A track as it was when the user spoke of it: its id then, and some of its faces."""

    id: TrackId
    faces: Annotated[tuple[FaceAnchor, ...], AtLeast(1)]


@dataclass(frozen=True, slots=True)
class PersonAnchor:
    """A person as they were when the user spoke of them: their id then, and all their tracks."""

    id: PersonId
    tracks: Annotated[tuple[TrackAnchor, ...], AtLeast(1)]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the user has said.

    Attributes:
        kind: What.
        at: When, UTC, "2026-01-31T12:00:00Z".
        video_sha256: Of the video it was said about; it says nothing about another.
        people: Whom it is about: two or more for "merge" (all become the first), two for "different", one or nobody for
            "draw", else one.
        tracks: For "split" and "not": the ids of those tracks of the person that it moves; for "portrait": of the one
            whose picture it chooses.
        name: For "name": the name, or None to take it away.
        new_person: For "split", and for "draw" without a person: the id of the person that it makes.
        drawn: For "draw": the track of a face that was drawn; it is given to the person, or to a new one where there is
            none.
        joined: It was said together with the operation before it, and is undone together with it.
    """

    kind: Literal["name", "merge", "different", "split", "hide", "unhide", "not", "portrait", "draw"] = field(
        metadata={"alias": "op"}
    )
    at: Annotated[
        str, Text("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", 'a time such as "2026-01-31T12:00:00Z"')
    ]
    video_sha256: Sha256
    people: tuple[PersonAnchor, ...]
    tracks: tuple[TrackId, ...] = ()
    name: Line | None = None
    new_person: PersonId | None = None
    drawn: TrackAnchor | None = None
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Edits:
    """All that the user has said, in order.

    Attributes:
        operations: The oldest first.
        next_person: The lowest number that no person of this cast has ever had; it only grows, so that an id never
            comes to mean another person.
        undone: What was taken back and can be done again, what was taken back last at the end; a new change ends that.
    """

    operations: tuple[Operation, ...] = ()
    next_person: Annotated[int, Within(1, MAX_PERSON)] = 1
    undone: tuple[Operation, ...] = ()


def said_together(operations: tuple[Operation, ...]) -> list[tuple[Operation, ...]]:
    """Operations in the groups that were said together, and are taken back together."""
    groups = list[tuple[Operation, ...]]()
    for operation in operations:
        if operation.joined and groups:
            groups[-1] = (*groups[-1], operation)
        else:
            groups.append((operation,))
    return groups


def person_number(identity: str) -> int:
    """The number in a person's id: 7 for "p7"."""
    return int(identity[1:])


def read_edits(path: Path) -> Edits:
    """Read an edits.json; a file that is not there is an empty list of edits.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it does not hold edits.
    """
    return EDITS_JSON.read(path) if path.exists() else Edits()


def _layout(data: dict[str, Any]) -> str:
    """One operation a line, without the fields that its kind does not have."""
    head = f' "schema_version": {data["schema_version"]},\n "next_person": {data["next_person"]},\n'
    undone = f',\n "undone": {_listed(data["undone"])}' if data["undone"] else ""
    return f'{{\n{head} "operations": {_listed(data["operations"])}{undone}\n}}\n'


def _listed(operations: list[dict[str, Any]]) -> str:
    lines = ",\n".join(f"  {json.dumps(_operation(op), ensure_ascii=False)}" for op in operations)
    return f"[\n{lines}\n ]" if lines else "[]"


def _operation(data: dict[str, Any]) -> dict[str, Any]:
    keys = ["op", "at", "video_sha256", *_OWN.get(data["op"], ()), *(["joined"] if data["joined"] else []), "people"]
    return {key: data[key] for key in keys}


_OWN = {"name": ("name",), "split": ("tracks", "new_person"), "not": ("tracks",), "portrait": ("tracks",)}
_OWN["draw"] = ("drawn", "new_person")
"""Which fields an operation has beside those that all have."""

_PEOPLE = {"merge": (2, MAX_PERSON, "two or more"), "different": (2, 2, "two"), "draw": (0, 1, "one or nobody")}
"""How many people an operation is about, at least and at most, and in words; one where it is not said."""


def _check(edits: Edits) -> None:
    for name, operations in (("operations", edits.operations), ("undone", edits.undone)):
        for number, operation in enumerate(operations):
            _check_operation(operation, (name, number))
        if operations and operations[0].joined:
            raise must_be((name, 0, "joined"), "false: there is no operation before it", True)
    every = (*edits.operations, *edits.undone)
    given = [person_number(op.new_person) for op in every if op.new_person]
    given += [person_number(person.id) for op in every for person in op.people]
    if max(given, default=0) >= edits.next_person:
        raise must_be(("next_person",), "above the number of every person in the operations", edits.next_person)


def _check_operation(operation: Operation, place: Place) -> None:
    own = _OWN.get(operation.kind, ())
    for name in ("name", "tracks", "new_person", "drawn"):
        value = getattr(operation, name)
        if name not in own and value:
            raise must_be((*place, name), f"left out of {operation.kind}", value)
    if "new_person" in own and operation.new_person is None and not (operation.kind == "draw" and operation.people):
        raise must_be((*place, "new_person"), "a person's id", None)
    if operation.kind == "draw" and operation.drawn is None:
        raise must_be((*place, "drawn"), "a track", None)
    least, most, words = _PEOPLE.get(operation.kind, (1, 1, "one"))
    if not least <= len(operation.people) <= most:
        raise must_be((*place, "people"), f"a list of {words}", operation.people)
    _check_different((*place, "people"), [person.id for person in operation.people])
    for number, person in enumerate(operation.people):
        _check_person(person, (*place, "people", number))
    if "tracks" in own:
        _check_moved(operation, (*place, "tracks"))


def _check_moved(operation: Operation, place: Place) -> None:
    (person,) = operation.people
    known = {track.id for track in person.tracks}
    for number, track in enumerate(operation.tracks):
        if track not in known:
            raise must_be((*place, number), f"the id of a track of {person.id}", track)
    if operation.kind == "portrait":
        if len(operation.tracks) != 1:
            raise must_be(place, "a list of one", operation.tracks)
    elif not 0 < len(operation.tracks) < len(known):
        raise must_be(place, f"some of the tracks of {person.id}, and not all", operation.tracks)
    _check_different(place, operation.tracks)


def _check_person(person: PersonAnchor, place: Place) -> None:
    _check_different((*place, "tracks"), [track.id for track in person.tracks])
    for number, track in enumerate(person.tracks):
        for row, (_, x0, y0, x1, y1) in enumerate(track.faces):
            if not (x0 < x1 and y0 < y1):
                where = (*place, "tracks", number, "faces", row)
                raise must_be(where, "[frame, x0, y0, x1, y1] with x0 < x1 and y0 < y1", [x0, y0, x1, y1])


def _check_different(place: Place, ids: Iterable[str]) -> None:
    ids = list(ids)
    if len(set(ids)) != len(ids):
        raise must_be(place, "a list in which every id stands once", ids)


EDITS_JSON = Form(
    Edits,
    "edits.json",
    version=4,
    check=_check,
    layout=_layout,
    hint="Mend it, or move it away to go on without the edits.",
)
"""The form of edits.json. Version 1 knows neither "different" nor "portrait", and nothing that is undone together;
version 2 forgets what is undone; version 3 knows no "draw"."""
