import sys
from types import ModuleType

import numpy as np
import pytest

from recipe_scripts import RECIPES, load_script

sys.path.append(str(RECIPES))


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    pytest.importorskip("torch")
    return load_script("products")


def test_a_view_shows_the_product_and_a_packshot_gets_another_background(recipe: ModuleType) -> None:
    rgb = np.full((100, 100, 3), 255, np.uint8)
    rgb[20:80, 30:70] = (10, 200, 10)
    outline = np.array([[30, 20], [70, 20], [70, 80], [30, 80]], np.float32)
    shown = recipe._whole(recipe.Photo(rgb, (outline,)))
    np.testing.assert_array_equal(shown.box_xyxy, [30, 20, 70, 80])
    behind = recipe._whole(recipe.Photo(np.full((100, 100, 3), 40, np.uint8), ()))
    corners = {True: [], False: []}
    for seed in range(20):
        for cut in corners:
            chance = np.random.default_rng(seed)
            crop = recipe.view(recipe.replace(shown, cut=cut), chance, behind)
            assert crop.shape == (128, 128, 3)
            corners[cut].append(float(np.median(crop[[0, -1]])))
    assert np.median(corners[True]) < 120 < np.median(corners[False])


def test_vectors_have_length_one_and_names_are_cosines(recipe: ModuleType) -> None:
    torch = recipe.torch
    learner = recipe.Learner(3).eval()
    crops = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        vectors, logits = learner.network(crops), learner(crops)
    np.testing.assert_allclose(vectors.norm(dim=1).numpy(), 1, atol=1e-5)
    assert logits.shape == (2, 3)
    assert float(logits.abs().max()) <= recipe.SCALE + 1e-3
