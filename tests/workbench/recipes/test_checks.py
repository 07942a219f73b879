from dataclasses import replace

import pytest

from closeup.core.errors import InputError
from closeup.workbench.recipes.checks import check
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe, Recipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml
from workbench.recipe_strategies import TABLES, ranges

SMALL = """
name = "x"
[[data]]
path = "a"
[[heads]]
name = "mask"
[[heads]]
name = "age"
kind = "value"
high = 100
[[heads]]
name = "group"
field = "age"
kind = "bins"
edges = [30, 60]
[[stages]]
[[stages]]
name = "second"
"""


def test_the_recipe_of_these_tests_is_a_good_one() -> None:
    check(recipe_from_toml(SMALL))


@pytest.mark.parametrize("name", TABLES)
def test_the_ends_of_every_range(name: str) -> None:
    table = f"{name}.0" if name in ("data", "heads", "stages") else name
    for key, (kind, allowed) in ranges(name).items():
        low, high = kind(allowed.low), kind(allowed.high)
        below, above = (low - 1, high + 1) if kind is int else (low - 1e-6, high * 1.001)
        for value, fine in ((below, False), (above, False), (low, not allowed.above), (high, not allowed.below)):
            if name == "split" and fine:
                continue  # the two shares limit each other, too
            refused = _refusal(f"{table}.{key}={value!r}")
            assert (refused is None) == fine, f"{table}.{key}={value!r}: {refused}"


