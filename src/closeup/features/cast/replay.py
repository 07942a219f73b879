"""What the user has said, applied to a grouping: a pure function, so that undoing is replaying one operation fewer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.core.timebase import clock
from closeup.core.types import Track
from closeup.core.words import LeftOut
from closeup.documents.edits import Edits, Operation, PersonAnchor, TrackAnchor, person_number
from closeup.features.cast.anchors import TrackFinder

Pairs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A grouping after the user's edits.

    Attributes:
        person: For each track the id of its person, or None.
        names: Person to name.
        hidden: Who is hidden.
        portraits: Indices of the tracks whose pictures the user has chosen.
        cannot_link: Shape (K, 2), int64: pairs that the user has taken apart.
        warnings: A sentence for each operation that could not be replayed, or only in part.
    """

    person: tuple[str | None, ...]
    names: dict[str, str]
    hidden: frozenset[str]
    portraits: frozenset[int]
    cannot_link: Pairs
    warnings: tuple[str, ...]


def replay(tracks: Sequence[Track], person: Sequence[str | None], edits: Edits, video_sha256: str) -> Replayed:
    """Apply `edits`, in order, to a grouping.

    Each operation finds its people by the faces that it remembers, so the tracks may come from another analysis of
    the same video. What finds nobody is skipped with a warning, and stays in the edits.

    Args:
        tracks: All tracks of the cast.
        person: For each track the id of its person before any edit, or None.
        edits: What the user has said.
        video_sha256: Of the video that the tracks are from; operations about another video are skipped.

    Returns:
        The grouping after the edits. Two tracks that share a frame are never brought together.
    """
    state = _State(tracks, person, edits.next_person)
    strangers = 0
    for operation in edits.operations:
        if operation.video_sha256 == video_sha256:
            _APPLY[operation.kind](state, operation)
        else:
            strangers += 1
    if strangers:
        state.warnings.append(f"{_count(strangers, 'edit')} of another video file stayed out of use.")
    return state.result()


def shared_frame(one: Iterable[Track], other: Iterable[Track]) -> tuple[int, float] | None:
    """The first frame in which both have a face, and its time in seconds, or None where there is none."""
    times = {face.frame: face.time_s for track in one for face in track.faces}
    shared = [face.frame for track in other for face in track.faces if face.frame in times]
    return (min(shared), times[min(shared)]) if shared else None


