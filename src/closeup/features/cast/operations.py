"""What the user can say about a cast: each function checks one wish and adds it to the edits, with a sentence about it.

Only the edits grow here; `closeup.features.cast.folder.CastFolder.edit` then replays them and writes the folder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from closeup.core.errors import InputError
from closeup.core.parts import moment
from closeup.core.timebase import clock
from closeup.core.types import MAX_NAME, Cast, Person, Track
from closeup.documents.edits import Edits, Operation, TrackAnchor, said_together
from closeup.features.cast.anchors import anchor_person, anchor_track
from closeup.features.cast.replay import shared_frame


@dataclass(frozen=True, slots=True)
class Scene:
    """What a wish is about.

    Attributes:
        cast: As it stands, with all edits up to now.
        edits: Those edits; `next_person` is free.
        at: Now, UTC, "2026-01-31T12:00:00Z".
    """

    cast: Cast
    edits: Edits
    at: str


@dataclass(frozen=True, slots=True)
class Change:
    """The edits as they are after it, and a sentence that tells what changed."""

    edits: Edits
    sentence: str


Wish = Callable[[Scene], Change]


def name_person(scene: Scene, identity: str, name: str) -> Change:
    """Call a person by a name; an empty one takes the name away.

    Raises:
        InputError: If there is no such person, or the name is not one line of up to 200 characters.
    """
    person = _person(scene.cast, identity)
    wanted = name.strip() or None
    if wanted is not None and not (len(wanted) <= MAX_NAME and wanted.isprintable()):
        raise InputError("A name is one line of up to 200 printable characters.")
    if wanted == person.name:
        raise InputError(f"{identity} is called {wanted} already." if wanted else f"{identity} has no name.")
    twins = [other.id for other in _everyone(scene.cast) if wanted and other.name == wanted]
    sentence = f"{identity} is now called {wanted}." if wanted else f"{identity} is no longer called {person.name}."
    if twins:
        sentence += f" So is {twins[0]}; if they are one person, merge them: {identity} and {twins[0]}."
    return _add(
        scene, Operation("name", scene.at, _sha(scene), (anchor_person(scene.cast, person),), name=wanted), sentence
    )


def merge_people(scene: Scene, identities: Sequence[str]) -> Change:
    """Make several people one: all become the first.

    Raises:
        InputError: If there are fewer than two, one of them does not exist, or two of them share a frame.
    """
    if len(set(identities)) != len(identities) or len(identities) < 2:
        raise InputError("A merge needs two or more different people.", code="cast.person")
    people = [_person(scene.cast, identity) for identity in identities]
    for place, other in enumerate(people):
        for one in people[:place]:
            _check_apart(scene.cast, one, other)
    first, *rest = (_call(person) for person in people)
    sentence = f"{_join(rest)} {'is' if len(rest) == 1 else 'are'} part of {first} now."
    anchors = tuple(anchor_person(scene.cast, person) for person in people)
    return _add(scene, Operation("merge", scene.at, _sha(scene), anchors), sentence)


def split_person(scene: Scene, identity: str, tracks: Sequence[str]) -> Change:
    """Make some tracks of a person a new person.

    Raises:
        InputError: If there is no such person, or they are not some of that person's tracks.
    """
    person = _person(scene.cast, identity)
    moved = _moved(person, tracks, "split")
    new = f"p{scene.edits.next_person}"
    anchors = (anchor_person(scene.cast, person),)
    operation = Operation("split", scene.at, _sha(scene), anchors, tracks=moved, new_person=new)
    return _add(scene, operation, f"{_join(moved)} of {_call(person)} {_is(moved)} a person of their own now: {new}.")


def reject_tracks(scene: Scene, identity: str, tracks: Sequence[str]) -> Change:
    """Say that some tracks are not this person: they leave, belong to nobody, and never come back.

    Raises:
        InputError: If there is no such person, or they are not some of that person's tracks.
    """
    person = _person(scene.cast, identity)
    moved = _moved(person, tracks, "not")
    operation = Operation("not", scene.at, _sha(scene), (anchor_person(scene.cast, person),), tracks=moved)
    return _add(scene, operation, f"{_join(moved)} {_is(moved)} not {_call(person)}, and will not be again.")


def moving(identity: str, other: str, tracks: Sequence[str]) -> list[Wish]:
    """What gives some tracks of one person to another: they are split off, and the new person merged into the other."""
    return [
        partial(split_person, identity=identity, tracks=tracks),
        lambda scene: merge_people(scene, [other, f"p{scene.edits.next_person - 1}"]),
    ]


def hide_person(scene: Scene, identity: str) -> Change:
    """Leave a person out of the cast.

    Raises:
        InputError: If there is no such person, or they are hidden already.
    """
    person = _person(scene.cast, identity)
    if person in scene.cast.hidden:
        raise InputError(f"{_call(person)} is hidden already.", code="cast.hidden", person=identity)
    operation = Operation("hide", scene.at, _sha(scene), (anchor_person(scene.cast, person),))
    return _add(scene, operation, f"{_call(person)} is hidden now.")


def unhide_person(scene: Scene, identity: str) -> Change:
    """Show a hidden person again.

    Raises:
        InputError: If there is no such person, or they are not hidden.
    """
    person = _person(scene.cast, identity)
    if person not in scene.cast.hidden:
        raise InputError(f"{_call(person)} is not hidden.", code="cast.person")
    operation = Operation("unhide", scene.at, _sha(scene), (anchor_person(scene.cast, person),))
    return _add(scene, operation, f"{_call(person)} is shown again.")


def tell_apart(scene: Scene, one: str, other: str) -> Change:
    """Say that two are different people: they are never asked about again, and kept apart in every new grouping.

    Raises:
        InputError: If one of them does not exist, or both are one.
    """
    if one == other:
        raise InputError(f"{ascii(one)[1:-1]} cannot differ from themselves.", code="cast.person")
    people = [_person(scene.cast, identity) for identity in (one, other)]
    anchors = tuple(anchor_person(scene.cast, person) for person in people)
    sentence = f"{_call(people[0])} and {_call(people[1])} are different people."
    return _add(scene, Operation("different", scene.at, _sha(scene), anchors), sentence)


def choose_portrait(scene: Scene, identity: str, track: str) -> Change:
    """Show a person by the picture of one of their tracks.

    Raises:
        InputError: If there is no such person, it is not their track, or it is their chosen portrait already.
    """
    person = _person(scene.cast, identity)
    _check_theirs(person, [track])
    if person.portrait_track == track:
        raise InputError(f"The portrait of {_call(person)} is from {track} already.")
    anchors = (anchor_person(scene.cast, person),)
    operation = Operation("portrait", scene.at, _sha(scene), anchors, tracks=(track,))
    return _add(scene, operation, f"The portrait of {_call(person)} is from {track} now.")


def give_drawn(scene: Scene, track: str, frame: int, identity: str = "") -> Change:
    """Give the track of a face that was drawn in a frame to a person, or make it a person of its own.

    Raises:
        InputError: If there is no such person, the track is somebody's, or the person is in one of its frames.
    """
    drawn = next(each for each in scene.cast.tracks if each.id == track)
    if drawn.person is not None:
        raise InputError(f"That face was found: {track} is {_call(_person(scene.cast, drawn.person))}'s.")
    nearest = min(drawn.faces, key=lambda face: abs(face.frame - frame))  # first, for it is followed from there again
    faces = (*anchor_track(replace(drawn, faces=(nearest,))).faces, *anchor_track(drawn).faces)
    anchor = TrackAnchor(track, tuple(dict.fromkeys(faces)))
    what = f"A face at {clock(drawn.start_s)} ({track})"
    if not identity:
        new = f"p{scene.edits.next_person}"
        operation = Operation("draw", scene.at, _sha(scene), (), new_person=new, drawn=anchor)
        return _add(scene, operation, f"{what} is a person of its own now: {new}.")
    person = _person(scene.cast, identity)
    shared = shared_frame(_tracks(scene.cast, person), [drawn])
    if shared is not None:
        said = f"{_call(person)} is in the picture {moment(scene.cast, *shared)} already."
        raise InputError(said, code="cast.apart", person=person.id)
    operation = Operation("draw", scene.at, _sha(scene), (anchor_person(scene.cast, person),), drawn=anchor)
    return _add(scene, operation, f"{what} is {_call(person)} now.")


def drawing(track: str, frame: int, identity: str = "", name: str = "") -> list[Wish]:
    """What gives a drawn face to a person, or makes a new one of that name.

    Raises:
        InputError: If both are said.
    """
    if name and identity:
        raise InputError(f"Only a new person gets a name with their face: leave out {identity} or the name.")
    wishes: list[Wish] = [partial(give_drawn, track=track, frame=frame, identity=identity)]
    if name:
        wishes.append(lambda scene: name_person(scene, f"p{scene.edits.next_person - 1}", name))
    return wishes


def wish(kind: str, people: Sequence[str], tracks: Sequence[str] = (), name: str | None = None) -> Wish:
    """What one wish of so many words asks for: "merge", ["p1", "p4"]; hiding several at once is one wish.

    Raises:
        InputError: If there is no such wish, or it is not said of so many people and tracks.
    """
    match kind, people, tracks:
        case "name", [identity], [] if name is not None:
            return partial(name_person, identity=identity, name=name)
        case "merge", [_, *_], []:
            return partial(merge_people, identities=people)
        case "different", [one, other], []:
            return partial(tell_apart, one=one, other=other)
        case "portrait", [identity], [track]:
            return partial(choose_portrait, identity=identity, track=track)
        case "split", [identity], _:
            return partial(split_person, identity=identity, tracks=tracks)
        case "not", [identity], _:
            return partial(reject_tracks, identity=identity, tracks=tracks)
        case "hide", [identity], []:
            return partial(hide_person, identity=identity)
        case "unhide", [identity], []:
            return partial(unhide_person, identity=identity)
    said = " ".join([kind, *people, *tracks])
    raise InputError(f"{said!a} is no change of people.", "Say it of as many people and tracks as it needs.")


def undo(scene: Scene, number: int | None = None) -> Change:
    """Take back a change: all that was said together with it.

    Args:
        number: Which, counted from 1, the oldest first; None takes the last one. Those after it stay, as far as they
            still find whom they are about.

    Raises:
        InputError: If there is none.
    """
    kept = said_together(scene.edits.operations)
    undone = _taken(kept, number, "undo")
    left = f"{len(kept)} edit{'s' * (len(kept) != 1)} left." if kept else "No edit is left."
    edits = replace(scene.edits, operations=tuple(chain(*kept)), undone=(*scene.edits.undone, *undone))
    return Change(edits, f"Undone: {_about(undone)}. {left}")


def redo(scene: Scene, number: int | None = None) -> Change:
    """Make a change again that was taken back, after all that are there now.

    Args:
        number: Which, counted from 1, in the order in which they were taken back; None takes the last one.

    Raises:
        InputError: If there is none: a new change forgets them.
    """
    kept = said_together(scene.edits.undone)
    again = _taken(kept, number, "redo")
    edits = replace(scene.edits, operations=(*scene.edits.operations, *again), undone=tuple(chain(*kept)))
    return Change(edits, f"Done again: {_about(again)}.")


def _taken(groups: list[tuple[Operation, ...]], number: int | None, what: str) -> tuple[Operation, ...]:
    """Take one group of the list, by its number from 1, or the last."""
    place = len(groups) if number is None else number
    if not 1 <= place <= len(groups):
        raise InputError(f"There is no edit {'' if number is None else f'{number} '}to {what}.")
    return groups.pop(place - 1)


def _about(operations: Sequence[Operation]) -> str:
    return ", ".join(
        f"{each.kind} {_join([person.id for person in each.people] or [each.new_person or ''])}" for each in operations
    )


def _add(scene: Scene, operation: Operation, sentence: str) -> Change:
    following = scene.edits.next_person + (operation.new_person is not None)
    return Change(
        replace(scene.edits, operations=(*scene.edits.operations, operation), next_person=following, undone=()),
        sentence,
    )


def _everyone(cast: Cast) -> tuple[Person, ...]:
    return (*cast.people, *cast.passers_by, *cast.hidden)


def _person(cast: Cast, identity: str) -> Person:
    for person in _everyone(cast):
        if person.id == identity:
            return person
    raise InputError(f"There is no person {ascii(identity)[1:-1]}.", code="cast.person")


def _moved(person: Person, tracks: Sequence[str], kind: str) -> tuple[str, ...]:
    _check_theirs(person, tracks)
    moved = tuple(track for track in person.tracks if track in tracks)
    if not moved:
        raise InputError(
            "Name at least one track.", code="cast.tracks", kind=kind, person=person.id, track=person.tracks[0]
        )
    if len(moved) == len(person.tracks):
        raise InputError(f"These are all tracks of {person.id}, so nothing of them would be left.")
    return moved


def _check_theirs(person: Person, tracks: Sequence[str]) -> None:
    for track in tracks:
        if track not in person.tracks:
            shown = ", ".join(person.tracks[:12]) + (", ..." if len(person.tracks) > 12 else "")
            raise InputError(
                f"{person.id} has no track {ascii(track)[1:-1]}.", f"The tracks of {person.id} are {shown}."
            )


def _check_apart(cast: Cast, one: Person, other: Person) -> None:
    shared = shared_frame(_tracks(cast, one), _tracks(cast, other))
    if shared is not None:
        raise InputError(
            f"{_call(one)} and {_call(other)} are both in the picture {moment(cast, *shared)}, "
            "so they cannot be one person.",
            "If one of the tracks is wrong there, take it out first.",
            code="cast.apart",
            person=other.id,
        )


def _tracks(cast: Cast, person: Person) -> list[Track]:
    return [track for track in cast.tracks if track.person == person.id]


def _sha(scene: Scene) -> str:
    return scene.cast.video.sha256


def _call(person: Person) -> str:
    return f"{person.id} ({person.name})" if person.name else person.id


def _is(things: Sequence[str]) -> str:
    return "is" if len(things) == 1 else "are"


def _join(things: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(things[:-1]), things[-1]]))
