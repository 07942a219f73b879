"""shorts.json: what the finished shorts show, from where, by which camera and why (docs/concepts/shorts-folder.md).

The camera is written as key frames: between two of them each edge of the crop moves evenly from frame to frame.
`shorts.schema.json` beside this file says the same form for other programs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.reframing.key_frames import interpolate_keys, key_frames
from closeup.core.cast_json import (
    NAME_PATTERN,
    PERSON_PATTERN,
    read_name,
    read_video_info,
    round_score,
    round_time,
    video_to_json,
)
from closeup.core.errors import FormatError
from closeup.core.strict_json import Node, check_version, file_bytes, parse
from closeup.core.types import VideoInfo
from closeup.features.shorts.finished import FinishedShort, FramedPiece, Handover
from closeup.features.shorts.options import LAYOUTS
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.plan_json import SHORT_PATTERN, read_one_of, read_shares

SCHEMA_VERSION = 1
"""The version of the form that this closeup writes, and the only one that it reads."""

TOLERANCE_PX = 0.05
"""The camera between key frames is nowhere farther off than this, in pixels of the source."""

_ROUNDING_PX = 0.005
_FAR = 1e9
_FILES = {"video": "mp4", "poster": "jpg", "srt": "srt", "vtt": "vtt"}
_TOP = ("schema_version", "video", "person", "picture", "shorts", "weights", "absent", "notes")
_SHORT = ("id", "title", "layout", "files", "length_s", "frames", "interest", "parts", "reason", "sound", "pieces")
_PIECE = ("start_frame", "end_frame", "start_s", "end_s", "at_s", "layout", "camera")


@dataclass(frozen=True, slots=True, eq=False)
class CameraPath:
    """The crop of one panel as key frames.

    Attributes:
        frames: Shape (M,), int64: frames of the source video, ascending; the piece's first and last are among them.
        boxes_xyxy: Shape (M, 4), float64: the crop at each, pixels of the upright source picture.
    """

    frames: NDArray[np.int64]
    boxes_xyxy: NDArray[np.float64]

    def crops(self) -> NDArray[np.float64]:
        """The crop of every frame of the piece: (N, 4) float64."""
        first = int(self.frames[0])
        return interpolate_keys(self.frames - first, self.boxes_xyxy, int(self.frames[-1]) - first + 1)


@dataclass(frozen=True, slots=True, eq=False)
class PieceRecord:
    """A stretch of the source as a short shows it.

    Attributes:
        piece: Which frames.
        at_s: When it begins in the short, in seconds.
        layout: "follow" or "split".
        camera: One path, or two for "split": the upper panel's and the lower one's.
    """

    piece: Piece
    at_s: float
    layout: str
    camera: tuple[CameraPath, ...]


@dataclass(frozen=True, slots=True)
class SoundRecord:
    """What was done to the sound: its loudness before in LUFS (EBU R128), or None, and the gain in dB."""

    loudness_lufs_in: float | None
    gain_db: float


@dataclass(frozen=True, slots=True, eq=False)
class ShortRecord:
    """A finished short.

    Attributes:
        files: "video", "poster", "srt", "vtt" to the name of the file in the folder; the latter two where it has
            captions.
        length_s: Seconds; `frames` how many it shows.
        interest: 0 to 1, or None where nobody has judged it.
        sound: None where it has none.
        id, title, layout, parts, reason: As in `Short`.
        pieces: In the order in which they are shown.
    """

    id: str
    title: str | None
    layout: str
    files: Mapping[str, str]
    length_s: float
    frames: int
    interest: float | None
    parts: Mapping[str, float]
    reason: str
    sound: SoundRecord | None
    pieces: tuple[PieceRecord, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ShortsRecord:
    """What a shorts.json holds.

    Attributes:
        video: The source.
        person: Id in the cast; `person_name` what the user calls them, or None.
        size_wh: Width and height of the finished pictures.
        shorts: In the plan's order.
        weights, absent, notes: As in `Plan`.
    """

    video: VideoInfo
    person: str
    person_name: str | None
    size_wh: tuple[int, int]
    shorts: tuple[ShortRecord, ...]
    weights: Mapping[str, float]
    absent: Mapping[str, str]
    notes: tuple[str, ...]


def shorts_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of shorts.json, as it ships with the package."""
    text = resources.files("closeup.features.shorts").joinpath("shorts.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def encode_shorts(handover: Handover, notes: Sequence[str] = ()) -> bytes:
    """Write rendered shorts as the bytes of a shorts.json: the same input gives the same bytes.

    Args:
        handover: What was rendered.
        notes: What there is to say beside the plan's own notes.

    Raises:
        FormatError: If it could not be read back: a number is not finite, or its parts do not fit together.
        ValueError: If the shorts are not rendered.
    """
    plan = handover.plan
    data = {
        "schema_version": SCHEMA_VERSION,
        "video": video_to_json(plan.video),
        "person": {"id": plan.person, "name": plan.person_name},
        "picture": {"width": handover.size_wh[0], "height": handover.size_wh[1]},
        "shorts": [_short_to_json(finished) for finished in handover.shorts],
        "weights": {name: round_score(weight) for name, weight in plan.weights.items()},
        "absent": dict(plan.absent),
        "notes": [*plan.notes, *notes],
    }
    shorts_from_json(data)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1)
    return (re.sub(r"\[\s+(-?[\d.]+(?:,\s+-?[\d.]+)+)\s+\]", _on_one_line, text) + "\n").encode()


