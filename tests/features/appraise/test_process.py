import numpy as np
import pytest

from closeup.algorithms.regression import gaussian_process
from closeup.core.errors import FormatError
from closeup.features.appraise import process
from closeup.features.appraise.process import Process


def made(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, 6), the fourth without a say, the fifth a size, the last always the same; and a target."""
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(count, 6))
    features[:, 4] = draw.lognormal(3, 1, count)
    features[:, 5] = 2.0
    target = np.sin(2 * features[:, 0]) + 0.3 * features[:, 2] + 0.5 * np.log1p(features[:, 4])
    return features, target + draw.normal(0, 0.05, count)


def fitted(count: int = 120, *, place: tuple[int, ...] = (0, 2)) -> Process:
    features, target = made(count)
    return Process.fit(features, target, columns=range(6), place=place, seed=1, beat=lambda: None)


def test_what_was_learnt_holds_for_others_and_goes_on_beyond() -> None:
    model = fitted(200)
    asked, truth = made(80, seed=5)
    assert np.sqrt(((model.answer(asked) - truth) ** 2).mean()) < 0.25 < 0.5 * truth.std()
    far = np.tile(asked[:1], (2, 1))
    far[:, 2] = 3.5, 4.5
    low, high = model.answer(far)
    assert high > low


def test_contributions_sum_to_the_answer_and_name_what_matters() -> None:
    model = fitted()
    asked, _ = made(20, seed=3)
    parts = model.contributions(asked)
    assert parts.shape == (20, 7)
    np.testing.assert_allclose(parts.sum(axis=1), model.answer(asked), atol=1e-9)
    size = np.abs(parts[:, :-1]).mean(axis=0)
    assert size[5] == 0
    assert size[0] > 5 * size[3]


def test_blocks_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fitted()
    monkeypatch.setattr(gaussian_process, "_BLOCK", 17)
    monkeypatch.setattr(process, "_AT_ONCE", 7)
    asked, _ = made(20, seed=3)
    np.testing.assert_allclose(fitted().answer(asked), whole.answer(asked), atol=1e-9)


def test_many_rows_are_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_ROWS", 50)
    monkeypatch.setattr(gaussian_process, "ROWS_A_STEP", 30)
    model = fitted()
    assert model.arrays["rows"].shape == (50, 5)


def test_what_is_unknown_and_a_place_that_never_changes() -> None:
    features, target = made(60)
    features[::3, 1], features[:, 3] = np.nan, np.nan
    model = Process.fit(features, target, columns=range(6), place=(3, 5), seed=1, beat=lambda: None)
    assert model.arrays["columns"].tolist() == [0, 1, 2, 4]
    assert model.arrays["place"].size == 0
    assert np.isfinite(model.answer(np.full((2, 6), np.nan))).all()


def test_it_is_kept_to_the_last_bit_and_damage_is_said() -> None:
    model = fitted(40)
    asked, _ = made(20, seed=3)
    content = model.to_bytes()
    assert np.array_equal(Process.from_bytes(content).answer(asked), model.answer(asked))
    for damaged in (b"", content[:200], b"no arrays"):
        with pytest.raises(FormatError):
            Process.from_bytes(damaged)


def test_it_can_be_stopped() -> None:
    features, target = made(40)

    def beat() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Process.fit(features, target, columns=range(6), place=(), seed=1, beat=beat)


def test_no_column_says_anything() -> None:
    target = made(40)[1]
    model = Process.fit(np.ones((40, 2)), target, columns=range(2), place=(), seed=1, beat=lambda: None)
    np.testing.assert_allclose(model.answer(np.zeros((3, 2))), target.mean(), atol=0.1)
    assert model.contributions(np.zeros((3, 2)))[:, :2].max() == 0
