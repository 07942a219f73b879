"""Faces of even areas and strong lines are drawn; light that is never even, blur and darkness are not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from closeup.core.types import Image
from closeup.perception.drawn import are_drawn, evenness
from closeup.weights.cards import card

CARD = card("sface-2021dec")
LIMIT = CARD.thresholds["drawn"].value


def comic(size: int = 112) -> Image:
    """An oval of one shade with eyes, a mouth and hair, outlined."""
    picture = np.full((112, 112, 3), (170, 200, 225), np.uint8)
    cv2.ellipse(picture, (56, 60), (38, 50), 0, 0, 360, (240, 200, 170), -1)
    cv2.ellipse(picture, (56, 60), (38, 50), 0, 0, 360, (20, 20, 20), 3)
    cv2.rectangle(picture, (18, 8), (94, 34), (120, 60, 30), -1)
    for x in (40, 72):
        cv2.circle(picture, (x, 52), 7, (255, 255, 255), -1)
        cv2.circle(picture, (x, 52), 4, (30, 60, 140), -1)
    cv2.ellipse(picture, (56, 92), (14, 5), 0, 0, 180, (200, 40, 50), -1)
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def lit(picture: Image) -> Image:
    """The same under light from a side, with skin: shades change slowly, and from pixel to pixel."""
    across, down = np.meshgrid(np.linspace(-1, 1, picture.shape[1]), np.linspace(-1, 1, picture.shape[0]))
    light = 0.75 + 0.3 * across - 0.2 * down - 0.25 * (across**2 + down**2)
    grain = np.random.default_rng(7).normal(0, 6, picture.shape)
    return np.clip(picture * light[..., None] + grain, 0, 255).astype(np.uint8)


def stored(picture: Image, quality: int) -> Image:
    """Through a JPEG."""
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1), np.uint8)


@pytest.mark.parametrize("quality", [40, 70, 95])
def test_a_comic_is_even_and_the_same_face_in_light_is_not(quality: int) -> None:
    assert evenness(stored(comic(), quality)) > LIMIT + 0.1
    assert evenness(stored(lit(comic()), quality)) < LIMIT - 0.05


def test_a_mirror_and_the_size_of_the_crop_change_little() -> None:
    assert evenness(np.ascontiguousarray(comic()[:, ::-1])) == pytest.approx(evenness(comic()), abs=0.1)
    assert evenness(comic(160)) == pytest.approx(evenness(comic()), abs=0.15)


@pytest.mark.parametrize(
    "crop", [np.zeros((112, 112, 3), np.uint8), np.full((112, 112, 3), 128, np.uint8), lit(comic()) // 12]
)
def test_where_nothing_is_seen_nothing_is_drawn(crop: Image) -> None:
    assert evenness(crop) < LIMIT


def test_a_blurred_face_has_few_shades_and_weak_lines() -> None:
    assert evenness(cv2.GaussianBlur(lit(comic()), (0, 0), 6).astype(np.uint8)) < LIMIT


def test_half_of_a_tracks_faces_have_to_be_drawn() -> None:
    drawn, photographed = comic(), lit(comic())
    assert are_drawn([drawn, drawn, photographed], CARD)
    assert not are_drawn([drawn, photographed, photographed], CARD)
    assert not are_drawn([], CARD)
    assert not are_drawn([drawn], replace(CARD, thresholds={}))