class _State:
    """The grouping while operations work on it; tracks are indices, people are ids."""

    def __init__(self, tracks: Sequence[Track], person: Sequence[str | None], next_person: int) -> None:
        self.tracks = tracks
        self.person = list(person)
        self.names: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.warnings: list[str] = []
        self.portraits: set[int] = set()
        self.apart: list[tuple[set[int], set[int]]] = []
        self._finder = TrackFinder(tracks)
        self._next = max([next_person, *(person_number(p) + 1 for p in person if p)])
        self._spoken_of: dict[str, str] = {}  # person to the id under which the edits know them

    def find(self, anchors: Iterable[TrackAnchor]) -> Counter[int]:
        """Tracks that hold these faces, with how many."""
        return self._finder.find(anchors)

    def is_spoken_of(self, person: str) -> bool:
        """Whether an edit before this one was about them."""
        return person in self._spoken_of

    def members(self, person: str) -> set[int]:
        return {index for index, own in enumerate(self.person) if own == person}

    def locate(self, anchor: PersonAnchor, without: frozenset[str] = frozenset()) -> str | None:
        """The person who holds most of the anchor's faces, `without` those of some of its tracks.

        Where the grouping has put together two people of whom the edits speak apart, the second becomes a person of
        their own again.
        """
        hits = self.find(track for track in anchor.tracks if track.id not in without)
        votes: Counter[str] = Counter()
        for index, count in hits.items():
            owner = self.person[index]
            if owner is not None:
                votes[owner] += count
        if not votes:
            return None
        found = min(votes, key=lambda p: (-votes[p], p != anchor.id, person_number(p)))
        known_as = self._spoken_of.setdefault(found, anchor.id)
        if known_as != anchor.id:
            found = self._separate(found, {index for index in hits if self.person[index] == found}, anchor.id)
        return found

    def _separate(self, both: str, own: set[int], identity: str) -> str:
        """Take two people apart who are one now: `own` are the tracks of `identity`, who is returned."""
        others = self.members(both) - own
        if not others:
            return both
        if both != identity:
            return self.new_person(own, identity)
        other = self.new_person(others, self._spoken_of[both])
        self._spoken_of[both] = identity
        if both in self.names:
            self.names[other] = self.names.pop(both)
        if both in self.hidden:
            self.hidden.remove(both)
            self.hidden.add(other)
        return both

    def new_person(self, members: Iterable[int], identity: str) -> str:
        """Make these tracks a person, under `identity` where nobody has it."""
        if identity in self.person:
            identity, self._next = f"p{self._next}", self._next + 1
        self._spoken_of[identity] = identity
        for index in members:
            self.person[index] = identity
        return identity

    def rest(self, found: Counter[int], person: str) -> set[int]:
        """The tracks found outside `person`, each with all of its group where most of that was found."""
        outside: set[int] = set()
        for index in found:
            owner = self.person[index]
            if owner == person:
                continue
            group = self.members(owner) if owner is not None else {index}
            outside |= group if 2 * len(group & found.keys()) > len(group) else {index}
        return outside

    def clash(self, indices: Iterable[int]) -> float | None:
        """The time of the first frame that two of these tracks share which are not one person's now, or None."""
        seen: dict[int, str | int] = {}
        shared: list[tuple[int, float]] = []
        for index in indices:
            owner = self.person[index] or index
            for face in self.tracks[index].faces:
                if seen.setdefault(face.frame, owner) != owner:
                    shared.append((face.frame, face.time_s))
        return min(shared)[1] if shared else None

    def forget(self, gone: Iterable[str]) -> None:
        """Drop what was said of people who have no tracks left."""
        for person in gone:
            if person not in self.person:
                self.names.pop(person, None)
                self.hidden.discard(person)
                self._spoken_of.pop(person, None)

    def skip(self, operation: Operation, why: str) -> None:
        subject = " and ".join(person.id for person in operation.people)
        said = f"The edit '{operation.kind} {subject}' of {operation.at[:10]} was skipped: {why}."
        self.warnings.append(LeftOut(said))

    def result(self) -> Replayed:
        there = {person for person in self.person if person is not None}
        cannot = {
            (min(a, b), max(a, b))
            for moved, rest in self.apart
            for a in moved
            for b in rest
            if self.person[a] is None or self.person[a] != self.person[b]
        }
        return Replayed(
            person=tuple(self.person),
            names={person: name for person, name in sorted(self.names.items()) if person in there},
            hidden=frozenset(self.hidden & there),
            portraits=frozenset(self.portraits),
            cannot_link=np.array(sorted(cannot), dtype=np.int64).reshape(-1, 2),
            warnings=tuple(self.warnings),
        )


def _apply_name(state: _State, operation: Operation) -> None:
    person = state.locate(operation.people[0])
    if person is None:
        return state.skip(operation, "the person is not found any more")
    if operation.name is None:
        state.names.pop(person, None)
    else:
        state.names[person] = operation.name
    return None


def _apply_hide(state: _State, operation: Operation) -> None:
    person = state.locate(operation.people[0])
    if person is None:
        return state.skip(operation, "the person is not found any more")
    if operation.kind == "hide":
        state.hidden.add(person)
    else:
        state.hidden.discard(person)
    return None


def _apply_merge(state: _State, operation: Operation) -> None:
    first, *others = operation.people
    into = state.locate(first)
    if into is None:
        return state.skip(operation, "the first person is not found any more")
    for anchor in others:
        person = state.locate(anchor)
        if person is None:
            state.skip(operation, f"{anchor.id} is not found any more")
            continue
        joining = state.rest(state.find(anchor.tracks), into) | (state.members(person) - state.members(into))
        time_s = _join(state, into, joining)
        if time_s is not None:
            state.skip(operation, f"both are in the picture at {clock(time_s)}")
    _join(state, into, state.rest(state.find(first.tracks), into))
    return None


