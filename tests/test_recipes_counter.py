import sys
from types import ModuleType

import numpy as np
import pytest

from recipe_scripts import RECIPES, load_script

sys.path.append(str(RECIPES))


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    pytest.importorskip("torch")
    return load_script("counter")


@pytest.fixture(scope="module")
def views(recipe: ModuleType) -> ModuleType:
    return load_script("counter_views")


def test_places_are_in_the_order_of_the_answers(recipe: ModuleType) -> None:
    middles = recipe.places((64, 96)).numpy()
    assert len(middles) == 8 * 12 + 4 * 6 + 2 * 3
    np.testing.assert_array_equal(middles[:2], [[4, 4], [12, 4]])
    np.testing.assert_array_equal(middles[-1], [48, 80])


def test_the_right_answer_has_the_smallest_loss(recipe: ModuleType) -> None:
    torch = recipe.torch
    middles = recipe.places((96, 96))
    truth = torch.tensor([[8.0, 8.0, 40.0, 56.0]])
    inside = ((middles > truth[0, :2]) & (middles < truth[0, 2:])).all(1)
    near = torch.cdist(middles, (truth[:, :2] + truth[:, 2:]) / 2)[:, 0] < 9

    def loss(found: object, box: object) -> float:
        logits = torch.where(found, 6.0, -9.0)[None, :, None]
        return float(recipe.counter_loss(logits, box.expand(1, len(middles), 4), [truth], middles))

    right = loss(near, truth[0])
    assert right < loss(near, truth[0] + 6)
    assert right < loss(~inside, truth[0])
    assert float(recipe.counter_loss(torch.full((1, len(middles), 1), -9.0), truth[0].expand(1, len(middles), 4),
                                     [truth[:0]], middles)) < 0.01  # fmt: skip


def test_a_covered_thing_counts_no_more_and_others_keep_their_boxes(views: ModuleType) -> None:
    def block(x: int) -> np.ndarray:
        mask = np.zeros((60, 60), np.uint8)
        mask[20:40, x : x + 20] = 255
        return mask

    view = views.View(np.zeros((60, 60, 3), np.uint8), [block(0), block(30)], [400.0, 1200.0])
    np.testing.assert_array_equal(view.boxes(), [[0, 20, 20, 40]])


def test_things_laid_on_a_counter_are_where_the_view_says(views: ModuleType) -> None:
    chance = np.random.default_rng(3)
    rgb = np.full((80, 80, 3), (250, 0, 0), np.uint8)
    thing = views.Photo(rgb, (np.array([[0, 0], [80, 0], [80, 80], [0, 80]], np.float32),))
    empty = views.View(np.full((96, 128, 3), 90, np.uint8), [], [])
    view = views.laid(empty, [thing, thing, thing], chance)
    red = (view.rgb[..., 0].astype(int) - view.rgb[..., 1] > 90).astype(np.uint8)
    both = np.maximum.reduce(view.masks) > 0
    assert len(view.masks) == 3
    assert (red.astype(bool) == both).mean() > 0.97
    assert len(view.boxes()) >= 1
