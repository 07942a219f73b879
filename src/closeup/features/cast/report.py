"""report.html: the cast of a video as one page that needs nothing beside itself, and plays the video where it is."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from closeup.core.data_uri import data_uri
from closeup.core.timebase import clock
from closeup.core.types import Cast, Person, Track, VideoInfo
from closeup.core.words import counted, likely
from closeup.documents.edits import person_number
from closeup.documents.suggestions import Suggestion
from closeup.features.cast.nobody import why_nobody
from closeup.features.cast.people import portrait_quality
from closeup.features.cast.portraits import (
    best_face,
    person_tracks,
    portrait_track,
    read_picture,
    resize_to_height,
    spread_tracks,
)
from closeup.media.image import decode_jpeg, encode_jpeg
from closeup.pages.commands import for_cast, start_for_cast
from closeup.pages.page import render_page
from closeup.pages.timeline import bar, cut_marks, exact_time, label, number_word, percent, ticks

COLOURS = 12
"""A person's colour goes with their id, so that it stays when others are merged; beyond the twelfth colours come anew.
Every bar stands beside a name, so colour is never alone."""

PASSERS_BY_SHOWN = 60
QUESTIONS_SHOWN = 24
LOOKED_AT_SHOWN = 12
SHOTS_SHOWN = 40
"""With more shots than this the table is folded away and the small timelines leave the cuts out."""


def render_report(
    cast: Cast,
    folder: Path,
    *,
    place: Path | None = None,
    questions: Sequence[Suggestion] | None = (),
) -> str:
    """Write the page for a cast: HTML with all pictures, style and script inside, the same text for the same cast.

    Args:
        cast: What to tell.
        folder: The result folder, with tracks/ID.jpg and the portraits in place.
        place: Where the result folder will lie once it is whole: the commands on the page call it by its name, and the
            video is looked for from there; NAME.cast after the video by default.
        questions: Who may be one person after all; None where that cannot be said.

    Raises:
        FormatError: If a picture that the cast names is missing, or a person names a track that is not there.
    """
    cards = [_card(cast, person, number, folder) for number, person in enumerate(cast.people, start=1)]
    apart = [_passer_by(cast, person, folder) for person in cast.passers_by[:PASSERS_BY_SHOWN]]
    name = place.name if place is not None else f"{PurePath(cast.video.path).stem}.cast"
    return render_page(
        "closeup.features.cast",
        "report.html.j2",
        style="report.css",
        script="report.js",
        video=cast.video,
        notes=(*cast.video.notes, *cast.notes),
        video_name=PurePath(cast.video.path).name or cast.video.path,
        video_address=_video_address(cast.video.path, place),
        **questions_asked(cast, cards, questions, folder),
        headline=_headline(cast),
        facts=_facts(cast),
        cards=cards,
        apart=apart,
        apart_total=len(cast.passers_by),
        drawn=sum(person.drawn for person in cast.passers_by),
        shots=_shot_rows(cast, cards, folder),
        cause=why_nobody(cast),
        looked_at=_looked_at(cast, folder) if not cast.people else [],
        shots_shown=SHOTS_SHOWN,
        shot_bars=[
            bar(shot.start_s, shot.end_s, _length_s(cast), f"Shot {number}, ")
            for number, shot in enumerate(cast.shots, start=1)
        ],
        cuts=cut_marks([shot.start_s for shot in cast.shots[1:]], _length_s(cast)),
        ticks=ticks(_length_s(cast)),
        **how_to_change(cast, name),
        **how_it_was_made(cast),
    )


def how_to_change(cast: Cast, folder_name: str) -> dict[str, Any]:
    """The commands that put a cast right, in the folder of that name."""
    people = [(person.id, person.name, person.tracks) for person in cast.people]
    return {
        "folder_name": folder_name,
        "hidden": len(cast.hidden),
        "start": start_for_cast(folder_name),
        "commands": for_cast(folder_name, people, hidden=bool(cast.hidden)),
    }


def how_it_was_made(cast: Cast) -> dict[str, list[tuple[str, str]]]:
    """Models and options as labels and values."""
    return {
        "models": [(label(role), model) for role, model in sorted(cast.models.items())],
        "options": [(label(key), _value(value)) for key, value in sorted(cast.options.items())],
    }


def _card(cast: Cast, person: Person, number: int, folder: Path) -> dict[str, Any]:
    """All that the page says of a member of the cast, the `number`-th on the page.

    With many people there are fewer and smaller pictures of each, so that a page stays under about 10 MB.
    """
    tracks = person_tracks(cast, person)
    many = len(cast.people)
    chosen = spread_tracks(tracks, max(2, min(12, 480 // max(many, 1))))
    return {
        **person_card(person, number, tracks, folder, many),
        "screen_time": clock(person.screen_time_s),
        "share": percent(person.screen_time_s / _length_s(cast)),
        "shots": counted(len(person.shots), "shot"),
        "told": _told(tracks),
        "bars": [bar(track.start_s, track.end_s, _length_s(cast)) | {"track": track.id} for track in tracks],
        "pictures": [_picture(track, folder) for track in chosen],
    }


def questions_asked(
    cast: Cast, cards: Sequence[dict[str, Any]], questions: Sequence[Suggestion] | None, folder: Path
) -> dict[str, Any]:
    """The first few questions who may be one, which their cards point to, and how many there are in all."""
    asked = [_question(cast, cards, question, folder) for question in (questions or ())[:QUESTIONS_SHOWN]]
    for question in asked:
        for one, other in (question["people"], question["people"][::-1]):
            if "unsure" in one:
                one["unsure"].append((other, question["number"], question["likely"]))
    return {"asked": asked, "asked_total": None if questions is None else len(questions)}


def person_card(person: Person, number: int, tracks: Sequence[Track], folder: Path, many: int) -> dict[str, Any]:
    """What pages say of a person, the `number`-th of `many`, whatever they were found in."""
    portrait = folder / person.portrait
    return {
        "id": person.id,
        "number": number,
        "given": person.name or "",
        "name": person.name or f"Person {number}",
        "unsure": [],
        "colour": (person_number(person.id) - 1) % COLOURS,
        "shown": portrait_track(tracks, person.portrait_track).id,
        "portrait": embedded(portrait, 360 if many <= 80 else 200, 82),
        "avatar": embedded(portrait, 80, 75),
    }


def _question(cast: Cast, cards: Sequence[dict[str, Any]], question: Suggestion, folder: Path) -> dict[str, Any]:
    """A question whether two are one: their cards, or the name of a passer-by, their pictures, and the reasons."""
    known = {card["id"]: card for card in cards}
    for person in cast.passers_by:
        if person.id in question.people:
            known[person.id] = {"id": person.id, "name": person.name or "Passer-by"}
    one, other = question.people
    return {
        "number": f"{one}-{other}",
        "people": (known[one], known[other]),
        "pictures": [embedded(folder / f"people/{identity}.jpg", 240, 80) for identity in question.people],
        "likely": likely(question.probability),
        "why": question.why,
    }


def _video_address(video: str, place: Path | None) -> str:
    """Where the page in the result folder at `place` finds the video: as far as is known, else beside the folder."""
    beside = f"../{PurePath(video).name}"
    for path in () if place is None else (place.parent / video, Path(video)):
        if path.is_file():
            beside = os.path.relpath(path.absolute(), place).replace(os.sep, "/")
            break
    return quote(os.fsencode(beside))


def _passer_by(cast: Cast, person: Person, folder: Path) -> dict[str, Any]:
    """A small picture of someone who is not of the cast: when they are first seen, and their id or name."""
    first = person_tracks(cast, person)[0]
    at_s = first.faces[0].time_s
    return {
        "source": embedded(folder / person.portrait, 112, 75),
        "time": clock(at_s),
        "at_s": at_s,
        "track": marked(person),
    }


def marked(person: Person) -> str:
    """The name or id of someone who is not of the cast, and whether they are drawn."""
    return f"{person.name or person.id}{', drawn' if person.drawn else ''}"


def _picture(track: Track, folder: Path) -> dict[str, Any]:
    """A track's picture for the strip, with the time of its best face."""
    source = embedded(folder / "tracks" / f"{track.id}.jpg", 160, 75)
    at_s = best_face(track.faces).time_s
    return {"source": source, "time": clock(at_s), "at_s": at_s, "track": track.id}


