"""Model cards: what closeup knows about a model, one TOML file each, read as plain data.

A card decides what is fetched, checked and fed to a network: preprocessing reads the card, and nothing else in
closeup repeats one of its numbers.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from closeup.core.errors import FormatError, ModelError
from closeup.weights.network_card import COLOURS, FITS, NetworkCard, NetworkHead

CARDS_DIR = Path(__file__).parent / "cards"
"""Where the cards lie, NAME.toml each."""

TASKS = ("detector", "landmarks", "embedder", "voice", "expression", "attributes")
PACKS = ("builtin", "zoo")
CHOICES = ("auto", *PACKS)
"""What `--models` takes: a pack, or the best that is on the machine."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A figure to decide by, and where it comes from.

    Attributes:
        value: The figure.
        meaning: What is compared with it, in which measure, and what follows.
        error_rate: How often it is wrong on the data that it was read at, in words.
        read_from: The data or publication that it was read from.
    """

    value: float
    meaning: str
    error_rate: str
    read_from: str


@dataclass(frozen=True, slots=True)
class FarTable:
    """Similarities of one embedder by the false-accept rate that each was read at.

    Attributes:
        rates: False-accept rates, falling, each above 0 and below 1.
        thresholds: Cosine similarities, rising, as many: from each on, that share of the pairs of two people is taken
            for one person.
        pairs: How many pairs of two people it was read from.
        read_from: The data, in words.
    """

    rates: tuple[float, ...]
    thresholds: tuple[float, ...]
    pairs: int
    read_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard(NetworkCard):
    """What closeup knows about one model: the network's own card, where it comes from, and what it decides by.

    Its `name` ("sface-2021dec") is also the name of the card's file; `licence` and `data` are never empty.

    Attributes:
        task: One of `TASKS`.
        pack: "builtin" (arrives with pip) or "zoo" (pulled on request).
        source: Web page of the people who made it; for our own the recipe that it was trained by.
        commercial_use: Whether the makers' terms let the weights work in a commercial product.
        output: What the model answers: shape, order, range.
        licence_note: What else has to be known about the licence, in sentences.
        file: File name (zoo) or path within `package` (builtin); empty where the model is part of the package's
            own code.
        bytes: Length of the file; None where there is no file of its own.
        sha256: Of the file, hexadecimal; None where there is no file of its own.
        url: Official address of the file; None for what pip installs, and for a zoo model whose makers do not publish
            it in our format: it can only be pulled from a mirror.
        made_from: For a zoo model without `url`: what its file was made from, addresses and hashes included, and how.
        package: Import name of the installed package that holds the file; None for what is pulled.
        requirement: What to give to pip for that package; None for what is pulled.
        converter: Name of the conversion into ONNX that the file needs before use; None where it needs none.
        architecture: Which code reads its answers, a key of `perception.registry.ARCHITECTURES`; empty where all models
            of its task are read alike.
        alignment_source: Where those points come from; empty where there are none.
        dim: Length of an embedder's vectors; None for the other tasks.
        centre: Where an embedder's unit vectors (dim,) gather when a picture says nothing about who it is; empty where
            that is not known.
        zooms: At which sizes an embedder looks at a face of a single photo, 1 being the crop that it was made for; the
            vectors are added up. Video has many pictures of a face, and each is looked at once.
        far: Thresholds by false-accept rate, for pairs of photos; None where that was not measured.
        thresholds: By what they are for.
    """

    task: str
    pack: str
    source: str
    commercial_use: bool
    output: str
    licence_note: str = ""
    file: str = ""
    bytes: int | None = None
    sha256: str | None = None
    url: str | None = None
    made_from: str = ""
    package: str | None = None
    requirement: str | None = None
    converter: str | None = None
    architecture: str = ""
    alignment_source: str = ""
    dim: int | None = None
    centre: tuple[float, ...] = ()
    zooms: tuple[float, ...] = (1.0,)
    far: FarTable | None = None
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)


@cache
def _cards() -> dict[str, ModelCard]:
    return {path.stem: read_card(path) for path in sorted(CARDS_DIR.glob("*.toml"))}


def all_cards() -> dict[str, ModelCard]:
    """Every card by its name: the builtin pack first, then the zoo, each by name."""
    return dict(sorted(_cards().items(), key=lambda item: (PACKS.index(item[1].pack), item[0])))


def card(name: str) -> ModelCard:
    """The card called `name`.

    Raises:
        ModelError: If there is none.
    """
    try:
        return _cards()[name]
    except KeyError:
        raise ModelError(
            f"There is no model called {name!r}.",
            f"Choose one of: {', '.join(all_cards())}.",
            code="model.unknown",
        ) from None


def read_card(path: Path) -> ModelCard:
    """Read the card at `path`.

    Raises:
        FormatError: If it is not TOML, or not a card: a field is missing, unknown, or of the wrong kind.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"Cannot read the model card {path}: {error}.") from error
    try:
        return card_from_table(table, name=path.stem)
    except FormatError as error:
        raise FormatError(f"The model card {path} is wrong: {error.message}") from error


def card_from_table(table: Mapping[str, Any], name: str) -> ModelCard:
    """Build a card from a TOML table; `name` is the file's, and the table may not name itself otherwise.

    Raises:
        FormatError: If a field is missing, unknown, or of the wrong kind.
    """
    known = {item.name: item for item in fields(ModelCard)}
    values = {"name": name, **table}
    if values["name"] != name:
        raise FormatError(f"it calls itself {values['name']!r}.")
    if unknown := sorted(values.keys() - known.keys()):
        raise FormatError(f"unknown field {unknown[0]!r}.")
    needed = [key for key, item in known.items() if item.default is MISSING and item.default_factory is MISSING]
    if missing := [key for key in needed if key not in values]:
        raise FormatError(f"field {missing[0]!r} is missing.")
    made = ModelCard(**{key: _value(key, value) for key, value in values.items()})
    _check(made)
    return made


