"""Cutting aligned crops out of pictures."""

import cv2
import numpy as np
import pytest

from closeup.perception.cutout import cut_out


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
