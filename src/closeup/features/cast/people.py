"""From groups of tracks to people: who founds one, their ids, screen time and order, and who only passes by."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import Face, Person, Shot, Track
from closeup.documents.baseline import Baseline, PersonRule
from closeup.documents.edits import Edits, person_number
from closeup.features.cast.portraits import portrait_track
from closeup.features.cast.replay import replay

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Members:
    """Who is in the video: each list by screen time, and all tracks with their person.

    Attributes:
        people: The cast.
        passers_by: People with few, small, blurred or drawn faces, or in the background of others' shots.
        hidden: People whom the user has hidden.
        tracks: All tracks, in the order they were given.
        warnings: A sentence for each edit that could not be replayed.
    """

    people: tuple[Person, ...]
    passers_by: tuple[Person, ...]
    hidden: tuple[Person, ...]
    tracks: tuple[Track, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier analysis of the same video leaves to the next.

    Attributes:
        person: For each track of the new analysis the person who had it before, or None.
        next_person: The lowest number that no person of this cast has ever had.
    """

    person: tuple[str | None, ...]
    next_person: int


def found_people(
    tracks: Sequence[Track],
    labels: NDArray[np.int64],
    rule: PersonRule,
    earlier: Earlier | None = None,
    shots: Sequence[Shot] = (),
) -> Baseline:
    """Give ids to the groups that make a person.

    Ids are "p1", "p2", ... by screen time, the cast before the passers-by. With `earlier`, a group that holds most of
    what a person had before keeps that person's id, and every other group gets a number that was never given.

    Args:
        tracks: All tracks of the video.
        labels: Shape (T,), int64: the group of each track; -1 for none.
        rule: What makes a person.
        earlier: What is left of an earlier analysis.
        shots: Of the video; without them nobody is taken for somebody in the background.

    Raises:
        ValueError: If the lengths differ.
    """
    if len(tracks) != len(labels):
        raise ValueError(f"{len(tracks)} tracks and {len(labels)} labels do not match")
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        if label >= 0:
            groups.setdefault(label, []).append(index)
    founded = [g for g in groups.values() if any(founds_person(tracks[i].faces, rule) for i in g)]
    behind = in_the_background(dict(enumerate([tracks[i] for i in group] for group in founded)), tracks, shots)
    ranks = [_rank([tracks[i] for i in group], rule) for group in founded]
    order = sorted(range(len(founded)), key=lambda n: (n in behind or ranks[n][0], ranks[n]))
    ordered = [founded[n] for n in order]
    ids = _give_ids(tracks, ordered, earlier)
    person: dict[str, str | None] = {track.id: None for track in tracks}
    for identity, group in zip(ids, ordered, strict=True):
        for index in group:
            person[tracks[index].id] = identity
    past = earlier.next_person if earlier else 1
    return Baseline(max([past, *(person_number(p) + 1 for p in ids)]), rule, person)


def founds_person(faces: Sequence[Face], rule: PersonRule) -> bool:
    """Whether a track with these faces is enough for a person: not seen once only, blurred throughout, or tiny."""
    return len(faces) >= rule.founding_faces and any(_is_clear(face, rule) for face in faces)


