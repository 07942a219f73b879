"""The form of a file or an answer: one definition, a dataclass, gives reader, writer and JSON Schema.

    CAST_JSON = Form(Cast, "cast.json", version=1, check=check_cast)
    cast = CAST_JSON.read(path)
    content = CAST_JSON.encode(cast)

The fields say in their types what they may hold (`core.fields`). Reading trusts nothing: no unknown fields, no field
twice, no text for a number, no number that is not finite. What fields must be to each other is for `check`, a plain
function over the whole. Every complaint is a FormatError that says where: "cast.json: people[2].quality must be a
number from 0 to 1, not 7."

pydantic is loaded when a form is first used, not when it is defined.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, get_args, get_origin, get_type_hints

from closeup.core.errors import CloseupError, FormatError, InputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails, SchemaSerializer, SchemaValidator

MAX_BYTES = 512 * 1024 * 1024
"""A file above this is refused unread: a day of video with a crowd stays well below it."""

MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact (RFC 8259, section 6)."""

Place = tuple[str | int, ...]
"""Where in a document a value stands: ("people", 2, "tracks", 0)."""

PlaceNamer = Callable[[Place], str]
"""Says for people where in its source something stands: "recipe.toml, line 12"."""

T = TypeVar("T")

_KINDS = {
    "bool_type": "true or false",
    "dataclass_type": "an object",
    "dict_type": "an object",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "an object",
    "none_required": "null",
    "string_type": "text",
    "string_unicode": "text",
    "tuple_type": "a list",
}
"""What a value must be, by pydantic's name for the fault."""

_PLAIN = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "text"}

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a character beyond 65535, which no UTF-8 file can hold without the other half."""

_NOT_SCHEMAS = ("cls", "config", "default", "default_factory", "expected", "function", "metadata", "serialization")


def must_be(place: Place, what: str, found: object) -> FormatError:
    """The complaint that a value must be something else: "people[2].id must be an id of its own, not 'p1'."."""
    return FormatError(f"{place_name(place)} must be {what}, not {describe(found)}.", place=place)


def indented(data: Mapping[str, Any]) -> str:
    """JSON text with one value a line."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def one_line(data: Mapping[str, Any]) -> str:
    """JSON text on one line, as JSON Lines want it."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"


def sorted_line(data: Mapping[str, Any]) -> str:
    """JSON text on one line, its keys in order: equal documents are equal text, however they were made."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True)


def ascii_json(value: Any) -> str:
    """A plain value as JSON text of ASCII on one line, to be hashed."""
    return json.dumps(value)


def quoted(text: str) -> str:
    """A text in quotes, as JSON writes it, and TOML but for its control character 127."""
    return json.dumps(text, ensure_ascii=False)


