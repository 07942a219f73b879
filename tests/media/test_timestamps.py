from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.media.timestamps import Timeline

STEP = Fraction(1, 25)


def placed(stamps: list[Fraction | int | None], fps: int = 25) -> tuple[list[Fraction], int]:
    """Stamps in frame intervals (None: missing) to times in frame intervals, and how many were mended."""
    timeline = Timeline(Fraction(fps))
    seconds = [None if s is None else Fraction(s) / fps for s in stamps]
    times = [timeline.place(s, f) for s, f in zip(seconds, [*seconds[1:], None], strict=True)]
    return [t * fps for t in times], timeline.mended


def test_good_stamps_are_kept_and_start_at_zero():
    assert placed([50, 51, 53, 54, 70]) == ([0, 1, 3, 4, 20], 0)


def test_missing_stamps_come_from_the_frame_rate():
    assert placed([None, None, None]) == ([0, 1, 2], 3)
    assert placed([None, 7, None, 9]) == ([0, 1, 2, 3], 2)


def test_a_twin_takes_half_a_step_so_that_nothing_after_it_moves():
    assert placed([0, 1, 1, 2, 3]) == ([0, 1, Fraction(3, 2), 2, 3], 1)


def test_swapped_stamps_do_not_move_what_follows():
    assert placed([0, 1, 3, 2, 4]) == ([0, 1, 3, Fraction(7, 2), 4], 1)


@pytest.mark.parametrize("wild", [-5000, 100_000])
def test_one_wild_stamp_counts_as_missing(wild: int):
    assert placed([200, 201, wild, 203, 204]) == ([0, 1, 2, 3, 4], 1)


def test_a_clock_set_anew_is_followed():
    times, mended = placed([*range(1000, 1010), *range(10)])
    assert times == list(range(20))
    assert mended == 2


def test_a_real_pause_is_kept():
    assert placed([0, 1, 2, 2000, 2001]) == ([0, 1, 2, 2000, 2001], 0)


@given(st.lists(st.none() | st.integers(-(10**6), 10**6), min_size=1, max_size=60), st.sampled_from([1, 24, 25, 240]))
def test_times_always_ascend_from_zero(stamps: list[int | None], fps: int):
    times, mended = placed(stamps, fps)
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
    assert 0 <= mended <= len(stamps)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60))
def test_ascending_stamps_are_never_touched(steps: list[int]):
    stamps = [sum(steps[: i + 1]) for i in range(len(steps))]
    assert placed(list(stamps)) == ([s - stamps[0] for s in stamps], 0)
