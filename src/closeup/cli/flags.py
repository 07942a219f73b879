"""Flags that derive from an options dataclass: name, type, default, choices and help are declared with its fields.

A field `min_face_px: int = 24` is the flag `--min-face PX`; one that is True by default is turned off by `--no-NAME`; a
mapping is given as NAME=NUMBER or NAME=VALUE, and a list by its singular, again and again. The help is what the class
says below "Attributes".
"""

import functools
import inspect
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields
from datetime import date, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperGroup

from closeup.cli.hints import flag_name
from closeup.cli.output import QUIET, be_quiet
from closeup.core.errors import InputError
from closeup.core.fields import OneOf, Within

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but errors and what was left out.", callback=be_quiet)
]
AnswerOnly = Annotated[bool, typer.Option("--quiet", "-q", help=QUIET, callback=be_quiet)]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="WHERE",
        help="Share the work with other processes: local:N has N of this machine do it.",
        show_default="this process",
    ),
]
Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Folder that the runs are in.")]
RUNS = Path("runs")
Report = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to make: report.html, and what JSON has.")
]


class FirstByDefault(TyperGroup):
    """A group whose first command need not be named: `closeup act A B` is `closeup act compare A B`."""

    @property
    def first(self) -> str:
        """The command that need not be named."""
        return next(iter(self.commands))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first command's name before arguments that name none."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = [self.first, *args]
        return super().parse_args(ctx, args)


_UNITS = {"_s": "S", "_px": "PX", "_fps": "RATE", "_far": "RATE", "_column": "NAME"}
"""Endings of names that say a unit, and how the help calls such a value."""

_METAVARS: dict[Any, str] = {int: "N", float: "X", Path: "FILE", str: "TEXT"}


def with_flags(*kinds: type, leave_out: Collection[str] = ()) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take a flag for each field of options dataclasses.

    Args:
        leave_out: Fields that this command has no flag for.

    Returns:
        A decorator for a command with a parameter `given: Given`: in it arrive the values of the fields that were
        given, by name, so that `kind(**given)` are the options, or `given.of(kind)` those of one of several.
    """
    made: list[_Flag] = []
    for kind in kinds:
        notes, types = _attributes(kind), get_type_hints(kind, include_extras=True)
        made += [_Flag(each, types[each.name], notes[each.name]) for each in fields(kind) if each.name not in leave_out]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            context = arguments.pop(_CONTEXT)
            values = {flag: arguments.pop(flag.field) for flag in made}
            given = Given(
                {flag.field: flag.read(value) for flag, value in values.items() if value not in (None, [])},
                {flag.field for flag in made if context.get_parameter_source(flag.field).name == "COMMANDLINE"},
            )
            command(**arguments, given=given)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            parameters += [flag.parameter for flag in made] if parameter.name == "given" else [parameter]
        parameters.append(inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del run.__wrapped__
        return run

    return decorate


class Given(dict[str, Any]):
    """Values of flags by their fields, typed or the defaults of a file.

    Attributes:
        typed: Those alone that were typed.
    """

    def __init__(self, values: Mapping[str, Any], typed: Collection[str] | None = None) -> None:
        super().__init__(values)
        self.typed = {name: value for name, value in values.items() if typed is None or name in typed}

    def of(self, kind: type) -> dict[str, Any]:
        """Those that are fields of `kind`."""
        return {each.name: self[each.name] for each in fields(kind) if each.name in self}


_CONTEXT = "click_context"


class _Flag:
    """One flag: the parameter that the command line reads it by, and what the field makes of it."""

    def __init__(self, field: "Field[Any]", annotation: Any, help_text: str) -> None:
        kind, notes = _kind_and_notes(annotation)
        default: Any = field.default if field.default_factory is MISSING else field.default_factory()
        self.field = field.name
        self.read: Callable[[Any], Any] = _as_it_is
        name, typed = flag_name(field.name), kind
        unit = next((word for ending, word in _UNITS.items() if f"_{field.name}".endswith(ending)), _METAVARS.get(kind))
        option: dict[str, Any] = {"help": help_text, "metavar": unit, "show_default": _shown(default)}
        if kind is bool:
            name, option = (
                f"no-{name}" if default else name,
                {"help": f"{'Without this: ' * bool(default)}{help_text}", "show_default": False},
            )
            self.read = functools.partial(_opposite, default)
        elif kind is Mapping or get_origin(kind) is Mapping:
            name, typed = name.removesuffix("s"), list[str]
            option["metavar"], read = _pair_kinds(kind)
            self.read = functools.partial(read, f"--{name}")
        elif get_origin(kind) is tuple:
            name, typed, option["metavar"], self.read = name.removesuffix("s"), list[str], "NAME", tuple
        elif kind is date:
            typed, option["metavar"], option["formats"] = datetime, "DATE", ["%Y-%m-%d"]
            self.read = datetime.date
        elif get_origin(kind) in (Union, UnionType) and int in get_args(kind):
            words = [word for each in get_args(kind) for word in get_args(each)]
            typed, option["metavar"] = str, "|".join(["N", *words])
            self.read = functools.partial(number_or_word, f"--{name}", words)
        elif choices := [note.values for note in notes if isinstance(note, OneOf)]:
            typed, option["metavar"] = Literal[choices[0]], None
        elif ranges := [note for note in notes if isinstance(note, Within)]:
            option |= {"min": _bound(ranges[0].low, kind), "max": _bound(ranges[0].high, kind)}
        annotation = Annotated[typed | None, typer.Option(f"--{name}", **option)]
        self.parameter = inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
        )


def _kind_and_notes(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """A field's plain type, without "or None", and what is noted beside it."""
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        kind, more = _kind_and_notes(inner)
        return kind, (*notes, *more)
    if NoneType in get_args(annotation):
        return _kind_and_notes(next(each for each in get_args(annotation) if each is not NoneType))
    return annotation, ()