class Form(Generic[T]):
    """How one kind of document is read, written and described."""

    def __init__(
        self,
        kind: type[T],
        title: str,
        *,
        version: int | None = None,
        check: Callable[[T], None] | None = None,
        layout: Callable[[dict[str, Any]], str] = indented,
        code: str = "",
        hint: str = "",
    ) -> None:
        """Define a form.

        Args:
            title: What such a document is called: "cast.json".
            version: The `schema_version` that is written, and the latest that is read; None where there is no such
                field.
            check: Looks at what the fields are to each other; raises what `must_be` gives.
            layout: Makes the text of the JSON values.
            code: Of the complaint that a file does not hold what it must.
            hint: Of that complaint: what to do next.
        """
        self.kind, self.title, self.version = kind, title, version
        self._check, self._layout = check, layout
        self._code, self._hint = code, hint

    def read(self, path: Path) -> T:
        """Read a JSON file.

        Raises:
            InputError: If it cannot be read.
            FormatError: If it does not hold what it must.
        """
        return self.decode(file_bytes(path), str(path))

    def decode(self, content: bytes, name: str = "") -> T:
        """Read the bytes of a JSON file, called `name` in complaints.

        Raises:
            FormatError: If they do not hold what they must.
        """
        with self.said_of(name):
            data = parse_json(content)
        return self.from_data(data, name)

    def from_data(self, data: object, name: str = "", where: PlaceNamer | None = None) -> T:
        """Read parsed JSON or TOML.

        Args:
            name: What to call it in complaints.
            where: Names places within it, in the stead of `name`.

        Raises:
            FormatError: If it does not hold what it must.
        """
        from pydantic_core import ValidationError

        with self.said_of(name, where):
            if self.version is not None:
                data = self._without_version(data)
            try:
                value: T = self._validator.validate_python(data)
            except ValidationError as error:
                _complain(error.errors(include_url=False)[0], self.kind)
            if self._check is not None:
                self._check(value)
        return value

    def to_data(self, value: T) -> dict[str, Any]:
        """A document as JSON values, rounded as its fields say.

        Raises:
            FormatError: If it could not be read back: a number is not finite, or its parts do not fit together.
        """
        from pydantic_core import PydanticSerializationError

        try:
            data: dict[str, Any] = self._serializer.to_python(value, mode="json", by_alias=True, warnings="error")
        except PydanticSerializationError as error:
            raise FormatError(f"{self.title} cannot be written: {error}.") from error
        if self.version is not None:
            data = {"schema_version": self.version, **data}
        self.from_data(data)
        return data

    def encode(self, value: T) -> bytes:
        """Write a document as the bytes of a JSON file; equal documents give equal bytes.

        Raises:
            FormatError: If it could not be read back: a number is not finite, or its parts do not fit together.
        """
        try:
            return self._layout(self.to_data(value)).encode()
        except UnicodeEncodeError as error:
            raise FormatError(f"{self.title} cannot be written: it holds text that is not Unicode.") from error

    def schema(self) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12)."""
        from closeup.documents.schema import json_schema

        return json_schema(self._adapter.core_schema, self.title, self.version)

    def _without_version(self, data: object) -> object:
        if not isinstance(data, dict):
            raise must_be((), "an object", data)
        if "schema_version" not in data:
            raise FormatError("The document lacks the field 'schema_version'.")
        found = data["schema_version"]
        if type(found) is not int or found < 1:
            raise must_be(("schema_version",), "a whole number from 1 up", found)
        if self.version is not None and found > self.version:
            raise FormatError(
                f"It has schema_version {found}, and this closeup reads {self.version}: a later closeup wrote it.",
                "Update closeup.",
                code="file.newer",
            )
        return {key: value for key, value in data.items() if key != "schema_version"}

    @contextmanager
    def said_of(self, name: str, where: PlaceNamer | None = None) -> Iterator[None]:
        """Begin complaints about a document with its file, or the place in it where that is known."""
        try:
            yield
        except CloseupError as error:
            place = error.facts.get("place")
            source = where(place) if where and isinstance(place, tuple) else name
            if not source:
                raise
            wrong = error if isinstance(error, FormatError) else FormatError(error.message, error.hint)
            raise wrong.within(source, self._hint, code=self._code) from error

    @cached_property
    def _adapter(self) -> "TypeAdapter[T]":
        from pydantic import TypeAdapter

        return TypeAdapter(self.kind)

    @cached_property
    def _validator(self) -> "SchemaValidator":
        from pydantic_core import SchemaValidator

        return SchemaValidator(_strict(self._adapter.core_schema))

    @cached_property
    def _serializer(self) -> "SchemaSerializer":
        from pydantic_core import SchemaSerializer

        return SchemaSerializer(self._adapter.core_schema)


def file_bytes(path: Path) -> bytes:
    """All of a file.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error


