import pytest

from closeup.core.errors import InputError
from closeup.workbench.recipe import Recipe, StageRecipe
from closeup.workbench.recipe_file import recipe_from_toml

SMALL = """
name = "x"
data = [{ path = "a" }, { path = "b", name = "b", rename = { class = { "cat.1" = "cat" } } }]
heads = [{ name = "class" }]
[[stages]]
epochs = 2
[[stages]]
epochs = 3
"""


def read(*overrides: str) -> Recipe:
    return recipe_from_toml(SMALL, None, overrides)


def test_one_table_of_a_list() -> None:
    assert [stage.epochs for stage in read("stages.1.epochs=7").stages] == [2, 7]


def test_all_tables_of_a_list() -> None:
    assert [stage.batch for stage in read("stages.*.batch = 8").stages] == [8, 8]


def test_later_ones_win() -> None:
    assert [stage.epochs for stage in read("stages.*.epochs=1", "stages.0.epochs=9").stages] == [9, 1]


def test_tables_that_the_file_leaves_out() -> None:
    assert read("training.seed=4").training.seed == 4
    least = 'name = "x"\ndata = [{ path = "a" }]\nheads = [{ name = "class" }]'
    assert recipe_from_toml(least, None, ["stages.0.epochs=4"]).stages == (StageRecipe(epochs=4),)


@pytest.mark.parametrize("typed", ["resnet18", '"resnet18"', "'resnet18'", " resnet18 "])
def test_texts_with_and_without_quotes(typed: str) -> None:
    assert read(f"model.architecture={typed}").model.architecture == "resnet18"


def test_texts_that_look_like_numbers() -> None:
    recipe = read("training.precision=32", "name=2026", "data.0.where.year=2026", "stages.0.part=1/4")
    assert recipe.training.precision == "32"
    assert recipe.name == "2026"
    assert recipe.data[0].where == {"year": "2026"}
    assert recipe.stages[0].part == "1/4"


def test_texts_with_equals_signs() -> None:
    assert read("summary=a = b").summary == "a = b"
    assert read("data.0.where.year==1").data[0].where == {"year": "=1"}


def test_names_in_tables_of_names() -> None:
    assert read("data.1.rename.class.'cat.1'=dog").data[1].rename == {"class": {"cat.1": "dog"}}
    assert read("data.1.rename.class.mouse=rat").data[1].rename == {"class": {"cat.1": "cat", "mouse": "rat"}}


def test_lists_and_whole_tables() -> None:
    assert read("model.mean=[1, 2, 3.5]").model.mean == (1.0, 2.0, 3.5)
    assert read("stages=[{epochs=4}]").stages == (StageRecipe(epochs=4),)
    assert read("data.1.rename={}").data[1].rename == {}
    assert read('heads.0.classes=["a", "b"]').heads[0].classes == ("a", "b")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stages.0.epoch=3", r"^--set stages\.0\.epoch=3: unknown key 'stages\.0\.epoch'\.\nDid you mean 'epochs'\?"),
        ("trainig.seed=3", r"unknown key 'trainig'\.\nDid you mean 'training'\?"),
        ("training.epochs=3", r"'epochs' belongs to stages"),
        ("stages.2.epochs=3", r"the recipe has 2 of \[\[stages\]\], counted from 0"),
        ("stages.-1.epochs=3", r"the recipe has 2 of"),
        ("stages.99999999999999999999.epochs=3", r"the recipe has 2 of"),
        ("stages.².epochs=3", r"is no key"),
        ("stages.epochs=3", r"the recipe has 2 of \[\[stages\]\]"),
        ("stages.0=3", r"stages\.0 is a whole table"),
        ("stages=3", r"stages must be a list of tables, \[\[stages\]\], not 3"),
        ("training=3", r"training must be a table, \[training\], not 3"),
        ("stages.0.epochs", r"has no value\.\nWrite --set stages\.0\.epochs=VALUE"),
        ("=3", r"'' is no key"),
        ("a b=3", r"'a b' is no key"),
        ("a=1\nb=2", r"unknown key 'a'"),
        ("stages.0.epochs=1\nx = 2", r"stages\.0\.epochs must be a whole number, not "),
        ("name.first=3", r'name is "x", and has no keys\.\nSet name itself'),
        ("alignment.0=3", r"alignment must be a list, not a table"),
        ("stages.0.epochs=2.5", r"^--set stages\.0\.epochs=2\.5: stages\.0\.epochs must be a whole number, not 2\.5"),
        ("stages.0.epochs=many", r'must be a whole number, not "many"'),
        ("stages.0.epochs=true", r"must be a whole number, not true"),
        ("training.flip_test=1", r"must be true or false, not 1"),
        ("stages.*.epochs=0", r"^--set stages\.\*\.epochs=0: stages\.0\.epochs must be from 1"),
        ("stages.0.learning_rate=nan", r"must be a number of reasonable size"),
        ("summary=\udcff", r"summary has a line break or another control character"),
    ],
)
def test_what_is_refused(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(override)


def test_a_rule_that_two_keys_break_names_the_typed_one() -> None:
    with pytest.raises(InputError, match=r"^--set split\.test=0\.9: val and test together"):
        read("split.test=0.9")
