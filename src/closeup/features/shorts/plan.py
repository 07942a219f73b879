"""What shall be cut: the nouns between choosing moments, framing them and rendering them, and their file, plan.json.

plan.json is written so that people can edit it (docs/concepts/shorts-folder.md). A piece is two times in seconds there
and nothing else, so that there is one place to change it; reading snaps each time to the nearest frame of the video.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path, PurePath
from typing import Annotated

from closeup.core.errors import FormatError, InputError
from closeup.core.fields import AtLeast, Text
from closeup.core.notebook import table
from closeup.core.timebase import clock
from closeup.core.types import Line, Score, VideoInfo
from closeup.documents.form import Form, file_bytes, must_be
from closeup.documents.shorts import CameraKey, Layout, PersonRef, ShortId, TimeSpan
from closeup.features.shorts.options import ShortsOptions
from closeup.media.caption_style import is_style_file
from closeup.media.frame_times import FrameTimes

BY_HAND = "Chosen by hand."
"""The reason of a short that was added to a plan by hand."""

_ROUNDING_S = 0.001
"""A time may lie this far behind the end of the video, for those who write milliseconds."""

FolderPath = Annotated[Path, Text(r"[^\x00]{1,4096}", "the path of a cast folder", Path, Path.as_posix)]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the video that a short shows without a break.

    Frames count from 0 in decoding order, as in cast.json; ends are exclusive. Times are seconds from the first frame;
    `end_s` is when the last frame shown ends.
    """

    start_frame: int
    end_frame: int
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds from the first frame's start to the last one's end."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Short:
    """One vertical cut around the person.

    Attributes:
        id: "s1", "s2", ... most interesting first.
        pieces: In the order of the video, not touching; at least one. Between two of them the cut jumps.
        interest: Mean over its frames, 0 to 1.
        parts: Part of the interest to its mean over the short, 0 to 1; only parts that could be judged.
        reason: A sentence for people: what speaks for this moment.
        layout: "follow" or "split".
        title: What it is called in files and pages, or None.
        camera: Where somebody has moved the camera.
    """

    id: str
    pieces: tuple[Piece, ...]
    interest: float
    parts: Mapping[str, float]
    reason: str
    layout: str = "follow"
    title: str | None = None
    camera: tuple[CameraKey, ...] = ()

    @property
    def length_s(self) -> float:
        """Seconds that it lasts."""
        return sum(piece.length_s for piece in self.pieces)

    def __repr__(self) -> str:
        return f"Short({self.id}: {self.length_s:.1f} s, interest {self.interest:.2f} of 1)"


