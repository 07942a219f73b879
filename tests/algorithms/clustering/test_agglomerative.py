import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from closeup.algorithms.clustering.agglomerative import cluster
from closeup.algorithms.clustering.similarity import cosine_distances


def turned(*angles_deg):
    """Unit vectors in the plane: cosine distance depends on the angle between them alone."""
    angles = np.radians(angles_deg)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def at_deg(angle_deg):
    return 1 - np.cos(np.radians(angle_deg))


def together(labels):
    return np.equal.outer(labels, labels)


def crowd(rng, items, people, spread=0.5, width=32):
    centres = rng.normal(size=(people, width))
    owners = rng.integers(0, people, items)
    return centres[owners] + spread * rng.normal(size=(items, width)), owners


@st.composite
def problems(draw):
    """Vectors on a coarse grid, so that duplicates and exact ties are common, with constraints and weights."""
    count = draw(st.integers(0, 9))
    width = draw(st.integers(2, 3))
    grid = st.tuples(*[st.integers(-1, 1)] * width).filter(any)
    vectors = np.array(draw(st.lists(grid, min_size=count, max_size=count)), dtype=np.float32).reshape(count, width)
    item = st.integers(0, max(count - 1, 0))
    pairs = draw(st.lists(st.tuples(item, item).filter(lambda p: p[0] != p[1]), max_size=4)) if count > 1 else []
    weights = draw(st.none() | st.lists(st.integers(1, 3), min_size=count, max_size=count))
    diameter = draw(st.none() | st.sampled_from([0.3, 1.0, 1.2]))
    return vectors, pairs, weights, draw(st.sampled_from([0.0, 0.2, 0.3, 0.6, 1.0, 2.0])), diameter


def solve(problem, order=None):
    vectors, pairs, weights, threshold, diameter = problem
    if order is not None:
        place = np.argsort(order)
        vectors, pairs = vectors[order], [(int(place[b]), int(place[a])) for a, b in reversed(pairs)]
        weights = None if weights is None else np.array(weights)[order]
    return cluster(vectors, threshold, pairs, weights, diameter=diameter)


def test_no_items_have_no_labels():
    assert cluster(np.empty((0, 128)), 0.5).tolist() == []
    assert cluster(np.empty((0, 128)), 0.5, np.empty((0, 2), int), []).dtype == np.int64


@pytest.mark.parametrize("threshold", [0, 0.5, 2])
def test_one_item_is_one_cluster(threshold):
    assert cluster([[1.0, 2.0]], threshold).tolist() == [0]


def test_labels_count_up_by_first_appearance():
    assert cluster(turned(90, 0, 91, 180, 1), 0.1).tolist() == [0, 1, 0, 2, 1]


def test_a_threshold_of_zero_joins_what_is_identical_and_nothing_else():
    vectors = np.array([[1, 2, 3], [1, 2, 3.001], [2, 4, 6], [-1, -2, -3], [1, 2, 3]], dtype=np.float32)
    assert cluster(vectors, 0).tolist() == [0, 1, 0, 2, 0]


def test_a_chain_is_broken_where_the_mean_distance_gets_too_long():
    chain = turned(0, 10, 21, 33, 46)
    assert cluster(chain, at_deg(13)).tolist() == [0, 0, 1, 1, 2]
    assert cluster(chain, 2).tolist() == [0] * 5


def test_the_diameter_keeps_the_ends_of_a_chain_apart():
    chain = turned(0, 10, 21)
    assert cluster(chain, at_deg(18)).tolist() == [0, 0, 0]
    assert cluster(chain, at_deg(18), diameter=at_deg(20)).tolist() == [0, 0, 1]
    assert cluster(chain, at_deg(18), diameter=at_deg(21.01)).tolist() == [0, 0, 0]


def test_weights_pull_the_mean():
    chain = turned(0, 10, 24)
    assert cluster(chain, at_deg(18.5)).tolist() == [0, 0, 1]
    assert cluster(chain, at_deg(18.5), weights=[1, 9, 1]).tolist() == [0, 0, 0]


def test_a_constraint_outweighs_any_likeness_and_is_inherited():
    assert cluster(turned(0, 1), 2, [(0, 1)]).tolist() == [0, 1]
    # 0 and 1 join first; 2 is near to 1, but may not be with 0.
    assert cluster(turned(0, 1, 3), 2, [(0, 2)]).tolist() == [0, 0, 1]


