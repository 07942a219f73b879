"""Intervals of differences that were tried several times: as sure as they say, and no surer."""

import numpy as np
import pytest

from closeup.algorithms.metrics.classification import Statistic, paired_difference
from closeup.algorithms.metrics.repeated_difference import repeated_difference


def mean_of(values: np.ndarray) -> Statistic:
    return lambda drawn: float(values[drawn].mean())


def trials(rng: np.random.Generator, gain: float, count: int, seeds: int) -> list[tuple[Statistic, Statistic]]:
    """Pairs whose difference has a part from the items, one from the trial, and one from both."""
    by_item = rng.normal(gain, 0.3, count)
    made = []
    for _ in range(seeds):
        base = rng.normal(0, 1, count)
        made.append((mean_of(base), mean_of(base + by_item + rng.normal(0, 0.05) + rng.normal(0, 0.1, count))))
    return made


def test_holds_the_truth_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        found = repeated_difference(trials(rng, 0.1, 60, 3), 60, resamples=60)
        held += found.low <= 0.1 <= found.high
    assert 0.92 <= held / 200 <= 1.0


def test_mean_and_ends() -> None:
    rng = np.random.default_rng(1)
    pairs, everything = trials(rng, 0.5, 100, 4), np.arange(100)
    found = repeated_difference(pairs, 100)
    each = np.array([b(everything) - a(everything) for a, b in pairs])
    assert found.difference == pytest.approx(each.mean())
    assert found.difference == pytest.approx(found.b - found.a)
    assert (found.low + found.high) / 2 == pytest.approx(found.difference)


def test_trials_that_disagree_widen_the_interval() -> None:
    steady = [(mean_of(np.zeros(50)), mean_of(np.full(50, gain))) for gain in (0.10, 0.11, 0.12)]
    wild = [(mean_of(np.zeros(50)), mean_of(np.full(50, gain))) for gain in (-0.2, 0.11, 0.42)]
    sure, unsure = repeated_difference(steady, 50), repeated_difference(wild, 50)
    assert sure.difference == pytest.approx(unsure.difference)
    assert sure.low > 0
    assert unsure.low < 0
    # Student's t with two degrees of freedom: 4.303.
    assert sure.high - sure.difference == pytest.approx(4.3027 * 0.01 / 3**0.5, rel=1e-3)


def test_groups_widen_it_too() -> None:
    rng = np.random.default_rng(2)
    of_group = np.repeat(rng.normal(0.1, 0.3, 20), 10)
    pairs = [(mean_of(np.zeros(200)), mean_of(of_group + rng.normal(0, 0.01, 200))) for _ in range(3)]
    single = repeated_difference(pairs, 200)
    grouped = repeated_difference(pairs, 200, groups=[index // 10 for index in range(200)])
    assert grouped.high - grouped.low > 2 * (single.high - single.low)


def test_one_trial_is_the_paired_difference() -> None:
    (pair,) = trials(np.random.default_rng(3), 0.2, 50, 1)
    assert repeated_difference([pair], 50) == paired_difference(*pair, 50)


def test_no_difference_at_all() -> None:
    same = mean_of(np.arange(10.0))
    found = repeated_difference([(same, same), (same, same)], 10)
    assert (found.difference, found.low, found.high) == (0, 0, 0)


def test_nothing_tried() -> None:
    with pytest.raises(ValueError, match="no trial"):
        repeated_difference([], 10)
