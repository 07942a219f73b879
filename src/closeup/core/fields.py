"""What a field of a document may hold, said in its type: `Annotated[float, Within(0, 1), Rounded(4)]`.

These are notes for `documents.form`, which makes the reader, the writer and the JSON Schema of a dataclass from them.
They speak pydantic's protocol without loading it: each method takes the schema of the plain type, a dict, and gives
it back with more in it.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import DTypeLike, NDArray

_Schema = dict[str, Any]
_Handler = Callable[[Any], _Schema]


@dataclass(frozen=True, slots=True)
class Must:
    """Says in words what a value must be, in place of what pydantic would say: "must be a rate such as ..."."""

    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        return _must(self.words, handler(source))


@dataclass(frozen=True, slots=True)
class Within:
    """A number from `low` to `high`, both included unless `above` or `below` says that `low` or `high` is not."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        schema = handler(source)
        whole = schema["type"] == "int"
        if math.isfinite(self.low):
            schema["gt" if self.above else "ge"] = int(self.low) if whole else self.low
        if math.isfinite(self.high):
            schema["lt" if self.below else "le"] = int(self.high) if whole else self.high
        return _must(f"a {'whole ' if whole else ''}number{self._range()}", schema)

    def _range(self) -> str:
        if math.isinf(self.low) and math.isinf(self.high):
            return ""
        if not math.isfinite(self.high):
            return f" above {_plain(self.low)}" if self.above else f" from {_plain(self.low)} up"
        if not math.isfinite(self.low):
            return f" up to {_plain(self.high)}"
        start = f"above {_plain(self.low)} and up" if self.above else f"from {_plain(self.low)}"
        return f" {start} and below {_plain(self.high)}" if self.below else f" {start} to {_plain(self.high)}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    values: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        return _must(self.words, {"type": "literal", "expected": list(self.values)})

    @property
    def words(self) -> str:
        """What a value must be, for people."""
        return f"one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True, slots=True)
class Text:
    """Text that matches `pattern` from end to end; `words` says what that is.

    Attributes:
        pattern: A regular expression that Python and JSON Schema (ECMA 262) understand alike, without ^ and $.
        words: What the text must be, for people.
        read: Makes the value of the text, where it is not text itself; may raise ValueError.
        write: Makes the text of the value.
    """

    pattern: str
    words: str
    read: Callable[[str], Any] | None = None
    write: Callable[[Any], str] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        # Matched by Python: pydantic's own engine differs from it in classes such as \d.
        schema: _Schema = {"type": "str", "pattern": f"^{self.pattern}$", "regex_engine": "python-re"}
        matched = re.compile(self.pattern)

        def convert(text: str) -> Any:
            if not matched.fullmatch(text):  # "$" would let a line break pass
                raise ValueError(self.words)
            return self.read(text) if self.read else text

        schema = _must(self.words, _after(convert, schema))
        return _written(self.write, schema) if self.write else schema


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A list of so many items or more."""

    items: int

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        return {**handler(source), "min_length": self.items}


@dataclass(frozen=True, slots=True)
class Rounded:
    """A number that is written with so many digits behind the point."""

    digits: int

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        return _written(self.round, handler(source))

    def round(self, value: SupportsFloat) -> float:
        """The number as it is written; never -0.0."""
        return round(float(value), self.digits) + 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """A value that is written as what a function makes of it."""

    write: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        return _written(self.write, handler(source))


@dataclass(frozen=True, slots=True)
class Array:
    """An array of numbers, in the file lists within lists.

    Attributes:
        shape: Its sides; None where a side may have any length.
        low: No number is below; `high` likewise.
        digits: How many digits behind the point are written.
        dtype: What numpy keeps the numbers as.
    """

    shape: tuple[int | None, ...]
    low: float = -math.inf
    high: float = math.inf
    digits: int = 6
    dtype: DTypeLike = np.float32

    def __get_pydantic_core_schema__(self, source: Any, handler: _Handler) -> _Schema:
        schema = Within(self.low, self.high).__get_pydantic_core_schema__(float, lambda _: {"type": "float"})
        for side in reversed(self.shape):
            schema = {"type": "list", "items_schema": schema}
            if side is not None:
                schema |= {"min_length": side, "max_length": side}
        return _written(self.to_lists, _after(self._from_lists, schema))

    def to_lists(self, array: NDArray[Any]) -> Any:
        """An array of this shape, (N,) or (N, M), as rounded lists."""
        if array.dtype == np.float32:  # its numbers times a power of ten are exact in float64: rounded as Python does
            scale = 10.0**self.digits
            return (np.rint(array.astype(np.float64) * scale) / scale + 0.0).tolist()
        return _each(lambda value: round(value, self.digits) + 0.0, array.tolist())

    def round(self, array: NDArray[Any]) -> NDArray[Any]:
        """An array of this shape, (N,) or (N, M), rounded."""
        return np.array(self.to_lists(array), self.dtype)

    def _from_lists(self, numbers: Sequence[Any]) -> NDArray[Any]:
        array = np.array(numbers, self.dtype)
        return array if array.size else array.reshape([side or 0 for side in self.shape])


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:g}"


def _each(function: Callable[[float], float], numbers: Any) -> Any:
    return [_each(function, item) for item in numbers] if isinstance(numbers, list) else function(numbers)


def _must(words: str, schema: _Schema) -> _Schema:
    return {
        "type": "custom-error",
        "custom_error_type": "must",
        "custom_error_message": words,
        "schema": schema,
    }


def _after(function: Callable[[Any], Any], schema: _Schema) -> _Schema:
    return {"type": "function-after", "function": {"type": "no-info", "function": function}, "schema": schema}


def _written(function: Callable[[Any], Any], schema: _Schema) -> _Schema:
    return {**schema, "serialization": {"type": "function-plain", "function": function}}
