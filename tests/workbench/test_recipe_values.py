import math
import tomllib
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.workbench.recipe import DataSource, HeadRecipe, ModelRecipe, Recipe
from closeup.workbench.recipe_values import Origin, annotation_at, build, describe, nearest, spell
from closeup.workbench.toml_lines import Key

NOWHERE = Origin("x.toml", {}, {})


def test_kinds() -> None:
    table: dict[str, Any] = {"path": "a", "fields": {"mask": "label"}, "rename": {"mask": {"a": "b"}}, "repeat": 2}
    source = build(DataSource, table, (), NOWHERE)
    assert source == DataSource("a", fields={"mask": "label"}, rename={"mask": {"a": "b"}}, repeat=2)
    head = build(HeadRecipe, {"name": "age", "kind": "bins", "edges": [30, 60.5], "weight": 2}, (), NOWHERE)
    assert head.edges == (30.0, 60.5)
    assert isinstance(head.weight, float)
    assert build(ModelRecipe, {"mean": [1, 2, 3], "grey": True}, (), NOWHERE) == ModelRecipe(mean=(1, 2, 3), grey=True)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("name = 3", "name must be a text in quotes, not 3"),
        ("name = 2026-11-21", "not a date or time"),
        ("name = 'a\u0007'", None),
        ('name = "a\\u0007"', r"name has a line break or another control character in it: 'a\\x07'"),
        ('summary = """\na\nb"""', r"summary has a line break"),
        ("name = []", "not a list of 0"),
        ("model = 3", r"model must be a table, \[model\], not 3"),
        ("model.input_px = 96.0", "model.input_px must be a whole number, not 96"),
        ("model.input_px = true", "must be a whole number, not true"),
        ("model.input_px = 9007199254740993", "must be a whole number of reasonable size"),
        ("model.drop_rate = inf", "must be a number of reasonable size"),
        ("model.drop_rate = nan", "must be a number of reasonable size"),
        ("model.drop_rate = '0.1'", r'model\.drop_rate must be a number, not "0\.1"'),
        ("model.grey = 1", "model.grey must be true or false, not 1"),
        ("model.mean = [1, 2]", "model.mean must be a list of 3, not a list of 2"),
        ("model.mean = [1, 2, 'x']", r'model\.mean\.2 must be a number, not "x"'),
        ("training.mode = 'frozn'", r'(?s)one of "fine-tune", "frozen", not "frozn".*Did you mean "frozen"'),
        ("training.mode = 3", 'one of "fine-tune", "frozen", not 3'),
        ("heads = [{ name = 'a', classes = 'b' }]", r'heads\.0\.classes must be a list, not "b"'),
        ("heads = { name = 'a' }", r"heads must be a list of tables, \[\[heads\]\], not a table"),
        ("data = [{ path = 'a', where = { kind = 3 } }]", r"data\.0\.where\.kind must be a text in quotes, not 3"),
        ("data = [{}]", r"'data\.0\.path' is missing"),
        ("batch = 3", "'batch' belongs to stages"),
        ("zzz = 3", "Known here: name, data, heads"),
        ("Model = {}", "Did you mean 'model'"),
    ],
)
def test_what_is_of_another_kind(toml: str, message: str | None) -> None:
    if message is None:
        with pytest.raises(tomllib.TOMLDecodeError):
            tomllib.loads(toml)
        return
    with pytest.raises(InputError, match=message):
        build(Recipe, tomllib.loads(toml), (), NOWHERE)


def test_a_complaint_names_the_nearest_place() -> None:
    origin = Origin("x.toml", {("stages", 0): 4, ("stages", 0, "batch"): 6}, {("model",): "model={}"})
    places: dict[Key, str] = {
        ("stages", 0, "batch"): "x.toml, line 6: no.",
        ("stages", 0, "epochs"): "x.toml, line 4: no.",
        ("data",): "x.toml: no.",
        ("model", "grey"): "--set model={}: no.",
    }
    for key, message in places.items():
        with pytest.raises(InputError) as caught:
            origin.refuse(key, "no")
        assert caught.value.message == message


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (("name",), str),
        (("stages", 3, "epochs"), int),
        (("data", 0, "where", "any"), str),
        (("data", 0, "rename", "any", "thing"), str),
        (("model", "mean", 2), float),
        (("stages", "epochs"), None),
        (("nothing",), None),
        (("name", "first"), None),
    ],
)
def test_annotations_by_place(key: Key, kind: type | None) -> None:
    assert annotation_at(key) is kind


def test_words() -> None:
    assert nearest("Epoch", ["batch", "epochs"]) == "epochs"
    assert nearest("ADAMW", ["adam", "adamw"]) == "adamw"
    assert nearest("zzz", ["batch"]) == ""
    assert nearest("x", []) == ""
    assert spell(("stages", 0, "epochs")) == "stages.0.epochs"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "a table"),
        ([1], "a list of 1"),
        (False, "false"),
        ("a", '"a"'),
        ("\n", r"'\n'"),
        ("a" * 100, "what is there"),
        (0.1, "0.1"),
        pytest.param(10**400, "what is there", id="googol"),
        (math.inf, "inf"),
        (tomllib.loads("a = 12:00:00")["a"], "a date or time"),
    ],
)
def test_values_in_words(value: object, words: str) -> None:
    assert describe(value) == words