def embedded(path: Path, most_height: int, quality: int) -> str:
    """A picture of the folder as a data: URI, at most this many pixels high."""
    image = decode_jpeg(read_picture(path))
    small = resize_to_height(image, min(most_height, image.shape[0]))
    return data_uri(encode_jpeg(small, quality))


def _headline(cast: Cast) -> str:
    """How many people, and for how much of the video, as a sentence or two."""
    if not cast.people:
        return ""
    many = len(cast.people)
    who = f"{number_word(many)} {'person' if many == 1 else 'people'}"
    by_id = {person.id for person in cast.people}
    seen_s = _union_s([(track.start_s, track.end_s) for track in cast.tracks if track.person in by_id])
    return f"{who}, in view for {clock(seen_s)} of {clock(cast.video.duration_s)}."


def _facts(cast: Cast) -> list[tuple[str, str]]:
    """The figures under the headline."""
    return [
        ("People", str(len(cast.people))),
        ("Length", clock(cast.video.duration_s)),
        ("Shots", str(len(cast.shots))),
        ("Picture", f"{cast.video.width} × {cast.video.height}"),  # noqa: RUF001
        ("Frames a second", _rate(cast.video)),
    ]


def _rate(video: VideoInfo) -> str:
    """Frames a second with at most two decimals: 25, 29.97."""
    return f"{float(video.fps):.2f}".rstrip("0").rstrip(".")


