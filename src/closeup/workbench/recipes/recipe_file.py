"""Reads and writes recipes, the TOML files that say how to train; a complaint names the line and the way out."""

import os
import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_origin

from closeup.core.errors import InputError
from closeup.documents.form import Form, Place, describe, nearest, place_name, quoted, type_at
from closeup.documents.toml_text import toml_value
from closeup.workbench.recipes.checks import check
from closeup.workbench.recipes.detector import DetectorRecipe, check_detector
from closeup.workbench.recipes.recipe import Recipe

AnyRecipe = TypeVar("AnyRecipe", Recipe, DetectorRecipe)

MAX_BYTES = 1024 * 1024
"""A file above this is refused unread; recipes have a few kilobytes."""

RECIPE = Form(Recipe, "closeup recipe", check=check)
DETECTOR = Form(DetectorRecipe, "closeup recipe of a detector", check=check_detector)

_LISTS = ("data", "heads", "stages")
_ALL = "*"


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read the recipe of an image classifier at `path`, as `read_any_recipe` does.

    Raises:
        InputError: As there; or it is one of a detector.
    """
    found = read_any_recipe(path, overrides)
    if isinstance(found, DetectorRecipe):
        raise InputError(f"{path} is the recipe of a detector, and no image classifier's.")
    return found


def read_any_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe | DetectorRecipe:
    """Read the recipe at `path`; paths in it stay as they are written there, relative to its folder.

    Args:
        path: A TOML file.
        overrides: Values that replace those of the file, as `recipe_from_toml` takes them.

    Raises:
        InputError: If there is no such file, or it is no recipe; says the line, and the nearest key to an unknown one.
    """
    text = _text(path)
    if _is_detector(text):
        return _parse(text, path.name, overrides, DETECTOR)
    return _parse(text, path.name, overrides, RECIPE)


def _is_detector(text: str) -> bool:
    """Whether a recipe says that its task is detection; what is no TOML says nothing."""
    try:
        return tomllib.loads(text).get("task") == "detection"
    except (ValueError, RecursionError):
        return False


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MB, and that is no recipe.")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        near = nearest(path.name, sorted(other.name for other in path.parent.glob("*.toml")))
        hint = f"Did you mean {path.parent / near}?" if near else "Name a recipe, a file that ends in .toml."
        raise InputError(f"There is no recipe at {path}.", hint) from error
    except OSError as error:
        raise InputError(f"Cannot read the recipe {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The recipe {path} is not UTF-8 text.", "Save it as UTF-8.") from error
    return text


def recipe_from_toml(text: str, base: Path | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe from its text.

    Args:
        text: TOML 1.0.
        base: Where given, relative paths in the recipe become absolute ones below this folder.
        overrides: "KEY=VALUE" each, "stages.0.epochs=3": tables of a list by their number, counted from 0, or "*" for
            all of them; the value as TOML writes it, and texts without quotes too: "model.architecture=resnet18".

    Raises:
        InputError: If it is no recipe: not TOML, a key that is not known, a value of the wrong kind or out of its
            range, or values that do not fit each other.
    """
    recipe = _parse(text, "The recipe", overrides, RECIPE)
    return recipe if base is None else with_absolute_paths(recipe, base)


def detector_from_toml(text: str) -> DetectorRecipe:
    """Read a detector's recipe from its text; raises as `recipe_from_toml` does."""
    return _parse(text, "The recipe", (), DETECTOR)


def recipe_to_toml(recipe: Recipe | DetectorRecipe) -> str:
    """The text of a recipe with every key, also those that have their defaults; reads back equal."""
    document = asdict(recipe)
    tables = {name: value for name, value in document.items() if name in _LISTS or is_dataclass(getattr(recipe, name))}
    parts = ["\n".join(f"{name} = {toml_value(value)}" for name, value in document.items() if name not in tables)]
    for name, value in tables.items():
        for table in value if name in _LISTS else (value,):
            lines = [f"{key} = {toml_value(item)}" for key, item in table.items()]
            parts.append("\n".join([f"[[{name}]]" if name in _LISTS else f"[{name}]", *lines]))
    return "\n\n".join(parts) + "\n"


def check_recipe(recipe: Recipe | DetectorRecipe) -> None:
    """Hold a recipe that was made in Python to the rules that hold for files: then what is written reads back.

    Raises:
        InputError: If a value is out of its range, or values do not fit each other.
    """
    (DETECTOR if isinstance(recipe, DetectorRecipe) else RECIPE).from_data(asdict(recipe), "The recipe")


def with_absolute_paths(recipe: Recipe, base: Path) -> Recipe:
    """The recipe with every relative path made absolute, below `base`; "~" is the home folder."""

    def absolute(path: str) -> str:
        return os.path.abspath(base / Path(path).expanduser()) if path else ""  # noqa: PTH100 (keeps links)

    weights = recipe.model.weights
    return replace(
        recipe,
        data=tuple(replace(one, path=absolute(one.path), corrections=absolute(one.corrections)) for one in recipe.data),
        split=replace(recipe.split, file=absolute(recipe.split.file)),
        model=replace(recipe.model, weights=weights if weights == "imagenet" else absolute(weights)),
        heads=tuple(replace(head, soft_labels=absolute(head.soft_labels)) for head in recipe.heads),
    )


