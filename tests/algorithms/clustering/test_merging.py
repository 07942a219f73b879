import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.algorithms.clustering.merging import PUBLISHED, MergeItems, MergeStep, MergeThresholds, merge
from closeup.algorithms.clustering.similarity import cosine_distances

NAN = np.nan


def turned(*angles_deg):
    """Unit vectors in the plane; an angle of NaN gives a row of NaN."""
    angles = np.radians(angles_deg)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).reshape(-1, 2)


def at_deg(angle_deg):
    return 1 - np.cos(np.radians(angle_deg))


def limits(face_hard=10, clothing_hard=5, face_soft=20, clothing_soft=15, face_veto=None):
    """Thresholds given as angles in degrees, a little over so that rounding does not matter."""
    angles = [face_hard, clothing_hard, face_soft, clothing_soft, face_veto]
    return MergeThresholds(*(None if a is None else at_deg(a + 0.001) for a in angles))


def join(faces_deg, clothing_deg, thresholds=None, cannot_link=None, weights=None):
    items = MergeItems(turned(*faces_deg), turned(*clothing_deg), weights, cannot_link)
    return merge(items, thresholds or limits())


def together(labels):
    return np.equal.outer(labels, labels)


def test_no_items_are_nobody():
    result = merge(MergeItems(np.empty((0, 128)), np.empty((0, 128)), np.empty(0), np.empty((0, 2), int)), PUBLISHED)
    assert result.labels.tolist() == []
    assert result.labels.dtype == np.int64
    assert result.steps == ()


@pytest.mark.parametrize("clothing_deg", [0, NAN])
def test_one_item_is_one_person(clothing_deg):
    assert join([3], [clothing_deg]).labels.tolist() == [0]


@pytest.mark.parametrize(
    ("face_deg", "clothing_deg", "rule"),
    [
        (10, 90, "face"),
        (11, 90, None),
        (90, 5, "clothing"),
        (90, 6, None),
        (20, 15, "both"),
        (21, 15, None),
        (20, 16, None),
        (10, NAN, "face"),
        (20, NAN, None),
        (2, 4, "face"),
        (9, 1, "clothing"),
    ],
)
def test_each_rule_with_its_thresholds(face_deg, clothing_deg, rule):
    result = join([0, face_deg], [0, clothing_deg])
    assert [step.rule for step in result.steps] == ([rule] if rule else [])
    assert result.labels.tolist() == ([0, 0] if rule else [0, 1])


def test_unknown_clothing_equals_nothing_not_even_itself():
    assert join([0, 40], [NAN, NAN]).labels.tolist() == [0, 1]


def test_the_veto_keeps_two_faces_in_one_suit_apart():
    assert join([0, 60], [0, 0]).labels.tolist() == [0, 0]
    assert join([0, 60], [0, 0], limits(face_veto=30)).labels.tolist() == [0, 1]
    assert join([0, 30], [0, 0], limits(face_veto=30)).labels.tolist() == [0, 0]


@pytest.mark.parametrize("name", ["face_hard", "clothing_hard", "face_soft", "clothing_soft"])
def test_a_threshold_of_none_switches_its_rule_off(name):
    pairs = {"face_hard": (1, 90), "clothing_hard": (90, 1), "face_soft": (15, 10), "clothing_soft": (15, 10)}
    face_deg, clothing_deg = pairs[name]
    assert len(join([0, face_deg], [0, clothing_deg]).steps) == 1
    assert len(join([0, face_deg], [0, clothing_deg], limits(**{name: None})).steps) == 0


def test_thresholds_of_zero_merge_what_is_identical_and_nothing_else():
    strict = MergeThresholds(0, None, None, None)
    assert join([0, 0.01, 0, 180, 0], [0, 0, 90, 0, NAN], strict).labels.tolist() == [0, 1, 0, 2, 0]
    assert join([0, 10, 20], [0, 0.01, 0], MergeThresholds(None, 0, None, None)).labels.tolist() == [0, 1, 0]
    vectors = np.array([[0.1, 0.7], [0.1, 0.7], [0.1, 0.7], [0.1, 0.7000001]])
    euclid = MergeThresholds(0, None, None, None, metric="euclidean")
    assert merge(MergeItems(vectors, vectors, np.array([1, 2, 3, 4.0])), euclid).labels.tolist() == [0, 0, 0, 1]


