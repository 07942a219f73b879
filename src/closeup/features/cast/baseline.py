"""baseline.json: the people of a cast before any edit, which every replay starts from."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from closeup.core.cast_json import PERSON_PATTERN
from closeup.core.errors import FormatError, InputError
from closeup.core.strict_json import Node, parse
from closeup.core.types import Track
from closeup.features.cast.edits import MAX_PERSON, person_number

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class PersonRule:
    """Who is a person at all, and who only passes by.

    A group of tracks is a person if at least one of its tracks is a founding one: `founding_faces` faces or more, of
    which one at least is `founding_size_px` wide and high and has a sharpness of `founding_sharpness`. A person passes
    by if any of the three `min_` bounds is missed; somebody with a name never does.

    Attributes:
        founding_faces: Sampled faces that a founding track has.
        founding_size_px: The shorter side of a founding face's box, in pixels of the frame.
        founding_sharpness: Sharpness part of a founding face's quality, 0 to 1.
        founding_score: The detector's score for a founding face, 0 to 1: what else looks like a face scores less.
        min_screen_time_s: Seconds on screen from which on a person is listed.
        min_faces: Sampled faces from which on a person is listed.
        min_quality: Quality of the best portrait from which on a person is listed, 0 to 1.
    """

    founding_faces: int = 2
    founding_size_px: float = 24.0
    founding_sharpness: float = 0.1
    founding_score: float = 0.0
    min_screen_time_s: float = 1.0
    min_faces: int = 3
    min_quality: float = 0.2


@dataclass(frozen=True, slots=True)
class Baseline:
    """The people before any edit.

    Attributes:
        person: For each track of the cast the id of its person, or None.
        rule: Who passes by.
        next_person: The lowest number that no person of this cast has had.
    """

    person: tuple[str | None, ...]
    rule: PersonRule
    next_person: int


def encode_baseline(baseline: Baseline, tracks: Sequence[Track]) -> bytes:
    """Write a baseline as the bytes of a baseline.json; equal baselines give equal bytes."""
    data = {
        "schema_version": SCHEMA_VERSION,
        "next_person": baseline.next_person,
        "rule": asdict(baseline.rule),
        "tracks": {track.id: person for track, person in zip(tracks, baseline.person, strict=True)},
    }
    return (json.dumps(data, indent=1, allow_nan=False) + "\n").encode()


def decode_baseline(content: bytes, tracks: Sequence[Track]) -> Baseline:
    """Read a baseline of these tracks from the bytes of a baseline.json.

    Raises:
        FormatError: If anything is wrong, or it is of other tracks; the message says where.
    """
    fields = parse(content, "The file").fields(("schema_version", "next_person", "rule", "tracks"))
    if fields["schema_version"].integer(low=1) != SCHEMA_VERSION:
        raise FormatError(
            f"It has schema_version {fields['schema_version'].value}, and this closeup reads {SCHEMA_VERSION}.",
            "Get the latest one: pip install --upgrade closeup",
        )
    given = fields["tracks"].fields([track.id for track in tracks])
    people = tuple(_read_person(given[track.id]) for track in tracks)
    following = fields["next_person"].integer(1, MAX_PERSON)
    if any(person is not None and person_number(person) >= following for person in people):
        fields["next_person"].fail("above the number of every person")
    return Baseline(people, _read_rule(fields["rule"]), following)


def read_baseline(path: Path, tracks: Sequence[Track]) -> Baseline:
    """Read a baseline.json.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it is not the baseline of these tracks.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    try:
        return decode_baseline(content, tracks)
    except FormatError as error:
        hint = error.hint or "Make it anew: closeup cast VIDEO --overwrite"
        raise FormatError(f"{path}: {error.message}", hint) from error


def _read_person(node: Node) -> str | None:
    return None if node.value is None else node.text("null or a person's id", PERSON_PATTERN)


def _read_rule(node: Node) -> PersonRule:
    fields = node.fields([field.name for field in dataclasses.fields(PersonRule)])
    return PersonRule(
        founding_faces=fields["founding_faces"].integer(low=0),
        founding_size_px=fields["founding_size_px"].number(low=0),
        founding_sharpness=fields["founding_sharpness"].number(low=0),
        founding_score=fields["founding_score"].number(low=0),
        min_screen_time_s=fields["min_screen_time_s"].number(low=0),
        min_faces=fields["min_faces"].integer(low=0),
        min_quality=fields["min_quality"].number(low=0),
    )
