"""Persons before and after merging, wrong merges against known owners, and what clothing adds or harms."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import Bench
from closeup import CastOptions
from closeup.algorithms.clustering.merging import MergeThresholds, Rule
from closeup.core.types import Cast
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.find import person_rule
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.grouping import NOBODY, Grouping, GroupingOptions, group_tracks, grouping_options
from closeup.features.cast.people import founds_person
from closeup.weights.cards import card
from films import WITH_GALLERY, video_of
from owners import Owners, known_owners
from programmes import all_programmes, programme_video
from tables import Cell, Claim, Section, Table

NO_MERGES = MergeThresholds(None, None, None, None)
COLUMNS = (
    *("video", "owners", "persons before"),
    *("persons, face only", "wrong", "persons, with clothing", "wrong", "merges by both", "by clothing"),
)


@dataclass(frozen=True, slots=True)
class Merged:
    """One way to merge.

    Attributes:
        persons: How many are left.
        wrong: Merges that brought clusters of two known owners together.
        rules: Merges by rule.
    """

    persons: int
    wrong: int
    rules: Counter[Rule]


def measure(bench: Bench) -> Section:
    """Group the tracks of each video with and without clothing, from the result folder's vectors."""
    videos = {programme.name: programme_video(bench, programme) for programme in all_programmes(bench)}
    clips = ("avengers_15s",) if bench.quick else (*WITH_GALLERY, "crowd_walk_4s", "sweden_60s")
    videos |= {clip: video_of(bench, clip) for clip in clips}
    rows: list[tuple[Cell, ...]] = []
    wrong = {"face": 0, "clothing": 0}
    for name, video in videos.items():
        row, faults = _row(bench, name, video)
        rows.append(row)
        wrong = {key: wrong[key] + faults[key] for key in wrong}
    claims = (
        Claim(f"wrong merges by face only: {wrong['face']}", wrong["face"] == 0),
        Claim(f"wrong merges with clothing: {wrong['clothing']}", wrong["clothing"] == 0),
    )
    note = (
        "`owners` is how many people are known to be there, `persons before` counts clusters before merging. A merge "
        "is wrong if most known faces of its two sides belong to two people; owners of the crowd and of sweden_60s are "
        "not known. Persons count passers-by too."
    )
    return Section("Merging", (Table("Persons before and after merging", COLUMNS, tuple(rows), note),), claims)


def _row(bench: Bench, name: str, video: Path) -> tuple[tuple[Cell, ...], dict[str, int]]:
    folder = CastFolder(bench.cast_of(video))
    cast = folder.cast()
    vectors = folder.vectors(cast)
    owners = known_owners(bench, video, cast, vectors)
    before, clusters = _before(cast, vectors)
    face, dressed = (_merged(cast, vectors, owners, before, clothing=clothing) for clothing in (False, True))
    known = len({owner for owner, label in zip(owners, before, strict=True) if owner and label >= 0})
    figures = (known or None, clusters, face.persons, face.wrong, dressed.persons, dressed.wrong)
    row = (name, *figures, dressed.rules["both"], dressed.rules["clothing"])
    return row, {"face": face.wrong, "clothing": dressed.wrong}


def _options(cast: Cast, *, clothing: bool) -> GroupingOptions:
    rule = person_rule(card(cast.models["detector"]), CastOptions())
    return grouping_options(card(cast.models["embedder"]), rule, with_clothing=clothing)


def _before(cast: Cast, vectors: TrackVectors) -> tuple[NDArray[np.int64], int]:
    """The cluster of each founding track before merging (T,), -1 for the rest; and how many clusters there are."""
    options = replace(_options(cast, clothing=False), thresholds=NO_MERGES)
    grouping = group_tracks(cast.tracks, vectors, options)
    founding = [founds_person(track.faces, options.rule) for track in cast.tracks]
    return np.where(founding, grouping.labels, NOBODY), _persons(grouping)


def _persons(grouping: Grouping) -> int:
    """How many persons there are, passers-by too."""
    return len(set(grouping.labels.tolist()) - {NOBODY})


def _merged(cast: Cast, vectors: TrackVectors, owners: Owners, before: NDArray[np.int64], *, clothing: bool) -> Merged:
    grouping = group_tracks(cast.tracks, vectors, _options(cast, clothing=clothing))
    rules: Counter[Rule] = Counter(step.rule for step in grouping.steps)
    return Merged(_persons(grouping), _wrong(cast, owners, before, grouping), rules)


def _wrong(cast: Cast, owners: Owners, before: NDArray[np.int64], grouping: Grouping) -> int:
    """Follow the merges, and count those whose two sides mostly belong to two people."""
    faces: dict[int, Counter[str]] = {int(label): Counter() for label in np.unique(before)}
    for track, owner, label in zip(cast.tracks, owners, before.tolist(), strict=True):
        if owner is not None:
            faces[label][owner] += len(track.faces)
    wrong = 0
    for step in grouping.steps:
        a, b = faces[step.a], faces.pop(step.b)
        wrong += bool(a and b) and a.most_common(1)[0][0] != b.most_common(1)[0][0]
        faces[step.a] = a + b
    return wrong
