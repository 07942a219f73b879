"""Two performances on one clock: lag and rate, warping within a band, curves by time stamps."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from closeup.algorithms.performance.alignment import (
    BAND_S,
    STRAIGHT,
    at_lag,
    find_lag,
    sampled_at,
    warped,
    warping_path,
)

HZ = 10.0


def acting(seed: int, moments: int = 300, curves: int = 3) -> NDArray[np.float64]:
    """Bumps of a second or so, here and there."""
    rng, times = np.random.default_rng(seed), np.arange(moments) / HZ
    values = np.zeros((moments, curves))
    for middle in rng.uniform(0, moments / HZ, moments // 20):
        values[:, rng.integers(curves)] += rng.uniform(0.3, 1) * np.exp(-(((times - middle) / 0.7) ** 2))
    return values


def moved_by(curves: NDArray[np.float64], lag_s: float, rate: float = 1.0) -> NDArray[np.float64]:
    """An attempt that does at `lag_s + rate * t` what the original does at t."""
    times = (np.arange(len(curves)) / HZ - lag_s) / rate
    return np.stack([np.interp(times, np.arange(len(curves)) / HZ, column) for column in curves.T], axis=1)


@pytest.mark.parametrize("lag_s", [-2.5, -0.4, 0.0, 0.7, 2.9])
def test_the_lag_of_a_shifted_performance_is_found(lag_s: float) -> None:
    original = acting(1)
    found, rate = find_lag([(original, moved_by(original, lag_s))], HZ)
    assert (found, rate) == (pytest.approx(lag_s, abs=0.051), 1.0)


@pytest.mark.parametrize("rate", [0.93, 1.04, 1.1])
def test_the_rate_of_a_slowed_performance_is_found_as_well_as_the_warping_needs(rate: float) -> None:
    original = acting(2, 600)
    lag_s, found = find_lag([(original, moved_by(original, 0.5, rate))], HZ)
    for time_s in (0.0, 15.0, 30.0, 50.0):
        assert lag_s + found * time_s == pytest.approx(0.5 + rate * time_s, abs=BAND_S)


def test_what_does_not_move_has_no_lag() -> None:
    original = acting(3)
    assert find_lag([(original, np.full_like(original, 0.4))], HZ) == (0.0, 1.0)
    assert find_lag([(original, np.full_like(original, np.nan))], HZ) == (0.0, 1.0)
    assert find_lag([(original, np.zeros((0, 3)))], HZ) == (0.0, 1.0)


def test_sound_decides_where_faces_do_not_say() -> None:
    face, sound = acting(4), acting(5, curves=1)
    still = np.zeros_like(face)
    assert find_lag([(still, still), (sound, moved_by(sound, 1.2))], HZ)[0] == pytest.approx(1.2)


def test_gaps_do_not_hide_the_lag() -> None:
    original = acting(6)
    attempt = moved_by(original, 0.8)
    attempt[100:180] = np.nan
    original = original.copy()
    original[40:60] = np.nan
    assert find_lag([(original, attempt)], HZ)[0] == pytest.approx(0.8)


@given(st.integers(-30, 30), st.integers(2, 60))
def test_a_lag_by_whole_moments_takes_them_as_they_are(shift: int, length: int) -> None:
    curves = np.arange(40.0).reshape(20, 2)
    moved = at_lag(curves, length, HZ, shift / HZ)
    for row in range(length):
        if 0 <= row + shift < 20:
            assert moved[row].tolist() == curves[row + shift].tolist()
        else:
            assert np.isnan(moved[row]).all()


def test_between_a_known_moment_and_none_nothing_is_known() -> None:
    curves = np.array([[0.0], [np.nan], [2.0], [3.0]])
    assert np.isnan(at_lag(curves, 4, 1.0, 0.5)[:2]).all()
    assert at_lag(curves, 4, 1.0, 0.5)[2, 0] == 2.5


def cheapest_by_trying(original: NDArray[np.float64], attempt: NDArray[np.float64], band: int) -> float:
    """The least cost of any path, by trying all."""
    length = len(original)
    apart = ((original[:, None] - attempt[None]) ** 2).sum(axis=2)
    offsets = np.arange(length)[None] - np.arange(length)[:, None]
    inside = np.abs(offsets) <= band
    costs = np.where(inside, apart + STRAIGHT * apart[inside].mean() * (offsets / band) ** 2, np.inf)

    def from_here(row: int, column: int) -> float:
        if (row, column) == (length - 1, length - 1):
            return 0.0
        steps = [(1, 1, 2), (1, 0, 1), (0, 1, 1)]
        return min(
            (
                weight * costs[row + down, column + right] + from_here(row + down, column + right)
                for down, right, weight in steps
                if row + down < length and column + right < length and np.isfinite(costs[row + down, column + right])
            ),
            default=np.inf,
        )

    return 2 * float(costs[0, 0]) + from_here(0, 0)


@given(st.integers(0, 10_000), st.integers(1, 2))
def test_the_path_is_the_cheapest_one(seed: int, band: int) -> None:
    rng = np.random.default_rng(seed)
    original, attempt = rng.normal(size=(6, 2)), rng.normal(size=(6, 2))
    path = warping_path(original, attempt, band)
    apart = ((original[:, None] - attempt[None]) ** 2).sum(axis=2)
    inside = [apart[row, column] for row, column in product(range(6), range(6)) if abs(row - column) <= band]
    costs = [
        apart[row, column] + STRAIGHT * np.mean(inside) * ((column - row) / band) ** 2 for row, column in path.tolist()
    ]
    steps = [2, *(int(step.sum()) for step in np.diff(path, axis=0))]
    assert sum(cost * step for cost, step in zip(costs, steps, strict=True)) == pytest.approx(
        cheapest_by_trying(original, attempt, band)
    )


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 6), st.booleans())
def test_a_path_goes_on_in_single_steps_within_its_band(seed: int, length: int, band: int, gaps: bool) -> None:
    rng = np.random.default_rng(seed)
    original, attempt = rng.normal(size=(length, 2)), rng.normal(size=(length, 2))
    if gaps:
        attempt[rng.random(length) < 0.5] = np.nan
        original[rng.random(length) < 0.5] = np.nan
    path = warping_path(original, attempt, band)
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [length - 1, length - 1]
    assert {tuple(step) for step in np.diff(path, axis=0).tolist()} <= {(0, 1), (1, 0), (1, 1)}
    assert (np.abs(path[:, 1] - path[:, 0]) <= band).all()


@given(st.integers(0, 10_000))
def test_the_same_performance_is_not_moved(seed: int) -> None:
    curves = np.random.default_rng(seed).normal(size=(30, 3))
    moved, by = warped(curves, warping_path(curves, curves, 5))
    assert by.tolist() == [0.0] * 30
    assert moved.tolist() == curves.tolist()


def test_warping_finds_who_is_late_within_the_band() -> None:
    original = acting(7)
    attempt = moved_by(original, 0.3)
    moved, by = warped(attempt, warping_path(original, attempt, 5))
    busy = np.abs(np.diff(original, axis=0, append=0)).sum(axis=1) > 0.03
    assert np.median(by[busy]) == pytest.approx(3, abs=0.5)
    assert np.abs(moved - original)[5:-5].max() < 0.1 < np.abs(attempt - original).max()


def test_samples_at_uneven_times_give_an_even_row_with_gaps() -> None:
    times = np.array([0.0, 0.19, 0.42, 2.0, 2.1])
    known = sampled_at(times, times[:, None] * 10, np.arange(25) / 10, gap_s=0.35)
    assert known[:5, 0] == pytest.approx([0, 1, 2, 3, 4])
    assert known[5, 0] == pytest.approx(4.2)  # the last one is near enough
    assert np.isnan(known[6:19, 0]).all()
    assert known[19:22, 0] == pytest.approx([20, 20, 21])
    assert np.isnan(sampled_at(np.zeros(0), np.zeros((0, 2)), np.arange(3.0), 1.0)).all()
