"""Reads and writes recipes, the TOML files that say how to train; a complaint names the line and the way out."""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from closeup.core.errors import InputError
from closeup.workbench.recipe import Recipe
from closeup.workbench.recipe_checks import faults, fit_defaults
from closeup.workbench.recipe_overrides import override
from closeup.workbench.recipe_values import Origin, build, nearest
from closeup.workbench.toml_lines import key_lines

MAX_BYTES = 1024 * 1024
"""A file above this is refused unread; recipes have a few kilobytes."""

_TABLES = ("data", "split", "model", "heads", "augment", "stages", "training")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read the recipe at `path`; paths in it stay as they are written there, relative to its folder.

    Args:
        path: A TOML file.
        overrides: Values that replace those of the file, as `recipe_from_toml` takes them.

    Raises:
        InputError: If there is no such file, or it is no recipe; says the line, and the nearest key to an unknown one.
    """
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
    return _parse(text, path.name, overrides)


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
    recipe = _parse(text, "The recipe", overrides)
    return recipe if base is None else with_absolute_paths(recipe, base)


def recipe_to_toml(recipe: Recipe) -> str:
    """The text of a recipe with every key, also those that have their defaults; reads back equal."""
    single = [item.name for item in fields(recipe) if item.name not in _TABLES]
    parts = ["\n".join(f"{name} = {_written(getattr(recipe, name))}" for name in single)]
    for name in _TABLES:
        value = getattr(recipe, name)
        for table in value if isinstance(value, tuple) else (value,):
            lines = [f"{item.name} = {_written(getattr(table, item.name))}" for item in fields(table)]
            parts.append("\n".join([f"[[{name}]]" if isinstance(value, tuple) else f"[{name}]", *lines]))
    return "\n\n".join(parts) + "\n"


def check_recipe(recipe: Recipe) -> None:
    """Hold a recipe that was made in Python to the rules that hold for files: then what is written reads back.

    Raises:
        InputError: If a value is out of its range, or values do not fit each other.
    """
    for fault in faults(recipe):
        Origin("The recipe", {}, {}).refuse(fault.key, fault.message, fault.hint)


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


def _parse(text: str, name: str, overrides: Sequence[str]) -> Recipe:
    try:
        document: dict[str, Any] = tomllib.loads(text)
        lines = key_lines(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{name} is not valid TOML: {error}.", 'A line is KEY = VALUE, [TABLE] or [[TABLE]]; texts stand in "".'
        ) from error
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply.") from error
    except ValueError as error:  # a number of thousands of digits
        raise InputError(f"{name} is not valid TOML: {error}.") from error
    origin = Origin(name, lines, override(document, overrides))
    fit_defaults(document)
    recipe: Recipe = build(Recipe, document, (), origin)
    for fault in faults(recipe):
        origin.refuse(fault.key, fault.message, fault.hint)
    return recipe


def _written(value: object) -> str:
    """One value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON's escapes are TOML's
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        items = [f"{_written_key(key)} = {_written(item)}" for key, item in value.items()]
        return f"{{ {', '.join(items)} }}" if items else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_written(item) for item in value)}]"
    raise TypeError(f"a recipe has no values of kind {type(value).__name__}")


def _written_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _written(key)