def _told(tracks: Sequence[Track]) -> str:
    """A timeline in words, for those who do not see it."""
    stretches = f"{counted(len(tracks), 'stretch', 'stretches')} between"
    return f"{stretches} {clock(tracks[0].start_s)} and {clock(max(track.end_s for track in tracks))}"


def _union_s(spans: Sequence[tuple[float, float]]) -> float:
    """Seconds that lie in at least one of the spans."""
    total, end = 0.0, 0.0
    for low, high in sorted(spans):
        total += max(0.0, high - max(low, end))
        end = max(end, high)
    return total


def _length_s(cast: Cast) -> float:
    """The timelines' length: the video's, never 0."""
    return max(cast.video.duration_s, 0.001)


def shot_picture_path(folder: Path, number: int) -> Path:
    """Where the small picture of a shot lies in a result folder; `number` counts from 0, file names from 1."""
    return folder / "shots" / f"{number + 1}.jpg"


def _shot_picture(folder: Path, number: int, height: int) -> str:
    """The small picture of a shot as a data: URI; empty where there is none."""
    path = shot_picture_path(folder, number)
    return embedded(path, height, 70) if path.is_file() else ""


def _looked_at(cast: Cast, folder: Path) -> list[dict[str, Any]]:
    """A few of the faces that were found and not used, and a few shots: what an empty result was made from."""
    unused = sorted((t for t in cast.tracks if t.person is None), key=lambda t: -portrait_quality([t]))
    faces = [_picture(track, folder) for track in unused[:LOOKED_AT_SHOWN]]
    step = max(1, -(-len(cast.shots) // LOOKED_AT_SHOWN))
    shots = [
        {"source": source, "time": clock(cast.shots[number].start_s)}
        for number in range(0, len(cast.shots), step)
        if (source := _shot_picture(folder, number, 120))
    ]
    return faces + shots


def _shot_rows(cast: Cast, cards: Sequence[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The table of shots, with a small picture and who is in each."""
    height = 72 if len(cast.shots) <= 400 else 48
    return [
        {
            "number": number + 1,
            "picture": _shot_picture(folder, number, height),
            "at_s": shot.start_s,
            "start": exact_time(shot.start_s),
            "end": exact_time(shot.end_s),
            "length": f"{shot.end_s - shot.start_s:.1f} s",
            "people": [card for card, person in zip(cards, cast.people, strict=True) if number in person.shots],
            "passers_by": sum(number in person.shots for person in cast.passers_by),
        }
        for number, shot in enumerate(cast.shots)
    ]


def _value(value: bool | int | float | str | None) -> str:
    """An option's value in words."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