def build_people(
    tracks: Sequence[Track], baseline: Baseline, edits: Edits, video_sha256: str, shots: Sequence[Shot] = ()
) -> Members:
    """Replay the user's edits on the baseline and say who is in the video.

    Args:
        tracks: All tracks of the cast, in the baseline's order; their `person` is not looked at.
        baseline: The people before any edit.
        edits: What the user has said.
        video_sha256: Of the video.
        shots: Of the video; without them nobody is taken for somebody in the background.

    Raises:
        FormatError: If the baseline is not of these tracks.
    """
    replayed = replay(tracks, baseline.person_of(tracks), edits, video_sha256)
    groups: dict[str, list[Track]] = {}
    for track, identity in zip(tracks, replayed.person, strict=True):
        if identity is not None:
            groups.setdefault(identity, []).append(track)
    behind = in_the_background(groups, tracks, shots)
    chosen = {tracks[index].id for index in replayed.portraits}
    lists: dict[str, list[Person]] = {"people": [], "passers_by": [], "hidden": []}
    for identity, own in sorted(groups.items(), key=lambda item: _rank(item[1])):
        portraits = [track for track in own if track.id in chosen]
        shown = portrait_track(portraits).id if portraits else None
        person = replace(_person(identity, own), name=replayed.names.get(identity), portrait_track=shown)
        passes = person.name is None and (identity in behind or _passes_by(person, own, baseline.rule))
        lists["hidden" if identity in replayed.hidden else "passers_by" if passes else "people"].append(person)
    return Members(
        **{key: tuple(listed) for key, listed in lists.items()},
        tracks=tuple(replace(t, person=p) for t, p in zip(tracks, replayed.person, strict=True)),
        warnings=replayed.warnings,
    )


LEADING = 0.5
"""Whoever takes up at least this share of the picture and time that the most prominent person does is no passer-by."""

LEAST_PRESENCE, LEAST_MEAN_PRESENCE = 0.8, 0.3
"""People of a cast are there for most of at least one of their shots, and for about a third of all of them; people in a
crowd come and go. Of 65 main people of 17 clips all but one are above, of 14 listed strangers ten are below."""

LASTING_S = 8.0
"""Who is seen for so long is listed, although they come and go: some shots last minutes."""

SMALL_PROMINENCE, SMALL_BESIDE = 0.1, 0.6
"""Who has less than this share of the most prominent person's picture and time, and mostly less than this share of the
size of the largest face beside them, is an extra."""


def in_the_background(
    groups: Mapping[Key, Sequence[Track]], tracks: Sequence[Track], shots: Sequence[Shot]
) -> set[Key]:
    """Say which people, each given by their tracks, only fill the background of the others' shots.

    Args:
        groups: The people; drawn ones are no measure for others.
        tracks: All tracks of the video, with those that belong to nobody.
        shots: The video's shots; none, and nobody is in the background.
    """
    if not shots or not groups:
        return set()
    largest: dict[int, float] = {}
    for track in tracks:
        for face in track.faces:
            largest[face.frame] = max(largest.get(face.frame, 0.0), _side_px(face))
    groups = {key: own for key, own in groups.items() if not mostly_drawn(own)}
    prominence = {key: sum(_side_px(f) for track in own for f in track.faces) for key, own in groups.items()}
    leading = LEADING * max(prominence.values(), default=0.0)
    behind = set()
    for key, own in groups.items():
        if prominence[key] >= leading:
            continue
        beside = float(np.median([_side_px(f) / largest[f.frame] for track in own for f in track.faces]))
        extra = prominence[key] < SMALL_PROMINENCE * leading / LEADING and beside < SMALL_BESIDE
        if extra or (screen_time_s(own) < LASTING_S and _comes_and_goes(own, shots)):
            behind.add(key)
    return behind


def _comes_and_goes(tracks: Sequence[Track], shots: Sequence[Shot]) -> bool:
    """Whether a person is there for little of each of their shots, or for very little of most."""
    seen_s = [screen_time_s(t for t in tracks if t.shot == index) for index in sorted({t.shot for t in tracks})]
    shot_s = [shots[index].end_s - shots[index].start_s for index in sorted({t.shot for t in tracks})]
    most = max(seen / max(whole, 1e-9) for seen, whole in zip(seen_s, shot_s, strict=True))
    return most < LEAST_PRESENCE or sum(seen_s) < LEAST_MEAN_PRESENCE * sum(shot_s)


def _side_px(face: Face) -> float:
    """The side of a square as large as the face's box, in pixels."""
    x0, y0, x1, y1 = face.box_xyxy.tolist()
    return float(np.sqrt(max((x1 - x0) * (y1 - y0), 0.0)))


