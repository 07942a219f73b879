"""The second look: finds faces that the first misses, where they are, and makes up few."""

import cv2
import numpy as np
import pytest

from closeup.core.boxes import iou
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.perception.hog import HogDetector
from closeup.perception.protocols import Detections, FaceDetector, no_detections
from closeup.perception.registry import face_models
from closeup.perception.second_look import _turned, look_again
from stills import FACES_XYXY, astronaut, hopper, still


@pytest.fixture(scope="module")
def hog() -> FaceDetector:
    return face_models("builtin", read_settings()).new_detector()


def overlap(found: Detections, box: tuple[float, ...]) -> float:
    return float(iou(found.boxes_xyxy[:1], np.array([box], np.float32))[0, 0])


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_face_that_is_plain_to_see_is_where_it_was(hog: FaceDetector, name: str) -> None:
    first, again = hog.detect(still(name)), look_again(hog, still(name))
    assert overlap(again, FACES_XYXY[name]) > 0.6
    eyes = float(np.hypot(*(first.landmarks_xy[0, 1] - first.landmarks_xy[0, 0])))
    assert np.abs(again.landmarks_xy[0] - first.landmarks_xy[0]).max() < 0.15 * eyes
    assert again.crop_xy.shape == again.landmarks_xy.shape


def turned(image: Image, angle_deg: float) -> tuple[Image, FloatArray]:
    """The picture turned anticlockwise about its middle, and the map (2, 3) there."""
    height, width = image.shape[:2]
    there = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0), np.float32)
    return np.asarray(cv2.warpAffine(image, there, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8), there


def test_a_tilted_face_is_found_more_surely(hog: FaceDetector) -> None:
    image, there = turned(hopper(), 46)
    middle = np.array([(FACES_XYXY["hopper"][0] + FACES_XYXY["hopper"][2]) / 2, 233, 1]) @ there.T
    first, found = hog.detect(image), look_again(hog, image)
    assert found.scores.max() > first.scores.max(initial=0) + 0.1
    assert np.abs((found.boxes_xyxy[0, :2] + found.boxes_xyxy[0, 2:]) / 2 - middle).max() < 50


def test_where_nobody_is_nobody_is_made_up(hog: FaceDetector) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), 8), np.uint8)
    for image in (noise, smooth, np.zeros((120, 120, 3), np.uint8), np.zeros((3, 900, 3), np.uint8)):
        assert len(look_again(hog, image)) == 0


@pytest.mark.parametrize("angle", [20.0, -20.0, 7.0])
def test_what_is_found_in_a_turned_picture_is_turned_back(angle: float) -> None:
    image = np.zeros((200, 300), np.uint8)
    points = np.array([[[150, 80], [180, 80], [165, 95], [152, 110], [178, 110]]], np.float32)
    box = np.array([[135, 65, 195, 125]], np.float32)

    def look(picture: Image) -> Detections:
        assert picture.shape == image.shape
        there = cv2.getRotationMatrix2D((150, 100), angle, 1.0)
        middle = there[:, :2] @ [165, 95] + there[:, 2]
        moved = (points @ there[:, :2].T + there[:, 2]).astype(np.float32)
        return Detections(
            np.array([[*(middle - 30), *(middle + 30)]], np.float32), moved, np.ones(1, np.float32), moved
        )

    found = _turned(image, angle, look)
    np.testing.assert_allclose(found.landmarks_xy, points, atol=1e-3)
    np.testing.assert_allclose(found.crop_xy, points, atol=1e-3)
    np.testing.assert_allclose(found.boxes_xyxy, box, atol=1e-3)


class Finicky:
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
    found = look_again(Finicky(), np.ascontiguousarray(np.rot90(upright, quarters)))
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
    found = look_again(detector, image)
    assert detector.asked == [(180, 200, 3), (100, 90, 3), (100, 90, 3), (90, 100, 3)]
    np.testing.assert_allclose(found.boxes_xyxy[0], [30, 20, 60, 40], atol=2)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_yunet_finds_who_lies_on_their_side(zoo: Settings, quarters: int) -> None:
    detector = face_models("auto", zoo).new_detector()
    assert not isinstance(detector, HogDetector)
    upright = detector.detect(astronaut()).landmarks_xy[0]
    found = look_again(detector, np.ascontiguousarray(np.rot90(astronaut(), quarters)))
    side = astronaut().shape[0] - 1
    x, y = found.landmarks_xy[0].T
    back = {1: (side - y, x), 2: (side - x, side - y), 3: (y, side - x)}[quarters]
    np.testing.assert_allclose(np.stack(back, axis=1), upright, atol=6)
