"""The first recipe: its data is written as folders of pictures, and it fits them."""

import runpy
from pathlib import Path

from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.recipes.recipe_file import read_recipe

RECIPES = Path(__file__).resolve().parents[1] / "recipes"


def test_the_digits_are_ten_folders_that_the_recipe_reads(tmp_path: Path) -> None:
    runpy.run_path(str(RECIPES / "digits_data.py"))["main"](tmp_path / "digits")
    recipe = read_recipe(RECIPES / "digits.toml")
    dataset = open_dataset(recipe.data, base=tmp_path, heads=recipe.heads)
    assert len(dataset) == 1797
    assert dataset.field("digit").classes == tuple("0123456789")
    assert not dataset.notes
