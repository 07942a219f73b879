"""The data that a run was made from, opened again."""

from collections.abc import Callable
from pathlib import Path

from closeup.core.errors import FormatError, InputError
from closeup.core.types import Image
from closeup.learning.runs.folder import RECIPE_FILE
from closeup.learning.runs.reading import Run
from closeup.media.image import decode_image
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.recipes.recipe import Recipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml


def dataset_of(run: Run) -> Dataset:
    """Open the data that a run was made from, as it lies there now.

    Args:
        run: Its recipe says where the data is, relative to the folder that its facts call "base".

    Raises:
        InputError: If the data, or a correction that goes with it, is no longer what it was; or it cannot be read.
        FormatError: If the run's recipe cannot be read.
    """
    try:
        text = (run.path / RECIPE_FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{run.path / RECIPE_FILE} cannot be read: {error}.") from error
    base = run.facts.get("base")
    if not isinstance(base, str):
        raise InputError(f"The run {run.id} does not say where its data lies.")
    recipe = recipe_from_toml(text)
    return open_dataset(recipe.data, base=base_of(run.path, base, recipe), heads=recipe.heads)


def base_of(run: Path, base: str, recipe: Recipe) -> Path:
    """What the relative paths of a run's recipe start from: `base`, or where that was moved to together with the run.

    The nearest folder above the run counts in which all of the recipe's data lies.
    """
    if Path(base).is_dir():
        return Path(base)
    for above in run.resolve().parents:
        if all((above / Path(source.path).expanduser()).exists() for source in recipe.data):
            return above
    return Path(base)


def images_of(dataset: Dataset) -> Callable[[str], Image]:
    """How to get at the picture of a key: RGB uint8 (H, W, 3); it raises InputError where it cannot be read."""
    items = {item.key: item for item in dataset.items}

    def read(key: str) -> Image:
        if key not in items:
            raise InputError(f"The data has no picture {key} any more.")
        return decode_image(dataset.read_bytes(items[key]), key)

    return read
