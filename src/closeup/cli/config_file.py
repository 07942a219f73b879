"""Defaults from closeup.toml: that of the folder, or of one above it, then the user's own; what is typed wins.

At the top stand settings that all commands share, by the names of `core.settings.VARIABLES`; a variable of the
environment wins over them. A table has a command's name, [cast] or [gallery.enrol], and its keys are the command's
flags without the dashes in front. What may be left out when a command is typed may be so here: [headline] is
[headline.write].
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from closeup.cli.flags import FirstByDefault
from closeup.cli.output import usage_words
from closeup.core.errors import InputError
from closeup.core.settings import VARIABLES, origin, use, user_config_dir

NAME = "closeup.toml"
MAX_BYTES = 1024 * 1024

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Default:
    """One default that a file gives.

    Attributes:
        place: The words of the command and the flag's name, ("cast", "detect-fps"); of a setting its name alone.
        parameter: How the command knows the flag; the setting's name.
        value: As the command takes it.
        origin: File and line, for people.
        counts: Whether nothing that stands before it says otherwise: a nearer file, the environment.
    """

    place: Place
    parameter: str
    value: Any
    origin: str
    counts: bool


def config_files(folder: Path) -> list[Path]:
    """The files that count in a folder: the nearest at or above it, then the user's own; what is there of them."""
    above = next((each / NAME for each in (folder, *folder.parents) if (each / NAME).is_file()), None)
    users = user_config_dir() / NAME
    return list(dict.fromkeys(path for path in (above, users) if path is not None and path.is_file()))


def read_defaults(root: Any, folder: Path) -> list[Default]:
    """What the files that count in a folder say, the nearest first.

    Args:
        root: The command line, a group of Typer's own click; groups that a file names are loaded by `root.load`.
        folder: Absolute.

    Raises:
        InputError: If a file cannot be read, is no TOML, or has a key that there is not, or a value of the wrong kind.
    """
    found: list[Default] = []
    for path in config_files(folder):
        before = {each.place for each in found}
        found += _read(path, root, before)
    return found


def as_default_map(defaults: list[Default]) -> dict[str, Any]:
    """The defaults of commands in click's own form: by the words of the command, one within another."""
    whole: dict[str, Any] = {}
    for each in reversed(defaults):
        inner = whole
        for word in each.place[:-1]:
            inner = inner.setdefault(word, {})
        if len(each.place) > 1:
            inner[each.parameter] = each.value
    return whole


def called(root: Any, words: Sequence[str]) -> Place:
    """The words of the command that is called by what was typed, with one that need not be."""
    command, found = root, list[str]()
    while commands := getattr(command, "commands", {}):
        word = next((each for each in words[len(found) :] if not each.startswith("-")), "")
        if word not in commands:
            word = command.first if isinstance(command, FirstByDefault) else ""
        if not word:
            break
        if not found:
            root.load(word)
        found.append(word)
        command = commands[word]
    return tuple(found)


def use_settings(defaults: list[Default]) -> None:
    """Put the settings among the defaults into place."""
    for each in defaults:
        if len(each.place) == 1 and each.counts:
            use(each.place[0], str(each.value), each.origin)


def _read(path: Path, root: Any, before: set[Place]) -> Iterator[Default]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MB, and that is no {NAME}.")
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid TOML: {error}.", "A line is KEY = VALUE or [COMMAND].") from error
    file = _File(path, text, root)
    for key, value in document.items():
        if not isinstance(value, Mapping):
            name = key.replace("-", "_")
            if name not in VARIABLES:
                raise file.unknown((key,), "setting", sorted(VARIABLES))
            if isinstance(value, list) or (isinstance(value, bool) != (name == "commercial_only")):
                raise file.wrong((key,), value, "true or false" if name == "commercial_only" else "text")
            shown = str(int(value)) if isinstance(value, bool) else str(value)
            if name == "models_dir":
                shown = str(path.parent / Path(shown).expanduser())
            counts = (name,) not in before and origin(name) != "environment"
            yield Default((name,), name, shown, file.at((key,)), counts)
        else:
            yield from _of_command(file, root, (key,), value, before)


def _of_command(
    file: "_File", root: Any, words: Place, table: Mapping[str, Any], before: set[Place]
) -> Iterator[Default]:
    """The defaults of one command, or of those of a group."""
    command = root
    for depth, word in enumerate(words):
        if depth == 0:
            root.load(word)
        below = getattr(command, "commands", {})
        if word not in below:
            raise file.unknown(words, "command", sorted(below))
        command = below[word]
    commands = getattr(command, "commands", {})
    unnamed = command.first if isinstance(command, FirstByDefault) else None
    flags = flags_of(commands[unnamed] if unnamed else command)
    for key, value in table.items():
        place = (*words, key)
        if isinstance(value, Mapping) and commands:
            yield from _of_command(file, root, place, value, before)
            continue
        name = key.replace("_", "-")
        if name not in flags:
            raise file.unknown(place, f"flag of `closeup {' '.join(words)}`", sorted(flags))
        where = (*words, unnamed, name) if unnamed else (*words, name)
        yield Default(
            where, flags[name].name, file.value(place, flags[name], value), file.at(place), where not in before
        )


def flags_of(command: Any) -> dict[str, Any]:
    """The flags of a command by their long names, without those that only ask something."""
    return {
        name.removeprefix("--"): parameter
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("--") and name not in ("--help", "--version")
    }


class _File:
    """A file that is being read, and how its complaints name their place."""

    def __init__(self, path: Path, text: str, root: Any) -> None:
        self.path, self._text, self._root = path, text, root

    def at(self, place: Place) -> str:
        """File and line of what stands at a place."""
        from closeup.workbench.recipes.recipe_file import line_of

        return f"{self.path}, line {line_of(place, self._text)}"

    def value(self, place: Place, parameter: Any, value: Any) -> Any:
        """A value as its flag takes it; relative paths are those of the file's folder."""
        many = parameter.multiple or parameter.nargs != 1
        typed = isinstance(value, bool) or parameter.count
        given = [str(each) for each in value] if isinstance(value, list) and many else value if typed else str(value)
        if isinstance(value, list | Mapping) and not many:
            raise self.wrong(place, value, "one value")
        if parameter.is_flag != isinstance(value, bool):
            raise self.wrong(place, value, "true or false" if parameter.is_flag else "a value")
        try:
            converted = parameter.get_runtime_param().coerce(given, param=parameter, ctx=typer.Context(self._root))
        except typer.BadParameter as error:
            raise InputError(f"{self.at(place)}: {usage_words(error.format_message())}") from error
        if isinstance(converted, Path):
            return str(self.path.parent / converted.expanduser())
        return given

    def unknown(self, place: Place, kind: str, known: list[str]) -> InputError:
        """That there is no such key."""
        from closeup.documents.form import nearest

        near = nearest(place[-1].replace("_", "-") if len(place) > 1 else place[-1], known)
        hint = f"Did you mean {near}?" if near else f"There are: {', '.join(known)}."
        return InputError(f"{self.at(place)}: there is no {kind} called {place[-1]!r}.", hint, code="config")

    def wrong(self, place: Place, value: Any, wanted: str) -> InputError:
        """That a value is of the wrong kind."""
        return InputError(f"{self.at(place)}: {place[-1]} is {value!r}, and has to be {wanted}.", code="config")