def _refusal(*overrides: str) -> str | None:
    try:
        recipe_from_toml(SMALL, None, overrides)
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("name=a/b", "name must be letters, digits"),
        ("name=..", "name must be letters"),
        ("name=", "name must be letters"),
        ("data=[]", r"data is empty\.\nAdd a table \[\[data\]\]"),
        ("heads=[]", "heads is empty"),
        ("stages=[]", "stages is empty"),
        ("alignment=[[0.3, 0.3]]", "five points"),
        (
            "alignment=[[0.3,0.3],[0.3,0.3],[0.3,0.3],[0.3,0.3],[30,30]]",
            r"alignment\[4\]\[0\] must be a number from 0 to 1, not 30",
        ),
        ("data.0.path= ", "path is empty"),
        ("data.0.path_column=", "path_column is empty"),
        ("data.0.only=valid", r"data\[0\].only must be '', 'train', 'val' or 'test', not 'valid'"),
        ("data.0.fields={maks='label'}", 'fields speaks of "maks", which no head learns.\nDid you mean "mask"'),
        ("data.0.rename={colour={a='b'}}", 'rename speaks of "colour", .*\nThe heads learn: age, mask'),
        ("data.0.constant={colour='b'}", 'constant speaks of "colour"'),
        (
            "data.0.fields={mask='label'}",
            'no \\[\\[data\\]\\] has the labels that the head "age" learns.\n.*age = "COL',
        ),
        ("split.val=0.5|split.test=0.5", "nothing to train on"),
        ("split.stratify=maks", 'stratify must be one of "age", "mask", not "maks".\nDid you mean "mask"'),
        ("model.architecture=", "a name that timm knows"),
        ("model.architecture=hf-hub:timm/resnet18", "a name that timm knows"),
        ("model.mean=[0.485, 0.456, 300]", r"model.mean\[2\] must be a number from 0 to 255, not 300"),
        ("model.std=[0.229, 0.224, 0.225]", r"model.std\[0\] must be a number from 1 to 255"),
        ("model.std=[1, 2]", "model.std must be a longer list, not a list of 2"),
        ("heads.0.name=1st", "a letter, then letters, digits"),
        ("heads.0.name=mask.state", "a letter, then letters, digits"),
        ("heads.0.name=picture", "the network's input is called so"),
        ("heads.0.name=Age", r'two of \[\[heads\]\] are called "Age"'),
        ("heads.0.loss=mse", 'loss must be one of "cross_entropy", "focal" for kind = "classes", not "mse"'),
        ("heads.1.loss=focal", 'loss must be one of "smooth_l1", "l1", "mse", "distribution" for kind = "value"'),
        ("heads.0.classes=['a', 'b', 'a']", "a class is named twice"),
        ("heads.0.classes=['a', ' ']", "or has an empty name"),
        ("heads.0.classes=['a']", "two classes or more"),
        ("heads.2.classes=['a', 'b']", "2 edges make 3 classes, and 2 are named"),
        ("heads.1.classes=['a', 'b']", "classes is for kind ="),
        ("heads.2.edges=[]", "needs edges"),
        ("heads.2.edges=[60, 30]", "edges must rise"),
        ("heads.2.edges=[30, 30]", "edges must rise"),
        ("heads.0.edges=[30]", 'edges is for kind = "bins"'),
        ("heads.1.high=0", r"high \(0\) must be above low \(0\)"),
        ("heads.1.favour_rare=0.1", 'favour_rare is for kind = "classes" or "bins"'),
        ("heads.1.label_smoothing=0.1", 'label_smoothing is for kind = "classes" or "bins"'),
        ("heads.1.class_weights=sqrt", "class_weights is for kind"),
        ("heads.1.soft_labels=a.csv", "soft_labels is for kind"),
        ("heads.0.high=7", 'high is for kind = "value"'),
        ("heads.0.unit=g", 'unit is for kind = "value" or "bins"'),
        ("heads.0.kind=class", "kind must be 'classes', 'bins' or 'value'"),
        ("stages.0.name=Second", r'two of \[\[stages\]\] are called "Second"'),
        ("stages.0.optimizer=adamW", "optimizer must be 'sgd', 'adam', 'adamw'"),
        ("stages.0.part=5/4", 'there is no part "5/4"'),
        ("stages.0.part=0/4", "there is no part"),
        ("stages.0.part=1/0", "there is no part"),
        ("stages.0.part=half", "part must be"),
        ("stages.0.train=last-0", 'train must be "all", "heads" or "last-N"'),
        ("stages.0.train_norms=true", "freezes none"),
        ("stages.0.input_px=8", "input_px must be from 16 to 2048, or 0"),
        ("stages.0.schedule=cosin", "schedule must be 'constant', 'cosine'"),
        ("training.monitor=f1", "monitor must be 'loss', 'accuracy', "),
        ("training.monitor=mae", 'monitor must be one of "loss", "accuracy", .* for the first head, "mask"'),
        ("training.device=gpu", "device must be"),
        ("training.device=cpu|training.precision=16", "needs a GPU"),
        ("heads=[{name='age', kind='value', high=9}]|training.sampler=balanced", "Put a head with classes first"),
    ],
)
def test_what_does_not_fit(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        recipe_from_toml(SMALL, None, override.split("|"))


@pytest.mark.parametrize(
    "override",
    [
        "data.0.constant={mask='no'}",  # without `fields`, the rest is looked for under its own name
        "data.0.fields={mask='label', age='years'}",
        "split.val=0",
        "heads.2.classes=['a', 'b', 'c']",
        "heads.2.unit=years",
        "stages.0.part=4/4",
        "stages.0.train=last-3|stages.0.train_norms=true",
        "training.device=cuda:1",
        "heads=[{name='age', kind='value', high=9}]|training.monitor=mae",
    ],
)
def test_what_fits(override: str) -> None:
    assert _refusal(*override.split("|")) is None


def test_a_field_read_and_constant() -> None:
    both = DataSource("a", fields={"mask": "label"}, constant={"mask": "no"})
    with pytest.raises(InputError, match="both read from a column and constant"):
        check(Recipe("x", (both,), (HeadRecipe("mask"),)))


def test_sources_with_one_name() -> None:
    recipe = Recipe("x", (DataSource("a", "lfw"), DataSource("b", "LFW")), (HeadRecipe("mask"),))
    with pytest.raises(InputError, match=r'two of \[\[data\]\] are called "lfw"'):
        check(recipe)
    check(replace(recipe, data=(DataSource("a"), DataSource("b"))))
