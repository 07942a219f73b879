import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from closeup.algorithms.clustering import near_duplicates
from closeup.algorithms.clustering.near_duplicates import linked_groups, near_pairs


def unit(rows: int, columns: int = 16, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@given(st.integers(0, 60), st.integers(0, 5), st.floats(0.05, 0.9))
def test_all_pairs_above_the_threshold_are_found(count: int, seed: int, threshold: float) -> None:
    vectors = unit(count, 6, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "BLOCK", 7)
        patch.setattr(near_duplicates, "MOST_PER_ROW", 100)
        near, similarities = near_pairs(vectors, threshold)
    scores = vectors @ vectors.T
    certain = {(i, j) for i in range(count) for j in range(i + 1, count) if scores[i, j] > threshold + 1e-5}
    possible = {(i, j) for i in range(count) for j in range(i + 1, count) if scores[i, j] > threshold - 1e-5}
    pairs = [tuple(pair) for pair in near.tolist()]
    assert certain <= set(pairs) <= possible
    assert pairs == sorted(pairs)
    assert np.allclose([scores[pair] for pair in pairs], similarities, atol=1e-5)


def test_zeros_are_like_nothing() -> None:
    assert len(near_pairs(np.zeros((5, 8), np.float32), 0.5)[0]) == 0


def test_many_copies_stay_one_group_without_all_their_pairs() -> None:
    vectors = np.repeat(unit(2), 300, axis=0)
    near, _ = near_pairs(vectors, 0.99)
    assert len(near) <= 600 * near_duplicates.MOST_PER_ROW
    assert linked_groups(near, 600) == [list(range(300)), list(range(300, 600))]


def test_the_best_pairs_of_a_row_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "MOST_PER_ROW", 2)
    angles = np.array([0, 0.4, 0.1, 0.3, 0.2])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    pairs = near_pairs(vectors, 0.5)[0].tolist()
    assert [pair for pair in pairs if pair[0] == 0] == [[0, 2], [0, 4]]


def test_progress_reaches_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "BLOCK", 4)
    done: list[int] = []
    near_pairs(unit(10), 0.9, done.append)
    assert done == [4, 8, 10]


@pytest.mark.parametrize(("shape", "threshold", "said"), [((4,), 0.9, "shape|be"), ((4, 2), 0.0, "above 0")])
def test_what_cannot_be_compared_is_refused(shape: tuple[int, ...], threshold: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        near_pairs(np.ones(shape, np.float32), threshold)


@given(arrays(np.int64, st.tuples(st.integers(0, 20), st.just(2)), elements=st.integers(0, 14)))
def test_groups_are_what_the_pairs_link(pairs: np.ndarray) -> None:
    groups = linked_groups(pairs, 15)
    of = {index: number for number, group in enumerate(groups) for index in group}
    assert sum(map(len, groups)) == len(of), "nothing lies in two groups"
    assert all(len(group) > 1 and group == sorted(group) for group in groups)
    for first, second in pairs.tolist():
        assert first == second or of[first] == of[second]
    assert set(of) == {index for pair in pairs.tolist() if pair[0] != pair[1] for index in pair}