def _on_one_line(numbers: re.Match[str]) -> str:
    return "[" + ", ".join(numbers.group(1).replace(",", " ").split()) + "]"


def _short_to_json(finished: FinishedShort) -> dict[str, Any]:
    short, rendered = finished.short, finished.rendered
    if rendered is None:
        raise ValueError(f"{short.id} is not rendered")
    kinds = [kind for kind in _FILES if finished.captions is not None or kind in ("video", "poster")]
    loudness = rendered.loudness_lufs_in
    sound = {
        "loudness_lufs_in": None if loudness is None else round(loudness, 2),
        "gain_db": round(rendered.gain_db, 2) + 0.0,
    }
    starts_s = np.cumsum([0.0, *(framed.piece.length_s for framed in finished.framed)])
    return {
        "id": short.id,
        "title": short.title,
        "layout": short.layout,
        "files": {kind: f"{short.id}.{_FILES[kind]}" for kind in kinds},
        "length_s": round_time(rendered.duration_s),
        "frames": rendered.frames,
        "interest": round_score(short.interest) if short.parts else None,
        "parts": {name: round_score(value) for name, value in short.parts.items()},
        "reason": short.reason,
        "sound": sound if rendered.has_sound else None,
        "pieces": [_piece_to_json(framed, at_s) for framed, at_s in zip(finished.framed, starts_s[:-1], strict=True)],
    }


def _piece_to_json(framed: FramedPiece, at_s: float) -> dict[str, Any]:
    piece = framed.piece
    return {
        "start_frame": piece.start_frame,
        "end_frame": piece.end_frame,
        "start_s": round_time(piece.start_s),
        "end_s": round_time(piece.end_s),
        "at_s": round_time(at_s),
        "layout": framed.framing.layout,
        "camera": [_camera_to_json(crops, piece.start_frame) for crops in framed.framing.panels],
    }


def _camera_to_json(crops: NDArray[np.float64], start_frame: int) -> list[list[float]]:
    chosen = key_frames(np.asarray(crops, dtype=np.float64), TOLERANCE_PX - 2 * _ROUNDING_PX)
    return [[start_frame + int(row), *(round(float(edge), 2) + 0.0 for edge in crops[row])] for row in chosen]


def read_shorts(path: Path) -> ShortsRecord:
    """Read a shorts.json.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it does not hold what it must; the message says where.
    """
    content = file_bytes(path)
    try:
        return shorts_from_json(parse(content, "The file").value)
    except FormatError as error:
        raise error.within(path, "Make the shorts anew.") from error