@dataclass(frozen=True, slots=True)
class Plan:
    """The shorts of one person of one video, before anything is rendered.

    Attributes:
        video: The video that the cast was made from.
        person: Id in the cast; `person_name` is what the user calls them, or None.
        shorts: Most interesting first.
        weights: Part of the interest to what it weighed; they sum to 1.
        absent: Part that could not be judged to the reason, a few words for people.
        notes: What could not be done as it was asked, a sentence each.
    """

    video: VideoInfo
    person: str
    person_name: str | None
    shorts: tuple[Short, ...]
    weights: Mapping[str, float]
    absent: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        length_s = sum(short.length_s for short in self.shorts)
        counted = f"{len(self.shorts)} shorts" if len(self.shorts) != 1 else "1 short"
        whom = self.person_name or self.person
        return f"Plan({PurePath(self.video.path).name}: {counted} of {whom}, {clock(length_s)})"

    def _repr_html_(self) -> str:
        rows = [
            (
                short.id,
                f"{short.length_s:.1f} s",
                clock(short.pieces[0].start_s),
                f"{short.interest:.2f} of 1",
                short.reason,
            )
            for short in self.shorts
        ]
        return table(repr(self)[5:-1], ("short", "length", "from", "interest", "why"), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedShort:
    """A short as plan.json has it: its pieces, and what else was written of it.

    Attributes:
        pieces: In order, not overlapping.
        interest: 0 with empty `parts` where nobody has judged it.
        id, title, layout, parts, reason, camera: As in `Short`.
    """

    id: ShortId | None = None
    title: Line | None = None
    layout: Layout | None = None
    pieces: Annotated[tuple[TimeSpan, ...], AtLeast(1)]
    interest: Score = 0.0
    parts: Mapping[str, Score] = field(default_factory=dict)
    reason: Line = BY_HAND
    camera: tuple[CameraKey, ...] = field(default=(), metadata={"exclude_if": lambda keys: not keys})


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan.json holds.

    Attributes:
        cast: The cast folder; in the file a relative path starts where the file is, and so do captions.
        options: What the plan was made with, and shall be rendered with.
        video, person, weights, absent, notes: As in `Plan`.
    """

    cast: FolderPath
    video: VideoInfo
    person: PersonRef
    options: ShortsOptions
    shorts: Annotated[tuple[PlannedShort, ...], AtLeast(1)]
    weights: Mapping[str, Score] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def placed(self, times: FrameTimes) -> Plan:
        """The plan with every piece on the frames of the video that are nearest to its times.

        Pieces that touch become one; a short without an id gets the next that is free.

        Raises:
            FormatError: If a piece is too short to hold a frame.
        """
        taken = {short.id for short in self.shorts}
        free = (name for number in count(1) if (name := f"s{number}") not in taken)
        shorts = tuple(
            Short(
                id=short.id or next(free),
                pieces=tuple(_placed_pieces(short, number, times)),
                interest=short.interest,
                parts=short.parts,
                reason=short.reason,
                layout=short.layout or self.options.layout,
                title=short.title,
                camera=short.camera,
            )
            for number, short in enumerate(self.shorts)
        )
        whom = self.person
        return Plan(self.video, whom.id, whom.name, shorts, self.weights, self.absent, self.notes)


def _placed_pieces(short: PlannedShort, number: int, times: FrameTimes) -> Iterator[Piece]:
    """The pieces on the video's frames, those that touch joined."""
    spans: list[tuple[int, int]] = []
    for row, span in enumerate(short.pieces):
        start, end = times.nearest_cut(span.start_s), times.nearest_cut(span.end_s)
        if end <= start:
            raise FormatError(
                f"shorts[{number}].pieces[{row}] holds no frame: {span.start_s:g} to {span.end_s:g} s is too short."
            )
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    for start, end in spans:
        yield Piece(start, end, float(times.start(start)), float(times.start(end)))


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
    shorts = tuple(
        PlannedShort(
            id=short.id,
            title=short.title,
            layout=short.layout,
            pieces=tuple(TimeSpan(piece.start_s, piece.end_s) for piece in short.pieces),
            interest=short.interest,
            parts=short.parts,
            reason=short.reason,
            camera=short.camera,
        )
        for short in plan.shorts
    )
    captions, font = (given and _relative(given, folder) for given in (options.captions, options.font))
    style = options.caption_style
    if is_style_file(style):
        style = _relative(Path(style), folder).as_posix()
    file = PlanFile(
        cast=_relative(cast, folder),
        video=plan.video,
        person=PersonRef(plan.person, plan.person_name),
        options=replace(options, captions=captions, font=font, caption_style=style),
        shorts=shorts,
        weights=plan.weights,
        absent=plan.absent,
        notes=plan.notes,
    )
    return PLAN_JSON.encode(file)


def read_plan(path: Path) -> PlanFile:
    """Read a plan.json, however it was edited.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it is not a plan; the message says what is wrong where.
    """
    try:
        content = file_bytes(path)
    except InputError as error:
        raise error.reworded(error.message, "Make a plan first.", code="shorts.plan") from error
    file, here = PLAN_JSON.decode(content, str(path)), path.parent
    captions, font = (given and here / given for given in (file.options.captions, file.options.font))
    style = file.options.caption_style
    style = str(here / style) if is_style_file(style) else style
    options = replace(file.options, captions=captions, font=font, caption_style=style)
    return replace(file, cast=here / file.cast, options=options)


def _relative(path: Path, folder: Path) -> Path:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve()))
    except ValueError:  # another drive of Windows
        return path.resolve()


def _check(file: PlanFile) -> None:
    """Every short has an id of its own, and pieces that lie in the video one after another."""
    taken: set[str] = set()
    last_s = file.video.duration_s + _ROUNDING_S
    for number, short in enumerate(file.shorts):
        place = ("shorts", number)
        if short.id in taken:
            raise must_be((*place, "id"), "an id that no other short has", short.id)
        taken |= {short.id} if short.id else set()
        before_s = 0.0
        for row, span in enumerate(short.pieces):
            start, end = (*place, "pieces", row, "start_s"), (*place, "pieces", row, "end_s")
            if span.start_s < before_s:
                raise must_be(start, f"{before_s:g} or more, where the piece before it ends", span.start_s)
            if span.end_s <= span.start_s:
                raise must_be(end, f"more than {span.start_s:g}, where the piece starts", span.end_s)
            if span.end_s > last_s:
                raise must_be(end, f"at most {last_s:g}, where the video ends", span.end_s)
            before_s = span.end_s


PLAN_JSON = Form(PlanFile, "plan.json", version=1, check=_check)
"""The form of plan.json."""
