import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from closeup.core.types import FloatArray
from closeup.features.gallery.scoring import fellows, identity_similarity
from features.gallery.people import faces_of, unit

COSINES = arrays(np.float32, st.integers(1, 8), elements=st.floats(-1, 1, width=32))


def test_one_template_gives_its_own_similarity() -> None:
    assert identity_similarity(np.array([0.4], np.float32)) == pytest.approx(0.4)


def test_all_templates_count_and_the_nearest_most() -> None:
    assert identity_similarity(np.array([0.8, 0.2, 0.2], np.float32)) == pytest.approx((0.8 + 0.4) / 2)
    with pytest.raises(ValueError, match="nobody"):
        identity_similarity(np.empty(0, np.float32))


@given(COSINES)
def test_it_lies_between_the_mean_and_the_nearest(similarities: FloatArray) -> None:
    score = identity_similarity(similarities)
    assert similarities.mean() - 1e-6 <= score <= similarities.max() + 1e-6


def test_a_strange_template_is_flagged_wherever_it_stands() -> None:
    own, stranger = faces_of(1, 4), faces_of(2, 1)
    for place in range(5):
        vectors = np.insert(own, place, stranger, axis=0)
        assert fellows(vectors, 0.5).tolist() == [row != place for row in range(5)]


def test_profiles_are_fellows_by_way_of_the_front() -> None:
    left, front, right = unit(np.array([[1, -1.2, 0], [1, 0, 0], [1, 1.2, 0]], np.float32))
    assert left @ right < 0
    assert fellows(np.stack([left, right, front]), 0.6).tolist() == [True, True, True]
    assert fellows(np.stack([left, right]), 0.6).tolist() == [True, False]


def test_of_two_that_differ_the_first_one_counts() -> None:
    assert fellows(np.concatenate([faces_of(1, 1), faces_of(2, 1)]), 0.5).tolist() == [True, False]
    pairs = np.concatenate([faces_of(1, 2), faces_of(2, 2)])
    assert fellows(pairs, 0.5).tolist() == [True, True, False, False]
    assert fellows(pairs[[2, 0, 1, 3]], 0.5).tolist() == [True, False, False, True]


@given(st.integers(0, 6), st.floats(-1, 1))
def test_somebody_always_counts(count: int, threshold: float) -> None:
    kept = fellows(faces_of(3, count, spread=2.0) if count else np.empty((0, 4), np.float32), threshold)
    assert kept.shape == (count,)
    assert kept.any() == (count > 0)