def shorts_from_json(data: object) -> ShortsRecord:
    """Read a record from JSON values, checking every type, range and reference.

    Raises:
        FormatError: If anything is wrong; the message says where, as in "shorts[0].pieces[1].camera[0] must be ...".
    """
    document = Node(data)
    check_version(document, SCHEMA_VERSION)
    fields = document.fields(_TOP)
    video = read_video_info(fields["video"])
    person = fields["person"].fields(("id", "name"))
    picture = fields["picture"].fields(("width", "height"))
    return ShortsRecord(
        video=video,
        person=person["id"].text('a person\'s id such as "p1"', PERSON_PATTERN),
        person_name=read_name(person["name"]),
        size_wh=(picture["width"].integer(low=1), picture["height"].integer(low=1)),
        shorts=_read_shorts(fields["shorts"], video.frames),
        weights=read_shares(fields["weights"]),
        absent={name: node.text() for name, node in fields["absent"].members().items()},
        notes=tuple(note.text() for note in fields["notes"].items()),
    )


def _read_shorts(node: Node, frames: int) -> tuple[ShortRecord, ...]:
    shorts = tuple(_read_short(item, frames) for item in node.items())
    if len({short.id for short in shorts}) < len(shorts):
        node.fail("shorts with different ids")
    return shorts


def _read_short(node: Node, frames: int) -> ShortRecord:
    fields = node.fields(_SHORT)
    name = fields["id"].text('an id such as "s1"', SHORT_PATTERN)
    interest, sound = fields["interest"], fields["sound"]
    pieces = tuple(_read_piece(item, frames) for item in fields["pieces"].items())
    shown = sum(record.piece.end_frame - record.piece.start_frame for record in pieces)
    if fields["frames"].integer(low=1) != shown:
        fields["frames"].fail(f"{shown}, as many as its pieces have")
    return ShortRecord(
        id=name,
        title=read_name(fields["title"]),
        layout=read_one_of(fields["layout"], LAYOUTS),
        files=_read_files(fields["files"], name),
        length_s=fields["length_s"].number(low=0),
        frames=shown,
        interest=None if interest.value is None else interest.number(0, 1),
        parts=read_shares(fields["parts"]),
        reason=fields["reason"].text("one line of text", NAME_PATTERN),
        sound=None if sound.value is None else _read_sound(sound),
        pieces=pieces,
    )


def _read_files(node: Node, name: str) -> dict[str, str]:
    fields = node.fields(("video", "poster"), ("srt", "vtt"))
    for kind, file in fields.items():
        if file.value != f"{name}.{_FILES[kind]}":
            file.fail(f'"{name}.{_FILES[kind]}"')
    return {kind: str(file.value) for kind, file in fields.items()}


def _read_sound(node: Node) -> SoundRecord:
    fields = node.fields(("loudness_lufs_in", "gain_db"))
    loudness = fields["loudness_lufs_in"]
    before = None if loudness.value is None else loudness.number(-200, 100)
    return SoundRecord(before, fields["gain_db"].number(-200, 200))


def _read_piece(node: Node, frames: int) -> PieceRecord:
    fields = node.fields(_PIECE)
    start = fields["start_frame"].integer(0, max(frames - 1, 0))
    end = fields["end_frame"].integer(start + 1, frames)
    start_s = fields["start_s"].number(low=0)
    layout = read_one_of(fields["layout"], LAYOUTS)
    panels = fields["camera"].items(LAYOUTS.index(layout) + 1)
    return PieceRecord(
        piece=Piece(start, end, start_s, fields["end_s"].number(low=start_s)),
        at_s=fields["at_s"].number(low=0),
        layout=layout,
        camera=tuple(_read_camera(panel, start, end) for panel in panels),
    )


def _read_camera(node: Node, start: int, end: int) -> CameraPath:
    keys = [item.numbers(5, -_FAR, _FAR) for item in node.items()]
    table = np.array(keys, dtype=np.float64).reshape(-1, 5)
    frames = table[:, 0]
    bounds = (start, end - 1)
    if not len(keys) or (frames[0], frames[-1]) != bounds or (np.diff(frames) < 1).any() or (frames % 1).any():
        node.fail(f"key frames [frame, x0, y0, x1, y1], ascending from frame {start} to {end - 1}")
    if (table[:, 1] >= table[:, 3]).any() or (table[:, 2] >= table[:, 4]).any():
        node.fail("key frames [frame, x0, y0, x1, y1] with x0 < x1 and y0 < y1")
    return CameraPath(frames.astype(np.int64), table[:, 1:].copy())
