import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from closeup.algorithms.tracking.online import Tracker
from closeup.core.boxes import clip
from closeup.core.types import FloatArray, Image
from closeup.perception.protocols import Detections, FaceDetector, no_detections
from closeup.perception.quality import face_chip, judge
from closeup.perception.registry import face_models
from stills import astronaut, at_scale, hopper


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


# Which detections later steps can work with

SMALLEST_PX = 14
_PLACES = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)


def detections(*boxes: tuple[float, ...]) -> Detections:
    """Faces with these boxes, and landmarks where they are in a face."""
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    points = xyxy[:, None, :2] + _PLACES * (xyxy[:, None, 2:] - xyxy[:, None, :2])
    return Detections(xyxy, points.astype(np.float32), np.linspace(0.9, 0.5, len(xyxy), dtype=np.float32))


SIZE_WH = (640, 360)


@pytest.mark.parametrize(
    ("box", "stays"),
    [
        ((100, 100, 150, 160), True),
        ((100, 100, 100 + SMALLEST_PX, 160), True),
        ((100, 100, 99 + SMALLEST_PX, 160), False),
        ((-20, 100, 30, 160), True),
        ((-40, 100, 30, 160), False),
        ((620, 100, 670, 160), False),
        ((100, 340, 150, 400), False),
        ((700, 100, 750, 160), False),
        ((150, 160, 100, 100), False),
        ((np.nan, 100, 150, 160), False),
        ((-np.inf, 100, np.inf, 160), False),
    ],
)
def test_small_faces_and_those_beyond_the_edge_are_left_out(box: tuple[float, ...], stays: bool) -> None:
    face = detections((100, 100, 150, 160))
    found = Detections(np.array([box], np.float32), face.landmarks_xy, face.scores)
    assert len(found.usable(SIZE_WH, SMALLEST_PX)) == stays


@pytest.mark.parametrize("points", [np.full((5, 2), 120.0), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
def test_a_face_whose_landmarks_say_nothing_is_left_out_and_the_next_one_is_not(points: FloatArray) -> None:
    found = detections((100, 100, 150, 160), (300, 100, 350, 160))
    landmarks = found.landmarks_xy.copy()
    landmarks[0] = points
    kept = Detections(found.boxes_xyxy, landmarks, found.scores).usable(SIZE_WH, SMALLEST_PX)
    assert kept.boxes_xyxy[:, 0].tolist() == [300]


def test_nothing_stays_nothing() -> None:
    assert len(no_detections().usable(SIZE_WH, SMALLEST_PX)) == 0


@settings(deadline=None)
@given(
    arrays.arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32)),
    arrays.arrays(np.float32, (3, 5, 2), elements=st.floats(-1e4, 1e4, width=32)),
)
def test_what_is_usable_can_be_judged_cut_out_and_tracked(boxes: FloatArray, points: FloatArray) -> None:
    image = at_scale(hopper(), 0.25)
    wh = (image.shape[1], image.shape[0])
    kept = Detections(boxes, points, np.array([0.9, 0.8, 0.7], np.float32)).usable(wh, SMALLEST_PX)
    for row in range(len(kept)):
        try:
            points = kept.landmarks_xy[row]
            total = judge(face_chip(image, points), kept.boxes_xyxy[row], points, 0.5).total
        except ValueError as error:  # points that match a face and its mirror image exactly alike: not a detector's
            assert "no best rotation" in str(error)  # noqa: PT017
            continue
        assert 0 <= total <= 1
    assert len(Tracker().step(0.0, clip(kept.boxes_xyxy, wh), kept.scores)) == len(kept)


# Looking thoroughly


@pytest.mark.parametrize("angle", [20.0, -20.0, 7.0])
def test_what_is_found_in_a_turned_picture_is_turned_back(angle: float) -> None:
    points = np.array([[[150, 80], [180, 80], [165, 95], [152, 110], [178, 110]]], np.float32)
    box = np.array([[135, 65, 195, 125]], np.float32)

    there = cv2.getRotationMatrix2D((150, 100), angle, 1.0)
    middle = there[:, :2] @ [165, 95] + there[:, 2]
    moved = (points @ there[:, :2].T + there[:, 2]).astype(np.float32)
    seen = Detections(np.array([[*(middle - 30), *(middle + 30)]], np.float32), moved, np.ones(1, np.float32))
    found = seen.turned(np.asarray(cv2.invertAffineTransform(there), np.float64))
    np.testing.assert_allclose(found.landmarks_xy, points, atol=1e-3)
    np.testing.assert_allclose(found.boxes_xyxy, box, atol=1e-3)


class Finicky(FaceDetector):
    """Sees a bright square only in an upright picture, dark above and bright below; says where it is."""

    card_name = "finicky"

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def detect(self, image: Image) -> Detections:
        self.asked.append(image.shape)
        white = np.argwhere(image[..., 0] == 255)
        if not len(white) or image[0, :, 1].mean() >= image[-1, :, 1].mean():
            return no_detections()
        (y0, x0), (y1, x1) = white.min(axis=0), white.max(axis=0) + 1
        box = np.array([[x0, y0, x1, y1]], np.float32)
        points = np.array([[[x0, y0], [x1, y0], [(x0 + x1) / 2, y0], [x0, y1], [x1, y1]]], np.float32)
        return Detections(box, points, np.ones(1, np.float32))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_picture_that_lies_on_its_side_is_looked_at_upright(quarters: int) -> None:
    upright = np.zeros((900, 1000, 3), np.uint8)
    upright[..., 1] = np.linspace(0, 200, 900)[:, None]
    upright[100:200, 300:450, 0] = 255
    found = Finicky().detect_augmented(np.ascontiguousarray(np.rot90(upright, quarters)))
    assert len(found) == 1 if quarters else len(found) == 0  # an upright one, and too large, is not looked at again
    if quarters:
        lying = np.argwhere(np.rot90(upright, quarters)[..., 0] == 255)
        (y0, x0), (y1, x1) = lying.min(axis=0), lying.max(axis=0) + 1
        np.testing.assert_allclose(found.boxes_xyxy[0], [x0, y0, x1, y1], atol=1.01)
        eyes = found.landmarks_xy[0, 1] - found.landmarks_xy[0, 0]
        np.testing.assert_allclose(eyes, {1: (0, -150), 2: (-150, 0), 3: (0, 150)}[quarters], atol=1e-3)


def test_a_small_picture_is_enlarged() -> None:
    image = np.zeros((90, 100, 3), np.uint8)
    image[..., 1] = np.linspace(0, 200, 90)[:, None]
    image[20:40, 30:60, 0] = 255
    detector = Finicky()
    found = detector.detect_augmented(image)
    assert detector.asked == [(180, 200, 3), (100, 90, 3), (100, 90, 3), (90, 100, 3)]
    np.testing.assert_allclose(found.boxes_xyxy[0], [30, 20, 60, 40], atol=2)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_yunet_finds_who_lies_on_their_side(quarters: int) -> None:
    detector = face_models("auto").new_detector()
    upright = detector.detect(astronaut()).landmarks_xy[0]
    found = detector.detect_augmented(np.ascontiguousarray(np.rot90(astronaut(), quarters)))
    side = astronaut().shape[0] - 1
    x, y = found.landmarks_xy[0].T
    back = {1: (side - y, x), 2: (side - x, side - y), 3: (y, side - x)}[quarters]
    np.testing.assert_allclose(np.stack(back, axis=1), upright, atol=6)
