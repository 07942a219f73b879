"""The result folder of shorts: what lies where, written as a whole (docs/concepts/shorts-folder.md)."""

import re
from pathlib import Path

from closeup.core.errors import OutputError
from closeup.core.result_folder import ResultFolder
from closeup.core.whole import output_error
from closeup.features.shorts.finished import FinishedShort, Handover
from closeup.features.shorts.interest import CURVES, curves_text
from closeup.features.shorts.plan_json import encode_plan
from closeup.features.shorts.preview import render_preview
from closeup.features.shorts.shorts_json import encode_shorts
from closeup.features.shorts.timeline import write_timelines
from closeup.media.container import time_code
from closeup.media.subtitles import encode_srt, encode_vtt

PLAN, SHORTS, OTIO, EDL, PREVIEW = "plan.json", "shorts.json", "timeline.otio", "timeline.edl", "preview.html"
_OURS = frozenset({PLAN, SHORTS, OTIO, EDL, PREVIEW, CURVES})
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
    start = time_code(handover.video, handover.plan.video.track)
    timelines = write_timelines(handover.plan, handover.video, sound=handover.sound, start=start)
    (part / OTIO).write_bytes(timelines.otio)
    (part / EDL).write_bytes(timelines.edl)
    (part / SHORTS).write_bytes(encode_shorts(handover, timelines.notes))
    return timelines.notes


def _write_captions(part: Path, finished: FinishedShort) -> None:
    if finished.captions is not None:
        (part / f"{finished.short.id}.srt").write_bytes(encode_srt(finished.captions))
        (part / f"{finished.short.id}.vtt").write_bytes(encode_vtt(finished.captions))
