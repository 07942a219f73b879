from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.features.shorts.boundaries import cuttable, make_setting
from closeup.features.shorts.choice import (
    MOST,
    Footage,
    Window,
    choose,
    least_likeness,
    likeness,
    longest_s,
    next_length_s,
)
from closeup.features.shorts.reel import Stretch, seen_frames, stretches_of
from features.shorts.planned_cast import FPS, frame_clock, planned_cast

Spans = Sequence[tuple[int, int]]


def footage(shots: Sequence[int], spans: Spans, interest: Sequence[float] | None = None) -> Footage:
    """A person's footage without sound, at 10 frames and 10 moments a second; every moment looks like no other."""
    cast = planned_cast(shots, {"p1": spans})
    frames = sum(shots)
    clock = frame_clock(frames)
    setting = make_setting(clock, [shot.start_frame for shot in cast.shots], None, np.zeros((0, 2)))
    parts = [cuttable(stretch, setting) for stretch in stretches_of(cast, cast.people[0], clock)]
    return Footage(
        clock=clock,
        stretches=tuple(part for part in parts if part is not None),
        seen=seen_frames(cast, cast.people[0], frames),
        interest=np.asarray(interest if interest is not None else np.full(frames, 0.5), np.float32),
        looks=np.eye(frames, dtype=np.float32),
    )


def length_s(window: Window) -> float:
    return sum(end - start for start, end in window.pieces) / FPS


def bump(frames: int, *places: tuple[int, int, float]) -> list[float]:
    curve = np.full(frames, 0.2)
    for start, end, height in places:
        curve[start:end] = height
    return curve.tolist()


def test_the_most_interesting_moments_are_chosen_best_first() -> None:
    given = footage([400], [(0, 400)], bump(400, (50, 100, 0.7), (300, 350, 0.9)))
    windows, shortfall = choose(given, 2, 5, 8)
    assert [window.pieces for window in windows] == [((300, 350),), ((50, 100),)]
    assert [window.interest for window in windows] == pytest.approx([0.9, 0.7])
    assert shortfall == 0


def test_windows_run_over_the_reel_and_leave_out_shots_without_the_person() -> None:
    given = footage([30, 40, 30, 40, 30], [(0, 30), (70, 100), (140, 170)])
    (window,) = choose(given, 1, 9, 9)[0]
    assert window.pieces == ((0, 30), (70, 100), (140, 170))
    assert window.on_screen == 1


def test_of_equal_windows_the_one_without_a_jump_is_taken() -> None:
    given = footage([60, 40, 100], [(0, 60), (100, 200)])
    (window,) = choose(given, 1, 8, 8)[0]
    assert len(window.pieces) == 1


def test_starts_and_ends_prefer_cuts() -> None:
    (window,) = choose(footage([53, 84, 60], [(0, 53), (53, 137), (137, 197)]), 1, 6, 9)[0]
    assert window.pieces == ((53, 137),)


def test_no_piece_is_a_flash() -> None:
    given = footage([55, 40, 55], [(0, 55), (95, 150)], bump(150, (0, 60, 0.9)))
    (window,) = choose(given, 1, 5.6, 6.6)[0]
    assert len(window.pieces) == 2
    assert all(end - start >= FPS for start, end in window.pieces)


def test_the_person_is_on_screen_for_most_of_it() -> None:
    given = footage([110], [(0, 30), (55, 110)], bump(110, (25, 70, 1.0)))
    absent = replace(given, stretches=(replace(given.stretches[0], starts={20: 1.0}, ends={70: 1.0}),))
    assert given.seen[20:70].mean() < MOST
    assert choose(absent, 1, 5, 5)[0] == ()
    assert choose(given, 1, 5, 5)[0][0].on_screen >= MOST


def test_a_short_starts_and_ends_with_the_person() -> None:
    """They look away from 3 to 5.5 s, where the interest is highest; every half second is a boundary."""
    given = footage([110], [(0, 30), (55, 110)], bump(110, (35, 70, 1.0)))
    for count in (1, 2):
        for window in choose(given, count, 2, 4)[0]:
            (start, _), (_, end) = window.pieces[0], window.pieces[-1]
            assert given.seen[start : start + 5].any()
            assert given.seen[end - 5 : end].any()