def test_a_face_as_near_to_one_as_to_another_of_two_people_joins_neither():
    assert cluster(turned(-10, 0, 10), 0.5, [(0, 2)]).tolist() == [0, 1, 2]
    assert cluster(turned(-10, 1, 10), 0.5, [(0, 2)]).tolist() == [0, 1, 1]


def test_copies_of_two_people_who_share_a_frame_stay_with_neither():
    assert cluster(turned(7, 7, 7, 7), 0.5, [(0, 2)]).tolist() == [0, 1, 2, 1]


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"threshold": -0.1}, "between 0 and 2"),
        ({"threshold": 2.1}, "between 0 and 2"),
        ({"threshold": np.nan}, "between 0 and 2"),
        ({"threshold": 0.5, "diameter": 3}, "between 0 and 2"),
        ({"threshold": 0.5, "weights": [1.0]}, "shape"),
        ({"threshold": 0.5, "cannot_link": [(0, 2)]}, "outside"),
    ],
)
def test_wrong_arguments_are_refused(kwargs, words):
    with pytest.raises(ValueError, match=words):
        cluster(turned(0, 50), **kwargs)


@settings(max_examples=200)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_items_and_pairs_changes_nothing(problem, random):
    order = random.sample(range(len(problem[0])), len(problem[0]))
    plain = solve(problem)
    assert np.array_equal(together(solve(problem, order)), together(plain)[np.ix_(order, order)])
    assert list(dict.fromkeys(plain.tolist())) == list(range(len(set(plain.tolist()))))


@settings(max_examples=200)
@given(problems())
def test_limits_and_constraints_hold_in_every_cluster(problem):
    vectors, pairs, _, threshold, diameter = problem
    labels = solve(problem)
    same = together(labels)
    assert not any(same[a, b] for a, b in pairs)
    if len(vectors):
        distances = cosine_distances(vectors, vectors)
        assert distances[same].max() <= (2 if diameter is None else diameter) + 1e-6
        if threshold == 0:
            assert distances[same].max() <= 1e-6
        if not pairs:
            assert same[distances == 0].all()


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.2))
def test_without_constraints_it_is_average_linkage(seed, threshold):
    rng = np.random.default_rng(seed)
    vectors, _ = crowd(rng, 40, 5)
    tree = linkage(vectors.astype(np.float32).astype(float), "average", metric="cosine")
    assert np.array_equal(together(cluster(vectors, threshold)), together(fcluster(tree, threshold, "distance")))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.none() | st.floats(0.6, 1.2))
def test_a_higher_threshold_never_splits_at_the_same_constraints_and_diameter(seed, diameter):
    rng = np.random.default_rng(seed)
    vectors, _ = crowd(rng, 30, 4)
    pairs = rng.integers(0, 30, size=(10, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    coarser = [together(cluster(vectors, t, pairs, diameter=diameter)) for t in (0.1, 0.3, 0.5, 0.8)]
    assert all((fine <= coarse).all() for fine, coarse in pairwise(coarser))


def test_nothing_that_is_left_could_still_join():
    rng = np.random.default_rng(3)
    vectors, _ = crowd(rng, 120, 10, spread=0.9)
    pairs = [(i, i + 1) for i in range(0, 120, 2)]
    labels = cluster(vectors, 0.5, pairs, diameter=0.8)
    distances = cosine_distances(vectors, vectors)
    enemies = {(labels[a], labels[b]) for a, b in pairs}
    for a in range(labels.max() + 1):
        for b in range(a):
            block = distances[np.ix_(labels == a, labels == b)]
            assert block.mean() > 0.5 or block.max() > 0.8 or (a, b) in enemies or (b, a) in enemies


def test_two_thousand_tracks_of_fifty_people_are_found_exactly_and_soon():
    vectors, owners = crowd(np.random.default_rng(5), 2000, 50, width=128)
    started = time.perf_counter()
    labels = cluster(vectors, 0.5)
    assert time.perf_counter() - started < 10  # measured 0.5 s on two cores
    assert np.array_equal(together(labels), together(owners))


def test_a_thousand_copies_are_one_cluster_whatever_their_scale():
    copies = np.tile([[0.3, 0.1, -0.7]], (1000, 1)) * np.random.default_rng(0).uniform(0.1, 10, size=(1000, 1))
    assert not cluster(copies, 0).any()


def test_distances_that_grow_step_by_step_take_many_rounds_and_still_end():
    angles = np.cumsum(np.linspace(0.1, 0.2, 300))
    assert cluster(turned(*angles), 2).tolist() == [0] * 300
