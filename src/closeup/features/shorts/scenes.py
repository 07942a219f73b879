"""All scenes with one person cut together, from one video or from many: `closeup reel`."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.errors import InputError, OutputError
from closeup.core.parts import part_cast
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.types import Cast, Person
from closeup.core.words import LeftOut, about
from closeup.features.shorts.framing import FramingOptions, find_area, frame_piece
from closeup.features.shorts.options import ReelOptions
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.reel import FrameClock, stretches_of
from closeup.features.shorts.render import VideoPieces, render_footage
from closeup.jobs.casts import find_person, find_video, open_cast
from closeup.media.frame_times import FrameTimes, read_frame_times
from closeup.media.video import open_video
from closeup.perception.sound_choice import choose_sound_track


def make_reel(
    casts: Sequence[Path],
    person: str,
    output: Path,
    options: ReelOptions | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> dict[str, Any]:
    """Cut all scenes with a person together and write them as one MP4, whole or not at all.

    The scenes follow each other as in their video, and the videos in the order of the casts. As much of the picture is
    shown as the shape allows, and the camera keeps the person in it.

    Args:
        casts: Result folders of `closeup cast`, of videos or seasons.
        person: The person's name in them, or the id where there is one folder only.
        output: The MP4 to write.
        options: What it looks like.
        overwrite: Replace a file that is there.
        progress: Told how far the work is.

    Returns:
        What was made, as plain values: `file`, `duration_s`, `scenes` with the `video`, `start_s` and `end_s` there and
        `at_s` in the reel, and `notes`, a sentence each.

    Raises:
        InputError: If the person is in none of the casts, or a video has moved or changed; says what to type.
        OutputError: If the file exists and `overwrite` is off, or it cannot be written.
    """
    options = options or ReelOptions()
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists already.", code="result.exists")
    appearances, notes = _appearances(casts, person)
    footage, scenes, at_s = list[VideoPieces](), list[dict[str, Any]](), 0.0
    for folder, cast, whom in appearances:
        video = find_video(cast, folder, None, progress)
        found, heard = _footage(video, cast, whom, options)
        if found is None:
            notes.append(LeftOut(f"{cast.video.path} shows the person in passing only."))
            continue
        footage.append(found)
        notes += [about(video.name, note) if len(appearances) > 1 else note for note in heard]
        for framed in found.pieces:
            piece = framed.piece
            span = {"start_s": round(piece.start_s, 6), "end_s": round(piece.end_s, 6), "at_s": round(at_s, 6)}
            scenes.append({"video": cast.video.path, **span})
            at_s += piece.length_s
    if not footage:
        raise InputError(f"There is no scene of a second or more with {person}.", " ".join(notes))
    notes += _other_colours(footage)
    made = render_footage(footage, output, size_wh=options.size_wh, most_fps=options.most_fps, progress=progress)
    silent = [] if made.sound else ["None of the videos has sound."]
    return {"file": str(output), "duration_s": made.duration_s, "scenes": scenes, "notes": notes + silent}


def _appearances(casts: Sequence[Path], who: str) -> tuple[list[tuple[Path, Cast, Person]], list[str]]:
    """The casts of single videos that the person is in, each with its folder and the person; and notes on the others.

    Raises:
        InputError: If they are in none, or an id is given for several folders.
    """
    if len(casts) > 1 and re.fullmatch("p[1-9][0-9]*", who):
        raise InputError(
            f"{who} is somebody else in each of {len(casts)} casts.",
            "Give the person the same name in all of them, and that name here.",
        )
    found: list[tuple[Path, Cast, Person]] = []
    missing: list[InputError] = []
    for folder in casts:
        cast = open_cast(folder, several=True)
        if cast.kind == "album":
            raise InputError(f"{folder} is an album: photos have no scenes.")
        try:
            person = find_person(cast, who, folder)
        except InputError as error:
            missing.append(error.reworded(f"{folder}: {error.message}"))
            continue
        for own in [part_cast(cast, part) for part in cast.parts] or [cast]:
            there = next((p for p in (*own.people, *own.passers_by) if p.id == person.id), None)
            if there is not None:
                found.append((folder, own, there))
    if not found:
        raise missing[0]
    return found, [LeftOut(error.message) for error in missing]


def _footage(
    video: Path, cast: Cast, person: Person, options: ReelOptions
) -> tuple[VideoPieces | None, tuple[str, ...]]:
    """The person's scenes in one video with the camera's path through them, None where there is none; and notes."""
    times = read_frame_times(video, cast.video)
    pieces = list(_pieces(cast, person, times))
    if not pieces:
        return None, ()
    how = FramingOptions(options.size_wh, area_xyxy=find_area(video, times, pieces), zooms=False)
    framed = [
        frame_piece(cast, person.id, piece, times.starts_s[piece.start_frame : piece.end_frame], how)
        for piece in pieces
    ]
    track, notes = choose_sound_track(video, options.audio_track, times.end_s, times)
    return VideoPieces(video, framed, times, track), notes


def _pieces(cast: Cast, person: Person, times: FrameTimes) -> Iterator[Piece]:
    ends_s = np.append(times.starts_s, times.end_s)
    for stretch in stretches_of(cast, person, FrameClock.of(times)):
        start, end = stretch.start_frame, stretch.end_frame
        yield Piece(start, end, float(ends_s[start]), float(ends_s[end]))


def _other_colours(footage: Sequence[VideoPieces]) -> list[str]:
    """A sentence where videos tell their colours differently: the reel can tell one way only."""
    told = []
    for each in footage:
        with open_video(each.video, track=each.frame_times.track, canvas_wh=each.frame_times.canvas_wh) as reader:
            told.append(next(iter(reader)).colour)
    other = [each.video.name for each, colour in zip(footage, told, strict=True) if colour != told[0]]
    if not other:
        return []
    return [
        f"Colours may look slightly different in {', '.join(other)}: they are told otherwise than in the first video."
    ]
