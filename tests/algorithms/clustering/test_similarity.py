import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from closeup.algorithms.clustering.similarity import cosine_distances, l2_normalise

sets = (
    st.integers(1, 6)
    .flatmap(lambda d: arrays(np.float32, st.tuples(st.integers(0, 8), st.just(d)), elements=st.integers(-50, 50)))
    .map(lambda v: v[np.abs(v).max(axis=1, initial=0) > 0])
)


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (3, 1), (5, 128)])
def test_rows_get_length_one_and_keep_their_direction(shape):
    vectors = np.random.default_rng(0).normal(size=shape) + 3
    unit = l2_normalise(vectors)
    assert unit.shape == shape
    assert unit.dtype == np.float64
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(unit * np.linalg.norm(vectors, axis=1, keepdims=True), vectors, atol=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e30, 1e300])
def test_very_small_and_very_large_vectors_still_have_a_direction(size):
    np.testing.assert_allclose(l2_normalise([[3 * size, 4 * size]]), [[0.6, 0.8]], rtol=1e-12)


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ([1.0, 2.0], "shape"),
        ([[[1.0]]], "shape"),
        ([[1.0, 0.0], [0.0, 0.0]], "row 1 is all zero"),
        (np.zeros((2, 0)), "all zero"),
        ([[np.nan, 1.0]], "finite"),
        ([[np.inf, 1.0]], "finite"),
    ],
)
def test_what_has_no_direction_is_refused(vectors, words):
    with pytest.raises(ValueError, match=words):
        l2_normalise(vectors)
    with pytest.raises(ValueError, match=words):
        cosine_distances([[1.0, 2.0]], vectors)


def test_known_angles():
    east, north, west = [1.0, 0.0], [0.0, 7.0], [-2.0, 0.0]
    expected = [[0.0, 1.0, 2.0]]
    np.testing.assert_allclose(cosine_distances([east], [east, north, west]), expected, atol=1e-15)
    assert cosine_distances([[1.0, 1.0]], [[1.0, 0.0]])[0, 0] == pytest.approx(1 - np.sqrt(0.5))


def test_sets_of_different_width_are_refused():
    with pytest.raises(ValueError, match="2 and of 3 numbers"):
        cosine_distances([[1.0, 2.0]], [[1.0, 2.0, 3.0]])


@given(sets)
def test_one_set_against_itself_is_exactly_symmetric_with_a_zero_diagonal(vectors):
    distances = cosine_distances(vectors, vectors)
    assert distances.shape == (len(vectors), len(vectors))
    assert np.array_equal(distances, distances.T)
    assert not distances.diagonal().any()
    assert distances.min(initial=0) >= 0
    assert distances.max(initial=0) <= 2


@given(sets, st.data())
def test_the_answer_follows_the_order_of_rows_and_ignores_their_length(vectors, data):
    order = data.draw(st.permutations(range(len(vectors))))
    shuffled = vectors[order].astype(np.float64) * 3.7
    np.testing.assert_allclose(
        cosine_distances(shuffled, vectors), cosine_distances(vectors, vectors)[order], atol=1e-12
    )


@given(arrays(np.float32, (4, 16), elements=st.integers(1, 50)))
def test_the_same_direction_is_at_distance_exactly_zero_wherever_it_stands(vectors):
    assert not cosine_distances(vectors, vectors * 2).diagonal().any()


def test_large_sets_match_the_plain_definition():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(300, 128)).astype(np.float32), rng.normal(size=(200, 128)).astype(np.float32)
    plain = [
        [1 - float(x @ y) / float(np.linalg.norm(x) * np.linalg.norm(y)) for y in b[:5].astype(float)]
        for x in a.astype(float)
    ]
    np.testing.assert_allclose(cosine_distances(a, b)[:, :5], plain, atol=1e-12)
