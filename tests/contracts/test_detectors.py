"""What every face detector owes its callers: one suite for all, and for a stand-in that shows the suite is fair."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from closeup.core.boxes import iou
from closeup.core.settings import read_settings
from closeup.core.types import Image
from closeup.media.image import read_image
from closeup.perception.protocols import Detections, FaceDetector, no_detections
from closeup.perception.registry import face_models
from closeup.weights.cards import all_cards
from stills import FACES_XYXY, at_scale, mirrored, still

NAMES = sorted(FACES_XYXY)


class BrightnessDetector(FaceDetector):
    """Takes the bounding box of a picture's bright red part for its only face: simple, and a detector by contract."""

    card_name = "yunet-2023mar"

    def detect(self, image: Image) -> Detections:
        smooth = cv2.blur(image, (9, 9)).astype(int)
        skin = (smooth[..., 0] > 130) & (smooth[..., 0] > smooth[..., 2] + 30)
        rows, columns = np.flatnonzero(skin.mean(axis=1) > 0.15), np.flatnonzero(skin.mean(axis=0) > 0.15)
        if min(image.shape[:2]) < 32 or not len(rows) or not len(columns):
            return no_detections()
        box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
        places = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)
        points = box[:2] + places * (box[2:] - box[:2])
        return Detections(box[None], points[None], np.array([0.5], np.float32))


@pytest.fixture(scope="module", params=["builtin", "fake"])
def new_detector(request: pytest.FixtureRequest) -> Callable[[], FaceDetector]:
    if request.param == "fake":
        return BrightnessDetector
    return face_models(request.param, read_settings()).new_detector


@pytest.fixture(scope="module")
def detector(new_detector: Callable[[], FaceDetector]) -> FaceDetector:
    return new_detector()


def assert_well_formed(found: Detections, image: Image) -> None:
    count = len(found)
    assert found.boxes_xyxy.shape == (count, 4)
    assert found.landmarks_xy.shape == (count, 5, 2)
    assert found.scores.shape == (count,)
    assert {found.boxes_xyxy.dtype, found.landmarks_xy.dtype, found.scores.dtype} == {np.dtype(np.float32)}
    assert np.isfinite(found.boxes_xyxy).all()
    assert np.isfinite(found.landmarks_xy).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert (np.diff(found.scores) <= 0).all(), "best first"
    assert (found.boxes_xyxy[:, 2:] > found.boxes_xyxy[:, :2]).all()
    # A box may reach beyond the picture's edge, but not by more than its own size.
    wh = np.array([image.shape[1], image.shape[0]], np.float32)
    sizes = found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]
    assert (found.boxes_xyxy[:, :2] >= -sizes).all()
    assert (found.boxes_xyxy[:, 2:] <= wh + sizes).all()


def test_it_names_a_detectors_card(detector: FaceDetector) -> None:
    assert all_cards()[detector.card_name].task == "detector"


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_well_formed_and_the_best_is_the_face(detector: FaceDetector, name: str) -> None:
    found = detector.detect(still(name))
    assert_well_formed(found, still(name))
    assert len(found) >= 1
    x0, y0, x1, y1 = FACES_XYXY[name]
    left, top, right, bottom = found.boxes_xyxy[0]
    assert left < (x0 + x1) / 2 < right
    assert top < (y0 + y1) / 2 < bottom
    if not isinstance(detector, BrightnessDetector):
        assert iou(found.boxes_xyxy[:1], np.array([FACES_XYXY[name]], np.float32))[0, 0] > 0.6


