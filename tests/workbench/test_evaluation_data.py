"""Labels for a model's heads, from all that data may call them; and the side of a split."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError, ModelError
from closeup.perception.classifier import PictureClassifier
from closeup.weights.network_card import NetworkHead
from closeup.workbench.evaluation_data import EvaluationData, open_evaluation_data
from closeup.workbench.models import ResolvedModel
from closeup.workbench.options import EvaluateOptions
from tiny_networks import COLOURS, save_tiny, tiny_card
from workbench.colours import colour_folder, colour_table

RECIPE = """
name = "tiny"
[[data]]
path = "a"
rename = { colour = { rouge = "red", vert = "green", odd = "red" } }
[[data]]
path = "b"
rename = { colour = { odd = "green" } }
[[heads]]
name = "colour"
classes = ["red", "green", "blue"]
[[heads]]
name = "light"
kind = "value"
"""


def model(place: Path, **changes: Any) -> ResolvedModel:
    return ResolvedModel("tiny", PictureClassifier(save_tiny(place / "tiny.onnx", tiny_card(**changes))))


def opened(place: Path, lines: list[str], header: str = "path,colour", **options: Any) -> EvaluationData:
    table = colour_table(place / "data", lines, header)
    return open_evaluation_data(model(place, recipe=RECIPE), table, EvaluateOptions(**options))


def refused(place: Path, lines: list[str], header: str = "path,colour", **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        opened(place, lines, header, **options)
    return str(caught.value)


def test_a_folder_of_classes_is_for_the_one_head_of_classes(tmp_path: Path) -> None:
    data = open_evaluation_data(
        model(tmp_path, heads=(COLOURS,)),
        colour_folder(tmp_path / "data", {"blue": ["blue"], "green": ["red", "green"]}),
        EvaluateOptions(),
    )
    assert list(data.targets) == ["colour"]
    np.testing.assert_array_equal(data.targets["colour"], [2, 1, 1])


def test_every_head_that_has_labels_is_read(tmp_path: Path) -> None:
    data = opened(tmp_path, ["red1.png,red,80", "green1.png,,81.5", "blue1.png,,"], "path,colour,light")
    np.testing.assert_array_equal(data.targets["colour"], [0, np.nan])
    np.testing.assert_array_equal(data.targets["light"], [80, 81.5])
    assert data.unlabelled == 1
    assert [item.path for item in data.dataset.items] == ["red1.png", "green1.png"]


def test_one_head_alone(tmp_path: Path) -> None:
    lines = ["red1.png,red,80", "green1.png,,81.5"]
    assert list(opened(tmp_path, lines, "path,colour,light", heads=("light",)).targets) == ["light"]
    assert "no labels for light" in refused(tmp_path, ["red1.png,red"], heads=("light",))
    with pytest.raises(ModelError, match="does not answer 'age'"):
        opened(tmp_path, lines, "path,colour,light", heads=("age",))


def test_columns_of_other_names(tmp_path: Path) -> None:
    complaint = refused(tmp_path, ["red1.png,red"], "path,hue")
    assert "has no labels for colour or light" in complaint
    assert "it has: hue." in complaint
    data = opened(tmp_path, ["red1.png,red"], "path,hue", fields={"colour": "hue"})
    np.testing.assert_array_equal(data.targets["colour"], [0])


def test_labels_are_renamed_as_in_training_and_as_asked(tmp_path: Path) -> None:
    data = opened(
        tmp_path, ["red1.png,rouge", "green1.png,green", "blue1.png,bleu"], rename={"colour": {"bleu": "blue"}}
    )
    np.testing.assert_array_equal(data.targets["colour"], [0, 1, 2])
    assert data.notes == ("As in training, colour takes 'rouge' for 'red'.",)


def test_a_label_of_no_class_is_told_with_the_nearest(tmp_path: Path) -> None:
    complaint = refused(tmp_path, ["red1.png,red", "red2.png,redd", "red3.png,redd"])
    assert "2 pictures labelled 'redd'" in complaint
    assert "'red' perhaps" in complaint
    assert "'odd'" in refused(tmp_path, ["red1.png,odd"])  # the sources of the recipe do not agree on it
    data = opened(tmp_path, ["red1.png,red", "red2.png,redd"], rename={"colour": {"redd": ""}})
    assert (len(data.dataset), data.unlabelled) == (1, 1)


def test_numbers_are_cut_into_the_classes_of_training(tmp_path: Path) -> None:
    head = NetworkHead("age", "classes", ("young", "old"), "years")
    recipe = RECIPE.replace("colour", "age").replace(
        'classes = ["red", "green", "blue"]',
        'kind = "bins"\nfield = "years"\nedges = [30]\nclasses = ["young", "old"]\nunit = "years"',
    )
    recipe = recipe[: recipe.index("[[data]]")] + '[[data]]\npath = "a"\n' + recipe[recipe.index("[[heads]]") :]
    made = model(tmp_path, heads=(head,), recipe=recipe)
    table = colour_table(tmp_path / "data", ["red1.png,29.5", "red2.png,30", "red3.png,"], "path,years")
    data = open_evaluation_data(made, table, EvaluateOptions())
    np.testing.assert_array_equal(data.targets["age"], [0, 1])


def test_only_some_rows(tmp_path: Path) -> None:
    lines = ["red1.png,red,real,p", "red2.png,blue,drawn,p"]
    data = opened(tmp_path, lines, "path,colour,kind,who", where={"kind": "real"}, group_column="who")
    assert [(item.path, item.group) for item in data.dataset.items] == [("red1.png", "p")]


SIDED = ["red1.png,red,train", "red2.png,red,val", "red3.png,red,val"]


def test_the_side_that_the_data_says(tmp_path: Path) -> None:
    data = opened(tmp_path, SIDED, "path,colour,split", split="val")
    assert [item.path for item in data.dataset.items] == ["red2.png", "red3.png"]
    assert "No picture of" in refused(tmp_path, SIDED, "path,colour,split", split="test")
    assert "no side 'vale'" in refused(tmp_path, SIDED, "path,colour,split", split="vale")


@pytest.mark.parametrize("before", ["", "table/", "another/"])
def test_the_side_that_a_file_says(before: str, tmp_path: Path) -> None:
    file = tmp_path / "split.csv"
    file.write_text(f"key,split\n{before}red1.png,val\n{before}red2.png,train\n{before}gone.png,val\n")
    data = opened(tmp_path, SIDED, "path,colour,split", split="val", split_file=file)
    assert [item.path for item in data.dataset.items] == ["red1.png"]


def test_a_split_of_other_data_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "split.csv"
    file.write_text("key,split\nsomething.png,val\n")
    assert "is in" in refused(tmp_path, SIDED, "path,colour,split", split_file=file)


def test_a_run_goes_by_its_own_split_and_warns_of_what_it_has_learnt(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "split.csv").write_text("key,split\nred1.png,val\nred2.png,train\n")
    made = replace(model(tmp_path), run=run)
    table = colour_table(tmp_path / "data", SIDED, "path,colour,split")
    data = open_evaluation_data(made, table, EvaluateOptions(split="val"))
    assert [item.path for item in data.dataset.items] == ["red1.png"]
    everything = open_evaluation_data(made, table, EvaluateOptions())
    assert "has learnt from 1 of the 3 pictures" in everything.notes[-1]
    other = colour_table(tmp_path / "other", ["green1.png,green,val"], "path,colour,split")
    foreign = open_evaluation_data(made, other, EvaluateOptions(split="val"))
    assert len(foreign.dataset) == 1  # the run's split knows nothing of it, and the data says its sides itself