def test_as_many_as_were_asked_for_come_before_better_ones() -> None:
    """The best window lies in the middle, where it would leave no room for a second one."""
    given = footage([110], [(0, 110)], bump(110, (30, 80, 1.0)))
    assert [window.pieces for window in choose(given, 1, 5, 5)[0]] == [((30, 80),)]
    assert len(choose(given, 2, 5, 5)[0]) == 2


def test_fewer_are_given_where_there_is_no_room_for_more() -> None:
    assert len(choose(footage([90], [(0, 90)]), 5, 4, 10)[0]) == 2
    assert choose(footage([90], [(0, 90)]), 5, 10, 20)[0] == ()


def test_of_equals_two_that_look_different_are_taken() -> None:
    curve = bump(300, (0, 50, 0.9), (100, 150, 0.88), (200, 250, 0.85))
    given = footage([50, 50, 50, 50, 50, 50], [(0, 50), (100, 150), (200, 250)], curve)
    looks = np.zeros((300, 2), np.float32)
    looks[:200, 0] = 1
    looks[200:, 1] = 3
    plain = choose(given, 2, 5, 5)[0]
    varied = choose(replace(given, looks=looks), 2, 5, 5)[0]
    assert [window.pieces for window in plain] == [((0, 50),), ((100, 150),)]
    assert [window.pieces for window in varied] == [((0, 50),), ((200, 250),)]


def test_likeness_is_the_mean_cosine_above_a_floor() -> None:
    looks = np.array([[1, 0], [0, 1], [0.8, 0.6], [0, 0]], np.float32)
    assert likeness(looks, 0) == pytest.approx([1, 0, 0.6, 0])
    assert least_likeness(looks) == pytest.approx([0, 0, 0, 0])
    assert least_likeness(np.array([[1, 0], [0.8, 0.6]], np.float32)) == pytest.approx([0.6, 0.6])


def test_nothing_comes_of_nothing() -> None:
    given = footage([40, 8], [(40, 48)])
    assert given.stretches == ()
    assert choose(given, 3, 1, 5)[0] == ()
    assert longest_s(given) == 0


def test_the_longest_window_is_said() -> None:
    assert longest_s(footage([30, 40, 35], [(0, 30), (70, 105)])) == pytest.approx(6.5)


def test_the_next_length_that_there_is_is_said() -> None:
    given = footage([55, 55], [(0, 55), (55, 110)])
    assert next_length_s(given, 5.1) == pytest.approx(5.5)
    assert next_length_s(given, 10.4) == pytest.approx(11)
    assert next_length_s(given, 11.5) is None


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(12, 70), st.booleans()), min_size=1, max_size=8),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
)
def test_windows_are_apart_of_the_length_asked_for_and_inside_the_stretches(
    shots: list[tuple[int, bool]], count: int, seed: int
) -> None:
    edges = np.cumsum([0, *(frames for frames, _ in shots)]).tolist()
    spans = [span for span, (_, own) in zip(pairwise(edges), shots, strict=True) if own]
    if not spans:
        return
    rng = np.random.default_rng(seed)
    given = footage([frames for frames, _ in shots], spans, rng.random(edges[-1]).tolist())
    windows, shortfall = choose(given, count, 3, 6)
    assert (windows, shortfall) == choose(given, count, 3, 6)
    assert len(windows) <= count
    taken = sorted(piece for window in windows for piece in window.pieces)
    assert all(a[1] <= b[0] for a, b in pairwise(taken))
    allowed = [Stretch(part.start_frame, part.end_frame) for part in given.stretches]
    for window in windows:
        assert 3 - 1e-6 <= length_s(window) <= 6 + 1e-6
        assert all(b[0] > a[1] for a, b in pairwise(window.pieces))
        for start, end in window.pieces:
            assert end - start >= FPS
            assert any(s.start_frame <= start < end <= s.end_frame for s in allowed)
        own = np.concatenate([np.arange(*piece) for piece in window.pieces])
        assert window.interest == pytest.approx(given.interest[own].mean(), abs=1e-5)
        assert window.on_screen == pytest.approx(given.seen[own].mean())
    assert [w.interest for w in windows] == sorted((w.interest for w in windows), reverse=True)
