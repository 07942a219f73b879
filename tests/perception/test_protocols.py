from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.perception.protocols import Detections, no_detections


def some(count: int) -> Detections:
    rng = np.random.default_rng(count)
    return Detections(
        rng.uniform(0, 100, (count, 4)).astype(np.float32),
        rng.uniform(0, 100, (count, 5, 2)).astype(np.float32),
        np.sort(rng.uniform(0, 1, count).astype(np.float32))[::-1],
    )


def test_no_detections_are_detections_of_nothing() -> None:
    none = no_detections()
    assert len(none) == 0
    assert (none.boxes_xyxy.shape, none.landmarks_xy.shape, none.scores.shape) == ((0, 4), (0, 5, 2), (0,))
    assert {none.boxes_xyxy.dtype, none.landmarks_xy.dtype, none.scores.dtype} == {np.dtype(np.float32)}
    assert len(none.scaled(2)) == len(none.take([])) == 0


@pytest.mark.parametrize(
    ("boxes", "landmarks", "scores"),
    [((2, 4), (1, 5, 2), (2,)), ((2, 4), (2, 5, 2), (3,)), ((2, 5), (2, 5, 2), (2,)), ((1, 4), (1, 10), (1,))],
)
def test_arrays_that_do_not_fit_together_are_refused(
    boxes: tuple[int, ...], landmarks: tuple[int, ...], scores: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="shapes"):
        Detections(np.zeros(boxes, np.float32), np.zeros(landmarks, np.float32), np.zeros(scores, np.float32))


@given(st.integers(0, 9), st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_scaling_there_and_back_changes_nothing_and_scores_stay(count: int, factor: float) -> None:
    faces = some(count)
    there = faces.scaled(factor)
    back = there.scaled(1 / factor)
    np.testing.assert_array_equal(there.boxes_xyxy, faces.boxes_xyxy * np.float32(factor))
    np.testing.assert_array_equal(back.boxes_xyxy, faces.boxes_xyxy)
    np.testing.assert_array_equal(back.landmarks_xy, faces.landmarks_xy)
    np.testing.assert_array_equal(there.scores, faces.scores)
    assert there.boxes_xyxy.dtype == there.landmarks_xy.dtype == np.float32


@given(st.integers(1, 9), st.data())
def test_taking_keeps_the_order_asked_for(count: int, data: st.DataObject) -> None:
    faces = some(count)
    indices = data.draw(st.lists(st.integers(0, count - 1), max_size=5))
    taken = faces.take(indices)
    assert len(taken) == len(indices)
    for row, index in enumerate(indices):
        np.testing.assert_array_equal(taken.boxes_xyxy[row], faces.boxes_xyxy[index])
        np.testing.assert_array_equal(taken.landmarks_xy[row], faces.landmarks_xy[index])
        assert taken.scores[row] == faces.scores[index]


@given(st.integers(1, 9), st.sampled_from([0.5, 2.0]))
def test_crops_are_aligned_by_the_average_face_where_there_is_one(count: int, factor: float) -> None:
    plain = some(count)
    assert plain.crop_xy is plain.landmarks_xy
    steadier = replace(plain, average_xy=plain.landmarks_xy + np.float32(1))
    np.testing.assert_array_equal(steadier.crop_xy, plain.landmarks_xy + np.float32(1))
    np.testing.assert_array_equal(steadier.scaled(factor).crop_xy, steadier.crop_xy * np.float32(factor))
    np.testing.assert_array_equal(steadier.take([count - 1]).crop_xy, steadier.crop_xy[count - 1 :])
    with pytest.raises(ValueError, match="shapes"):
        replace(plain, average_xy=np.zeros((count + 1, 5, 2), np.float32))
