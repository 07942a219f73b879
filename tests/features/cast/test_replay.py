"""Replaying edits: on the same tracks, and on those of another analysis with other ids, boxes and sampling."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.core.types import Cast, Track
from closeup.documents.baseline import Baseline, PersonRule
from closeup.documents.edits import Edits
from closeup.features.cast import operations as say
from closeup.features.cast.operations import Scene
from closeup.features.cast.people import Members, build_people, found_people
from closeup.features.cast.replay import replay, shared_frame
from features.cast.fake_cast import LABELS, SHA256, fake_face, fake_result, fake_tracks

AT = "2026-01-31T12:00:00Z"
TRACKS = fake_tracks()
BASELINE = found_people(TRACKS, LABELS, PersonRule())
NO_EDITS = Edits(next_person=BASELINE.next_person)
CAST = fake_result().cast


@dataclass
class Session:
    """A user at work, without a folder."""

    edits: Edits = NO_EDITS
    baseline: Baseline = BASELINE

    def members(self) -> Members:
        return build_people(TRACKS, self.baseline, self.edits, SHA256)

    def cast(self) -> Cast:
        m = self.members()
        return replace(CAST, people=m.people, passers_by=m.passers_by, hidden=m.hidden, tracks=m.tracks)

    def do(self, wish: Any, *args: Any) -> str:
        change = wish(Scene(self.cast(), self.edits, AT), *args)
        self.edits = change.edits
        return str(change.sentence)

    def persons(self) -> list[str | None]:
        return [track.person for track in self.members().tracks]


def after(*wishes: tuple[Any, ...]) -> Session:
    session = Session()
    for wish in wishes:
        session.do(*wish)
    return session


def other_analysis(step: int = 7, shift: float = 6.0) -> tuple[Track, ...]:
    """The same people found by another detector: other ids, frames and boxes, in the same order."""
    tracks = []
    for number, track in enumerate(TRACKS, start=41):
        x = float(track.faces[0].box_xyxy[0]) + shift
        frames = range(track.start_frame, track.end_frame, step)
        tracks.append(replace(track, id=f"t{number}", faces=tuple(fake_face(f, x, 90.0) for f in frames)))
    return tuple(tracks)


def on(labels: list[str | None], session: Session, tracks: tuple[Track, ...] | None = None) -> Any:
    return replay(tracks or other_analysis(), labels, session.edits, SHA256)


def test_no_edits_change_nothing() -> None:
    assert Session().persons() == ["p1", "p2", "p1", "p2", "p3", "p1", "p4", None]


def test_each_operation() -> None:
    session = after((say.name_person, "p1", "Anna"), (say.merge_people, ["p1", "p3"]), (say.hide_person, "p2"))
    members = session.members()
    assert [(p.id, p.name, p.tracks) for p in members.people] == [("p1", "Anna", ("t1", "t3", "t5", "t6"))]
    assert [p.id for p in members.hidden] == ["p2"]
    session.do(say.split_person, "p1", ["t5"])
    session.do(say.reject_tracks, "p1", ["t3"])
    session.do(say.unhide_person, "p2")
    assert session.persons() == ["p1", "p2", None, "p2", "p5", "p1", "p4", None]
    assert session.members().hidden == ()


def test_a_name_makes_a_passer_by_one_of_the_cast() -> None:
    members = after((say.name_person, "p4", "Dora")).members()
    assert [p.id for p in members.people] == ["p1", "p2", "p3", "p4"]
    assert members.passers_by == ()


def test_a_merge_keeps_the_first_name_or_takes_the_others() -> None:
    both = after((say.name_person, "p1", "Anna"), (say.name_person, "p3", "Cleo"), (say.merge_people, ["p1", "p3"]))
    assert both.members().people[0].name == "Anna"
    one = after((say.name_person, "p3", "Cleo"), (say.merge_people, ["p1", "p3"]))
    assert one.members().people[0].name == "Cleo"


def test_a_merge_of_a_hidden_person_into_a_shown_one_is_shown() -> None:
    assert [p.id for p in after((say.hide_person, "p3"), (say.merge_people, ["p1", "p3"])).members().hidden] == []


def test_two_in_one_frame_are_not_merged() -> None:
    with pytest.raises(InputError, match=r"p1 and p2 are both in the picture at 0:00 \(0\.00 s\)"):
        after((say.merge_people, ["p1", "p2"]))
    with pytest.raises(InputError, match=r"p2 and p3 are both in the picture at 0:08 \(8\.00 s\)"):
        after((say.merge_people, ["p2", "p3"]))


def test_names_merges_splits_and_hiding_survive_another_analysis() -> None:
    session = after(
        (say.name_person, "p2", "Ben"),
        (say.merge_people, ["p1", "p3"]),
        (say.split_person, "p1", ["t6"]),
        (say.hide_person, "p4"),
        (say.reject_tracks, "p2", ["t4"]),
    )
    replayed = on(["p11", "p12", "p11", "p12", "p13", "p11", "p14", None], session)
    assert replayed.person == ("p11", "p12", "p11", None, "p11", "p5", "p14", None)
    assert replayed.names == {"p12": "Ben"}
    assert replayed.hidden == {"p14"}
    assert replayed.warnings == ()
    assert replayed.cannot_link.tolist() == [[0, 5], [1, 3], [2, 5], [4, 5]]


def test_who_was_told_apart_is_apart_in_any_grouping() -> None:
    session = after((say.tell_apart, "p1", "p3"))
    together = on(["p11", "p12", "p11", "p12", "p11", "p11", "p14", None], session)
    assert together.person == ("p11", "p12", "p11", "p12", "p3", "p11", "p14", None)
    assert together.cannot_link.tolist() == [[0, 4], [2, 4], [4, 5]]
    as_the_second = on(["p3", "p12", "p3", "p12", "p3", "p3", "p14", None], session)
    assert as_the_second.person == ("p1", "p12", "p1", "p12", "p3", "p1", "p14", None)
    assert as_the_second.cannot_link.tolist() == [[0, 4], [2, 4], [4, 5]]
    session.do(say.merge_people, ["p1", "p3"])  # the later word counts
    assert on(["p1", "p2", "p1", "p2", "p3", "p1", "p4", None], session).cannot_link.tolist() == []
    gone = on(["p1", "p2", "p1", "p2", None, "p1", "p4", None], after((say.tell_apart, "p1", "p3")))
    assert gone.warnings == (
        "The edit 'different p1 and p3' of 2026-01-31 was skipped: one of them is not found any more.",
    )


def test_a_chosen_portrait_stays_with_its_track() -> None:
    def portraits(session: Session) -> dict[str, str | None]:
        members = session.members()
        return {p.id: p.portrait_track for p in (*members.people, *members.passers_by)}

    session = after((say.choose_portrait, "p1", "t1"))
    assert portraits(session) == {"p1": "t1", "p2": None, "p3": None, "p4": None}
    replayed = on(["p11", "p12", "p11", "p12", "p13", "p11", "p14", None], session)
    assert replayed.portraits == {0}
    session.do(say.choose_portrait, "p1", "t6")
    assert portraits(session)["p1"] == "t6"
    session.do(say.choose_portrait, "p3", "t5")
    session.do(say.merge_people, ["p3", "p1"])
    assert portraits(session)["p3"] == "t6"  # of two that were chosen the better one
    session.do(say.split_person, "p3", ["t5"])
    assert portraits(session) == {"p3": "t6", "p2": None, "p5": "t5", "p4": None}
    session.do(say.reject_tracks, "p3", ["t6"])
    assert portraits(session)["p3"] is None
    lost = on(["p1", "p2", "p1", "p2", "p3", None, "p4", None], after((say.choose_portrait, "p1", "t6")))
    assert "was skipped: the track is not theirs any more" in lost.warnings[0]


def test_a_name_goes_to_whoever_holds_most_of_the_faces() -> None:
    replayed = on(["p1", "p2", "p3", "p2", None, "p3", None, None], after((say.name_person, "p1", "Anna")))
    assert replayed.names == {"p3": "Anna"}


def test_tracks_that_the_user_merged_come_together_from_wherever_they_went() -> None:
    session = after((say.merge_people, ["p1", "p3"]))
    replayed = on(["p1", "p2", "p6", "p2", "p7", None, "p4", None], session)
    assert replayed.person == ("p1", "p2", "p1", "p2", "p1", "p1", "p4", None)


def test_tracks_that_the_user_took_out_do_not_come_back() -> None:
    session = after((say.reject_tracks, "p1", ["t3"]))
    assert on(["p1", "p2", "p1", "p2", "p3", "p1", "p4", "p1"], session).person[2] is None
    elsewhere = on(["p1", "p2", "p3", "p2", "p3", "p1", "p4", None], session)
    assert elsewhere.person[2] == "p3"
    assert elsewhere.cannot_link.tolist() == [[0, 2], [2, 5]]


def test_a_split_person_whom_the_grouping_already_holds_apart_gets_their_id() -> None:
    session = after((say.split_person, "p1", ["t3", "t6"]))
    assert on(["p1", "p2", "p6", "p2", "p3", "p6", "p4", "p6"], session).person == (
        *("p1", "p2", "p5", "p2", "p3", "p5", "p4", "p5"),
    )


@pytest.mark.parametrize("both", ["p1", "p3", "p9"])
def test_two_whom_the_user_named_apart_are_not_one_person(both: str) -> None:
    session = after((say.hide_person, "p3"), (say.name_person, "p1", "Anna"), (say.name_person, "p3", "Cleo"))
    replayed = on([both, "p2", both, "p2", both, both, "p4", None], session)
    anna, cleo = replayed.person[0], replayed.person[4]
    assert anna != cleo
    assert replayed.person == (anna, "p2", anna, "p2", cleo, anna, "p4", None)
    assert replayed.names == {anna: "Anna", cleo: "Cleo"}
    assert replayed.hidden == {cleo}


def test_what_finds_nobody_is_skipped_with_a_sentence() -> None:
    session = after(
        (say.name_person, "p4", "Dora"),
        (say.hide_person, "p4"),
        (say.merge_people, ["p4", "p1"]),
        (say.reject_tracks, "p4", ["t7"]),
        (say.split_person, "p4", ["t3"]),
    )
    nobody = replace(session.edits, operations=session.edits.operations[:2])
    tracks = other_analysis()[:6]
    replayed = replay(tracks, ["p1", "p2", "p1", "p2", "p3", "p1"], nobody, SHA256)
    assert replayed.person == ("p1", "p2", "p1", "p2", "p3", "p1")
    assert replayed.warnings == (
        "The edit 'name p4' of 2026-01-31 was skipped: the person is not found any more.",
        "The edit 'hide p4' of 2026-01-31 was skipped: the person is not found any more.",
    )
    rest = replay(tracks[1:2], [None], session.edits, SHA256)
    assert rest.person == (None,)
    assert len(rest.warnings) == 5


def test_a_merge_of_two_who_now_share_a_frame_is_skipped() -> None:
    session = after((say.merge_people, ["p1", "p3"]))
    grouped = ["p1", "p2", "p1", "p1", "p3", "p1", "p4", None]
    replayed = on(grouped, session)
    assert replayed.person == tuple(grouped)
    assert replayed.warnings == (
        "The edit 'merge p1 and p3' of 2026-01-31 was skipped: both are in the picture at 0:08.",
    )


def test_edits_of_another_video_stay_out_of_use() -> None:
    session = after((say.name_person, "p1", "Anna"))
    replayed = replay(TRACKS, tuple(BASELINE.tracks.values()), session.edits, "00" * 32)
    assert replayed.names == {}
    assert replayed.warnings == ("1 edit of another video file stayed out of use.",)


def test_shared_frame() -> None:
    assert shared_frame([TRACKS[0]], [TRACKS[2]]) is None
    assert shared_frame([TRACKS[0], TRACKS[4]], [TRACKS[3]]) == (200, 8.0)


# Any sequence of wishes

WISHES = st.tuples(
    st.sampled_from(["name", "merge", "different", "split", "not", "hide", "unhide", "portrait", "undo"]), st.randoms()
)


def attempt(session: Session, kind: str, random: Any) -> None:
    """One wish with people and tracks drawn at random; one that cannot be is refused, and changes nothing."""
    cast = session.cast()
    people = [*cast.people, *cast.passers_by, *cast.hidden]
    person = random.choice(people)
    some = random.sample(person.tracks, random.randint(1, len(person.tracks)))
    ids = [p.id for p in random.sample(people, min(len(people), random.randint(2, 3)))]
    before = session.edits
    try:
        match kind:
            case "name":
                session.do(say.name_person, person.id, random.choice(["Anna", "Ben", ""]))
            case "merge":
                session.do(say.merge_people, ids)
            case "different":
                session.do(say.tell_apart, *ids[:2])
            case "portrait":
                session.do(say.choose_portrait, person.id, some[0])
            case "split":
                session.do(say.split_person, person.id, some)
            case "not":
                session.do(say.reject_tracks, person.id, some)
            case "hide":
                session.do(say.hide_person, person.id)
            case "unhide":
                session.do(say.unhide_person, person.id)
            case _:
                session.do(say.undo)
    except InputError:
        assert session.edits == before


def summary(members: Members) -> Any:
    return members.people, members.passers_by, members.hidden, [t.person for t in members.tracks], members.warnings


def partition(persons: Any) -> set[frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for index, person in enumerate(persons):
        if person is not None:
            groups.setdefault(person, set()).add(index)
    return {frozenset(group) for group in groups.values()}


def assert_nobody_is_twice_in_a_frame(tracks: Any, persons: Any) -> None:
    for a, b in combinations(range(len(tracks)), 2):
        if persons[a] is not None and persons[a] == persons[b]:
            assert shared_frame([tracks[a]], [tracks[b]]) is None


@given(st.lists(WISHES, max_size=7))
@settings(max_examples=60)
def test_any_edits_replay_alike_undo_exactly_and_never_reuse_an_id(wishes: list[tuple[str, Any]]) -> None:
    session = Session()
    history = [(session.edits, summary(session.members()))]
    owners: dict[str, tuple[int, ...]] = {}
    for kind, random in wishes:
        attempt(session, kind, random)
        now = summary(session.members())
        assert summary(session.members()) == now
        assert now[4] == ()
        assert_nobody_is_twice_in_a_frame(TRACKS, now[3])
        if len(session.edits.operations) > len(history[-1][0].operations):
            for operation in session.edits.operations[-1:]:
                if operation.new_person is not None:
                    assert operation.new_person not in owners
        for index, person in enumerate(now[3]):
            if person is not None:
                owners[person] = (*owners.get(person, ()), index)
        history = [past for past in history if len(past[0].operations) < len(session.edits.operations)]
        history.append((session.edits, now))
    for edits, then in reversed(history):
        assert session.edits.operations == edits.operations
        assert summary(session.members()) == then
        if edits.operations:
            session.do(say.undo)


@given(st.lists(WISHES, max_size=6), st.lists(st.integers(0, 5), min_size=8, max_size=8), st.integers(1, 9))
@settings(max_examples=60)
def test_any_edits_on_any_grouping_of_another_analysis(wishes: Any, labels: list[int], step: int) -> None:
    """Nothing breaks, nobody is twice in a frame, and hardly anything of it is a matter of chance."""
    session = Session()
    for kind, random in wishes:
        attempt(session, kind, random)
    tracks = other_analysis(step)
    persons: list[str | None] = []
    for index, label in enumerate(labels):
        same = [i for i, p in enumerate(persons) if p == f"p{label}"]
        clash = shared_frame([tracks[i] for i in same], [tracks[index]]) is not None
        persons.append(f"p{label}" if label and not clash else None)
    replayed = replay(tracks, persons, session.edits, SHA256)
    assert_nobody_is_twice_in_a_frame(tracks, replayed.person)
    assert replayed.names.keys() | replayed.hidden <= {p for p in replayed.person if p}
    for pair in replayed.cannot_link:
        assert replayed.person[pair[0]] is None or replayed.person[pair[0]] != replayed.person[pair[1]]
    again = replay(tracks, persons, session.edits, SHA256)
    assert (again.person, again.names, again.warnings) == (replayed.person, replayed.names, replayed.warnings)
    assert again.portraits == replayed.portraits
    np.testing.assert_array_equal(again.cannot_link, replayed.cannot_link)


@given(st.lists(WISHES, max_size=6), st.integers(1, 9))
@settings(max_examples=60)
def test_any_edits_give_the_same_people_after_another_analysis_that_groups_alike(wishes: Any, step: int) -> None:
    session = Session()
    for kind, random in wishes:
        attempt(session, kind, random)
    replayed = replay(other_analysis(step), tuple(BASELINE.tracks.values()), session.edits, SHA256)
    assert list(replayed.person) == session.persons()
    members = session.members()
    listed = [*members.people, *members.passers_by, *members.hidden]
    assert replayed.names == {p.id: p.name for p in listed if p.name}
    assert replayed.hidden == {p.id for p in members.hidden}
    shown = {p.portrait_track for p in listed} - {None}
    assert shown <= {TRACKS[index].id for index in replayed.portraits}


@given(st.randoms())
@settings(max_examples=30)
def test_merge_then_split_restores_the_partition(random: Any) -> None:
    session = Session()
    one, other = random.choice([("p1", "p3"), ("p3", "p1"), ("p1", "p4"), ("p4", "p2"), ("p3", "p4")])
    own = [track.id for track in session.cast().tracks if track.person == other]
    before = partition(session.persons())
    session.do(say.merge_people, [one, other])
    assert len(partition(session.persons())) == len(before) - 1
    session.do(say.split_person, one, own)
    assert partition(session.persons()) == before
