"""plan.json: the shorts that are to be rendered, written so that people can edit it (docs/concepts/shorts-folder.md).

A piece is two times in seconds and nothing else, so that there is one place to change it. Reading snaps each time to
the nearest frame of the video.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from closeup.core.cast_json import (
    NAME_PATTERN,
    PERSON_PATTERN,
    read_name,
    read_video_info,
    round_score,
    round_time,
    video_to_json,
)
from closeup.core.errors import FormatError, InputError
from closeup.core.strict_json import Node, check_version, parse
from closeup.core.types import VideoInfo
from closeup.features.shorts.options import ASPECTS, LAYOUTS, MAX_HEIGHT, ShortsOptions
from closeup.features.shorts.plan import Piece, Plan, Short
from closeup.media.frame_times import FrameTimes

SCHEMA_VERSION = 1
"""The version of the form that this closeup writes, and the only one that it reads."""

BY_HAND = "Chosen by hand."
"""The reason of a short that somebody has added to a plan."""

_ROUNDING_S = 0.001
"""A time may lie this far behind the end of the video, for those who write milliseconds."""


SHORT_PATTERN = re.compile(r"s[1-9][0-9]{0,3}")
_PATH_PATTERN = re.compile(r"[^\x00]{1,4096}")
_TOP = ("schema_version", "cast", "video", "person", "options", "shorts")
_OPTIONS = (
    "count",
    "min_length_s",
    "max_length_s",
    "aspect",
    "height",
    "layout",
    "captions",
    "burn_captions",
    "weights",
)


@dataclass(frozen=True, slots=True)
class PlannedShort:
    """A short as the file has it.

    Attributes:
        spans_s: Start and end of each piece in seconds, in order, not overlapping; at least one.
        interest: 0 to 1; 0 with empty `parts` where nobody has judged it.
        id, parts, reason, layout, title: As in `Short`.
    """

    id: str
    spans_s: tuple[tuple[float, float], ...]
    interest: float
    parts: Mapping[str, float]
    reason: str
    layout: str
    title: str | None


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan.json holds.

    Attributes:
        cast: The cast folder; a relative path of the file is made out from where the file is.
        video: The video that the cast was made from; `person` the person's id in the cast.
        person_name: What the user calls them, or None.
        options: What the plan was made with, and shall be rendered with.
        shorts: In the file's order.
        weights, absent, notes: As in `Plan`.
    """

    cast: Path
    video: VideoInfo
    person: str
    person_name: str | None
    options: ShortsOptions
    shorts: tuple[PlannedShort, ...]
    weights: Mapping[str, float]
    absent: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def placed(self, times: FrameTimes) -> Plan:
        """The plan with every piece on the frames of the video that are nearest to its times.

        Pieces that touch become one.

        Raises:
            FormatError: If a piece is too short to hold a frame.
        """
        shorts = tuple(
            Short(
                id=short.id,
                pieces=tuple(_pieces(short, number, times)),
                interest=short.interest,
                parts=short.parts,
                reason=short.reason,
                layout=short.layout,
                title=short.title,
            )
            for number, short in enumerate(self.shorts)
        )
        return Plan(self.video, self.person, self.person_name, shorts, self.weights, self.absent, self.notes)


