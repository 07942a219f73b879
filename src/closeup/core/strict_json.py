"""Reading JSON that must have one exact form: every complaint says where, and is a FormatError."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from closeup.core.errors import FormatError, InputError

MAX_BYTES = 512 * 1024 * 1024
"""A file above this is refused unread: a day of video with a crowd stays well below it."""

MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact (RFC 8259, section 6)."""


class Node:
    """One value inside a JSON document, which knows where it stands.

    Its methods return the value as the type that they name, or raise FormatError with the place, as in
    "people[2].tracks[0] must be the id of a track".
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: "Node | None" = None, key: str | int = "") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    def path(self) -> str:
        """The place in the document: "people[2].tracks[0]"; "the document" for the whole."""
        keys: list[str] = []
        node = self
        while node._parent is not None:
            keys.append(f"[{node._key}]" if isinstance(node._key, int) else f".{node._key}")
            node = node._parent
        return "".join(reversed(keys)).removeprefix(".") or "the document"

    def fail(self, must: str) -> NoReturn:
        """Raise the complaint that this value must be something else.

        Raises:
            FormatError: Always.
        """
        raise FormatError(f"{self.path()} must be {must}, not {_describe(self.value)}.")

    def fields(self, required: Iterable[str], optional: Iterable[str] = ()) -> "dict[str, Node]":
        """The members of an object that has all of `required`, some of `optional` and no other."""
        members = self.members()
        wanted = tuple(required)
        for name in wanted:
            if name not in members:
                raise FormatError(f"{self.path()} lacks the field {name!r}.")
        for name in members.keys() - set(wanted) - set(optional):
            raise FormatError(f"{self.path()} has a field that is not known: {ascii(name)[:60]}.")
        return members

    def members(self) -> "dict[str, Node]":
        """The members of an object with whatever names."""
        if not isinstance(self.value, dict):
            self.fail("an object")
        for name in self.value:
            if not _is_text(name):
                raise FormatError(f"{self.path()} has a field whose name is not text.")
        return {name: Node(value, self, name) for name, value in self.value.items()}

    def items(self, length: int | None = None) -> "Iterator[Node]":
        """The items of a list, of exactly `length` where that is given."""
        if not isinstance(self.value, list):
            self.fail("a list")
        if length is not None and len(self.value) != length:
            self.fail(f"a list of {length}")
        return (Node(value, self, index) for index, value in enumerate(self.value))

    def text(self, must: str = "text", pattern: re.Pattern[str] | None = None) -> str:
        """Unicode text that, where `pattern` is given, matches it from end to end; `must` says so in words."""
        if not _is_text(self.value) or (pattern is not None and not pattern.fullmatch(self.value)):
            self.fail(must)
        return str(self.value)

    def number(self, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number from `low` to `high`."""
        value = self.value
        if type(value) is float and low <= value <= high and math.isfinite(value):
            return value  # nearly all of a cast.json, so it comes first
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail("a number")
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            self.fail("a number of reasonable size")
        if not math.isfinite(value) or not low <= value <= high:
            self.fail(_range("a number", low, high))
        return float(value)

    def numbers(self, length: int, low: float, high: float) -> list[float]:
        """A list of `length` finite numbers, each from `low` to `high`, which are finite too."""
        items = self.items(length)
        if all(type(value) in (int, float) and low <= value <= high for value in self.value):
            return [float(value) for value in self.value]
        return [item.number(low, high) for item in items]  # slower, but knows the place of what is wrong

    def integer(self, low: int = -MAX_INTEGER, high: int = MAX_INTEGER) -> int:
        """A whole number from `low` to `high`."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(_range("a whole number", low, high))
        return int(value)


def file_bytes(path: Path) -> bytes:
    """All of a file.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error


def parse(content: bytes, name: str) -> Node:
    """Parse a JSON document strictly: UTF-8, no NaN, no field twice, no bottomless nesting.

    Args:
        content: The bytes of the file.
        name: What to call it in a complaint.

    Raises:
        FormatError: If it is not such a document.
    """
    if len(content) > MAX_BYTES:
        raise FormatError(f"{name} is larger than {MAX_BYTES // 2**20} MB.")
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise FormatError(
            f"{name} is not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise FormatError(f"{name} is nested too deeply.") from error
    except ValueError as error:  # a number of thousands of digits, or one of the hooks
        raise FormatError(f"{name} is not valid JSON: {error}.") from error
    return Node(value)


def check_version(document: Node, reads: int) -> None:
    """Make sure that a document has a schema_version, and not a later one than `reads`.

    Raises:
        FormatError: If it has none, or a later one.
    """
    version = document.members().get("schema_version")
    if version is None:
        raise FormatError("The document lacks the field 'schema_version'.")
    number = version.integer(low=1)
    if number > reads:
        raise FormatError(
            f"It has schema_version {number}, and this closeup reads {reads}: a later closeup wrote it.",
            "Update closeup.",
            code="file.newer",
        )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has one field twice")
    return members


def _is_text(value: object) -> bool:
    """Whether it is text that can be written as UTF-8 (JSON can spell half a surrogate pair, which cannot)."""
    if not isinstance(value, str):
        return False
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _describe(value: object) -> str:
    """A value in a few words; long or nested ones by their kind only."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str) or (isinstance(value, int | float) and abs(value) < 1e15):
        return ascii(value) if len(ascii(value)) <= 60 else "a longer text"
    return "what is there"


def _range(what: str, low: float, high: float) -> str:
    if math.isinf(high) or high == MAX_INTEGER:
        return what if math.isinf(low) or low == -MAX_INTEGER else f"{what} from {low:g} up"
    return f"{what} from {low:g} to {high:g}"
