import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from closeup.algorithms.frames.alignment import similarity_transform

points = arrays(np.float64, st.tuples(st.integers(3, 8), st.just(2)), elements=st.integers(-100, 100))
FACE = np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]])


def transform(scale, angle_deg, shift):
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.column_stack([scale * np.array([[c, -s], [s, c]]), shift])


def apply(matrix, xy):
    return xy @ matrix[:, :2].T + matrix[:, 2]


def spread(xy):
    return np.abs(xy - xy.mean(axis=0)).max()


@given(points, st.floats(0.01, 100), st.floats(-180, 180), st.tuples(st.floats(-500, 500), st.floats(-500, 500)))
def test_a_similarity_is_found_again(xy, scale, angle_deg, shift):
    assume(spread(xy) > 0)
    truth = transform(scale, angle_deg, shift)
    found = similarity_transform(xy, apply(truth, xy))
    assert found.shape == (2, 3)
    assert found.dtype == np.float64
    np.testing.assert_allclose(apply(found, xy), apply(truth, xy), atol=1e-6 * scale + 1e-6)
    np.testing.assert_allclose(found, truth, atol=1e-6 * max(scale, 1) * 100)


@given(points, st.integers(0, 2**32 - 1))
def test_no_similarity_nearby_fits_better_and_none_is_a_reflection(xy, seed):
    assume(spread(xy) > 0)
    rng = np.random.default_rng(seed)
    target = apply(transform(1.5, rng.uniform(-180, 180), [3, 4]), xy) + rng.normal(size=xy.shape)
    found = similarity_transform(xy, target)
    linear = found[:, :2]
    scale_squared = np.linalg.det(linear)
    assert scale_squared > 0
    np.testing.assert_allclose(linear @ linear.T, scale_squared * np.eye(2), atol=1e-9)
    best = np.sum((apply(found, xy) - target) ** 2)
    for _ in range(8):
        a, b, *shift = rng.normal(scale=1e-3, size=4)
        other = found + np.column_stack([[[a, -b], [b, a]], shift])
        assert np.sum((apply(other, xy) - target) ** 2) >= best - 1e-9 * (1 + best)


def test_a_mirrored_face_is_turned_and_never_flipped():
    mirrored = FACE * [-1, 1]
    found = similarity_transform(mirrored, FACE)
    assert np.linalg.det(found[:, :2]) > 0
    assert np.abs(apply(found, mirrored) - FACE).max() > 1


def test_the_template_onto_itself_changes_nothing():
    np.testing.assert_allclose(similarity_transform(FACE, FACE), [[1, 0, 0], [0, 1, 0]], atol=1e-12)


def test_points_on_a_line_are_enough():
    line = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    np.testing.assert_allclose(similarity_transform(line, line * 2 + 5), [[2, 0, 5], [0, 2, 5]], atol=1e-9)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (np.empty((0, 2)), np.empty((0, 2)), "shape"),
        ([[1.0, 2.0]], [[1.0, 2.0]], "N of at least 2"),
        ([[1.0, 2.0, 3.0]] * 3, [[1.0, 2.0, 3.0]] * 3, "shape"),
        (FACE, FACE[:4], "5 points and target_xy 4"),
        ([[7.0, 7.0]] * 5, FACE, "source_xy coincide"),
        (FACE, [[1e6, 1e6]] * 5, "target_xy coincide"),
        (FACE * np.nan, FACE, "finite"),
        ([[1, 0], [-1, 0], [0, 1], [0, -1]], [[-1, 0], [1, 0], [0, 1], [0, -1]], "no best rotation"),
    ],
)
def test_points_that_say_nothing_are_refused(source, target, words):
    with pytest.raises(ValueError, match=words):
        similarity_transform(source, target)
