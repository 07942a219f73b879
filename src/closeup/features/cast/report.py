"""report.html: the cast of a video as one page that needs nothing beside itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from closeup.core.timebase import clock
from closeup.core.types import Cast, Person, Track, VideoInfo
from closeup.features.cast.portraits import (
    best_face,
    person_tracks,
    read_picture,
    resize_to_height,
    spread_tracks,
)
from closeup.media.image import decode_jpeg, encode_jpeg
from closeup.pages.commands import for_cast
from closeup.pages.data_uri import data_uri
from closeup.pages.page import render_page
from closeup.pages.timeline import bar, cut_marks, exact_time, label, number_word, percent, ticks

COLOURS = 12
"""People beyond the twelfth take the colours anew; every bar stands beside a name, so colour is never alone."""

PASSERS_BY_SHOWN = 60
SHOTS_SHOWN = 40
"""With more shots than this the table is folded away and the small timelines leave the cuts out."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How much picture the page affords, so that it stays under about 10 MB however many people there are."""

    portrait_height: int
    pictures: int

    @staticmethod
    def of(people: int) -> "_Sizes":
        """For a number of people."""
        return _Sizes(360 if people <= 80 else 200, max(2, min(12, 480 // max(people, 1))))


def render_report(cast: Cast, folder: Path, *, folder_name: str | None = None) -> str:
    """Write the page for a cast: HTML with all pictures, style and script inside, the same text for the same cast.

    Args:
        cast: What to tell.
        folder: The result folder, with tracks/ID.jpg and the portraits in place.
        folder_name: How the commands on the page call the result folder, for a folder that is still to be renamed
            into its place; NAME.cast after the video by default.

    Raises:
        FormatError: If a picture that the cast names is missing, or a person names a track that is not there.
    """
    sizes = _Sizes.of(len(cast.people))
    cards = [_card(cast, person, number, folder, sizes) for number, person in enumerate(cast.people)]
    apart = [_passer_by(cast, person, folder) for person in cast.passers_by[:PASSERS_BY_SHOWN]]
    name = folder_name if folder_name is not None else f"{PurePath(cast.video.path).stem}.cast"
    return render_page(
        "closeup.features.cast",
        "report.html.j2",
        style="report.css",
        script="report.js",
        video=cast.video,
        notes=(*cast.video.notes, *cast.notes),
        video_name=PurePath(cast.video.path).name or cast.video.path,
        headline=_headline(cast),
        facts=_facts(cast),
        cards=cards,
        apart=apart,
        apart_total=len(cast.passers_by),
        hidden=len(cast.hidden),
        shots=_shot_rows(cast, cards),
        shots_shown=SHOTS_SHOWN,
        shot_bars=[
            bar(shot.start_s, shot.end_s, _length_s(cast), f"Shot {number}, ")
            for number, shot in enumerate(cast.shots, start=1)
        ],
        cuts=cut_marks([shot.start_s for shot in cast.shots[1:]], _length_s(cast)),
        ticks=ticks(_length_s(cast)),
        folder_name=name,
        commands=for_cast(name, [(p.id, p.name, p.tracks) for p in cast.people], hidden=bool(cast.hidden)),
        models=[(label(role), model) for role, model in sorted(cast.models.items())],
        options=[(label(key), _value(value)) for key, value in sorted(cast.options.items())],
    )


def _card(cast: Cast, person: Person, number: int, folder: Path, sizes: _Sizes) -> dict[str, Any]:
    """All that the page says of a member of the cast."""
    tracks = person_tracks(cast, person)
    chosen = spread_tracks(tracks, sizes.pictures)
    portrait = folder / person.portrait
    return {
        "id": person.id,
        "name": _name(person),
        "colour": number % COLOURS,
        "portrait": _embed(portrait, sizes.portrait_height, 82),
        "avatar": _embed(portrait, 80, 75),
        "screen_time": clock(person.screen_time_s),
        "share": percent(person.screen_time_s / _length_s(cast)),
        "shots": _count(len(person.shots), "shot"),
        "told": _told(tracks),
        "bars": [bar(track.start_s, track.end_s, _length_s(cast)) | {"track": track.id} for track in tracks],
        "pictures": [_picture(track, folder) for track in chosen],
    }


def _passer_by(cast: Cast, person: Person, folder: Path) -> dict[str, str]:
    """A small picture of someone who is not of the cast: when they are first seen, and their id or name."""
    first = person_tracks(cast, person)[0]
    return {
        "source": _embed(folder / person.portrait, 112, 75),
        "time": clock(first.start_s),
        "track": person.name or person.id,
    }


def _picture(track: Track, folder: Path) -> dict[str, str]:
    """A track's picture for the strip, with the time of its best face."""
    source = _embed(folder / "tracks" / f"{track.id}.jpg", 160, 75)
    return {"source": source, "time": clock(best_face(track.faces).time_s), "track": track.id}


def _embed(path: Path, most_height: int, quality: int) -> str:
    """A picture of the folder as a data: URI, at most this many pixels high."""
    image = decode_jpeg(read_picture(path))
    small = resize_to_height(image, min(most_height, image.shape[0]))
    return data_uri(encode_jpeg(small, quality))


def _name(person: Person) -> str:
    """What the page calls someone: their name, or "Person 3" for p3."""
    number = person.id.removeprefix("p")
    return person.name or (f"Person {number}" if number.isdigit() else person.id)


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
    stretches = f"{_count(len(tracks), 'stretch', 'stretches')} between"
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


def _shot_rows(cast: Cast, cards: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table of shots, with who is in each."""
    return [
        {
            "number": number + 1,
            "start": exact_time(shot.start_s),
            "end": exact_time(shot.end_s),
            "length": f"{shot.end_s - shot.start_s:.1f} s",
            "people": [card for card, person in zip(cards, cast.people, strict=True) if number in person.shots],
            "passers_by": sum(number in person.shots for person in cast.passers_by),
        }
        for number, shot in enumerate(cast.shots)
    ]


def _count(number: int, one: str, many: str = "") -> str:
    """A number and its noun: "1 shot", "1,024 shots"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _value(value: bool | int | float | str | None) -> str:
    """An option's value in words."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
