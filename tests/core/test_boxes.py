import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.boxes import fitted, iou, suppressed

MOST = 0.3


@given(st.data())
def test_suppression_keeps_the_best_of_each_heap_best_first(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 12))
    places = st.integers(0, 40)
    corners = np.array(data.draw(st.lists(st.tuples(places, places), min_size=count, max_size=count)), np.float32)
    corners = corners.reshape(count, 2)
    boxes = np.concatenate([corners, corners + 20], axis=1)
    scores = np.array(data.draw(st.lists(st.sampled_from([0.6, 0.7, 0.8]), min_size=count, max_size=count)), np.float32)
    kinds = np.array(data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)), np.int64)
    for of in (None, kinds):
        stays = suppressed(boxes, scores, MOST, of)
        assert [float(scores[i]) for i in stays] == sorted((float(scores[i]) for i in stays), reverse=True)
        rivals = iou(boxes, boxes) > MOST
        if of is not None:
            rivals &= of[:, None] == of
        for place, i in enumerate(stays):
            assert not any(rivals[i, j] for j in stays[:place])
        for gone in set(range(count)) - set(stays):
            assert any(rivals[gone, i] and scores[i] >= scores[gone] for i in stays)


def test_of_equal_scores_the_first_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10]], np.float32)
    assert suppressed(boxes, np.array([0.9, 0.9], np.float32), MOST) == [0]


def test_a_picture_is_fitted_and_never_enlarged() -> None:
    assert fitted((1000, 500), 100) == (100, 50)
    assert fitted((1000, 1), 100) == (100, 1)
    assert fitted((30, 20), 100) == (30, 20)