def _parse(text: str, name: str, overrides: Sequence[str], form: Form[AnyRecipe]) -> AnyRecipe:
    text = text.replace("\r\n", "\n")
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply.") from error
    except ValueError as error:  # no TOML, or a number of thousands of digits
        hint = 'A line is KEY = VALUE, [TABLE] or [[TABLE]]; texts stand in "".'
        raise InputError(f"{name} is not valid TOML: {error}.", hint) from error
    typed = override(document, overrides)

    def where(place: Place) -> str:
        for length in range(len(place), 0, -1):
            if place[:length] in typed:
                return typed[place[:length]]
        line = line_of(place, text)
        return f"{name}, line {line}" if line else name

    return form.from_data(document, name, where)


def line_of(place: Place, text: str) -> int | None:
    """The line, counted from 1, of the statement in a TOML text that begins what stands at `place`.

    Of something inside a value it is the value's line, of something that is missing that of the table around it; None
    where there is neither. Text cut off after a statement is TOML again: so the first cut is looked for that has it.
    """
    lines = text.split("\n")

    def statements(count: int) -> tuple[int, Any]:
        """Of the first `count` lines those that are whole statements: how many, and the document that they make."""
        for end in range(count, 0, -1):
            try:
                return end, tomllib.loads("\n".join(lines[:end]))
            except ValueError:
                continue
        return 0, {}

    for length in range(len(place), 0, -1):
        end = bisect_left(range(len(lines) + 1), True, key=lambda n: _holds(statements(n)[1], place[:length]))
        if end <= len(lines):
            return statements(end - 1)[0] + 1
    return None


def _holds(document: Any, place: Place) -> bool:
    """Whether a TOML document has something at `place`."""
    for key in place:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def override(document: dict[str, Any], overrides: Sequence[str]) -> dict[Place, str]:
    """Put values into a document, in order.

    Args:
        document: As `tomllib` gives it; changed in place.
        overrides: As `recipe_from_toml` takes them.

    Returns:
        What was typed, by the places that it has set.

    Raises:
        InputError: If one is not of that form, or leads to no place. Whether a key is known is not looked at here.
    """
    if overrides and "stages" not in document:
        document["stages"] = [{}]  # a recipe without stages has one, all of defaults
    typed: dict[Place, str] = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{text} has no value.", f"Write {key.strip()}=VALUE")
        for place in _places(document, _dotted_key(key.strip(), text), text):
            _put(document, place, _value(place, value.strip()), text)
            typed[place] = text
    return typed


def _dotted_key(key: str, text: str) -> tuple[str, ...]:
    """The parts of a key as TOML writes it, bare or quoted: ("a", "b.c") for 'a."b.c"'."""
    parts: list[str] = []
    try:
        value: Any = tomllib.loads(f"{key.replace(_ALL, quoted(_ALL))} = true") if "\n" not in key else {}
    except (ValueError, RecursionError):
        value = {}
    while isinstance(value, dict) and len(value) == 1:
        ((part, value),) = value.items()
        parts.append(part)
    if value is not True:
        raise InputError(f"{text}: {key!r} is no key.", "Write KEY=VALUE, such as stages.0.epochs=3")
    return tuple(parts)


def _places(document: dict[str, Any], parts: tuple[str, ...], text: str) -> list[Place]:
    """The places that are meant: several where a star stands for every table of a list."""
    if len(parts) < 2 or parts[0] not in _LISTS:
        return [parts]
    name, number, *below = parts
    tables = document.get(name)
    count = len(tables) if isinstance(tables, list) else 0
    if number == _ALL and count:
        numbers = list(range(count))
    elif number.isdecimal() and number.isascii() and int(number[:9]) < count:
        numbers = [int(number[:9])]
    else:
        there = f"{count} of [[{name}]], counted from 0" if count else f"no [[{name}]]"
        raise InputError(f"{text}: the recipe has {there}.", f"Write {name}.0.KEY=VALUE")
    if not below:
        raise InputError(f"{text}: {name}.{number} is a whole table.", f"Name a key: {name}.{number}.KEY=VALUE")
    return [(name, at, *below) for at in numbers]


def _put(document: dict[str, Any], place: Place, value: object, text: str) -> None:
    inner: Any = document
    for depth, part in enumerate(place[:-1], 1):
        inner = inner[part] if isinstance(part, int) else inner.setdefault(part, {})
        if not isinstance(inner, dict | list) or (isinstance(inner, list) and not isinstance(place[depth], int)):
            at = place_name(place[:depth])
            raise InputError(f"{text}: {at} is {describe(inner)}, and has no keys.", f"Set {at} itself.")
    inner[place[-1]] = value


def _value(place: Place, text: str) -> object:
    """The value as TOML reads it, or the text itself where the recipe wants text or TOML reads nothing."""
    kind = type_at(Recipe, place)
    if (kind is str or get_origin(kind) is Literal) and text[:1] not in ('"', "'"):
        return text
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text