def encode_plan(plan: Plan, options: ShortsOptions, cast: Path, folder: Path) -> bytes:
    """Write a plan as the bytes of a plan.json; equal plans give equal bytes.

    Args:
        plan: What is to be rendered.
        options: What it was made with.
        cast: The cast folder.
        folder: Where the file will be; the paths in it are made relative to that, so that both can be moved together.

    Raises:
        FormatError: If the plan could not be read back.
    """
    data = {
        "schema_version": SCHEMA_VERSION,
        "cast": _relative(cast, folder),
        "video": video_to_json(plan.video),
        "person": {"id": plan.person, "name": plan.person_name},
        "options": _options_to_json(options, folder),
        "shorts": [_short_to_json(short) for short in plan.shorts],
        "weights": {name: round_score(weight) for name, weight in plan.weights.items()},
        "absent": dict(plan.absent),
        "notes": list(plan.notes),
    }
    plan_from_json(data, folder)
    return (json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def read_plan(path: Path) -> PlanFile:
    """Read a plan.json, whoever has edited it.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it is not a plan; the message says what is wrong where.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"Cannot read {path}: {error.strerror or error}.", "Make a plan first.", code="shorts.plan"
        ) from error
    try:
        return plan_from_json(parse(content, "The file").value, path.parent)
    except FormatError as error:
        raise FormatError(f"{path}: {error.message}", error.hint) from error


def plan_from_json(data: object, folder: Path) -> PlanFile:
    """Read a plan from JSON values, checking every type, range and reference.

    Args:
        data: The document.
        folder: Where it lies; relative paths in it start there.

    Raises:
        FormatError: If anything is wrong; the message says where, as in "shorts[0].pieces[1].end_s must be ...".
    """
    document = Node(data)
    check_version(document, SCHEMA_VERSION)
    fields = document.fields(_TOP, ("weights", "absent", "notes"))
    video = read_video_info(fields["video"])
    person = fields["person"].fields(("id",), ("name",))
    options = _read_options(fields["options"], folder)
    return PlanFile(
        cast=folder / fields["cast"].text("the path of a cast folder", _PATH_PATTERN),
        video=video,
        person=person["id"].text('a person\'s id such as "p1"', PERSON_PATTERN),
        person_name=read_name(person["name"]) if "name" in person else None,
        options=options,
        shorts=_read_shorts(fields["shorts"], video.duration_s, options.layout),
        weights=read_shares(fields.get("weights")),
        absent={name: node.text() for name, node in _members(fields.get("absent"))},
        notes=tuple(note.text() for note in fields["notes"].items()) if "notes" in fields else (),
    )


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return path.resolve().as_posix()


def _options_to_json(options: ShortsOptions, folder: Path) -> dict[str, Any]:
    return {
        "count": options.count,
        "min_length_s": options.min_length_s,
        "max_length_s": options.max_length_s,
        "aspect": options.aspect,
        "height": options.height,
        "layout": options.layout,
        "captions": None if options.captions is None else _relative(options.captions, folder),
        "burn_captions": options.burn_captions,
        "weights": dict(options.weights),
    }


def _short_to_json(short: Short) -> dict[str, Any]:
    return {
        "id": short.id,
        "title": short.title,
        "layout": short.layout,
        "pieces": [{"start_s": round_time(piece.start_s), "end_s": round_time(piece.end_s)} for piece in short.pieces],
        "interest": round_score(short.interest),
        "parts": {name: round_score(value) for name, value in short.parts.items()},
        "reason": short.reason,
    }


def _read_options(node: Node, folder: Path) -> ShortsOptions:
    fields = node.fields(_OPTIONS)
    captions = fields["captions"]
    height = fields["height"].integer(16, MAX_HEIGHT)
    if height % 2:
        fields["height"].fail("an even number")
    min_length_s = fields["min_length_s"].number(low=0)
    burn = fields["burn_captions"]
    if not isinstance(burn.value, bool):
        burn.fail("true or false")
    try:
        return ShortsOptions(
            count=fields["count"].integer(low=1),
            min_length_s=min_length_s,
            max_length_s=fields["max_length_s"].number(low=min_length_s),
            aspect=read_one_of(fields["aspect"], ASPECTS),
            height=height,
            layout=read_one_of(fields["layout"], LAYOUTS),
            captions=None if captions.value is None else folder / captions.text("null or a path", _PATH_PATTERN),
            burn_captions=burn.value,
            weights={name: weight.number(low=0) for name, weight in fields["weights"].members().items()},
        )
    except FormatError:
        raise
    except InputError as error:  # each value is well formed, and together they make no sense
        raise FormatError(f"{node.path()}: {error.message}", error.hint) from error


def read_one_of(node: Node, words: Iterable[str]) -> str:
    """One of some words.

    Raises:
        FormatError: If it is none of them.
    """
    known = list(words)
    if node.value not in known:
        node.fail(" or ".join(json.dumps(word) for word in known))
    return str(node.value)


def _read_shorts(node: Node, duration_s: float, layout: str) -> tuple[PlannedShort, ...]:
    items = list(node.items())
    if not items:
        node.fail("a list of at least one short")
    given = [item.members().get("id") for item in items]
    taken: set[str] = set()
    for place in given:
        if place is not None:
            name = place.text('an id such as "s1"', SHORT_PATTERN)
            if name in taken:
                place.fail("an id that no other short has")
            taken.add(name)
    free = (name for number in count(1) if (name := f"s{number}") not in taken)
    return tuple(
        _read_short(item, next(free) if place is None else str(place.value), duration_s, layout)
        for item, place in zip(items, given, strict=True)
    )


def _read_short(node: Node, name: str, duration_s: float, layout: str) -> PlannedShort:
    fields = node.fields(("pieces",), ("id", "title", "layout", "interest", "parts", "reason"))
    title = fields.get("title")
    return PlannedShort(
        id=name,
        spans_s=_read_spans(fields["pieces"], duration_s),
        interest=fields["interest"].number(0, 1) if "interest" in fields else 0.0,
        parts=read_shares(fields.get("parts")),
        reason=fields["reason"].text("one line of text", NAME_PATTERN) if "reason" in fields else BY_HAND,
        layout=read_one_of(fields["layout"], LAYOUTS) if "layout" in fields else layout,
        title=None if title is None else read_name(title),
    )


def _read_spans(node: Node, duration_s: float) -> tuple[tuple[float, float], ...]:
    spans: list[tuple[float, float]] = []
    last_s = duration_s + _ROUNDING_S
    for item in node.items():
        fields = item.fields(("start_s", "end_s"))
        start_s = fields["start_s"].number(0, last_s)
        if spans and start_s < spans[-1][1]:
            fields["start_s"].fail(f"{spans[-1][1]:g} or more, where the piece before it ends")
        end_s = fields["end_s"].number(0, last_s)
        if end_s <= start_s:
            fields["end_s"].fail(f"more than {start_s:g}, where the piece starts")
        spans.append((start_s, end_s))
    if not spans:
        node.fail("a list of at least one piece")
    return tuple(spans)


def read_shares(node: Node | None) -> dict[str, float]:
    """Names with a number of 0 to 1 each; none where there is no such field.

    Raises:
        FormatError: If it is something else.
    """
    return {name: value.number(0, 1) for name, value in _members(node)}


def _members(node: Node | None) -> Iterable[tuple[str, Node]]:
    return [] if node is None else node.members().items()


def _pieces(short: PlannedShort, number: int, times: FrameTimes) -> Iterable[Piece]:
    """The pieces on the video's frames, those that touch joined."""
    spans: list[tuple[int, int]] = []
    for place, (start_s, end_s) in enumerate(short.spans_s):
        start, end = times.nearest_cut(start_s), times.nearest_cut(end_s)
        if end <= start:
            raise FormatError(
                f"shorts[{number}].pieces[{place}] holds no frame: {start_s:g} to {end_s:g} s is too short."
            )
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    for start, end in spans:
        yield Piece(start, end, float(times.start(start)), float(times.start(end)))
