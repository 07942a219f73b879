from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import FormatError
from closeup.core.types import Shot, Track
from closeup.documents.baseline import Baseline, PersonRule
from closeup.documents.edits import Edits
from closeup.features.cast.people import (
    Earlier,
    build_people,
    found_people,
    in_the_background,
    portrait_quality,
    screen_time_s,
)
from features.cast.fake_cast import LABELS, SHA256, SHOTS, A, B, C, D, fake_face, fake_track, fake_tracks

RULE = PersonRule()
TRACKS = fake_tracks()


def persons(baseline: Baseline) -> tuple[str | None, ...]:
    return tuple(baseline.tracks.values())


def test_people_by_screen_time_then_passers_by() -> None:
    baseline = found_people(TRACKS, LABELS, RULE)
    assert baseline.person_of(TRACKS) == ["p1", "p2", "p1", "p2", "p3", "p1", "p4", None]
    assert baseline.next_person == 5
    members = build_people(TRACKS, baseline, Edits(), SHA256)
    assert [(p.id, p.screen_time_s, p.shots, p.tracks) for p in members.people] == [
        ("p1", 10.0, (0, 1, 3), ("t1", "t3", "t6")),
        ("p2", 7.0, (0, 2), ("t2", "t4")),
        ("p3", 4.0, (2,), ("t5",)),
    ]
    assert [p.id for p in members.passers_by] == ["p4"]
    assert members.hidden == members.warnings == ()
    assert [t.person for t in members.tracks] == baseline.person_of(TRACKS)
    assert members.people[0].portrait == "people/p1.jpg"
    assert members.people[0].quality == 0.9
    assert members.people[0].name is None


def test_the_numbers_of_labels_do_not_matter() -> None:
    other = np.array([{A: 70, B: 3, C: 0, D: 12, -1: -1}[label] for label in LABELS.tolist()])
    assert found_people(TRACKS, other, RULE) == found_people(TRACKS, LABELS, RULE)


def test_ties_go_to_the_first_to_appear() -> None:
    tracks = (
        fake_track(1, range(0, 50, 5), 100),
        fake_track(2, range(0, 50, 5), 300),
        fake_track(3, range(50, 100, 5), 9),
    )
    assert persons(found_people(tracks, np.array([4, 1, 0]), RULE)) == ("p1", "p2", "p3")


@pytest.mark.parametrize(
    ("track", "founds"),
    [
        (fake_track(1, [0, 5], 10), True),
        (fake_track(1, [0], 10), False),
        (fake_track(1, [0, 5], 10, size=20), False),
        (fake_track(1, [0, 5], 10, quality=0.05), False),
        (replace(fake_track(1, [0], 10), faces=(replace(fake_face(0, 10), quality=None),) * 2), False),
        (replace(fake_track(1, [0], 10), faces=(fake_face(0, 10, 20.0), fake_face(5, 10, quality=0.15))), True),
    ],
)
def test_a_face_seen_once_blurred_or_small_founds_nobody(track: Track, founds: bool) -> None:
    assert persons(found_people([track], np.array([0]), RULE)) == (("p1",) if founds else (None,))


def test_but_it_may_join_somebody() -> None:
    labels = LABELS.copy()
    labels[7] = C
    assert persons(found_people(TRACKS, labels, RULE))[7] == "p3"


@pytest.mark.parametrize(
    ("rule", "listed"),
    [
        (PersonRule(), ["p1", "p2", "p3"]),
        (PersonRule(min_screen_time_s=0.6), ["p1", "p2", "p3", "p4"]),
        (PersonRule(min_screen_time_s=0.6, min_faces=4), ["p1", "p2", "p3"]),
        (PersonRule(min_screen_time_s=0.6, min_quality=0.45), ["p1", "p2", "p3"]),
        (PersonRule(min_screen_time_s=20), []),
    ],
)
def test_passers_by_are_few_small_or_blurred(rule: PersonRule, listed: list[str]) -> None:
    members = build_people(TRACKS, found_people(TRACKS, LABELS, rule), Edits(), SHA256)
    assert [p.id for p in members.people] == listed
    assert len(members.people) + len(members.passers_by) == 4


def test_who_is_drawn_is_kept_apart_and_marked_until_they_are_named() -> None:
    ours = {"t1", "t3"}  # 2 of the 3 tracks of p1
    tracks = [replace(track, drawn=track.id in ours) for track in TRACKS]
    baseline = found_people(tracks, LABELS, RULE)
    assert next(p.id for p in build_people(TRACKS, found_people(TRACKS, LABELS, RULE), Edits(), SHA256).people) == "p1"
    members = build_people(tracks, baseline, Edits(), SHA256)
    apart = [person for person in members.passers_by if person.drawn]
    assert [person.tracks for person in apart] == [("t1", "t3", "t6")]
    assert not any(person.drawn for person in members.people)


def test_who_is_mostly_photographed_is_not_drawn() -> None:
    tracks = [replace(track, drawn=track.id == "t6") for track in TRACKS]
    members = build_people(tracks, found_people(tracks, LABELS, RULE), Edits(), SHA256)
    assert members.people[0].tracks == ("t1", "t3", "t6")
    assert not members.people[0].drawn


def test_screen_time_is_the_union() -> None:
    def span(start_s: float, end_s: float) -> Track:
        return replace(TRACKS[0], start_s=start_s, end_s=end_s)

    assert screen_time_s([span(2, 3), span(0, 1), span(0.5, 1.5), span(1.5, 2.0)]) == 3.0
    assert screen_time_s([]) == 0.0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), min_size=1, max_size=8))
