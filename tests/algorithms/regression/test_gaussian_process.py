import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.algorithms.regression.gaussian_process import Covariance, learn_covariance, solve_weights


@given(st.integers(2, 30), st.integers(2, 4), st.booleans(), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_slopes_are_those_of_the_loss_and_of_the_answer(count: int, columns: int, placed: bool, seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows, target = draw.normal(size=(count, columns)), draw.normal(size=count)
    start = Covariance.start(columns, (0, 1) if placed else ())
    values = start.values + draw.normal(0, 0.3, len(start.values))

    def loss(moved: np.ndarray) -> float:
        return Covariance(moved, start.place).loss(rows, target)[0]

    steps = 1e-5 * np.eye(len(values))
    measured = [(loss(values + step) - loss(values - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(Covariance(values, start.place).loss(rows, target)[1], measured, rtol=1e-3, atol=1e-4)

    covariance, weights, asked = (
        Covariance(values, start.place),
        draw.normal(size=count),
        draw.normal(size=(3, columns)),
    )
    for column in range(columns):
        step = 1e-5 * np.eye(columns)[column]
        grown = (covariance.between(asked + step, rows) - covariance.between(asked - step, rows)) @ weights / 2e-5
        np.testing.assert_allclose(covariance.slope(asked, rows, weights)[:, column], grown, rtol=1e-3, atol=1e-5)


def test_a_column_that_tells_nothing_reaches_far_and_noise_is_what_it_is() -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(400, 3))
    target = np.sin(2 * rows[:, 0]) + draw.normal(0, 0.3, 400)
    target = (target - target.mean()) / target.std()
    learnt = learn_covariance(rows, target, (), rng=draw, beat=lambda: None)
    lengths = np.exp(learnt.values[:3])
    assert lengths[0] < 0.5 * lengths[1:].min()
    assert 0.5 < learnt.noise / (0.3**2 / (0.5 + 0.3**2)) < 1.5


def test_weights_are_those_of_the_whole_matrix() -> None:
    draw = np.random.default_rng(1)
    rows, target = draw.normal(size=(50, 2)), draw.normal(size=50)
    covariance = Covariance.start(2, (0, 1))
    square = covariance.between(rows, rows) + (covariance.noise + 1e-6) * np.eye(50)
    found = solve_weights(covariance, rows, target, beat=lambda: None)
    np.testing.assert_allclose(square @ found, target, atol=1e-9)
