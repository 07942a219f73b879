"""How far one performance is another: 1 for the same, 0 for a still face, and what chance gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from closeup.algorithms.performance.agreement import (
    agreement,
    best_agreement,
    calibrated,
    concordance,
    other_scene_agreement,
    probability_overlap,
    score_interval,
    shares,
    shuffled_agreement,
)

HZ = 10.0
seeds = st.integers(0, 10_000)


def acting(seed: int, moments: int = 300) -> NDArray[np.float64]:
    """Probabilities (T, 4): mostly the first, the others here and there."""
    rng, times = np.random.default_rng(seed), np.arange(moments) / HZ
    logits = np.zeros((moments, 4))
    logits[:, 0] = 2
    for middle in rng.uniform(0, moments / HZ, moments // 25):
        logits[:, rng.integers(1, 4)] += rng.uniform(3, 6) * np.exp(-(((times - middle) / 0.8) ** 2))
    chances = np.exp(logits)
    return chances / chances.sum(axis=1, keepdims=True)


def centred(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Less their medians."""
    return curves - np.median(curves, axis=0)


@given(seeds, seeds)
def test_concordance_is_symmetric_and_no_more_than_a_correlation(first: int, second: int) -> None:
    x, y = (np.random.default_rng(seed).normal(size=(40, 3)) for seed in (first, second + 20_000))
    found = concordance(x, y)
    assert found == pytest.approx(concordance(y, x))
    pearson = [abs(np.corrcoef(x[:, k], y[:, k])[0, 1]) for k in range(3)]
    assert (np.abs(found) <= np.array(pearson) + 1e-12).all()


@given(seeds, st.floats(0.1, 10), st.floats(-5, 5))
def test_concordance_does_not_care_in_what_unit_both_are(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    assert concordance(scale * x + shift, scale * y + shift) == pytest.approx(concordance(x, y))


def test_concordance_is_lins() -> None:
    x, y = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [2.0], [5.0]])
    # 2 cov / (var x + var y + (mean difference)^2), all by N: cov 1, var 2/3 and 2, difference 1
    assert concordance(x, y)[0] == pytest.approx(2 / (2 / 3 + 2 + 1))


@given(seeds)
def test_the_same_agrees_wholly_and_a_still_face_not_at_all(seed: int) -> None:
    original = centred(acting(seed))
    assert agreement(original, original) == pytest.approx(1)
    assert agreement(original, np.zeros_like(original)) == 0
    assert agreement(original, np.full_like(original, 0.3)) == pytest.approx(0, abs=1e-12)


def test_agreement_grows_from_a_still_face_to_the_same() -> None:
    original = centred(acting(3))
    found = [agreement(original, part * original) for part in np.linspace(0, 1, 21)]
    assert found[0] == 0
    assert found[-1] == pytest.approx(1)
    assert (np.diff(found) > 0).all()


def test_what_the_original_does_most_counts_most() -> None:
    original = np.zeros((100, 2))
    original[::2, 0], original[:10, 1] = 1.0, 0.1
    assert shares(original)[0] > 0.98
    assert shares(original).sum() == pytest.approx(1)
    assert shares(np.zeros((50, 2))).tolist() == [0, 0]
    assert shares(np.full((50, 2), np.nan)).tolist() == [0, 0]


def test_unknown_moments_count_for_nothing() -> None:
    original = centred(acting(4))
    attempt = original.copy()
    attempt[50:120] = np.nan
    assert agreement(original, attempt) <= 1
    assert concordance(original, attempt) == pytest.approx([1, 1, 1, 1])
    assert concordance(original, np.full_like(original, np.nan)).tolist() == [0, 0, 0, 0]


def test_overlap_flatters_a_still_face() -> None:
    original = acting(5)
    still = np.tile(original.mean(axis=0), (len(original), 1))
    found = probability_overlap(original, still)
    assert found is not None
    assert found > 0.5
    assert probability_overlap(original, original) == 1
    assert probability_overlap(original, np.full_like(original, np.nan)) is None


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.5, 0.95))
def test_scores_rise_with_agreement_from_chance_to_the_same(low: float, high: float, chance: float) -> None:
    low, high = min(low, high), max(low, high)
    assert 0 <= calibrated(low, chance) <= calibrated(high, chance) <= 100
    assert calibrated(chance, chance) == 0
    assert calibrated(1, chance) == pytest.approx(100)


def test_chance_is_more_than_nothing_and_less_than_an_imitation() -> None:
    original = centred(acting(6, 400))
    late = np.roll(original, 8, axis=0)
    by_chance = shuffled_agreement(original, late, HZ)
    assert 0 < by_chance < 0.7 < 0.95 < best_agreement(original, late, HZ)
    assert shuffled_agreement(original, late, HZ) == by_chance  # the same seed, the same answer
    assert shuffled_agreement(original, np.zeros_like(original), HZ) == 0


def test_another_scene_agrees_little_and_a_short_original_has_none() -> None:
    found = other_scene_agreement(centred(acting(7, 600)), HZ)
    assert found is not None
    assert found < 0.6
    assert other_scene_agreement(centred(acting(7, 100)), HZ) is None


def test_the_interval_holds_the_score_and_narrows_with_time() -> None:
    widths = []
    for moments in (200, 1600):
        original = centred(acting(8, moments))
        attempt = original + np.random.default_rng(0).normal(0, 0.15, original.shape)
        low, high = score_interval(original, attempt, 0.2, HZ)
        assert low <= calibrated(agreement(original, attempt), 0.2) <= high
        widths.append(high - low)
    assert widths[1] < widths[0]
