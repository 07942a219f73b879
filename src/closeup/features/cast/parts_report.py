"""report.html of an album or a season: who is in it, and then photo by photo, or video by video."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any

from closeup.core.parts import part_at, part_cast
from closeup.core.timebase import clock
from closeup.core.types import Cast, CastPart, Person, Track
from closeup.core.words import counted
from closeup.documents.suggestions import Suggestion
from closeup.features.cast.portraits import person_tracks, portrait_track
from closeup.features.cast.report import (
    PASSERS_BY_SHOWN,
    embedded,
    how_it_was_made,
    how_to_change,
    marked,
    person_card,
    questions_asked,
)
from closeup.pages.page import render_page
from closeup.pages.timeline import bar, number_word

PHOTOS_SHOWN = 240
"""The page of an album shows so many photos, the earliest first; the others lie beside it."""

FACES_SHOWN = 480
"""Pictures of faces on a page, shared among all people."""

_KINDS = {"album": ("photo", "photos"), "season": ("video", "videos")}


def render_parts_report(
    cast: Cast, folder: Path, *, folder_name: str, questions: Sequence[Suggestion] | None = ()
) -> str:
    """Write the page of an album or a season: HTML with all pictures inside, the same text for the same cast.

    Args:
        cast: What to tell.
        folder: The result folder, with the pictures in place.
        folder_name: How the commands on the page call the result folder.
        questions: Who may be one person after all; None where that cannot be said.

    Raises:
        FormatError: If a picture that the cast names is missing.
    """
    strip = max(4, min(24, FACES_SHOWN // max(len(cast.people), 1)))
    album = cast.kind == "album"
    casts = [] if album else [part_cast(cast, part) for part in cast.parts]
    cards = [_card(cast, number, folder, strip, casts) for number in range(len(cast.people))]
    name = PurePath(cast.video.path).name or cast.video.path
    change = how_to_change(cast, folder_name)
    if album and cast.people:
        change["commands"].append(("A folder of photos for each person", f"{change['start']} export people"))
    return render_page(
        "closeup.features.cast",
        "parts.html.j2",
        style="report.css",
        script="report.js",
        album=album,
        name=name,
        cast=cast,
        notes=(*cast.video.notes, *cast.notes),
        headline=_headline(cast),
        facts=_facts(cast),
        cards=cards,
        apart=[_passer_by(cast, person, folder) for person in cast.passers_by[:PASSERS_BY_SHOWN]],
        drawn=sum(person.drawn for person in cast.passers_by),
        photos=_photos(cast, cards, folder) if album else [],
        videos=[_video(own, cards) for own in casts],
        **questions_asked(cast, cards, questions, folder),
        **change,
        **how_it_was_made(cast),
    )


def _headline(cast: Cast) -> str:
    """How many people, in how many files."""
    many, files = len(cast.people), len(cast.parts)
    who = f"{number_word(many)} {'person' if many == 1 else 'people'}"
    return f"{who} in {counted(files, *_KINDS[cast.kind])}."


def _facts(cast: Cast) -> list[tuple[str, str]]:
    """The figures under the headline."""
    many = _KINDS[cast.kind][1]
    facts = [("People", str(len(cast.people))), (many.capitalize(), f"{len(cast.parts):,}")]
    if cast.kind == "season":
        return [*facts, ("Length", clock(sum(part.video.duration_s for part in cast.parts)))]
    with_faces = len({track.start_frame for track in cast.tracks})
    facts.append(("Faces", f"{len(cast.tracks):,}"))
    if with_faces < len(cast.parts):
        facts.append((f"{many.capitalize()} without a face", f"{len(cast.parts) - with_faces:,}"))
    dates = sorted(part.taken for part in cast.parts if part.taken)
    if dates:
        facts.append(("Taken", _span(dates)))
    undated = len(cast.parts) - len(dates)
    return [*facts, ("Without a date", str(undated))] if undated and dates else facts


def _span(dates: Sequence[str]) -> str:
    """From the first to the last of dates that ascend, without the time of day."""
    first, last = dates[0][:10], dates[-1][:10]
    return first if first == last else f"{first} to {last}"


def _order(part: CastPart) -> tuple[bool, str, str]:
    """Photos by when they were taken, those without a date behind them by name."""
    return part.taken is None, part.taken or "", part.video.path


def _card(cast: Cast, number: int, folder: Path, most: int, casts: Sequence[Cast]) -> dict[str, Any]:
    """What the page says of one person; `casts` are those of the videos of a season."""
    person = cast.people[number]
    tracks = person_tracks(cast, person)
    return {
        **person_card(person, number + 1, tracks, folder, len(cast.people)),
        **(_in_album(cast, tracks) if cast.kind == "album" else _in_season(person, casts)),
        "pictures": [_picture(cast, track, folder) for track in _chosen(cast, tracks, most)],
    }


def _in_album(cast: Cast, tracks: Sequence[Track]) -> dict[str, Any]:
    parts = [part for track in tracks if (part := part_at(cast, track.start_frame))]
    dates = sorted(part.taken for part in parts if part.taken)
    return {"much": counted(len(parts), "photo"), "when": _span(dates) if dates else "", "appearances": []}


def _in_season(person: Person, casts: Sequence[Cast]) -> dict[str, Any]:
    shown = [
        (PurePath(own.video.path).name, clock(there.screen_time_s))
        for own in casts
        for there in own.people
        if there.id == person.id
    ]
    when = f"in {len(shown)} of {counted(len(casts), 'video')}"
    return {"much": clock(person.screen_time_s), "when": when, "appearances": shown}


def _chosen(cast: Cast, tracks: Sequence[Track], most: int) -> list[Track]:
    """Which faces are shown of a person: all, or the best of as many stretches of time."""
    ordered = sorted(
        tracks, key=lambda track: (_order(part_at(cast, track.start_frame) or cast.parts[0]), track.start_s)
    )
    if cast.kind == "season":
        ordered = list(tracks)
    count = min(most, len(ordered))
    edges = [len(ordered) * step // count for step in range(count + 1)]
    return [portrait_track(ordered[low:high]) for low, high in pairwise(edges)]


def _picture(cast: Cast, track: Track, folder: Path) -> dict[str, Any]:
    part = part_at(cast, track.start_frame) or cast.parts[0]
    name = PurePath(part.video.path).name
    when = (part.taken or "")[:10] if cast.kind == "album" else clock(track.start_s - part.start_s)
    return {
        "source": embedded(folder / "tracks" / f"{track.id}.jpg", 160, 75),
        "time": when or name,
        "at_s": track.start_s,
        "track": track.id,
    }


def _passer_by(cast: Cast, person: Person, folder: Path) -> dict[str, str]:
    return {
        "source": embedded(folder / person.portrait, 112, 75),
        "name": marked(person),
        "where": PurePath((part_at(cast, person_tracks(cast, person)[0].start_frame) or cast.parts[0]).video.path).name,
    }


def _photos(cast: Cast, cards: Sequence[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The photos, the earliest first, each with who is in it."""
    card_of = {card["id"]: card for card in cards}
    people: dict[int, list[dict[str, Any]]] = {}
    others: dict[int, int] = {}
    for track in cast.tracks:
        if track.person in card_of:
            people.setdefault(track.start_frame, []).append(card_of[track.person])
        else:
            others[track.start_frame] = others.get(track.start_frame, 0) + 1
    return [
        {
            "source": embedded(folder / "photos" / f"{part.start_frame}.jpg", 200, 72),
            "name": PurePath(part.video.path).name,
            "path": part.video.path,
            "taken": part.taken or "",
            "people": people.get(part.start_frame, []),
            "others": others.get(part.start_frame, 0),
        }
        for part in sorted(cast.parts, key=_order)[:PHOTOS_SHOWN]
    ]


def _video(own: Cast, cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One video of a season by its own cast: its name, its length, and when each person is seen in it."""
    length_s = max(own.video.duration_s, 0.001)
    card_of = {card["id"]: card for card in cards}
    tracks = {track.id: track for track in own.tracks}
    rows = []
    for person in sorted(own.people, key=lambda person: -person.screen_time_s):
        seen = (tracks[name] for name in person.tracks)
        bars = [bar(track.start_s, track.end_s, length_s) | {"track": track.id} for track in seen]
        rows.append({"card": card_of[person.id], "time": clock(person.screen_time_s), "bars": bars})
    return {"name": PurePath(own.video.path).name, "length": clock(length_s), "rows": rows}
