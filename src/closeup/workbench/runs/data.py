"""The data that a run was made from, opened again."""

from pathlib import Path

from closeup.core.errors import FormatError, InputError
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.recipe_file import recipe_from_toml
from closeup.workbench.runs.folder import RECIPE_FILE
from closeup.workbench.runs.reading import Run


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
    return open_dataset(recipe.data, base=Path(base), heads=recipe.heads)
