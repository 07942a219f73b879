from dataclasses import replace
from pathlib import Path

import pytest

from closeup.core.errors import FormatError, InputError
from closeup.learning.runs.folder import create_run
from closeup.learning.runs.reading import read_run
from closeup.workbench.datasets.reading import open_one
from closeup.workbench.datasets.run_data import dataset_of, images_of
from closeup.workbench.recipes.recipe import DataSource
from closeup.workbench.recipes.recipe_file import recipe_to_toml
from learning.runs.made_runs import HEADS, recipe
from workbench.datasets.tiny import folder


def test_the_data_is_found_from_where_the_recipe_lay(tmp_path: Path) -> None:
    folder(tmp_path / "data/faces", ["happy/1.png", "sad/2.png"])
    given = replace(recipe(), data=(DataSource("faces", fields={"mood": "class"}),), heads=HEADS[:1])
    writer = create_run(tmp_path / "runs", "faces", recipe_to_toml(given), {"base": str(tmp_path / "data")})
    data = dataset_of(read_run(writer.path))
    assert [item.labels["mood"] for item in data.items] == ["happy", "sad"]


def test_data_that_is_gone_is_said(tmp_path: Path) -> None:
    text = recipe_to_toml(recipe())
    with pytest.raises(InputError, match="faces"):
        dataset_of(read_run(create_run(tmp_path, "faces", text, {"base": str(tmp_path / "gone")}).path))
    with pytest.raises(InputError, match="does not say where its data lies"):
        dataset_of(read_run(create_run(tmp_path, "faces", text, {}).path))
    writer = create_run(tmp_path, "faces", text, {"base": str(tmp_path)})
    (writer.path / "recipe.toml").unlink()
    with pytest.raises(FormatError, match="cannot be read"):
        dataset_of(read_run(writer.path))


def test_pictures_come_from_the_dataset(tmp_path: Path) -> None:
    data = open_one(folder(tmp_path / "faces", ["happy/1.png", "sad/2.png"]))
    assert images_of(data)(data.items[0].key).shape == (8, 12, 3)
    with pytest.raises(InputError, match=r"has no picture gone\.png any more"):
        images_of(data)("gone.png")
