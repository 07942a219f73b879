import json
import random
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.workbench.recipes import recipe_file
from closeup.workbench.recipes.detector import DetectorRecipe
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe, Recipe, StageRecipe
from closeup.workbench.recipes.recipe_file import (
    check_recipe,
    detector_from_toml,
    line_of,
    read_any_recipe,
    read_recipe,
    recipe_from_toml,
    recipe_to_toml,
    with_absolute_paths,
)
from workbench.recipe_strategies import recipes

ROOT = Path(__file__).resolve().parents[3]

SMALL = """\
name = "masks"

[[data]]
path = "mask3/labels.csv"
fields = { mask = "label" }

[[heads]]
name = "mask"
classes = ["mask", "no_mask"]

[augment]
rotation_deg = 10

[[stages]]
epochs = 2

[[stages]]
optimizer = "sgd"
"""


def test_a_small_recipe() -> None:
    recipe = recipe_from_toml(SMALL)
    assert recipe.name == "masks"
    assert recipe.data == (DataSource("mask3/labels.csv", fields={"mask": "label"}),)
    assert recipe.heads == (HeadRecipe("mask", classes=("mask", "no_mask")),)
    assert recipe.augment.rotation_deg == 10.0
    assert recipe.stages == (StageRecipe(epochs=2), StageRecipe(optimizer="sgd"))


def test_the_least_recipe_has_one_stage_of_defaults() -> None:
    recipe = recipe_from_toml('name = "x"\ndata = [{ path = "faces" }]\nheads = [{ name = "class" }]')
    assert recipe == Recipe("x", (DataSource("faces"),), (HeadRecipe("class"),))


@given(recipes())
@settings(max_examples=40)
def test_what_is_written_reads_back_equal(recipe: Recipe) -> None:
    check_recipe(recipe)
    text = recipe_to_toml(recipe)
    assert recipe_from_toml(text) == recipe
    assert recipe_to_toml(recipe_from_toml(text)) == text


def test_every_key_is_written() -> None:
    written = tomllib.loads(recipe_to_toml(recipe_from_toml(SMALL)))
    for name, table in written.items():
        kind = table[0] if isinstance(table, list) and table else table
        whole = getattr(recipe_from_toml(SMALL), name)
        one = whole[0] if isinstance(whole, tuple) and whole else whole
        if isinstance(kind, dict):
            assert set(kind) == set(type(one).__dataclass_fields__)
    assert set(written) == set(Recipe.__dataclass_fields__)


def test_a_number_is_learnt_with_a_loss_for_numbers() -> None:
    age = SMALL.replace('classes = ["mask", "no_mask"]', 'kind = "value"\nhigh = 100')
    assert recipe_from_toml(age).heads[0].loss == "smooth_l1"
    # Written out, a loss that does not fit is a mistake, and not mended.
    with pytest.raises(InputError, match=r"line 10: loss must be one of .* \"cross_entropy\""):
        recipe_from_toml(age.replace("high", 'loss = "cross_entropy"\nhigh'))


def test_a_file_is_read_and_its_name_is_in_complaints(tmp_path: Path) -> None:
    path = tmp_path / "masks.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())  # as Windows' editor saves it
    assert read_recipe(path, ["stages.0.epochs=7"]).stages[0].epochs == 7
    path.write_text(SMALL.replace("epochs", "epoch"))
    known = r"stages\[0\] has a field that is not known: 'epoch'\.\nDid you mean 'epochs'\?"
    with pytest.raises(InputError, match=rf"^masks\.toml, line 15: {known}"):
        read_recipe(path)


