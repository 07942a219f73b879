"""Movement of pictures that are shifted by known amounts."""

import cv2
import numpy as np
import pytest

from closeup.core.types import Image
from closeup.perception.movement import Movement, MovementMeter, body_region

SIZE_WH = (160, 90)
FACE = np.array([70, 20, 90, 44], np.float32)


def ground() -> Image:
    """Soft texture, larger than a picture."""
    noise = np.random.default_rng(4).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.5), None, 0, 255, cv2.NORM_MINMAX)


def shot(camera_px: float = 0.0, person_px: float = 0.0) -> Image:
    """The ground, moved by the camera, and a person before it, moved besides; to the right, whole or half pixels."""
    whole = ground()

    def moved(by_px: float) -> Image:
        shift = np.array([[1, 0, by_px], [0, 1, 0]], np.float64)
        return cv2.warpAffine(whole, shift, (300, 200), borderMode=cv2.BORDER_WRAP)

    image = moved(camera_px)[40:130, 60:220].copy()
    rows, columns = body_region(FACE, SIZE_WH)
    body = 255 - moved(camera_px + person_px)
    image[rows, columns] = body[40:130, 60:220][rows, columns]
    return np.ascontiguousarray(image)


def between(before: Image, after: Image, passed_s: float = 0.1, face: np.ndarray | None = FACE) -> Movement:
    meter = MovementMeter()
    assert meter.step(before, passed_s, face) is None
    found = meter.step(after, passed_s, face)
    assert found is not None
    return found


def test_nothing_moves_in_a_still_picture() -> None:
    found = between(shot(), shot())
    assert found.person == pytest.approx(0, abs=0.01)
    assert found.everything == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("pixels", [1.0, 2.0])
def test_a_moving_person_is_measured_in_picture_heights_a_second(pixels: float) -> None:
    found = between(shot(), shot(person_px=pixels))
    assert found.person == pytest.approx(pixels / 90 / 0.1, rel=0.5)
    assert found.person is not None
    assert found.everything < found.person


@pytest.mark.parametrize("pixels", [2.0, 4.0])
def test_a_moving_camera_does_not_count_as_the_persons_movement(pixels: float) -> None:
    found = between(shot(), shot(camera_px=pixels))
    assert found.everything == pytest.approx(pixels / 90 / 0.1, rel=0.4)
    assert found.person is not None
    assert found.person < 0.4 * found.everything


def test_half_the_time_is_twice_the_speed_and_the_size_of_the_picture_makes_no_difference() -> None:
    before, after = shot(), shot(camera_px=2.0)
    slow, quick = between(before, after, 0.2), between(before, after, 0.1)
    assert quick.everything == pytest.approx(2 * slow.everything)
    doubled = [cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for image in (before, after)]
    assert between(*doubled, 0.1, FACE * 2).everything == pytest.approx(quick.everything, rel=0.3)


def test_after_a_cut_there_is_nothing_to_compare_with() -> None:
    meter = MovementMeter()
    meter.step(shot(), 0.1, None)
    meter.restart()
    assert meter.step(255 - shot(), 0.1, None) is None
    assert meter.step(255 - shot(), 0.1, None) is not None


def test_where_nobody_is_seen_there_is_only_the_whole() -> None:
    found = between(shot(), shot(camera_px=2.0), face=None)
    assert found.person is None
    assert found.everything > 0


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 90), (160, 3), (160, 1), (16, 16), (9, 160)])
def test_tiny_pictures_can_be_compared(size_wh: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8) for _ in range(2)]
    found = between(*images, face=np.array([0, 0, 1, 1], np.float32))
    assert found.person is not None
    assert np.isfinite([found.person, found.everything]).all()


@pytest.mark.parametrize("box", [(-50, -50, -10, -10), (300, 200, 400, 300), (60, 10, 60, 10), (-500, -500, 900, 900)])
def test_a_region_is_never_empty(box: tuple[int, ...]) -> None:
    rows, columns = body_region(np.array(box, np.float32), SIZE_WH)
    assert 0 <= rows.start < rows.stop <= 90
    assert 0 <= columns.start < columns.stop <= 160
