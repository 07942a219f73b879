"""Faces are cut as their frame says."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.perception.face_crop import (
    FRAMES,
    FaceFrame,
    crop_face,
    cut_out,
    frame_named,
)

EXPRESSION = FRAMES["expression"]


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_frames_are_upright_and_even(name: str) -> None:
    frame = frame_named(name)
    points = np.array(frame.alignment)
    assert ((points > 0) & (points < 1)).all()
    assert np.abs(points[[0, 3], 0] + points[[1, 4], 0] - 1).max() < 0.01, "left and right mirror each other"
    assert points[:2, 1].max() < points[2, 1] < points[3:, 1].min(), "eyes, nose, mouth"
    assert frame.origin


def test_a_frame_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"expresion.*\n.*expression, recognition"):
        frame_named("expresion")


@pytest.mark.parametrize("points", [((0.5, 0.5),) * 4, ((0.5, 0.5, 0.5),) * 5])
def test_a_frame_has_five_points(points: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="five points"):
        FaceFrame("odd", points, "")  # type: ignore[arg-type]


@given(st.floats(-0.4, 4))
def test_a_wider_frame_shows_the_same_face_smaller(margin: float) -> None:
    wide = np.array(EXPRESSION.widened(margin).alignment)
    back = wide * (1 + 2 * margin) - margin
    assert np.allclose(back, EXPRESSION.alignment)
    assert EXPRESSION.widened(0) is EXPRESSION


def test_margins_have_limits() -> None:
    for margin in (-0.5, 4.1, float("nan")):
        with pytest.raises(ValueError, match="margin"):
            EXPRESSION.widened(margin)


@settings(max_examples=25)
@given(st.floats(0.5, 1.5), st.floats(-40, 40), st.floats(-20, 20), st.floats(-20, 20))
def test_landmarks_come_to_lie_where_the_frame_says(scale: float, angle: float, right: float, down: float) -> None:
    """Five dots, scaled, turned and moved, are five dots in the frame's places."""
    size = 100
    turn = cv2.getRotationMatrix2D((0, 0), angle, scale * 100)
    frame = np.array(EXPRESSION.alignment) - 0.5
    points = frame @ turn[:, :2].T + [125 + right, 125 + down]
    image = np.zeros((250, 250, 3), np.uint8)
    for x, y in points - 0.5:  # OpenCV counts from the middle of the first pixel
        cv2.circle(image, (round(x * 16), round(y * 16)), round(4 * scale * 16), (255, 255, 255), -1, cv2.LINE_AA, 4)
    crop = crop_face(image, points.astype(np.float32), EXPRESSION, size)
    assert crop.shape == (size, size, 3)
    for x, y in EXPRESSION.alignment:
        assert crop[round(y * size), round(x * size), 0] > 200
    count, _, _, centres = cv2.connectedComponentsWithStats((crop[..., 0] > 128).astype(np.uint8))
    assert count == 6
    nose = centres[1:][np.abs(centres[1:] + 0.5 - np.array(EXPRESSION.alignment[2]) * size).sum(axis=1).argmin()]
    assert np.abs(nose + 0.5 - np.array(EXPRESSION.alignment[2]) * size).max() < 0.7


def test_beyond_the_edge_the_outermost_pixels_go_on() -> None:
    image = np.full((60, 60, 3), 200, np.uint8)
    points = np.array(EXPRESSION.alignment, np.float32) * 40 - 20
    assert (crop_face(image, points, EXPRESSION, 32) == 200).all()


def test_what_cannot_be_cut_is_refused() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    with pytest.raises(ValueError, match="coincide"):
        crop_face(image, np.ones((5, 2), np.float32), EXPRESSION, 32)
    with pytest.raises(ValueError, match="at least 1 pixel"):
        crop_face(image, np.array(EXPRESSION.alignment, np.float32), EXPRESSION, 0)


# Cutting in general


def smooth_picture(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [127 + 120 * np.sin(x / 37.0), 127 + 120 * np.cos(y / 41.0), 127 + 120 * np.sin((x + y) / 53.0)]
    return np.stack(waves, axis=2).astype(np.uint8)


def similarity(scale: float, degrees: float, move: tuple[float, float]) -> np.ndarray:
    turn = scale * cv2.getRotationMatrix2D((0, 0), degrees, 1)[:, :2]
    return np.column_stack([turn, move])


@pytest.mark.parametrize("scale", [2.0, 0.9, 0.55, 0.3, 0.11])
@pytest.mark.parametrize("degrees", [0.0, 33.0, -120.0])
def test_shows_the_same_place_at_every_scale(scale: float, degrees: float) -> None:
    picture = smooth_picture(900, 700)
    turn = similarity(scale, degrees, (0, 0))[:, :2]
    to_crop = np.column_stack([turn, np.array([32, 32]) - turn @ np.array([450, 350])])
    crop = cut_out(picture, to_crop, (64, 64)).astype(int)
    back = cv2.invertAffineTransform(to_crop)
    for u, v in [(32, 32), (20, 40), (45, 25)]:
        x, y = back @ np.array([u, v, 1.0])
        assert np.abs(crop[v, u] - picture[round(y), round(x)].astype(int)).max() <= 12 / min(scale, 1)


def test_fine_stripes_become_grey_and_not_noise() -> None:
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[:, ::2] = 255
    crop = cut_out(picture, similarity(0.2, 10.0, (10.0, 5.0)), (60, 60))
    middle = crop[25:40, 25:40]
    assert abs(int(middle.mean()) - 127) < 6
    assert middle.std() < 12


@pytest.mark.parametrize("move", [(-500.0, 0.0), (40.0, 40.0), (0.0, -900.0)])
@pytest.mark.parametrize("scale", [1.5, 0.2])
def test_goes_on_beyond_the_edges(scale: float, move: tuple[float, float]) -> None:
    picture = np.full((120, 90, 3), (10, 200, 30), np.uint8)
    crop = cut_out(picture, similarity(scale, 15.0, move), (50, 40))
    assert crop.shape == (40, 50, 3)
    assert np.abs(crop.astype(int) - (10, 200, 30)).max() <= 1


def test_leaves_the_picture_alone() -> None:
    picture = smooth_picture(300, 200)
    before = picture.copy()
    cut_out(picture, similarity(0.3, 5.0, (0.0, 0.0)), (64, 64))
    assert np.array_equal(before, picture)
