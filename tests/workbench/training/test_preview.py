"""The picture of what augmentations do: a row each, true to what training does."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.workbench.recipes.recipe import AugmentRecipe, DataSource, HeadRecipe, ModelRecipe, Recipe
from closeup.workbench.training.preview import SMALLEST_PX, TOGETHER, alone, preview, preview_of, used

PX = 48
AUGMENT = AugmentRecipe(crop=0.8, crop_centre="face", vertical_flip=0.1, contrast=0.3, mixup=0.2)
ROW = SMALLEST_PX + 8


def recipe(augment: AugmentRecipe = AUGMENT, data: str = "data") -> Recipe:
    return Recipe("r", (DataSource(data),), (HeadRecipe("kind"),), augment=augment, model=ModelRecipe(input_px=PX))


def pictures(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, PX, PX, 3)).astype(np.uint8)


def tile(drawing: np.ndarray, row: int, column: int) -> np.ndarray:
    """The picture in a place of the drawing, (SMALLEST_PX, SMALLEST_PX, 3); columns are counted from the last."""
    top, left = 8 + row * ROW, drawing.shape[1] - (column + 1) * ROW
    return drawing[top : top + SMALLEST_PX, left : left + SMALLEST_PX]


def test_what_is_used_is_named_in_order_and_settings_are_not() -> None:
    assert used(AUGMENT) == ("crop", "vertical_flip", "contrast", "mixup")
    assert used(AugmentRecipe(crop_centre="face")) == ()


def test_alone_leaves_the_others_out_and_happens_to_all() -> None:
    assert alone(AUGMENT, "vertical_flip") == AugmentRecipe(crop_centre="face", vertical_flip=1.0)
    assert alone(AUGMENT, "contrast") == AugmentRecipe(crop_centre="face", contrast=0.3)


def test_a_row_for_each_and_the_pictures_first() -> None:
    drawing, stored = preview(recipe(), pictures()), pictures()
    assert drawing.dtype == np.uint8
    assert drawing.shape[0] // ROW == 1 + 4 + TOGETHER
    large = stored.repeat(2, 1).repeat(2, 2)
    for column in range(3):
        assert np.array_equal(tile(drawing, 0, column), large[2 - column])
        assert np.array_equal(tile(drawing, 2, column), large[2 - column][::-1])  # vertical_flip, although at 0.1
        assert not np.array_equal(tile(drawing, 3, column), large[2 - column])


def test_nothing_used_draws_the_pictures_only() -> None:
    assert preview(recipe(AugmentRecipe()), pictures()).shape[0] // ROW == 1


def test_same_recipe_same_drawing() -> None:
    assert np.array_equal(preview(recipe(), pictures()), preview(recipe(), pictures()))


def test_no_picture_is_said() -> None:
    with pytest.raises(InputError, match="no picture"):
        preview(recipe(), pictures(0))


def test_pictures_of_the_recipes_own_data_of_every_class(tmp_path: Path) -> None:
    for value, name in ((30, "dark"), (220, "light")):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for number in range(20):
            cv2.imwrite(str(folder / f"{number}.png"), np.full((PX, PX, 3), value, np.uint8))
    drawing = preview_of(recipe(AugmentRecipe()), tmp_path)
    shown = [int(tile(drawing, 0, column).mean()) for column in range(8)]
    assert sorted(shown) == [30] * 4 + [220] * 4
