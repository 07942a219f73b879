"""The face that a picture is about is found wherever it lies."""

import numpy as np
import pytest

from closeup.core.boxes import iou
from closeup.core.types import FloatArray, Image
from closeup.perception.central_face import _central, central_first
from closeup.perception.face_crop import FRAMES, crop_face
from closeup.perception.protocols import Detections, FaceDetector, no_detections
from closeup.perception.registry import face_models
from stills import FACES_XYXY, at_scale, mirrored, still

EXPRESSION = FRAMES["expression"]


@pytest.fixture(scope="module")
def yunet() -> FaceDetector:
    return face_models("auto").new_detector()


def found_in(detector: FaceDetector, image: Image) -> Detections:
    found = central_first(detector, image)
    assert len(found)
    return found


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_face_is_found_where_it_is(yunet: FaceDetector, name: str) -> None:
    found = found_in(yunet, still(name))
    assert iou(found.boxes_xyxy[:1], np.array([FACES_XYXY[name]], np.float32))[0, 0] > 0.55


def test_a_mirror_image_has_the_same_face_mirrored(yunet: FaceDetector) -> None:
    image = still("hopper")
    there, here = found_in(yunet, mirrored(image)), found_in(yunet, image)
    width = image.shape[1]
    order = [1, 0, 2, 4, 3]
    assert np.allclose(there.landmarks_xy[0][order] * [-1, 1] + [width, 0], here.landmarks_xy[0], atol=1.0)
    x0, y0, x1, y1 = there.boxes_xyxy[0]
    assert np.allclose([width - x1, y0, width - x0, y1], here.boxes_xyxy[0], atol=2.0)


def tight(name: str, side_px: int) -> tuple[Image, FloatArray]:
    """A picture that its face fills, as FER2013's do, and the box in the whole picture."""
    x0, y0, x1, y1 = FACES_XYXY[name]
    side = max(x1 - x0, y1 - y0)
    left, top = round((x0 + x1 - side) / 2), round(y0)
    part = still(name)[top : top + round(side), left : left + round(side)]
    return at_scale(part, side_px / part.shape[0]), np.array([left, top, part.shape[0] / side_px], np.float32)


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_face_that_fills_a_tiny_picture_is_found(yunet: FaceDetector, name: str) -> None:
    whole = found_in(yunet, still(name))
    image, (left, top, factor) = tight(name, 48)
    found = found_in(yunet, image)
    eyes = float(np.hypot(*(whole.landmarks_xy[0][1] - whole.landmarks_xy[0][0])))
    assert np.abs(found.landmarks_xy[0] * factor + [left, top] - whole.landmarks_xy[0]).max() < 0.2 * eyes


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_face_on_its_side_is_turned_upright(yunet: FaceDetector, quarters: int) -> None:
    image = at_scale(still("hopper"), 0.5)
    upright = crop_face(image, found_in(yunet, image).landmarks_xy[0], EXPRESSION, 64)
    turned = np.ascontiguousarray(np.rot90(image, quarters))
    crop = crop_face(turned, found_in(yunet, turned).landmarks_xy[0], EXPRESSION, 64)
    same = np.corrcoef(upright.ravel(), crop.ravel())[0, 1]
    assert same > 0.8


def test_where_nobody_is_nobody_is_found(yunet: FaceDetector) -> None:
    assert len(central_first(yunet, np.full((1, 1, 3), 90, np.uint8))) == 0


class Scripted(FaceDetector):
    """Finds what it is told to, by the size of the picture; notes every look."""

    card_name = "scripted"

    def __init__(self, found: list[Detections]) -> None:
        self.found = found
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, image: Image) -> Detections:
        self.shapes.append(image.shape)
        return self.found.pop(0) if self.found else no_detections()


def detections(*boxes: tuple[float, float, float, float], score: float = 0.9) -> Detections:
    landmarks = [
        [(x0 + (x1 - x0) * x, y0 + (y1 - y0) * y) for x, y in EXPRESSION.alignment] for x0, y0, x1, y1 in boxes
    ]
    return Detections(
        np.array(boxes, np.float32), np.array(landmarks, np.float32), np.full(len(boxes), score, np.float32)
    )


def test_small_pictures_are_enlarged_and_large_ones_shrunk() -> None:
    for size, seen in (
        ((48, 48), (192, 192)),
        ((96, 48), (384, 192)),
        ((400, 300), (400, 300)),
        ((2560, 1000), (1280, 500)),
    ):
        detector = Scripted([detections((10, 10, 90, 90)), no_detections()])
        found = found_in(detector, np.zeros((*size, 3), np.uint8))
        assert detector.shapes == [(*seen, 3)] * 2, "straight and mirrored"
        factor = size[0] / seen[0]
        assert np.allclose(found.boxes_xyxy[0], np.array([10, 10, 90, 90]) * factor)
        assert np.allclose(found.landmarks_xy[0, 2], (np.array(EXPRESSION.alignment[2]) * 80 + 10) * factor, atol=1e-3)


def test_both_looks_are_averaged() -> None:
    detector = Scripted([detections((100, 100, 200, 200)), detections((92, 100, 192, 200), score=0.95)])
    found = found_in(detector, np.zeros((300, 300, 3), np.uint8))
    assert np.allclose(found.boxes_xyxy[0], [104, 100, 204, 200]), "mirrored, the second lies at 108 to 208"
    assert found.scores[0] == pytest.approx(0.95)


def test_other_faces_are_not_averaged() -> None:
    detector = Scripted([detections((100, 100, 200, 200)), detections((200, 0, 260, 60))])
    assert np.allclose(found_in(detector, np.zeros((300, 300, 3), np.uint8)).boxes_xyxy[0], [100, 100, 200, 200])


def test_a_border_is_tried_where_nothing_is_found() -> None:
    detector = Scripted([no_detections(), no_detections(), detections((60, 60, 240, 240))])
    found = found_in(detector, np.zeros((200, 200, 3), np.uint8))
    assert detector.shapes[2] == (300, 300, 3)
    assert np.allclose(found.boxes_xyxy[0], [10, 10, 190, 190])
    assert np.allclose(found.landmarks_xy[0, 2], np.array(EXPRESSION.alignment[2]) * 180 + 10)


@pytest.mark.parametrize(
    ("boxes", "chosen"),
    [
        ([(0, 0, 80, 80), (60, 60, 140, 140)], 1),
        ([(20, 20, 180, 180), (98, 98, 104, 104)], 0),
        ([(0, 0, 100, 100), (150, 150, 190, 190)], 0),
    ],
    ids=["the nearest to the middle", "not a speck", "in its own sizes"],
)
def test_the_central_face_is_the_one_that_counts(boxes: list[tuple[float, float, float, float]], chosen: int) -> None:
    assert _central(detections(*boxes), (200, 200)) == chosen