def test_steps_say_which_clusters_met_why_and_how_near_they_were():
    result = join([0, 50, 4, 54], [0, 90, 40, 91])
    assert result.labels.tolist() == [0, 1, 0, 1]
    by_clothing, by_face = result.steps
    assert by_clothing == MergeStep(1, 3, "clothing", pytest.approx(at_deg(4)), pytest.approx(at_deg(1)))
    assert by_face == MergeStep(0, 2, "face", pytest.approx(at_deg(4)), pytest.approx(at_deg(40)))
    assert join([0, 4], [0, NAN]).steps[0].clothing_distance is None


def test_a_chain_ends_where_the_mean_is_too_far_and_does_not_run_away():
    # 0 and 6 meet at 3, which is farther from 13 than 21 is; 13 and 21 meet at 17, and there it ends.
    assert join([0, 6, 13, 21, 30], [NAN] * 5).labels.tolist() == [0, 0, 1, 1, 2]


def test_what_neither_says_at_first_two_together_may_say():
    # 24 is too far from 0 and from 8 in clothing alone; once 8 and 24 have met by face, their mean is near 0.
    assert join([0, 30, 34], [0, 8, NAN], limits(clothing_hard=9)).labels.tolist() == [0, 0, 0]
    assert join([0, 30, 34], [0, 8, NAN], limits(clothing_hard=7)).labels.tolist() == [0, 1, 1]


def test_weights_pull_the_mean():
    assert join([0, 6, 15], [NAN] * 3).labels.tolist() == [0, 0, 1]
    assert join([0, 6, 15], [NAN] * 3, weights=[1, 9, 1]).labels.tolist() == [0, 0, 0]


def test_unknown_clothing_does_not_dilute_what_is_known():
    result = join([0, 1, 50], [0, NAN, 4], weights=[1, 100, 1])
    assert [step.rule for step in result.steps] == ["face", "clothing"]
    assert result.steps[1].clothing_distance == pytest.approx(at_deg(4))


def test_people_who_share_a_frame_never_merge_and_neither_do_those_they_have_become():
    assert join([0, 0], [0, 0], cannot_link=[(0, 1)]).labels.tolist() == [0, 1]
    # 0 and 1 merge first; 2 looks like 1, but was seen beside 0.
    assert join([0, 1, 3], [NAN] * 3, cannot_link=[(0, 2)]).labels.tolist() == [0, 0, 1]


def test_one_who_may_be_either_of_two_people_stays_alone_then_and_later():
    result = join([-5, 0, 5], [NAN] * 3, cannot_link=[(0, 2)])
    assert result.labels.tolist() == [0, 1, 2]
    assert result.apart == ((0, 1), (1, 2))
    assert join([-5, 0.5, 5], [NAN] * 3, cannot_link=[(0, 2)]).labels.tolist() == [0, 1, 1]
    # 3 draws 2 away afterwards, which leaves 1 nearer to 0: still no reason to choose.
    assert join([-5, 0, 5, 12], [NAN] * 4, cannot_link=[(0, 2)]).labels.tolist() == [0, 1, 2, 2]


def test_ties_that_do_not_conflict_merge_together():
    result = join([0, 5, 100, 105, 200, 200, 200], [NAN] * 7)
    assert result.labels.tolist() == [0, 0, 1, 1, 2, 2, 2]
    assert len(result.steps) == 4
    assert result.apart == ()


def test_opposite_vectors_have_a_mean_that_points_nowhere():
    result = join([0, 180, 90], [NAN] * 3, MergeThresholds(2, None, None, None), cannot_link=[(0, 2), (1, 2)])
    assert result.labels.tolist() == [0, 0, 1]


def test_the_published_starting_point_is_euclidean():
    faces = np.array(
        [[0.0, 0.0], [0.17, 0.0], [0.0, 1.0], [0.185, 1.0], [0.0, 5.0], [0.3, 5.0], [9.0, 9.0], [8.0, 8.0]]
    )
    clothes = np.array([[0.0], [1.0], [2.0], [2.14], [7.0], [7.11], [NAN], [NAN]])
    result = merge(MergeItems(faces, clothes), PUBLISHED)
    assert result.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 4]
    assert [step.rule for step in result.steps] == ["clothing", "face", "both"]


@pytest.mark.parametrize(
    ("face", "clothing", "words"),
    [
        (np.zeros(3), np.ones((3, 1)), "face must have the shape"),
        (np.ones((3, 1)), np.ones(3), "clothing must have the shape"),
        (np.ones((3, 1)), np.ones((2, 1)), "3 faces and 2"),
        ([[NAN, 1.0]], [[1.0]], "finite"),
        ([[1.0]], [[NAN, 1.0]], "NaN throughout"),
        ([[1.0]], [[np.inf, 1.0]], "NaN throughout"),
        ([[0.0]], [[1.0]], "all zero"),
        ([[1.0]], [[0.0]], "all zero"),
    ],
)
def test_wrong_items_are_refused(face, clothing, words):
    with pytest.raises(ValueError, match=words):
        merge(MergeItems(np.asarray(face), np.asarray(clothing)), limits())


