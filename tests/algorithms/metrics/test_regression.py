import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.algorithms.metrics.regression import amount_figures, conformal_reach, mixing_weights, rank_correlation


def test_figures_by_hand() -> None:
    truth, middles = np.array([100.0, 200.0]), np.array([110.0, 180.0])
    found = amount_figures(middles, middles, truth)
    assert found["rmse"] == pytest.approx(np.sqrt((100 + 400) / 2))
    assert found["mae"] == 15
    assert found["mape"] == pytest.approx(0.1)
    assert found["log_rmse"] == pytest.approx(np.sqrt((np.log(1.1) ** 2 + np.log(0.9) ** 2) / 2))
    assert found["r2"] == pytest.approx(1 - 500 / 5000)
    assert found["bias"] == pytest.approx(-10 / 300)
    below = amount_figures(middles, middles, np.array([-1.0, 5.0]))
    assert below["mape"] is None
    assert below["log_rmse"] is None


@given(st.integers(0, 1000), st.sampled_from([0.5, 0.8, 0.9]))
def test_what_is_reached_covers_that_share(seed: int, cover: float) -> None:
    scores = np.random.default_rng(seed).normal(size=101)
    assert (scores <= conformal_reach(scores, cover)).mean() >= cover


def test_weights_find_the_better_and_are_never_below_0() -> None:
    draw = np.random.default_rng(0)
    truth = draw.uniform(1, 2, 500)
    estimates = np.column_stack([truth + draw.normal(0, 0.1, 500), truth + draw.normal(0, 0.3, 500), -truth])
    weights = mixing_weights(estimates, truth)
    assert weights[0] > 5 * weights[1] > 0
    assert weights[2] == 0
    np.testing.assert_allclose(mixing_weights(-estimates[:, :2], truth), 0.5)


def test_ranks_do_not_hang_on_the_scale() -> None:
    values = np.array([1.0, 2, 3, 4, np.nan])
    assert rank_correlation(values, np.exp(values)) == pytest.approx(1)
    assert rank_correlation(values, np.array([4.0, 3, 2, 1, 9])) == pytest.approx(-1)
    assert rank_correlation(values, np.ones(5)) == 0
