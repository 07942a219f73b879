import json
import subprocess
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

from closeup.core.errors import FormatError, InputError
from closeup.core.fields import Array, Must, Rounded, Text, Within, Written
from closeup.documents import form
from closeup.documents.form import Form, must_be, parse_json

Rate = Annotated[Fraction, Text("[1-9][0-9]*/[1-9][0-9]*", 'a rate such as "25/1"', Fraction, lambda r: f"{r}/1")]


@dataclass(frozen=True, slots=True)
class Ball:
    """A ball on the table.

    Attributes:
        size: Of the radius,
            in metres.
        where_xy: Its place.
    """

    size: Annotated[float, Within(0, 1), Rounded(4)]
    where_xy: Annotated[NDArray[np.float32], Array((2,), -1e6, 1e6, digits=2)] = field(metadata={"alias": "where"})
    path_xy: Annotated[NDArray[np.float64], Array((None, 2), dtype=np.float64)]
    colour: Annotated[str, Text("[a-z]+", "a colour")] | None = None
    kind: Literal["pool", "golf"] = "pool"
    notes: dict[str, bool | int | float | str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    balls: tuple[Ball, ...]
    rate: Rate
    count: Annotated[int, Within(1, 9)]
    weight: Annotated[float, Within(0, above=True)] = 1.0
    corner: tuple[int, int] = (0, 0)
    green: bool = True
    title: Annotated[str, Written(str.upper)] = ""
    shade: Annotated[Literal[1, 2], Must("one of two shades")] = 1
    turn: float = 0.0

    def __post_init__(self) -> None:
        if self.title == "chair":
            raise ValueError("a chair is no table")


def _check(table: Table) -> None:
    if len(table.balls) != table.count:
        raise must_be(("count",), "the number of balls", table.count)


TABLES = Form(Table, "a table", version=2, check=_check, code="table.damaged")
TABLE = Table(
    (Ball(0.123456, np.array([1.005, -0.001], np.float32), np.array([[0.1234567, 2], [3, 4]])),), Fraction(25), 1
)


def test_what_is_written_is_read() -> None:
    content = TABLES.encode(TABLE)
    again = TABLES.decode(content)
    assert TABLES.encode(again) == content
    assert json.loads(content)["balls"][0] == {
        "size": 0.1235,
        "where": [1.0, 0.0],
        "path_xy": [[0.123457, 2.0], [3.0, 4.0]],
        "colour": None,
        "kind": "pool",
        "notes": {},
    }
    assert again.balls[0].where_xy.dtype == np.float32
    assert again.balls[0].path_xy.shape == (2, 2)
    assert again.rate == 25
    assert (again.corner, again.green) == ((0, 0), True)


def test_what_may_be_left_out_takes_its_default() -> None:
    ball = {"size": 0, "where": [0, 0], "path_xy": []}
    table = TABLES.from_data({"schema_version": 1, "balls": [ball], "rate": "1/1", "count": 1})
    assert (table.weight, table.corner, table.title) == (1.0, (0, 0), "")
    assert table.balls[0].path_xy.shape == (0, 2)


BAD = [
    (("balls", 0, "size"), 2, "balls[0].size must be a number from 0 to 1, not 2"),
    (("balls", 0, "size"), "0.5", "balls[0].size must be a number from 0 to 1, not '0.5'"),
    (("balls", 0, "size"), True, "balls[0].size must be a number from 0 to 1, not true"),
    (("balls", 0, "size"), 10**400, "not a larger number"),
    (("balls", 0, "where"), [1], "balls[0].where must be a list of at least 2, not a list of 1"),
    (("balls", 0, "where", 1), "x", "balls[0].where[1] must be a number from -1000000 to 1000000, not 'x'"),
    (("balls", 0, "where", 1), float("nan"), "not nan"),
    (("balls", 0, "path_xy", 0, 1), None, "balls[0].path_xy[0][1] must be a number, not null"),
    (("balls", 0, "colour"), "red\n", "balls[0].colour must be a colour, not 'red\\n'"),
    (("balls", 0, "colour"), 3, "balls[0].colour must be a colour, not 3"),
    (("balls", 0, "kind"), "x" * 99, "balls[0].kind must be 'pool' or 'golf', not a longer text"),
    (("balls", 0, "notes", "a"), [1], "notes.a must be true or false, a whole number, a number or text, not a list"),
    (("balls", 0, "hue"), 1, "balls[0] has a field that is not known: 'hue'"),
    (("balls", 0), [], "balls[0] must be an object, not a list of 0"),
    (("balls",), {}, "balls must be a list, not an object"),
    (("rate",), "25", "rate must be a rate such as \"25/1\", not '25'"),
    (("count",), 1.0, "count must be a whole number from 1 to 9, not 1.0"),
    (("count",), 2, "count must be the number of balls, not 2"),
    (("weight",), 0, "weight must be a number above 0, not 0"),
    (("corner",), [1], "corner must be a longer list, not a list of 1"),
    (("corner",), [1, 2, 3], "corner must be a list of at most 2, not a list of 3"),
    (("corner",), [1, 2**60], "corner[1] must be"),
    (("green",), 1, "green must be true or false, not 1"),
    (("title",), 1, "title must be text, not 1"),
    (("title",), "chair", "the document is refused: a chair is no table."),
    (("shade",), 3, "shade must be one of two shades, not 3"),
    (("turn",), float("inf"), "turn must be a finite number, not inf"),
    (("schema_version",), 0, "schema_version must be a whole number from 1 up, not 0"),
    (("schema_version",), 3, "It has schema_version 3, and this closeup reads 2: a later closeup wrote it."),
]


@pytest.mark.parametrize(("place", "value", "message"), BAD)
def test_what_is_wrong_is_said_with_its_place(place: tuple[Any, ...], value: object, message: str) -> None:
    data = json.loads(TABLES.encode(TABLE))
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(FormatError) as caught:
        TABLES.from_data(data, "table.toml")
    assert caught.value.message.startswith("table.toml: ")
    assert message in caught.value.message
    assert caught.value.code == ("file.newer" if "later closeup" in message else "table.damaged")


@pytest.mark.parametrize(
    ("place", "message"),
    [(("balls", 0, "size"), "balls[0] lacks the field 'size'"), (("schema_version",), "lacks the field 'schema_")],
)
def test_what_is_missing_is_said(place: tuple[Any, ...], message: str) -> None:
    data = json.loads(TABLES.encode(TABLE))
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    with pytest.raises(FormatError, match=message.replace("[", r"\[")):
        TABLES.from_data(data)


def test_a_place_is_named_as_the_caller_says() -> None:
    data = json.loads(TABLES.encode(TABLE))
    with pytest.raises(FormatError, match=r"^table.toml, line 3: count must"):
        TABLES.from_data(data | {"count": 0}, "", {("count",): "table.toml, line 3"}.__getitem__)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1, "a": 2}', "The file is not valid JSON: an object has one field twice."),
        (b'{"a": NaN}', "The file is not valid JSON: NaN is not a number."),
        (b"[1", "The file is not valid JSON: Expecting ',' delimiter, line 1, column 3."),
        (b'"\xff"', "The file is not UTF-8 text."),
        (b'"\\ud800"', "The file is not UTF-8 text."),
        (b'{"\\uDFFF": 1}', "The file is not UTF-8 text."),
        (b"[" * 100_000, "The file is nested too deeply."),
        (b"1" * 5000, "The file is not valid JSON: "),
        (b"x" * 200, "The file is larger than 0 MB."),
    ],
)
def test_what_is_not_json_is_said(content: bytes, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if content.startswith(b"x"):
        monkeypatch.setattr(form, "MAX_BYTES", 100)
    with pytest.raises(FormatError) as caught:
        parse_json(content)
    assert caught.value.message.startswith(message)
    assert parse_json(b'"\\ud83d\\ude00 \\\\ud800"') == "\N{GRINNING FACE} \\ud800"


def test_what_could_not_be_read_back_is_not_written() -> None:
    for bad in (
        Table((), Fraction(1), 1),
        Table(TABLE.balls, Fraction(1), 1, turn=float("nan")),
        Table(TABLE.balls, Fraction(1), 1, title="\ud800"),
        Table(TABLE.balls, Fraction(1), "1"),  # type: ignore[arg-type]
    ):
        with pytest.raises(FormatError):
            TABLES.encode(bad)


def test_files_are_read_by_path(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    with pytest.raises(InputError, match=r"Cannot read .*table.json"):
        TABLES.read(path)
    path.write_bytes(TABLES.encode(TABLE))
    assert TABLES.read(path).count == 1
    path.write_bytes(b"{}")
    with pytest.raises(FormatError, match=r"table.json: The document lacks"):
        TABLES.read(path)


def test_the_schema_says_what_the_reader_takes() -> None:
    schema = TABLES.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    data = json.loads(TABLES.encode(TABLE))
    jsonschema.validate(data, schema)
    assert schema["title"] == "closeup a table, schema version 2"
    assert schema["required"] == ["schema_version", "balls", "rate", "count"]
    ball = schema["$defs"]["Ball"]
    assert ball["description"] == "A ball on the table."
    assert ball["additionalProperties"] is False
    assert ball["properties"]["size"] == {
        "description": "Of the radius, in metres.",
        "type": "number",
        "minimum": 0,
        "maximum": 1,
    }
    assert ball["properties"]["where"]["description"] == "Its place."
    for place, value in [(("rate",), "25"), (("hue",), 1), (("balls",), [{}]), (("schema_version",), 1)]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data | {place[0]: value}, schema)


def test_pydantic_is_loaded_only_when_needed() -> None:
    code = "import sys, closeup.core.types, closeup.documents.form; print('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