def _value(key: str, value: Any) -> Any:
    """One field's value in the card's own types."""
    if key == "thresholds":
        return {name: _threshold(name, table) for name, table in _typed(key, value, dict).items()}
    if key == "alignment":
        return tuple(_numbers(key, point, 2) for point in _typed(key, value, list))
    if key == "heads":
        return tuple(_head(table) for table in _typed(key, value, list))
    if key in ("data", "limits"):
        return tuple(_typed(key, text, str) for text in _typed(key, value, list))
    if key == "cut_larger":
        return _numbers(key, [value], 1)[0]
    if key == "far":
        return _far_table(_typed(key, value, dict))
    if key in ("centre", "zooms"):
        return _numbers(key, value, len(_typed(key, value, list)))
    if key in ("mean", "std"):
        return _numbers(key, value, 3)
    if key in ("commercial_use", "grey"):
        return _typed(key, value, bool)
    return _typed(key, value, int if key in ("bytes", "dim", "input_px", "input_multiple") else str)


def _typed(key: str, value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise FormatError(f"field {key!r} is {value!r}, not of kind {kind.__name__}.")
    return value


def _numbers(key: str, value: Any, count: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != count or any(type(item) not in (int, float) for item in value):
        raise FormatError(f"field {key!r} is {value!r}, not {count} numbers.")
    return tuple(float(item) for item in value)


def _threshold(name: str, table: Any) -> Threshold:
    names = {item.name for item in fields(Threshold)}
    if not isinstance(table, dict) or table.keys() != names:
        raise FormatError(f"threshold {name!r} needs exactly {', '.join(sorted(names))}.")
    (value,) = _numbers(f"thresholds.{name}.value", [table["value"]], 1)
    return Threshold(value, **{key: _typed(key, table[key], str) for key in names - {"value"}})


def _head(table: Any) -> NetworkHead:
    if not isinstance(table, dict) or not {"name", "kind"} <= table.keys() <= {"name", "kind", "classes", "unit"}:
        raise FormatError(f"a head has name, kind, classes and unit, and here is {table!r}.")
    classes = tuple(_typed("heads.classes", name, str) for name in table.get("classes", ()))
    return NetworkHead(table["name"], table["kind"], classes, table.get("unit", ""))


def _has_source(made: ModelCard) -> bool:
    """Whether a zoo model's file has an official address, or else an account of its making."""
    return bool(made.made_from) if made.url is None else made.url.startswith("https://") and not made.made_from


def _far_table(table: dict[str, Any]) -> FarTable:
    names = {item.name for item in fields(FarTable)}
    if table.keys() != names:
        raise FormatError(f"the table of false-accept rates needs exactly {', '.join(sorted(names))}.")
    count = len(_typed("far.rates", table["rates"], list))
    rates, thresholds = (_numbers(f"far.{key}", table[key], count) for key in ("rates", "thresholds"))
    falls = all(a > b for a, b in pairwise(rates)) and all(a < b for a, b in pairwise(thresholds))
    if count < 2 or not falls or rates[0] >= 1 or rates[-1] <= 0:
        raise FormatError("false-accept rates are two or more, between 0 and 1, falling, and their thresholds rise.")
    pairs, read_from = _typed("far.pairs", table["pairs"], int), _typed("far.read_from", table["read_from"], str)
    return FarTable(rates, thresholds, pairs, read_from)


def _check(made: ModelCard) -> None:
    """Hold the rules that tie fields together."""
    rules = {
        f"task is one of {', '.join(TASKS)}": made.task in TASKS,
        f"pack is one of {', '.join(PACKS)}": made.pack in PACKS,
        f"colour is one of {', '.join(COLOURS)}": made.colour in COLOURS,
        f"fit is one of {', '.join(FITS)}": made.fit in FITS,
        "licence and data are there": bool(made.licence and made.data),
        "a file comes with bytes and sha256": bool(made.file) == (made.bytes is not None) == (made.sha256 is not None),
        "sha256 is 64 hexadecimal digits": made.sha256 is None or bool(re.fullmatch("[0-9a-f]{64}", made.sha256)),
        "bytes is above 0": made.bytes is None or made.bytes > 0,
        "a builtin model names its package and requirement": (made.pack == "builtin")
        == (made.package is not None)
        == (made.requirement is not None),
        "a zoo model has an https url, or says what it was made from, and a plain file name": made.pack == "builtin"
        or (_has_source(made) and bool(re.fullmatch(r"\w[\w.-]*", made.file))),
        "an embedder, and nothing else, has a dim, and it is above 0": (made.task == "embedder")
        == (made.dim is not None and made.dim > 0),
        "the input's side is 0 (any) or above, and what it is a multiple of above 0": made.input_px >= 0
        and made.input_multiple > 0,
        "cut_larger is above 0": made.cut_larger > 0,
        "std is above 0": min(made.std) > 0,
        "there is a zoom, and each is above 0": bool(made.zooms) and min(made.zooms) > 0,
        "only an embedder has a table of false-accept rates": made.far is None or made.task == "embedder",
        "alignment has five points, shares of the side, and a source": bool(made.alignment)
        == bool(made.alignment_source)
        and len(made.alignment) in (0, 5)
        and all(0 <= share <= 1 for point in made.alignment for share in point),
    }
    if broken := [rule for rule, held in rules.items() if not held]:
        raise FormatError(f"{broken[0]}, and here it is not so.")