@pytest.mark.parametrize("name", NAMES)
def test_pairs_of_landmarks_come_in_picture_order(detector: FaceDetector, name: str) -> None:
    for image in (still(name), mirrored(still(name))):
        points = detector.detect(image).landmarks_xy[0]
        assert points[0, 0] < points[1, 0]
        assert points[3, 0] < points[4, 0]
        assert points[:2, 1].max() < points[2, 1] < points[3:, 1].min()


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_is_not_changed_and_may_be_a_view(detector: FaceDetector, name: str) -> None:
    image = still(name).copy()
    whole = detector.detect(image)
    np.testing.assert_array_equal(image, still(name))
    padded = np.zeros((image.shape[0] + 4, image.shape[1] + 6, 3), np.uint8)
    padded[2:-2, 3:-3] = image
    view = padded[2:-2, 3:-3]
    assert not view.flags.c_contiguous
    np.testing.assert_array_equal(detector.detect(view).boxes_xyxy, whole.boxes_xyxy)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_has_the_same_faces_every_time(new_detector: Callable[[], FaceDetector], name: str) -> None:
    one, other = new_detector(), new_detector()
    first = one.detect(still(name))
    other.detect(still(next(each for each in NAMES if each != name)))  # what came before must not matter
    for again in (one.detect(still(name)), other.detect(still(name))):
        np.testing.assert_array_equal(again.boxes_xyxy, first.boxes_xyxy)
        np.testing.assert_array_equal(again.landmarks_xy, first.landmarks_xy)
        np.testing.assert_array_equal(again.scores, first.scores)


@pytest.mark.parametrize("factor", [0.5, 0.77, 2.0])
@pytest.mark.parametrize("name", NAMES)
def test_coordinates_are_pixels_of_the_picture(detector: FaceDetector, name: str, factor: float) -> None:
    whole, scaled = detector.detect(still(name)), detector.detect(at_scale(still(name), factor))
    assert iou(scaled.boxes_xyxy[:1] / np.float32(factor), whole.boxes_xyxy[:1])[0, 0] > 0.8
    eyes = np.hypot(*(whole.landmarks_xy[0, 1] - whole.landmarks_xy[0, 0]))
    moved = scaled.landmarks_xy[0] / np.float32(factor) - whole.landmarks_xy[0]
    assert np.hypot(*moved.T).max() < 0.2 * eyes


@pytest.mark.parametrize("name", NAMES)
def test_a_mirrored_picture_has_the_mirrored_face(detector: FaceDetector, name: str) -> None:
    width = still(name).shape[1]
    straight, there = detector.detect(still(name)), detector.detect(mirrored(still(name)))
    x0, y0, x1, y1 = there.boxes_xyxy[0]
    back = np.array([[width - x1, y0, width - x0, y1]], np.float32)
    assert iou(back, straight.boxes_xyxy[:1])[0, 0] > 0.8
    points = there.landmarks_xy[0][[1, 0, 2, 4, 3]]
    points = np.stack([width - points[:, 0], points[:, 1]], axis=1)
    eyes = np.hypot(*(straight.landmarks_xy[0, 1] - straight.landmarks_xy[0, 0]))
    assert np.hypot(*(points - straight.landmarks_xy[0]).T).max() < 0.25 * eyes


@pytest.mark.parametrize(
    "size_wh", [(1, 1), (16, 16), (37, 23), (333, 111), (640, 1), (1, 640), (1920, 8), (2, 3), (641, 359)]
)
@pytest.mark.parametrize("fill", ["black", "grey", "noise"])
def test_pictures_of_any_size_without_a_face_have_none(
    detector: FaceDetector, size_wh: tuple[int, int], fill: str
) -> None:
    shape = (size_wh[1], size_wh[0], 3)
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    image = {"black": np.zeros(shape, np.uint8), "grey": np.full(shape, 128, np.uint8), "noise": noise}[fill]
    found = detector.detect(image)
    assert_well_formed(found, image)
    assert len(found) == 0


def test_a_face_at_the_edge_is_well_formed_or_missed(detector: FaceDetector) -> None:
    x0, y0, x1, y1 = (int(v) for v in FACES_XYXY["hopper"])
    for part in (np.s_[:, (x0 + x1) // 2 :], np.s_[(y0 + y1) // 2 :], np.s_[: y1 - 40, : x1 - 40], np.s_[y0 + 30 :]):
        image = np.ascontiguousarray(still("hopper")[part])
        assert_well_formed(detector.detect(image), image)


@pytest.mark.shared
def test_answers_on_photos_are_well_formed_and_crowds_are_found(detector: FaceDetector, shared: Path) -> None:
    if isinstance(detector, BrightnessDetector):
        pytest.skip("finds one face at most")
    faces = 0
    for path in sorted((shared / "data" / "photos").glob("*.jpg"))[::3]:
        image = read_image(path)
        image = at_scale(image, min(1.0, 640 / max(image.shape[:2])))
        found = detector.detect(image)
        assert_well_formed(found, image)
        faces += len(found)
    assert faces >= 10