def _join(state: _State, into: str, joining: set[int]) -> float | None:
    """Bring tracks into a person: all, or none and the time at which they share a frame."""
    time_s = state.clash(sorted(state.members(into) | joining))
    if not joining or time_s is not None:
        return time_s
    left = sorted({person for person in (state.person[index] for index in joining) if person}, key=person_number)
    for index in joining:
        state.person[index] = into
    name = next((state.names[person] for person in left if person in state.names), None)
    if into not in state.names and name is not None:
        state.names[into] = name
    state.forget(left)
    return None


def _apply_split(state: _State, operation: Operation) -> None:
    moved = frozenset(operation.tracks)
    person = state.locate(operation.people[0], without=moved)
    found = state.find(track for track in operation.people[0].tracks if track.id in moved)
    if not found or operation.new_person is None:
        return state.skip(operation, "the tracks are not found any more")
    leaving = {index for index in found if state.person[index] == person}
    for index in sorted(state.rest(found, person or "")):
        if state.clash([*sorted(leaving), index]) is None:
            leaving.add(index)
    stay = state.members(person or "") - leaving
    left = {state.person[index] for index in leaving}
    state.new_person(leaving, operation.new_person)
    state.apart.append((leaving, stay))
    return state.forget(person for person in left if person is not None)


def _apply_not(state: _State, operation: Operation) -> None:
    moved = frozenset(operation.tracks)
    person = state.locate(operation.people[0], without=moved)
    if person is None:
        return state.skip(operation, "the person is not found any more")
    found = state.find(track for track in operation.people[0].tracks if track.id in moved)
    leaving = {index for index in found if state.person[index] == person}
    for index in leaving:
        state.person[index] = None
    state.apart.append((set(found), state.members(person)))
    return None


def _apply_different(state: _State, operation: Operation) -> None:
    for anchor in operation.people:  # taking the second out of the first may give the first another id
        state.locate(anchor)
    one, other = (state.locate(anchor) for anchor in operation.people)
    if one is None or other is None:
        return state.skip(operation, "one of them is not found any more")
    if one == other:
        return state.skip(operation, "they are one person now")
    return state.apart.append((state.members(one), state.members(other)))


def _apply_portrait(state: _State, operation: Operation) -> None:
    person = state.locate(operation.people[0])
    found = state.find(track for track in operation.people[0].tracks if track.id in operation.tracks)
    own = state.members(person) if person is not None else set()
    theirs = [index for index in found if index in own]
    if not theirs:
        return state.skip(operation, "the track is not theirs any more")
    state.portraits -= own
    return state.portraits.add(min(theirs, key=lambda index: (-found[index], index)))


def _apply_draw(state: _State, operation: Operation) -> None:
    found = state.find([operation.drawn] if operation.drawn else [])
    person = state.locate(operation.people[0]) if operation.people else operation.new_person
    if not found or person is None:
        return state.skip(operation, "the face is not found any more" if person else "the person is not found any more")
    index = min(found, key=lambda each: (-found[each], each))
    before = state.person[index]
    time_s = state.clash([*sorted(state.members(person)), index]) if before != person else None
    if time_s is not None:
        return state.skip(operation, f"the person is in the picture at {clock(time_s)} already")
    if operation.people:
        state.person[index] = person
    elif before != person:  # whom the search has found meanwhile keeps the id that the drawn one was given
        own = {index} if before is None or state.is_spoken_of(before) else state.members(before)
        state.new_person(own, person)
    return state.forget([before] if before else [])


_APPLY = {
    "name": _apply_name,
    "merge": _apply_merge,
    "different": _apply_different,
    "split": _apply_split,
    "hide": _apply_hide,
    "unhide": _apply_hide,
    "not": _apply_not,
    "portrait": _apply_portrait,
    "draw": _apply_draw,
}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
