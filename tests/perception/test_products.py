import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.types import Image
from closeup.perception.products import CROP_PX, MOST, CounterModels, best_apart, crop
from features.checkout.shelf import counter


@pytest.fixture(scope="module")
def models() -> CounterModels:
    return CounterModels()


def scene(*kinds: str) -> Image:
    """A counter of the size that cameras give."""
    return np.asarray(counter(*kinds).repeat(4, 0).repeat(4, 1), np.uint8)


def test_boxes_lie_in_the_picture_the_best_first_and_apart(models: CounterModels) -> None:
    rgb = scene("cola", "sun", "sea")
    boxes, scores = models.find(rgb)
    assert 1 <= len(boxes) <= MOST
    assert (np.diff(scores) <= 0).all()
    assert (boxes >= 0).all()
    assert (boxes[:, 2] <= rgb.shape[1]).all()
    assert (boxes[:, 3] <= rgb.shape[0]).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_one_product_seen_twice_is_nearer_than_another(models: CounterModels) -> None:
    rgb = scene("cola", "cola", "sun")
    boxes = np.array([[4 * (20 + 80 * k), 80, 4 * (80 + 80 * k), 400] for k in range(3)], np.float32)
    vectors = models.describe(rgb, boxes)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1
    np.testing.assert_allclose(models.describe(rgb, boxes[1:2])[0], vectors[1], atol=1e-4)
    assert models.describe(rgb, boxes[:0]).shape == (0, 0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 60)] * 4), max_size=12), st.integers(0, 99))
def test_what_is_kept_is_apart_and_nothing_better_is_left_out(sides: list[tuple[int, ...]], seed: int) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in sides], np.float32).reshape(-1, 4)
    scores = np.random.default_rng(seed).random(len(boxes)).astype(np.float32)
    kept = best_apart(boxes, scores)
    wide = [place for place, (_, _, w, h) in enumerate(sides) if min(w, h) >= 1]
    assert set(kept) <= set(wide)
    assert bool(kept) == bool(wide)
    if wide:
        assert kept[0] == max(wide, key=lambda place: scores[place])


def test_a_crop_has_the_thing_in_its_middle_at_any_size() -> None:
    for factor in (1, 3, 12):
        rgb = counter("cola", "sea").repeat(factor, 0).repeat(factor, 1)
        square = crop(np.asarray(rgb, np.uint8), np.array([20, 20, 80, 100], np.float32) * factor)
        assert square.shape == (CROP_PX, CROP_PX, 3)
        assert (square[CROP_PX // 2, CROP_PX // 2] == 255).all()  # the disc on it
        np.testing.assert_allclose(square[20, CROP_PX // 2], (200, 20, 30), atol=12)
        np.testing.assert_allclose(square[2, 2], 128, atol=12)
