"""The matte in the picture's own size and shape, from a network whose answer can be worked out, and from ours."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.types import FloatArray, Image
from closeup.media.image import read_image
from closeup.perception import matte as module
from closeup.perception.matte import CARD_NAME, SEEN_PX, PersonMatte, seen_size
from closeup.weights.cards import card
from stills import FACES_XYXY, astronaut

MULTIPLE = card(CARD_NAME).input_multiple


class Brightness:
    """Takes the mean of the channels, as the card has scaled them, for the matte; keeps what it was shown."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, inputs: FloatArray) -> FloatArray:
        assert inputs.dtype == np.float32
        assert inputs.flags.c_contiguous
        self.shapes.append(inputs.shape)
        scaled = inputs * np.array(card(CARD_NAME).std, np.float32).reshape(1, 3, 1, 1)
        levels = scaled + np.array(card(CARD_NAME).mean, np.float32).reshape(1, 3, 1, 1)
        return np.asarray(levels.mean(axis=1, keepdims=True) / 250 - 0.01, np.float32)


@pytest.fixture
def brightness(monkeypatch: pytest.MonkeyPatch) -> Brightness:
    made = Brightness()
    monkeypatch.setattr(module, "open_session", lambda *_, **__: made)
    return made


def halves(height: int, width: int) -> Image:
    """Black on the left, white on the right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, width // 2 :] = 255
    return picture


@pytest.mark.parametrize("size_wh", [(640, 360), (360, 640), (1, 1), (3, 200), (997, 613)])
def test_the_matte_has_the_pictures_size_and_stays_between_0_and_1(
    brightness: Brightness, size_wh: tuple[int, int]
) -> None:
    width, height = size_wh
    alpha = PersonMatte().alpha(halves(height, width))
    assert (alpha.shape, alpha.dtype) == ((height, width), np.float32)
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    if width > 1:
        assert alpha[:, 0].max() == 0
    assert alpha[:, -1].min() == 1


def test_the_edge_is_where_it_is_in_the_picture(brightness: Brightness) -> None:
    alpha = PersonMatte().alpha(halves(360, 640))
    assert brightness.shapes == [(1, 3, 224, 384)]
    edge = np.argmax(alpha > 0.5, axis=1)
    assert np.abs(edge - 320).max() <= 2
    assert np.all(np.diff(alpha, axis=1) >= -1e-6)


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_picture_is_shown_in_about_its_own_shape_and_never_much_larger(width: int, height: int) -> None:
    seen_w, seen_h = seen_size((width, height), MULTIPLE)
    assert seen_w % MULTIPLE == seen_h % MULTIPLE == 0
    assert 0.75 * SEEN_PX**2 <= seen_w * seen_h <= 1.3 * SEEN_PX**2
    if 1 / 4 <= width / height <= 4:
        assert 0.75 <= (seen_w / seen_h) / (width / height) <= 1.35


def test_our_own_network_finds_the_person_of_a_photo() -> None:
    photo = astronaut()
    alpha = PersonMatte().alpha(photo)
    x0, y0, x1, y1 = (int(value) for value in FACES_XYXY["astronaut"])
    assert alpha[y0:y1, x0:x1].mean() > 0.9
    assert 0.2 < (alpha > 0.5).mean() < 0.8
    mirrored = PersonMatte().alpha(np.ascontiguousarray(photo[:, ::-1]))[:, ::-1]
    assert np.abs(mirrored - alpha).mean() < 0.1
    assert np.array_equal(PersonMatte().alpha(photo), alpha)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["human_person-linda", "human_person-vlado"])
def test_people_of_photos_that_it_has_not_learnt_from_are_found(shared: Path, name: str) -> None:
    assert 0.15 < (PersonMatte().alpha(read_image(shared / f"data/photos/{name}.jpg")) > 0.5).mean() < 0.9
