"""The result folder of shorts: what lies where, written as a whole (docs/concepts/shorts-folder.md)."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from closeup.algorithms.reframing.key_frames import key_frames
from closeup.core.errors import OutputError
from closeup.core.result_folder import ResultFolder
from closeup.core.whole import output_error
from closeup.documents.shorts import (
    CAMERA_JSON,
    FILES,
    SHORTS_JSON,
    CameraOfShort,
    CameraPlan,
    KeyFrame,
    PersonRef,
    PictureSize,
    PieceRecord,
    ShortRecord,
    ShortsRecord,
)
from closeup.features.shorts.finished import FinishedShort, Handover
from closeup.features.shorts.framing import Crops, FramedPiece
from closeup.features.shorts.interest import CURVES, curves_text
from closeup.features.shorts.plan import encode_plan
from closeup.features.shorts.preview import render_preview
from closeup.features.shorts.timeline import write_timelines
from closeup.media.subtitles import encode_srt, encode_vtt

PLAN, SHORTS, OTIO, EDL, PREVIEW = "plan.json", "shorts.json", "timeline.otio", "timeline.edl", "preview.html"
CAMERA = "camera.json"
"""Of shorts that are planned only: what shorts.json says of those that are rendered."""

_OURS = frozenset({PLAN, SHORTS, OTIO, EDL, PREVIEW, CURVES, CAMERA})

TOLERANCE_PX = 0.05
"""The camera between key frames is nowhere farther off than this, in pixels of the source."""

_ROUNDING_PX = 0.005
_OF_A_SHORT = re.compile(r"s[1-9][0-9]{0,3}\.(mp4|jpg|srt|vtt)")


def movie_name(short_id: str) -> str:
    """What the MP4 of a short is called in the folder."""
    return f"{short_id}.mp4"


def is_only_planned(folder: Path) -> bool:
    """Whether a folder holds a plan and no rendered shorts, so that rendering into it replaces nothing."""
    return (folder / PLAN).is_file() and not (folder / SHORTS).is_file()


def folder_at(target: Path) -> ResultFolder:
    """The place of shorts, or of a plan of them."""
    return ResultFolder(target, (PLAN, SHORTS))


def is_ours(name: str) -> bool:
    """Whether a file in a folder of shorts is closeup's own."""
    return name in _OURS or _OF_A_SHORT.fullmatch(name) is not None


def write_handover(part: Path, handover: Handover, target: Path) -> None:
    """Write everything but the MP4s, which lie in the folder already where the shorts are rendered.

    Args:
        part: The folder to write into.
        handover: What to write.
        target: What the folder will be.

    Raises:
        FormatError: If the parts of the result do not fit together.
        OutputError: If an MP4 is missing, or the folder cannot be written.
    """
    notes: tuple[str, ...] = ()
    try:
        if handover.rendered:
            notes = _write_rendered(part, handover)
        else:
            cameras = (CameraOfShort(each.short.id, _piece_records(each)) for each in handover.shorts)
            (part / CAMERA).write_bytes(CAMERA_JSON.encode(CameraPlan(tuple(cameras))))
        for finished in handover.shorts:
            (part / f"{finished.short.id}.jpg").write_bytes(finished.poster.jpeg)
        if handover.interest is not None:
            (part / CURVES).write_text(curves_text(handover.interest), encoding="ascii", newline="\n")
        (part / PLAN).write_bytes(encode_plan(handover.plan, handover.options, handover.cast_folder, target))
        page = render_preview(handover, folder_name=target.name, notes=notes)
        (part / PREVIEW).write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise output_error(target, error) from error


def _write_rendered(part: Path, handover: Handover) -> tuple[str, ...]:
    """The captions, the record and the timelines; gives what there is to note about them."""
    for finished in handover.shorts:
        movie = movie_name(finished.short.id)
        if not (part / movie).is_file():
            raise OutputError(f"{movie} is missing among the rendered shorts.")
        _write_captions(part, finished)
    timelines = write_timelines(handover.plan, handover.video, sound=handover.sound, start=handover.time_code)
    (part / OTIO).write_bytes(timelines.otio)
    (part / EDL).write_bytes(timelines.edl)
    (part / SHORTS).write_bytes(encode_shorts(handover, timelines.notes))
    return timelines.notes


def _write_captions(part: Path, finished: FinishedShort) -> None:
    if finished.captions is not None:
        (part / f"{finished.short.id}.srt").write_bytes(encode_srt(finished.captions))
        (part / f"{finished.short.id}.vtt").write_bytes(encode_vtt(finished.captions))


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
    record = ShortsRecord(
        video=plan.video,
        person=PersonRef(plan.person, plan.person_name),
        picture=PictureSize(*handover.size_wh),
        shorts=tuple(map(_short_record, handover.shorts)),
        weights=plan.weights,
        absent=plan.absent,
        notes=(*plan.notes, *notes),
    )
    return SHORTS_JSON.encode(record)


def _short_record(finished: FinishedShort) -> ShortRecord:
    short, rendered = finished.short, finished.rendered
    if rendered is None:
        raise ValueError(f"{short.id} is not rendered")
    return ShortRecord(
        id=short.id,
        title=short.title,
        layout=short.layout,
        files={
            kind: f"{short.id}.{ending}"
            for kind, ending in FILES.items()
            if finished.captions is not None or kind in ("video", "poster")
        },
        length_s=rendered.duration_s,
        frames=rendered.frames,
        interest=short.interest if short.parts else None,
        parts=short.parts,
        reason=short.reason,
        sound=rendered.sound,
        pieces=_piece_records(finished),
    )


def _piece_records(finished: FinishedShort) -> tuple[PieceRecord, ...]:
    starts_s = accumulate((framed.piece.length_s for framed in finished.framed), initial=0.0)
    return tuple(map(_piece_record, finished.framed, starts_s))


def _piece_record(framed: FramedPiece, at_s: float) -> PieceRecord:
    piece = framed.piece
    return PieceRecord(
        start_frame=piece.start_frame,
        end_frame=piece.end_frame,
        start_s=piece.start_s,
        end_s=piece.end_s,
        at_s=at_s,
        layout=framed.layout,
        camera=tuple(tuple(_keys(crops, piece.start_frame)) for crops in framed.panels),
    )


def _keys(crops: Crops, start_frame: int) -> Iterator[KeyFrame]:
    for row in key_frames(np.asarray(crops, dtype=np.float64), TOLERANCE_PX - 2 * _ROUNDING_PX).tolist():
        x0, y0, x1, y1 = crops[row].tolist()
        yield start_frame + row, x0, y0, x1, y1