def test_wrong_constraints_weights_and_thresholds_are_refused():
    with pytest.raises(ValueError, match="outside 0 to 1"):
        join([0, 1], [0, 1], cannot_link=[(0, 2)])
    with pytest.raises(ValueError, match="weight"):
        join([0, 1], [0, 1], weights=[1, 0])
    for wrong in (-0.1, NAN, np.inf):
        with pytest.raises(ValueError, match="face_soft"):
            MergeThresholds(0.1, 0.1, wrong, 0.1)
    with pytest.raises(ValueError, match="metric"):
        MergeThresholds(0.1, 0.1, 0.1, 0.1, metric="manhattan")  # type: ignore[arg-type]


@st.composite
def problems(draw):
    """Vectors on a coarse grid, so that duplicates and exact ties are common."""
    count = draw(st.integers(0, 8))
    spot = st.tuples(st.integers(-1, 2), st.integers(-1, 2)).filter(any)
    faces = draw(st.lists(spot, min_size=count, max_size=count))
    clothes = draw(st.lists(spot | st.just((NAN, NAN)), min_size=count, max_size=count))
    item = st.integers(0, max(count - 1, 0))
    pairs = draw(st.lists(st.tuples(item, item).filter(lambda p: p[0] != p[1]), max_size=4)) if count > 1 else []
    weights = draw(st.none() | st.lists(st.integers(1, 3), min_size=count, max_size=count))
    limit = st.sampled_from([None, 0.0, 0.1, 0.3, 0.6, 1.0])
    metric = draw(st.sampled_from(["cosine", "euclidean"]))
    thresholds = MergeThresholds(*(draw(limit) for _ in range(5)), metric=metric)
    shape = (count, 2)
    items = MergeItems(
        np.array(faces, float).reshape(shape),
        np.array(clothes, float).reshape(shape),
        weights if weights is None else np.array(weights, float),
        np.array(pairs, int).reshape(-1, 2),
    )
    return items, thresholds


@settings(max_examples=100)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_items_and_pairs_changes_nothing(problem, random):
    items, thresholds = problem
    order = np.array(random.sample(range(len(items.face)), len(items.face)), dtype=int)
    place = np.argsort(order)
    weights = None if items.weights is None else items.weights[order]
    shuffled = MergeItems(
        items.face[order], items.clothing[order], weights, place[items.cannot_link[::-1, ::-1]].reshape(-1, 2)
    )
    plain, other = merge(items, thresholds), merge(shuffled, thresholds)
    assert np.array_equal(together(other.labels), together(plain.labels)[np.ix_(order, order)])
    # Who met whom may be told in another order where pairs tied; that a person came about by so many merges may not.
    assert len(plain.steps) == len(other.steps)


@settings(max_examples=100)
@given(problems())
def test_constraints_hold_and_every_merge_is_explained(problem):
    items, thresholds = problem
    result = merge(items, thresholds)
    assert not any(result.labels[a] == result.labels[b] for a, b in [*items.cannot_link, *result.apart])
    rebuilt = np.arange(len(items.face))
    for step in result.steps:
        assert step.a == rebuilt[step.a]
        assert step.b == rebuilt[step.b]
        assert step.a < step.b
        assert passes(step, thresholds)
        rebuilt[rebuilt == step.b] = step.a
    assert np.array_equal(together(rebuilt), together(result.labels))


def passes(step, limits):
    face, worn = step.face_distance, np.inf if step.clothing_distance is None else step.clothing_distance
    veto = np.inf if limits.face_veto is None else limits.face_veto
    needed = {
        "face": [(face, limits.face_hard)],
        "both": [(face, limits.face_soft), (worn, limits.clothing_soft)],
        "clothing": [(worn, limits.clothing_hard), (face, veto)],
    }
    return all(limit is not None and distance <= limit + 1e-8 for distance, limit in needed[step.rule])


@settings(max_examples=100)
@given(problems())
def test_merging_the_result_again_changes_nothing(problem):
    items, thresholds = problem
    result = merge(items, thresholds)
    persons = int(result.labels.max(initial=-1)) + 1
    if thresholds.metric == "cosine" and len(items.face):
        # Means of opposite vectors have no direction, and so cannot be handed in again.
        means = mean_items(items, result.labels, persons)
        if (np.linalg.norm(means.face, axis=1) < 1e-9).any() or (np.linalg.norm(means.clothing, axis=1) < 1e-9).any():
            return
    met = [*items.cannot_link.tolist(), *result.apart]
    again = mean_items(items, result.labels, persons)
    apart = np.array([[result.labels[a], result.labels[b]] for a, b in met], int).reshape(-1, 2)
    again = MergeItems(again.face, again.clothing, again.weights, apart)
    assert merge(again, thresholds).labels.tolist() == list(range(persons))