def parse_json(content: bytes) -> Any:
    """Parse a JSON document strictly: UTF-8, no NaN, no field twice, no bottomless nesting.

    A byte order mark, which some editors put first, is passed over.

    Raises:
        FormatError: If it is not such a document.
    """
    if len(content) > MAX_BYTES:
        raise FormatError(f"The file is larger than {MAX_BYTES // 2**20} MB.")
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_no_twins)
        if _SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeError as error:
        raise FormatError("The file is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FormatError(f"The file is not valid JSON: {error.msg}, {where}.") from error
    except RecursionError as error:
        raise FormatError("The file is nested too deeply.") from error
    except ValueError as error:  # a number of thousands of digits, or one of the hooks
        raise FormatError(f"The file is not valid JSON: {error}.") from error


def place_name(place: Place) -> str:
    """A place as people write it: "people[2].tracks[0]"; "the document" for the whole."""
    keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
    return "".join(keys).removeprefix(".") or "the document"


def type_at(kind: Any, place: Place) -> Any:
    """What stands at `place` in a dataclass, as its plain type; None where that is not said."""
    for key in place:
        if is_dataclass(kind):
            kind = get_type_hints(kind).get(str(key))
        elif get_origin(kind) is tuple and isinstance(key, int):
            kind = get_args(kind)[0]
        elif get_origin(kind) is Mapping:
            kind = get_args(kind)[1]
        else:
            return None
    return kind


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of `known` that is spelt most like `word`, upper and lower case apart; "" where none is like it."""
    spelt = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), spelt, n=1)
    return spelt[near[0]] if near else ""


def describe(value: object) -> str:
    """A value in a few words; long or nested ones by their kind only."""
    if isinstance(value, dict) or is_dataclass(value):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 1e15):
        return repr(value)
    if isinstance(value, str):
        return ascii(value) if len(ascii(value)) <= 60 else "a longer text"
    return "a larger number" if isinstance(value, int) else f"a {type(value).__name__}"


def _complain(fault: "ErrorDetails", kind: type) -> NoReturn:
    """Say in our words what pydantic has found."""
    place, value, context = fault["loc"], fault["input"], fault.get("ctx", {})
    match fault["type"]:
        case "missing" if place and isinstance(place[-1], str):
            raise FormatError(f"{place_name(place[:-1])} lacks the field {place[-1]!r}.", place=place[:-1])
        case "missing" | "missing_positional_only_argument":
            raise must_be(place[:-1], "a longer list", value)
        case "unexpected_keyword_argument" | "extra_forbidden":
            where, table = place_name(place[:-1]), type_at(kind, place[:-1])
            near = nearest(str(place[-1]), [item.name for item in fields(table)] if is_dataclass(table) else [])
            hint = f"Did you mean {near!r}?" if near else ""
            raise FormatError(f"{where} has a field that is not known: {ascii(place[-1])[:60]}.", hint, place=place)
        case "must":
            raise must_be(place, fault["msg"], value)
        case "too_short":
            raise must_be(place, f"a list of at least {context['min_length']}", value)
        case "too_long":
            raise must_be(place, f"a list of at most {context['max_length']}", value)
        case "literal_error":
            raise must_be(place, context["expected"], value)
        case "value_error":
            reason = str(context["error"]).removesuffix(".")
            raise FormatError(f"{place_name(place)} is refused: {reason}.", place=place)
        case other:
            raise must_be(place, _KINDS.get(other, fault["msg"].removeprefix("Input should be ")), value)


def _strict(schema: Any) -> Any:
    """A core schema whose plain values are taken as they are, and whose objects have no other fields."""
    if isinstance(schema, list | tuple):
        return type(schema)(_strict(item) for item in schema)
    if not isinstance(schema, dict):
        return schema
    strict = {key: value if key in _NOT_SCHEMAS else _strict(value) for key, value in schema.items()}
    match schema.get("type"):
        case "str" | "bool":
            strict["strict"] = True
        case "int":
            strict = {"ge": -MAX_INTEGER, "le": MAX_INTEGER} | strict | {"strict": True}
        case "float":
            strict |= {"strict": True, "allow_inf_nan": False}
        case "union" if all(choice["type"] in _PLAIN for choice in schema["choices"]):
            *first, last = (_PLAIN[choice["type"]] for choice in schema["choices"])
            words = f"{', '.join(first)} or {last}"
            strict = {
                "type": "custom-error",
                "custom_error_type": "must",
                "custom_error_message": words,
                "schema": strict,
            }
        case "dataclass-args" | "typed-dict":
            strict["extra_behavior"] = "forbid"
    return strict


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has one field twice")
    return members