def screen_time_s(tracks: Iterable[Track]) -> float:
    """Seconds in which at least one of the tracks runs: the length of the union of their times."""
    total, end = 0.0, 0.0
    for start_s, end_s in sorted((track.start_s, track.end_s) for track in tracks):
        total += max(0.0, end_s - max(start_s, end))
        end = max(end, end_s)
    return round(total, 6)


def mostly_drawn(tracks: Iterable[Track]) -> bool:
    """Whether more than half of the faces of some tracks are drawings."""
    return sum(len(track.faces) * (1 if track.drawn else -1) for track in tracks) > 0


def portrait_quality(tracks: Iterable[Track]) -> float:
    """Quality of the best face of the tracks, 0 to 1; a face that was not judged counts 0."""
    faces = (face for track in tracks for face in track.faces)
    return max((face.quality.total for face in faces if face.quality), default=0.0)


def _is_clear(face: Face, rule: PersonRule) -> bool:
    x0, y0, x1, y1 = face.box_xyxy.tolist()
    sharpness = face.quality.sharpness if face.quality else 0.0
    large = min(x1 - x0, y1 - y0) >= rule.founding_size_px
    return large and sharpness >= rule.founding_sharpness and face.score >= rule.founding_score


def _person(identity: str, tracks: Sequence[Track]) -> Person:
    ordered = sorted(tracks, key=lambda track: (track.start_frame, int(track.id[1:])))
    return Person(
        id=identity,
        name=None,
        portrait=f"people/{identity}.jpg",
        screen_time_s=screen_time_s(tracks),
        shots=tuple(sorted({track.shot for track in tracks})),
        tracks=tuple(track.id for track in ordered),
        quality=portrait_quality(tracks),
        drawn=mostly_drawn(tracks),
    )


def _passes_by(person: Person, tracks: Iterable[Track], rule: PersonRule) -> bool:
    return (
        person.drawn
        or person.screen_time_s < rule.min_screen_time_s
        or sum(len(track.faces) for track in tracks) < rule.min_faces
        or person.quality < rule.min_quality
    )


def _rank(tracks: Sequence[Track], rule: PersonRule | None = None) -> tuple[bool, float, float, int]:
    """What people are ordered by: the cast first (with a rule), then screen time, first appearance, first track."""
    person = _person("p1", tracks)
    passes = rule is not None and _passes_by(person, tracks, rule)
    first = min(tracks, key=lambda track: (track.start_s, int(track.id[1:])))
    return passes, -person.screen_time_s, first.start_s, int(first.id[1:])


def _give_ids(tracks: Sequence[Track], groups: Sequence[Sequence[int]], earlier: Earlier | None) -> list[str]:
    kept = _keep_ids(tracks, groups, earlier.person) if earlier else {}
    following = earlier.next_person if earlier else 1
    ids = []
    for number in range(len(groups)):
        if number not in kept:
            kept[number], following = f"p{following}", following + 1
        ids.append(kept[number])
    return ids


def _keep_ids(tracks: Sequence[Track], groups: Sequence[Sequence[int]], before: Sequence[str | None]) -> dict[int, str]:
    """Group number to the id it keeps: a person's id goes to the group with more than half of their faces."""
    held: Counter[str] = Counter()
    shared: Counter[tuple[int, str]] = Counter()
    group_of = {index: number for number, group in enumerate(groups) for index in group}
    for index, person in enumerate(before):
        if person is not None:
            held[person] += len(tracks[index].faces)
            if index in group_of:
                shared[group_of[index], person] += len(tracks[index].faces)
    kept: dict[int, str] = {}
    for (number, person), faces in sorted(shared.items(), key=lambda item: (-item[1], person_number(item[0][1]))):
        if 2 * faces > held[person] and number not in kept:
            kept[number] = person
    return kept