def mean_items(items, labels, persons):
    weights = np.ones(len(labels)) if items.weights is None else items.weights
    known = np.isfinite(items.clothing).all(axis=1)

    def mean(vectors, use):
        return np.array(
            [
                np.average(vectors[use & (labels == k)], axis=0, weights=weights[use & (labels == k)])
                if (use & (labels == k)).any()
                else np.full(2, NAN)
                for k in range(persons)
            ]
        ).reshape(-1, 2)

    totals = np.bincount(labels, weights=weights, minlength=persons)
    return MergeItems(mean(items.face, np.ones_like(known)), mean(items.clothing, known), totals)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_at_the_end_no_pair_is_near_enough_and_at_the_widest_thresholds_all_are_one(seed):
    rng = np.random.default_rng(seed)
    items = MergeItems(rng.normal(size=(30, 6)), rng.normal(size=(30, 6)))
    thresholds = MergeThresholds(0.3, 0.15, 0.5, 0.4, 0.8)
    labels = merge(items, thresholds).labels
    means = mean_items_wide(items, labels)
    face, worn = (cosine_distances(m, m)[np.triu_indices(len(m), 1)] for m in means)
    assert not (face <= 0.3 - 1e-6).any()
    assert not ((face <= 0.5 - 1e-6) & (worn <= 0.4 - 1e-6)).any()
    assert not ((worn <= 0.15 - 1e-6) & (face <= 0.8 - 1e-6)).any()
    assert not merge(items, MergeThresholds(2, None, None, None)).labels.any()


def mean_items_wide(items, labels):
    return [
        np.array([v[labels == k].mean(axis=0) for k in range(labels.max() + 1)]) for v in (items.face, items.clothing)
    ]


def test_clothing_mends_what_faces_leave_apart_and_faces_keep_suits_apart():
    rng = np.random.default_rng(7)
    people = rng.normal(size=(6, 64))
    outfits = rng.normal(size=(6, 64))
    outfits[5] = outfits[4]  # two people in one suit
    owner = np.repeat(np.arange(6), 8)
    faces = people[owner] + rng.normal(scale=0.75, size=(48, 64))
    clothes = outfits[owner] + rng.normal(scale=0.25, size=(48, 64))
    by_face = merge(MergeItems(faces, clothes), MergeThresholds(0.3, None, None, None))
    with_clothing = merge(MergeItems(faces, clothes), MergeThresholds(0.3, 0.12, 0.45, 0.2, face_veto=0.6))
    unguarded = merge(MergeItems(faces, clothes), MergeThresholds(0.3, 0.12, 0.45, 0.2))
    assert by_face.labels.max() + 1 > 6
    assert np.array_equal(together(with_clothing.labels), together(owner))
    assert unguarded.labels.max() + 1 == 5


def test_hundreds_of_clusters_take_seconds_and_hundreds_of_copies_no_longer():
    rng = np.random.default_rng(1)
    owner = rng.integers(0, 60, 600)
    faces = rng.normal(size=(60, 128))[owner] + rng.normal(scale=0.6, size=(600, 128))
    started = time.process_time()
    result = merge(MergeItems(faces, np.full((600, 1), NAN)), MergeThresholds(0.3, None, None, None))
    copies = merge(MergeItems(np.ones((600, 4)), np.ones((600, 4))), limits())
    assert time.process_time() - started < 20  # measured 2.5 s on a busy machine
    assert np.array_equal(together(result.labels), together(owner))
    assert not copies.labels.any()
    assert len(copies.steps) == 599


def test_thousands_of_strangers_take_little_memory():
    """A byte for each two of them, and the pairs that are near enough; a distance would take eight."""
    strangers = np.random.default_rng(3).normal(size=(2000, 64))
    tracemalloc.start()
    result = merge(MergeItems(strangers, np.full((2000, 1), NAN)), MergeThresholds(0.3, None, None, None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.labels.max() == 1999
    assert peak < 8 * 2000**2, "measured 16 MB"


def test_the_worked_example_of_the_page_on_grouping_holds():
    page = Path(__file__).parents[3] / "docs" / "concepts" / "grouping.md"
    code = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert code.count("assert") == 2
    exec(compile(code, str(page), "exec"), {})
