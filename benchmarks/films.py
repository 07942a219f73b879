"""TV, film and crowd clips: is each person with gallery photos listed once, and nobody where nobody is?"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench import SETS, Bench
from closeup.features.cast.folder import CastFolder
from owners import gallery, known_owners, meant, truth_for
from tables import Cell, Claim, Section, Table

WITH_GALLERY = ("friends_cards_30s", "avengers_15s", "hamilton_10s")
OTHERS = ("crowd_walk_4s", "sweden_60s", "pyfeat_cry_laugh_20s", "pyfeat_face_then_none_6s")
EMPTY = ("cats_no_human_41s", "pyfeat_no_face_4s")
NO_CAST = "No people were found"


@dataclass(frozen=True, slots=True)
class Found:
    """How the people with gallery photos fared in one clip.

    Attributes:
        listings: Name to the ids of the listed people who are mostly that person.
        mixed: Listed people under 90 % of whose known faces belong to one owner.
        strangers: Listed people of whom no track has a known owner.
        passers_by: How many are kept apart.
    """

    listings: dict[str, list[str]]
    mixed: list[str]
    strangers: list[str]
    passers_by: int


def measure(bench: Bench) -> Section:
    """Match the listed people with gallery photos; count who is found where nobody or a crowd is."""
    clips = WITH_GALLERY[1:2] if bench.quick else WITH_GALLERY
    found = [(clip, models, look(bench, video_of(bench, clip), models)) for clip in clips for models in SETS]
    claims = [Claim(f"{clip}, {models}: {told(each)}", whole(each)) for clip, models, each in found]
    empty = [(clip, models, *nobody(bench, clip, models)) for clip in EMPTY for models in SETS]
    claims += [Claim(f"{clip}, {models}: nobody, said so, exit code 0", held) for clip, models, _, held in empty]
    tables: tuple[Table, ...] = (
        Table(
            "People with gallery photos",
            (
                "clip",
                "models",
                "with photos",
                "listed once",
                "not listed",
                "listed twice",
                "mixed",
                "others",
                "passing",
            ),
            tuple(_row(clip, models, each) for clip, models, each in found),
            "`others` are listed people who resemble nobody with photos, `passing` those who are kept apart.",
        ),
        Table("Clips with nobody in them", ("clip", "models", "people"), tuple(row[:3] for row in empty)),
    )
    if not bench.quick:
        heads = ("clip", "models", "people", "passing", "tracks")
        rows = tuple(_counts(bench, clip, models) for clip in OTHERS for models in SETS)
        tables += (Table("Clips without gallery photos, for the record", heads, rows),)
    return Section("TV, film and crowd clips", tables, tuple(claims))


def video_of(bench: Bench, clip: str) -> Path:
    """The file of a clip."""
    return next(path for path in sorted(bench.clips.iterdir()) if path.stem == clip)


def look(bench: Bench, video: Path, models: str) -> Found:
    """Say whom the listed people of a clip resemble; who owns a track is settled without looking at the grouping."""
    folder = CastFolder(bench.cast_of(video, models))
    cast = folder.cast()
    owners = known_owners(bench, video, cast, folder.vectors(cast))
    truth = truth_for(bench, video)
    names = sorted(gallery(bench, video).keys() & (meant(truth) if truth else set()))
    listings: dict[str, list[str]] = {name: [] for name in names}
    mixed, strangers = [], []
    for person in cast.people:
        faces: Counter[str] = Counter()
        for track, owner in zip(cast.tracks, owners, strict=True):
            if track.person == person.id and owner is not None:
                faces[owner] += len(track.faces)
        if not faces:
            strangers.append(person.id)
            continue
        name, most = faces.most_common(1)[0]
        listings.setdefault(name, []).append(person.id)
        if most < 0.9 * faces.total():
            mixed.append(person.id)
    return Found(listings, mixed, strangers, len(cast.passers_by))


def whole(found: Found) -> bool:
    """Whether everybody is listed once, and nobody is mixed with another."""
    return not found.mixed and all(len(ids) == 1 for ids in found.listings.values())


def told(found: Found) -> str:
    """Say in words what is wrong, or that nothing is."""
    faults = [f"{name} is not listed" for name, ids in found.listings.items() if not ids]
    faults += [f"{name} is {' and '.join(ids)}" for name, ids in found.listings.items() if len(ids) > 1]
    faults += [f"{person} is mixed" for person in found.mixed]
    return "; ".join(faults) or "each person with photos is one listed person"


def _row(clip: str, models: str, found: Found) -> tuple[Cell, ...]:
    times = [len(ids) for ids in found.listings.values()]
    counts = (len(times), times.count(1), times.count(0), sum(n > 1 for n in times))
    return (clip, models, *counts, len(found.mixed), len(found.strangers), found.passers_by)


def _counts(bench: Bench, clip: str, models: str) -> tuple[Cell, ...]:
    cast = CastFolder(bench.cast_of(video_of(bench, clip), models)).cast()
    return (clip, models, len(cast.people), len(cast.passers_by), len(cast.tracks))


def nobody(bench: Bench, clip: str, models: str) -> tuple[int, bool]:
    """How many people a clip without any is said to have, and whether the command ends as it should."""
    folder = bench.out / "casts" / f"{clip}-{models}.cast"
    folder.parent.mkdir(parents=True, exist_ok=True)
    video = video_of(bench, clip)
    done = bench.closeup("cast", str(video), "-o", str(folder), "--models", models, "--overwrite")
    if done.code:
        return -1, False
    people = json.loads((folder / "cast.json").read_text(encoding="utf-8"))["people"]
    return len(people), not people and NO_CAST in done.output
