import pytest

from closeup.core.errors import InputError
from closeup.workbench.recipes.recipe import Recipe, StageRecipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml

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
        (
            "stages.0.epoch=3",
            r"^stages\.0\.epoch=3: stages\[0\] has a field that is not known: 'epoch'\.\nDid you mean 'epochs'\?",
        ),
        ("trainig.seed=3", r"not known: 'trainig'\.\nDid you mean 'training'\?"),
        ("training.epochs=3", "training has a field that is not known: 'epochs'"),
        ("stages.2.epochs=3", r"the recipe has 2 of \[\[stages\]\], counted from 0"),
        ("stages.-1.epochs=3", r"the recipe has 2 of"),
        ("stages.99999999999999999999.epochs=3", r"the recipe has 2 of"),
        ("stages.².epochs=3", r"is no key"),
        ("stages.epochs=3", r"the recipe has 2 of \[\[stages\]\]"),
        ("stages.0=3", r"stages\.0 is a whole table"),
        ("stages=3", "stages must be a list, not 3"),
        ("training=3", "training must be an object, not 3"),
        ("stages.0.epochs", r"has no value\.\nWrite stages\.0\.epochs=VALUE"),
        ("=3", r"'' is no key"),
        ("a b=3", r"'a b' is no key"),
        ("a=1\nb=2", "not known: 'a'"),
        ("stages.0.epochs=1\nx = 2", r"stages\[0\]\.epochs must be a whole number from"),
        ("name.first=3", r"name is 'x', and has no keys\.\nSet name itself"),
        ("alignment.0=3", "alignment must be a list, not an object"),
        (
            "stages.0.epochs=2.5",
            r"^stages\.0\.epochs=2\.5: stages\[0\]\.epochs must be a whole number from 1 to 100000, not 2\.5",
        ),
        ("stages.0.epochs=many", "must be a whole number from 1 to 100000, not 'many'"),
        ("stages.0.epochs=true", "must be a whole number from 1 to 100000, not true"),
        ("training.flip_test=1", r"must be true or false, not 1"),
        ("stages.*.epochs=0", r"^stages\.\*\.epochs=0: stages\[0\]\.epochs must be a whole number from 1"),
        ("stages.0.learning_rate=nan", "must be a number above 0 and up to 100"),
        ("summary=\udcff", "summary must be text in quotes, without control characters"),
    ],
)
def test_what_is_refused(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(override)


def test_a_rule_that_two_keys_break_names_the_typed_one() -> None:
    with pytest.raises(InputError, match=r"^split\.test=0\.9: val and test together"):
        read("split.test=0.9")