def _shown(default: Any) -> str | bool:
    """A default for the help; False where nothing is shown."""
    if isinstance(default, str):
        return default
    return f"{default:g}" if isinstance(default, int | float) else False


def _bound(number: float, kind: type) -> float | None:
    """An end of a range as the command line checks it; None where there is none."""
    return kind(number) if math.isfinite(number) else None


def _as_it_is(value: Any) -> Any:
    return value


def _opposite(default: bool, _: bool) -> bool:
    return not default


def _attributes(kind: type) -> dict[str, str]:
    """What a class says of its attributes in its docstring, by name."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", text, re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}


def number_or_word(flag: str, words: Collection[str], typed: str) -> int | str:
    """Read "2", or one of a few words.

    Raises:
        InputError: If it is neither.
    """
    if typed in words:
        return typed
    if typed.isascii() and typed.isdigit():
        return int(typed)
    raise InputError(
        f"{typed!r} is no whole number, nor {' or '.join(words)}.", f"Write, for instance: {flag} 2", example="2"
    )


def _pair_kinds(kind: Any) -> tuple[str, Callable[[str, list[str]], Any]]:
    """How the help calls an entry of a mapping, and what reads all entries."""
    value = _kind_and_notes(get_args(kind)[1])[0] if get_args(kind) else float
    if get_origin(value) is Mapping:
        return "NAME:OLD=NEW", _nested_words
    return ("NAME=NUMBER", _numbers) if value is float else ("NAME=VALUE", _words)


def _numbers(flag: str, pairs: list[str]) -> dict[str, float]:
    """Read "speech=0.5" and its like.

    Raises:
        InputError: If one is not a name and a number.
    """
    numbers = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        try:
            numbers[name.strip()] = float(value if sign else "none")
        except ValueError:
            raise InputError(
                f"{pair!r} is not a name and a number.", f"Write, for instance: {flag} speech=0.3"
            ) from None
    return numbers


def _words(flag: str, pairs: list[str], form: str = "NAME=VALUE") -> dict[str, str]:
    """Read "kind=real" and its like.

    Raises:
        InputError: If one is not a name and a value, or names what another does.
    """
    words: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name or name in words:
            raise InputError(f"{flag} {pair} cannot be used.", f"Write {flag} {form}, each name once.")
        words[name] = value
    return words


def _nested_words(flag: str, pairs: list[str]) -> dict[str, dict[str, str]]:
    """Read "expression:angry=anger" and its like.

    Raises:
        InputError: As `_words`.
    """
    nested: dict[str, dict[str, str]] = {}
    for name, value in _words(flag, pairs, "NAME:OLD=NEW").items():
        outer, mark, inner = name.partition(":")
        if not mark or not outer or not inner:
            raise InputError(f"{flag} {name}={value} cannot be used.", f"Write {flag} NAME:OLD=NEW.")
        nested.setdefault(outer, {})[inner] = value
    return nested
