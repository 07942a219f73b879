from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.features.shorts.reel import SHORTEST_PIECE_S, FrameClock, Stretch, seen_frames, stretches_of
from features.shorts.planned_cast import FPS, frame_clock, planned_cast


def stretches(shots: Sequence[int], spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    cast = planned_cast(shots, {"p1": spans, "p2": [(0, 5)]})
    found = stretches_of(cast, cast.people[0], frame_clock(sum(shots)))
    return [(stretch.start_frame, stretch.end_frame) for stretch in found]


def test_shots_without_the_person_are_left_out() -> None:
    assert stretches([50, 40, 60], [(0, 50), (90, 150)]) == [(0, 50), (90, 150)]


def test_shots_that_follow_each_other_are_one_stretch() -> None:
    assert stretches([50, 40, 60], [(50, 90), (90, 150)]) == [(50, 150)]


def test_a_track_that_begins_just_after_a_cut_is_taken_to_begin_there() -> None:
    assert stretches([50, 40], [(54, 86)]) == [(50, 90)]


def test_a_person_who_comes_late_and_goes_early_is_shown_from_then_till_then() -> None:
    assert stretches([100], [(20, 80)]) == [(20, 80)]


def test_looking_away_for_a_moment_stays_in() -> None:
    assert stretches([100], [(0, 40), (65, 100)]) == [(0, 100)]


def test_a_face_that_comes_back_elsewhere_may_be_behind_a_cut_that_was_not_found() -> None:
    cast = planned_cast([100], {"p1": [(0, 40), (50, 100)]})
    for moved_px, size_px, together in ((100, 60, True), (130, 60, False), (0, 90, True), (0, 100, False)):
        box = np.array([100 + moved_px, 40, 100 + moved_px + size_px, 40 + size_px], np.float32)
        elsewhere = tuple(replace(face, box_xyxy=box) for face in cast.tracks[1].faces)
        changed = replace(cast, tracks=(cast.tracks[0], replace(cast.tracks[1], faces=elsewhere)))
        assert len(stretches_of(changed, cast.people[0], frame_clock(100))) == (1 if together else 2)


def test_a_stretch_begins_and_ends_with_a_face_that_was_seen() -> None:
    """A track is taken to run on for half the time between two looks, in which a cut may lie that was not found."""
    cast = planned_cast([100], {"p1": [(20, 80)]})
    track = cast.tracks[0]
    seen = (replace(track.faces[0], frame=22), replace(track.faces[1], frame=77))
    changed = replace(cast, tracks=(replace(track, faces=seen),))
    assert stretches_of(changed, cast.people[0], frame_clock(100)) == (Stretch(22, 78),)


def test_being_away_for_long_is_cut_out() -> None:
    assert stretches([200], [(0, 90), (125, 200)]) == [(0, 90), (125, 200)]


def test_in_a_shot_of_others_only_the_person_is_shown() -> None:
    assert stretches([200], [(0, 20), (45, 65)]) == [(0, 20), (45, 65)]
    assert stretches([200], [(6, 30)]) == [(6, 30)]
    assert stretches([200], [(4, 30)]) == [(0, 30)]


def test_a_flash_is_left_out_unless_it_joins_others() -> None:
    assert stretches([50, 8, 50], [(50, 58)]) == []
    assert stretches([50, 8, 50], [(50, 58), (58, 108)]) == [(50, 108)]


def test_two_tracks_of_one_person_at_a_time_count_once() -> None:
    assert stretches([100], [(0, 60), (30, 100)]) == [(0, 100)]


def test_seen_frames_are_those_of_the_persons_tracks() -> None:
    cast = planned_cast([30, 30], {"p1": [(0, 10), (40, 60)], "p2": [(0, 30)]})
    seen = seen_frames(cast, cast.people[0], 60)
    assert np.flatnonzero(seen).tolist() == [*range(10), *range(40, 60)]


def test_the_clock_finds_the_nearest_frame() -> None:
    clock = FrameClock(np.array([0.0, 0.1, 0.4, 0.5]), 0.1)
    assert [clock.frame_near(t) for t in (-1, 0.04, 0.06, 0.2, 0.3, 0.46, 9)] == [0, 0, 1, 1, 2, 3, 3]
    assert list(clock.frames_within(0.1, 0.4)) == [1, 2]


@settings(max_examples=100)
@given(st.lists(st.integers(1, 80), min_size=1, max_size=6), st.data())
def test_stretches_are_apart_long_enough_and_show_the_person(shots: list[int], data: st.DataObject) -> None:
    edges = np.cumsum([0, *shots]).tolist()
    spans = []
    for low, high in pairwise(edges):
        if data.draw(st.booleans()):
            start = data.draw(st.integers(low, high - 1))
            spans.append((start, data.draw(st.integers(start + 1, high))))
    if not spans:
        return
    cast = planned_cast(shots, {"p1": spans})
    found = stretches_of(cast, cast.people[0], frame_clock(edges[-1]))
    seen = seen_frames(cast, cast.people[0], edges[-1])
    for stretch in found:
        assert stretch.end_frame - stretch.start_frame >= SHORTEST_PIECE_S * FPS
        for low, high in pairwise(edges):
            own = seen[max(low, stretch.start_frame) : min(high, stretch.end_frame)]
            assert len(own) == 0 or own.any()  # no shot without them
    for a, b in pairwise(found):
        assert a.end_frame < b.start_frame
    assert found == tuple(Stretch(s.start_frame, s.end_frame) for s in found)
