"""From the values of a TOML document to the dataclasses of a recipe, led by their annotations."""

import datetime
import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

from closeup.core.errors import InputError
from closeup.workbench.recipe import Recipe
from closeup.workbench.toml_lines import Key, line_of

_MAX_INTEGER = 2**53 - 1
"""Above it, whole numbers are no longer exact everywhere."""

_MAX_DIGITS_SHOWN = 15

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of surrogate pairs, which the command line can hold and no file can."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What the values of a recipe were read from.

    Attributes:
        name: Of the file, for complaints.
        lines: Of its keys, as `toml_lines.key_lines` gives them.
        given: Keys that came from the command line, with what was typed there.
    """

    name: str
    lines: Mapping[Key, int]
    given: Mapping[Key, str]

    def refuse(self, key: Key, message: str, hint: str = "") -> NoReturn:
        """Complain about the value at `key`.

        Raises:
            InputError: Always; says the line, or what was typed on the command line.
        """
        for length in range(len(key), 0, -1):
            if key[:length] in self.given:
                raise InputError(f"--set {self.given[key[:length]]}: {message}.", hint)
        line = line_of(key, self.lines)
        place = self.name if line is None else f"{self.name}, line {line}"
        raise InputError(f"{place}: {message}.", hint)


def spell(key: Key) -> str:
    """A key as `--set` takes it: "stages.0.epochs"."""
    return ".".join(str(part) for part in key)


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of `known` that is spelt most like `word`, upper and lower case apart; "" where none is like it."""
    spelt = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), spelt, n=1)
    return spelt[near[0]] if near else ""


@cache
def annotations(kind: type) -> Mapping[str, Any]:
    """The annotation of every field of a dataclass, in order."""
    return get_type_hints(kind)


def annotation_at(key: Key) -> Any:
    """What a recipe has at `key`, as an annotation; None where it has nothing of that name."""
    kind: Any = Recipe
    for part in key:
        if isinstance(kind, type) and is_dataclass(kind):
            kind = annotations(kind).get(str(part))
        elif get_origin(kind) is tuple and isinstance(part, int):
            kind = get_args(kind)[0]
        elif get_origin(kind) is Mapping:
            kind = get_args(kind)[1]
        else:
            return None
    return kind


def build(kind: Any, value: object, key: Key, origin: Origin) -> Any:
    """Turn one value into what the annotation `kind` says.

    Args:
        kind: A dataclass, str, int, float, bool, Literal, tuple or Mapping of these.
        value: As `tomllib` gives it.
        key: Where it stands.
        origin: For complaints.

    Raises:
        InputError: If it is of another kind, or a key is missing or not known.
    """
    if isinstance(kind, type) and is_dataclass(kind):
        return _build_table(kind, _table(value, key, origin), key, origin)
    if get_origin(kind) is Mapping:
        inner = get_args(kind)[1]
        return {
            _text(name, (*key, name), origin): build(inner, item, (*key, name), origin)
            for name, item in _table(value, key, origin).items()
        }
    if get_origin(kind) is tuple:
        return _build_list(get_args(kind), value, key, origin)
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), value, key, origin)
    if kind is bool:
        return value if isinstance(value, bool) else origin.refuse(key, _must(key, "true or false", value))
    if kind is str:
        return _text(value, key, origin)
    return _number(kind, value, key, origin)


def _build_table(kind: type, table: Mapping[str, Any], key: Key, origin: Origin) -> Any:
    known: dict[str, Field[Any]] = {item.name: item for item in fields(kind)}
    for name in table:
        if name not in known:
            origin.refuse((*key, name), *_unknown(name, known, key))
    hints = annotations(kind)
    values = {name: build(hints[name], value, (*key, name), origin) for name, value in table.items()}
    for name, item in known.items():
        if name not in table and item.default is MISSING and item.default_factory is MISSING:
            example = f"[[{name}]]" if get_origin(hints[name]) is tuple else f'{name} = "..."'
            origin.refuse(key, f"{spell((*key, name))!r} is missing", f"Add {example}.")
    return kind(**values)


def _unknown(name: str, known: Iterable[str], key: Key) -> tuple[str, str]:
    """Message and hint for a key that there is not."""
    homes = [spell((table,)) for table, kind in _tables().items() if name in annotations(kind) and (table,) != key[:1]]
    if near := nearest(name, known):
        hint = f"Did you mean {near!r}?"
    elif homes:
        hint = f"{name!r} belongs to {' or '.join(homes)}."
    else:
        hint = f"Known here: {', '.join(known)}."
    return f"unknown key {spell((*key, name))!r}", hint


@cache
def _tables() -> Mapping[str, type]:
    """The tables of a recipe by their keys."""
    found = {}
    for name, kind in annotations(Recipe).items():
        inner = get_args(kind)[0] if get_origin(kind) is tuple else kind
        if isinstance(inner, type) and is_dataclass(inner):
            found[name] = inner
    return found


def _build_list(items: tuple[Any, ...], value: object, key: Key, origin: Origin) -> tuple[Any, ...]:
    """A list of any length, (kind, ...), or of one kind for each place."""
    if not isinstance(value, list):
        tables = isinstance(items[0], type) and is_dataclass(items[0])
        must = f"a list of tables, [[{spell(key)}]]" if tables else "a list"
        origin.refuse(key, _must(key, must, value))
    kinds = [items[0]] * len(value) if items[-1] is Ellipsis else items
    if len(kinds) != len(value):
        origin.refuse(key, _must(key, f"a list of {len(kinds)}", value))
    return tuple(
        build(kind, item, (*key, at), origin) for at, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _table(value: object, key: Key, origin: Origin) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        must = f"a table, [{spell(key)}]" if key[:1] in {(name,) for name in _tables()} else "a table"
        origin.refuse(key, _must(key, must, value))
    return value


def _choice(choices: tuple[str, ...], value: object, key: Key, origin: Origin) -> str:
    if not isinstance(value, str) or value not in choices:
        near = nearest(value, choices) if isinstance(value, str) else ""
        listed = ", ".join(f'"{choice}"' for choice in choices)
        origin.refuse(key, _must(key, f"one of {listed}", value), f'Did you mean "{near}"?' if near else "")
    return value


def _text(value: object, key: Key, origin: Origin) -> str:
    if not isinstance(value, str):
        origin.refuse(key, _must(key, "a text in quotes", value))
    if _UNFIT.search(value):
        origin.refuse(key, f"{spell(key)} has a line break or another control character in it: {ascii(value)[:60]}")
    return value


def _number(kind: type, value: object, key: Key, origin: Origin) -> float:
    must = "a whole number" if kind is int else "a number"
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        origin.refuse(key, _must(key, must, value))
    if (isinstance(value, int) and abs(value) > _MAX_INTEGER) or not math.isfinite(value):
        origin.refuse(key, f"{spell(key)} must be {must} of reasonable size")
    return kind(value)  # type: ignore[no-any-return]


def _must(key: Key, must: str, value: object) -> str:
    return f"{spell(key) or 'it'} must be {must}, not {describe(value)}"


def describe(value: object) -> str:
    """A value in a few words."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date | datetime.time):
        return "a date or time"
    if isinstance(value, str) and len(ascii(value)) <= 60:
        return ascii(value) if not value.isprintable() else f'"{value}"'
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, int) and abs(value) < 10**_MAX_DIGITS_SHOWN:
        return str(value)
    return "what is there"
