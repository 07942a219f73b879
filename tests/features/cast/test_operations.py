from dataclasses import replace
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.core.types import Cast
from closeup.documents.edits import Edits
from closeup.features.cast import operations as say
from closeup.features.cast.operations import Scene
from features.cast.fake_cast import SHA256, fake_cast

AT = "2026-01-31T12:00:00Z"


def scene(cast: Cast | None = None) -> Scene:
    return Scene(cast or fake_cast(), Edits(next_person=5), AT)


def named() -> Cast:
    cast = fake_cast()
    anna, ben, cleo = cast.people
    return replace(cast, people=(replace(anna, name="Anna"), ben), hidden=(replace(cleo, name="Cleo"),))


@pytest.mark.parametrize(
    ("wish", "args", "sentence"),
    [
        (say.name_person, ("p2", " Ben  "), "p2 is now called Ben."),
        (say.name_person, ("p1", ""), "p1 is no longer called Anna."),
        (
            say.name_person,
            ("p2", "Anna"),
            "p2 is now called Anna. So is p1; if they are one person, merge them: p2 and p1.",
        ),
        (say.merge_people, (["p1", "p3"],), "p3 (Cleo) is part of p1 (Anna) now."),
        (say.merge_people, (["p4", "p1", "p3"],), "p1 (Anna) and p3 (Cleo) are part of p4 now."),
        (say.split_person, ("p1", ["t3"]), "t3 of p1 (Anna) is a person of their own now: p5."),
        (say.split_person, ("p1", ["t6", "t1"]), "t1 and t6 of p1 (Anna) are a person of their own now: p5."),
        (say.reject_tracks, ("p2", ["t4"]), "t4 is not p2, and will not be again."),
        (say.tell_apart, ("p1", "p3"), "p1 (Anna) and p3 (Cleo) are different people."),
        (say.choose_portrait, ("p1", "t6"), "The portrait of p1 (Anna) is from t6 now."),
        (say.hide_person, ("p1",), "p1 (Anna) is hidden now."),
        (say.unhide_person, ("p3",), "p3 (Cleo) is shown again."),
    ],
)
def test_a_wish_becomes_an_operation_and_a_sentence(wish: Any, args: tuple[Any, ...], sentence: str) -> None:
    change = wish(scene(named()), *args)
    assert change.sentence == sentence
    (operation,) = change.edits.operations
    assert (operation.at, operation.video_sha256) == (AT, SHA256)
    assert change.edits.next_person == (6 if wish is say.split_person else 5)


def test_an_operation_remembers_the_person_and_what_was_wanted() -> None:
    (operation,) = say.split_person(scene(), "p1", ["t6", "t3"]).edits.operations
    assert (operation.kind, operation.tracks, operation.new_person) == ("split", ("t3", "t6"), "p5")
    assert [track.id for track in operation.people[0].tracks] == ["t1", "t3", "t6"]


@pytest.mark.parametrize(
    ("wish", "args", "message"),
    [
        (say.name_person, ("p9", "Anna"), r"There is no person p9\."),
        (say.name_person, ("\ud800", "Anna"), r"There is no person \\ud800\."),
        (say.name_person, ("p1", "Anna"), "p1 is called Anna already"),
        (say.name_person, ("p2", " "), "p2 has no name"),
        (say.name_person, ("p1", "two\nlines"), "A name is one line"),
        (say.name_person, ("p1", "x" * 201), "A name is one line"),
        (say.name_person, ("p1", "\ud800"), "A name is one line"),
        (say.merge_people, (["p1"],), "two or more different people"),
        (say.merge_people, (["p1", "p1"],), "two or more different people"),
        (say.merge_people, (["p1", "p7"],), "There is no person p7"),
        (say.merge_people, (["p4", "p1", "p2"],), r"p1 \(Anna\) and p2 are both in the picture at 0:00"),
        (say.split_person, ("p1", ["t2"]), r"p1 has no track t2\.\nThe tracks of p1 are t1, t3, t6\."),
        (say.split_person, ("p1", []), "Name at least one track"),
        (say.split_person, ("p1", ["t1", "t3", "t6"]), "all tracks of p1"),
        (say.reject_tracks, ("p4", ["t7"]), "all tracks of p4"),
        (say.hide_person, ("p3",), r"p3 \(Cleo\) is hidden already"),
        (say.unhide_person, ("p1",), r"p1 \(Anna\) is not hidden"),
        (say.tell_apart, ("p1", "p1"), "p1 cannot differ from themselves"),
        (say.tell_apart, ("p1", "p9"), "There is no person p9"),
        (say.choose_portrait, ("p1", "t2"), r"p1 has no track t2\.\nThe tracks of p1 are t1, t3, t6\."),
        (say.undo, (), "There is no edit to undo"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(wish: Any, args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        wish(scene(named()), *args)
    assert caught.match(message)


def test_undo_says_what_it_took_back_and_what_is_left() -> None:
    one = scene()
    two = replace(one, edits=say.merge_people(one, ["p1", "p3"]).edits)
    three = replace(two, edits=say.hide_person(two, "p2").edits)
    change = say.undo(three)
    assert change.sentence == "Undone: hide p2. 1 edit left."
    assert change.edits == replace(two.edits, undone=three.edits.operations[1:])
    joined = replace(three.edits.operations[1], joined=True)
    both = replace(three, edits=replace(three.edits, operations=(three.edits.operations[0], joined)))
    assert say.undo(both).sentence == "Undone: merge p1 and p3, hide p2. No edit is left."
    assert say.undo(both).edits.operations == ()
    assert say.undo(two).sentence == "Undone: merge p1 and p3. No edit is left."


def test_any_change_is_taken_back_and_made_again_until_there_is_a_new_one() -> None:
    start = scene()
    edits = start.edits
    for wish in (lambda at: say.name_person(at, "p1", "Ada"), lambda at: say.hide_person(at, "p2")):
        edits = wish(replace(start, edits=edits)).edits
    named, hidden = edits.operations
    without = say.undo(replace(start, edits=edits), number=1)
    assert without.sentence == "Undone: name p1. 1 edit left."
    assert (without.edits.operations, without.edits.undone) == ((hidden,), (named,))
    nothing = say.undo(replace(start, edits=without.edits)).edits
    again = say.redo(replace(start, edits=nothing), number=1)
    assert again.sentence == "Done again: name p1."
    assert (again.edits.operations, again.edits.undone) == ((named,), (hidden,))
    assert say.redo(replace(start, edits=again.edits)).edits.operations == (named, hidden)
    assert say.hide_person(replace(start, edits=again.edits), "p3").edits.undone == ()
    for number in (0, 2):
        with pytest.raises(InputError, match=f"no edit {number} to undo"):
            say.undo(replace(start, edits=again.edits), number=number)
    with pytest.raises(InputError, match="no edit to redo"):
        say.redo(start)