LINES = """
# a comment
name = "x"
alignment = [
  [0.1, 0.2],
]
[model]
std = [1, 2, 3]
[[data]]
path = \'\'\'
a\'\'\'
fields = { mask = "label" }

[[heads]]
name = "a"
[[heads]]
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("name",), 3),
        (("alignment", 0, 1), 4),
        (("model",), 7),
        (("model", "mean"), 7),
        (("model", "std", 2), 8),
        (("data", 0), 9),
        (("data", 0, "path"), 10),
        (("data", 0, "fields", "mask"), 12),
        (("heads", 0, "name"), 15),
        (("heads", 1, "name"), 16),
        (("stages",), None),
    ],
)
def test_the_line_of_a_place(place: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(place, LINES) == line


def test_a_file_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "masks.toml"
    path.write_text(SMALL)
    with pytest.raises(InputError, match=r"(?s)no recipe at .*mask\.toml.*Did you mean .*masks\.toml"):
        read_recipe(tmp_path / "mask.toml")
    with pytest.raises(InputError, match=r"ends in \.toml"):
        read_recipe(tmp_path / "nowhere" / "x.toml")
    with pytest.raises(InputError, match="Cannot read the recipe"):
        read_recipe(tmp_path)
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(InputError, match="not UTF-8"):
        read_recipe(path)
    monkeypatch.setattr(recipe_file, "MAX_BYTES", 5)
    with pytest.raises(InputError, match="larger than"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name =", "not valid TOML: Invalid value"),
        ("name = 'x'\nname = 'y'\n", r"(?s)not valid TOML: Cannot overwrite a value .*KEY = VALUE"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = " + "9" * 5000, "not valid TOML"),
        ("", "the document lacks the field 'name'"),
        ("name = 'x'", "the document lacks the field 'data'"),
        ("name = 'x'\n[data]\npath = 'y'", "line 2: data must be a list, not an object"),
    ],
)
def test_what_is_no_recipe(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        recipe_from_toml(text)


def test_paths_stay_as_written_or_become_absolute(tmp_path: Path) -> None:
    text = SMALL.replace('name = "mask"', 'name = "mask"\nsoft_labels = "teacher.csv"')
    text += '[model]\nweights = "imagenet"\n[split]\nfile = "../split.csv"'
    recipe = recipe_from_toml(text)
    assert recipe.data[0].path == "mask3/labels.csv"
    absolute = recipe_from_toml(text, tmp_path / "recipes")
    assert absolute == with_absolute_paths(recipe, tmp_path / "recipes")
    assert absolute.data[0].path == str(tmp_path / "recipes/mask3/labels.csv")
    assert absolute.data[0].corrections == ""
    assert absolute.heads[0].soft_labels == str(tmp_path / "recipes/teacher.csv")
    assert absolute.split.file == str(tmp_path / "split.csv")
    assert absolute.model.weights == "imagenet"
    assert with_absolute_paths(absolute, Path("/elsewhere")) == absolute


def test_a_run_as_start_is_a_path(tmp_path: Path) -> None:
    recipe = recipe_from_toml(SMALL, tmp_path, ["model.weights=../runs/r1", "data.0.path=~/faces"])
    assert recipe.model.weights == str(tmp_path.parent / "runs" / "r1")
    assert recipe.data[0].path == str(Path.home() / "faces")


def test_a_recipe_made_in_python_is_held_to_the_rules() -> None:
    recipe = recipe_from_toml(SMALL)
    check_recipe(recipe)
    with pytest.raises(InputError, match=r"stages\[0\]\.epochs must be a whole number from 1 to 100000, not 0"):
        check_recipe(replace(recipe, stages=(StageRecipe(epochs=0),)))


# Fuzz: whatever is in the file, a recipe comes out that reads back equal, or an InputError.


def outcome(text: str, overrides: list[str]) -> Recipe | None:
    with suppress(InputError):
        recipe = recipe_from_toml(text, None, overrides)
        assert recipe_from_toml(recipe_to_toml(recipe)) == recipe
        return recipe
    return None


values = st.recursive(
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers()
    | st.integers(320, 4000).map(lambda n: 10**n)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def toml(value: Any) -> str:
    """Any value in TOML's spelling; texts that TOML cannot hold come out as something that it refuses."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    return repr(value)


def lines_of(recipe: Recipe) -> Iterator[int]:
    for at, line in enumerate(recipe_to_toml(recipe).splitlines()):
        if " = " in line:
            yield at


@given(recipes(), values, st.integers(0, 10_000))
@settings(max_examples=80)
def test_any_value_at_any_key(recipe: Recipe, value: Any, where: int) -> None:
    lines = recipe_to_toml(recipe).splitlines()
    places = list(lines_of(recipe))
    at = places[where % len(places)]
    lines[at] = f"{lines[at].split(' = ')[0]} = {toml(value)}"
    outcome("\n".join(lines), [])


@given(st.integers(0, 10_000), st.integers(1, 6))
@settings(max_examples=150)
def test_damaged_text(seed: int, damages: int) -> None:
    chance = random.Random(seed)
    text = recipe_to_toml(recipe_from_toml(SMALL))
    for _ in range(damages):
        at = chance.randrange(len(text))
        piece = chance.choice(
            ["", "[", "]]", "[[", "\n", '"', '"""', "'''", "=", "#", "{", "}", ".", "\\", "-", "0", "é", "\0"]
        )
        text = text[:at] + piece + text[at + chance.randint(0, 3) :]
    outcome(text, [])


keys = st.lists(
    st.sampled_from(["stages", "data", "heads", "training", "0", "1", "*", "seed", "path", "name", "x", ""]), max_size=4
)


@given(keys.map(".".join) | st.text(max_size=10), st.text(max_size=8) | values.map(toml), st.booleans())
@settings(max_examples=200)
def test_any_override(key: str, value: str, equals: bool) -> None:
    outcome(SMALL, [f"{key}={value}" if equals else key])


def test_the_fuzz_lets_good_ones_through() -> None:
    assert outcome(SMALL, ["stages.*.epochs=4"]) is not None


# What comes with the source


def test_the_page_explains_every_key() -> None:
    pages = [(ROOT / "docs/concepts" / name).read_text("utf-8") for name in ("recipes.md", "augmentation.md")]
    keys = {key for table in tomllib.loads(recipe_to_toml(recipe_from_toml(SMALL))).items() for key in keys_of(*table)}
    assert {key for key in keys if not any(f"`{key}`" in page for page in pages)} == set()


def keys_of(name: str, value: Any) -> list[str]:
    table = value[0] if isinstance(value, list) and value else value
    return list(table) if isinstance(table, dict) else [name]


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_in_the_repository_can_be_read(path: Path) -> None:
    recipe = read_any_recipe(path)
    assert recipe.name == path.stem
    again = detector_from_toml if isinstance(recipe, DetectorRecipe) else recipe_from_toml
    assert again(recipe_to_toml(recipe)) == recipe


def test_the_two_rivals_see_the_same() -> None:
    """As many pictures of the same data, at the same size, with the same augmentation."""
    story, rival = (read_recipe(ROOT / f"recipes/masks-{name}.toml") for name in ("four-stages", "all-at-once"))
    assert replace(story, name=rival.name, summary=rival.summary, stages=rival.stages) == rival
    assert [(s.batch, s.learning_rate, s.part) for s in story.stages] == [
        (128, 1e-3, "1/4"),
        (32, 1e-4, "2/4"),
        (16, 1e-5, "3/4"),
        (16, 1e-4, "4/4"),
    ]
    assert sum(stage.epochs for stage in story.stages) / 4 == sum(stage.epochs for stage in rival.stages)
