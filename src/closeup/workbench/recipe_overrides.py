"""Values from the command line in the place of those of a recipe's file: `--set stages.0.epochs=3`."""

import tomllib
from collections.abc import Sequence
from typing import Any, Literal, get_origin

from closeup.core.errors import InputError
from closeup.workbench.recipe_values import annotation_at, describe, spell
from closeup.workbench.toml_lines import Key, dotted_key

_LISTS = {"data": "[[data]]", "heads": "[[heads]]", "stages": "[[stages]]"}
_ALL = "*"


def override(document: dict[str, Any], overrides: Sequence[str]) -> dict[Key, str]:
    """Put values into a document, in order.

    Args:
        document: As `tomllib` gives it; changed in place.
        overrides: "KEY=VALUE" each. Tables of a list go by their number, counted from 0, "*" for all of them. The
            value stands as in TOML; a text may stand without quotes.

    Returns:
        What was typed, by the keys that it has set.

    Raises:
        InputError: If one is not of that form, or leads to no place. Whether a key is known is not looked at here.
    """
    if overrides and "stages" not in document:
        document["stages"] = [{}]  # a recipe without stages has one, all of defaults
    typed: dict[Key, str] = {}
    for text in overrides:
        parts, value = _split(text)
        for key in _places(document, parts, text):
            _put(document, key, _value(key, value), text)
            typed[key] = text
    return typed


def _split(text: str) -> tuple[tuple[str, ...], str]:
    typed, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"--set {text} has no value.", f"Write --set {typed.strip()}=VALUE")
    try:
        parts = dotted_key(typed.strip().replace(_ALL, f'"{_ALL}"'))
    except (ValueError, RecursionError) as error:
        raise InputError(f"--set {text}: {typed.strip()!r} is no key.", "Write --set stages.0.epochs=3") from error
    return parts, value.strip()


def _places(document: dict[str, Any], parts: tuple[str, ...], text: str) -> list[Key]:
    """The keys that are meant: several where a star stands for every table of a list."""
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
        tables_there = f"{count} of {_LISTS[name]}, counted from 0" if count else f"no {_LISTS[name]}"
        raise InputError(f"--set {text}: the recipe has {tables_there}.", f"Write --set {name}.0.KEY=VALUE")
    if not below:
        raise InputError(f"--set {text}: {name}.{number} is a whole table.", f"Name a key: {name}.{number}.KEY=VALUE")
    return [(name, at, *below) for at in numbers]


def _put(document: dict[str, Any], key: Key, value: object, text: str) -> None:
    place: Any = document
    for depth, part in enumerate(key[:-1], 1):
        place = place[part] if isinstance(part, int) else place.setdefault(part, {})
        if not isinstance(place, dict | list) or (isinstance(place, list) and not isinstance(key[depth], int)):
            at = spell(key[:depth])
            raise InputError(f"--set {text}: {at} is {describe(place)}, and has no keys.", f"Set {at} itself.")
    place[key[-1]] = value


def _value(key: Key, text: str) -> object:
    """The value as TOML reads it, or the text itself where the recipe wants text or TOML reads nothing."""
    kind = annotation_at(key)
    quoted = text[:1] in ('"', "'")
    if (kind is str or get_origin(kind) is Literal) and not quoted:
        return text
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text