def test_screen_time_counts_every_moment_once(spans: list[tuple[int, int]]) -> None:
    tracks = [replace(TRACKS[0], start_s=a / 8, end_s=(a + n) / 8) for a, n in spans]
    moments = {m for a, n in spans for m in range(a, a + n)}
    assert screen_time_s(tracks) == len(moments) / 8


def test_portrait_quality_of_faces_that_were_not_judged() -> None:
    track = replace(TRACKS[0], faces=tuple(replace(face, quality=None) for face in TRACKS[0].faces))
    assert portrait_quality([track]) == 0.0


def test_lengths_must_match() -> None:
    with pytest.raises(ValueError, match="8 tracks and 2 labels"):
        found_people(TRACKS, np.array([0, 1]), RULE)
    with pytest.raises(FormatError, match="It has other tracks than the cast"):
        build_people(TRACKS, Baseline(1, RULE, {"t1": None}), Edits(), SHA256)


def test_an_empty_cast() -> None:
    baseline = found_people([], np.zeros(0, np.int64), RULE)
    assert baseline == Baseline(1, RULE, {})
    assert build_people([], baseline, Edits(), SHA256).people == ()


def again(labels: list[int], next_person: int = 5) -> tuple[str | None, ...]:
    earlier = Earlier(persons(found_people(TRACKS, LABELS, RULE)), next_person)
    return persons(found_people(TRACKS, np.array(labels), RULE, earlier))


def test_ids_stay_with_most_of_the_tracks() -> None:
    assert again(LABELS.tolist()) == persons(found_people(TRACKS, LABELS, RULE))
    # t3 leaves p1, who keeps 30 of 50 faces; the newcomer gets the first number never given.
    assert again([A, B, 9, B, C, A, D, -1], next_person=8) == ("p1", "p2", "p8", "p2", "p3", "p1", "p4", None)


def test_ids_of_two_that_became_one() -> None:
    assert again([A, B, A, B, A, A, D, -1]) == ("p1", "p2", "p1", "p2", "p1", "p1", "p4", None)


def test_an_id_that_no_group_holds_most_of_is_gone() -> None:
    # p2 has 35 faces: 20 in t2 (the majority) and 15 in t4; p1 has 50, of which no group holds more than 20.
    assert again([0, 1, 2, 1, 3, 4, 5, -1]) == ("p5", "p2", "p6", "p2", "p3", "p7", "p4", None)


@given(st.lists(st.integers(-1, 4), min_size=8, max_size=8), st.lists(st.integers(-1, 4), min_size=8, max_size=8))
def test_ids_are_never_given_twice(first: list[int], second: list[int]) -> None:
    before = found_people(TRACKS, np.array(first), RULE)
    after = found_people(TRACKS, np.array(second), RULE, Earlier(persons(before), before.next_person + 3))
    fresh = {p for p in persons(after) if p} - {p for p in persons(before) if p}
    assert all(int(p[1:]) >= before.next_person + 3 for p in fresh)
    assert after.next_person > max([0, *(int(p[1:]) for p in persons(after) if p)])
    same = [(a, b) for a, b in zip(second, persons(after), strict=True) if b]
    assert len({a for a, _ in same}) == len({b for _, b in same}) == len(set(same))


@given(st.lists(st.integers(-1, 4), min_size=8, max_size=8))
def test_every_listed_person_is_founded_and_in_order(labels: list[int]) -> None:
    members = build_people(TRACKS, found_people(TRACKS, np.array(labels), RULE), Edits(), SHA256)
    for listed in (members.people, members.passers_by):
        assert all(a.screen_time_s >= b.screen_time_s for a, b in pairwise(listed))
        assert all(set(person.tracks) != {"t8"} for person in listed)


LEAD = fake_track(1, range(0, 100, 5), 100, size=100)
"""The whole of shot 0, and the largest face in it."""


def listed(*others: Track) -> tuple[list[str], list[str]]:
    """Who is listed and who passes by, by the first track of each, where every track is a person."""
    tracks = (LEAD, *others)
    baseline = found_people(tracks, np.arange(len(tracks)), RULE, shots=SHOTS)
    members = build_people(tracks, baseline, Edits(), SHA256, SHOTS)
    return [p.tracks[0] for p in members.people], [p.tracks[0] for p in members.passers_by]


@pytest.mark.parametrize(
    ("other", "is_listed"),
    [
        (fake_track(2, range(0, 100, 5), 400, size=30), True),  # small, but there for the whole shot
        (fake_track(2, range(0, 60, 5), 400, size=30), False),  # small, and gone after half of it
        (fake_track(2, range(0, 60, 5), 400, size=100), True),  # gone as soon, but as large as anybody
        (fake_track(2, range(100, 200, 5), 400, size=14.0 * 2), True),  # small, in a shot of their own
        (fake_track(2, range(0, 100, 5), 400, size=24), True),
    ],
)
def test_who_comes_and_goes_in_the_background_passes_by(other: Track, is_listed: bool) -> None:
    assert listed(other) == ((["t1", "t2"], []) if is_listed else (["t1"], ["t2"]))


def test_an_extra_is_small_beside_the_others_and_takes_up_little_time() -> None:
    shots = (Shot(0, 20, 0.0, 0.8), *SHOTS[1:])
    extra = fake_track(2, range(0, 20, 5), 400, size=24.5)
    lead = fake_track(1, range(0, 20, 5), 100, size=100)
    more = [fake_track(n, range(100 * (n - 2), 100 * (n - 1), 5), 100, size=100) for n in (3, 4, 5)]
    tracks = (lead, extra, *more)
    people = {"p1": [lead, *more], "p2": [extra]}
    assert in_the_background(people, tracks, shots) == {"p2"}
    assert in_the_background(people, (extra, *more), shots) == set()  # nobody larger beside them
    assert in_the_background(people, tracks, ()) == set()
    assert in_the_background({}, tracks, shots) == set()
