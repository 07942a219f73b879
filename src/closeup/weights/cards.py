"""Model cards: what closeup knows about a model, one TOML file each, read as plain data.

A card decides what is fetched, checked and fed to a network: preprocessing reads the card, and nothing else in
closeup repeats one of its numbers.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from closeup.core.errors import FormatError, ModelError
from closeup.core.fields import Text, Within
from closeup.documents.form import Form, must_be
from closeup.weights.network_card import NetworkCard, check_network

CARDS_DIR = Path(__file__).parent / "cards"
"""Where the cards lie, NAME.toml each."""

Task = Literal["detector", "landmarks", "embedder", "voice", "expression", "attributes", "matte", "counter", "products"]
Pack = Literal["builtin", "zoo"]
PACKS = get_args(Pack)
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

    rates: tuple[Annotated[float, Within(0, 1, above=True)], ...]
    thresholds: tuple[float, ...]
    pairs: Annotated[int, Within(1)]
    read_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard(NetworkCard):
    """What closeup knows about one model: the network's own card, where it comes from, and what it decides by.

    Its `name` ("sface-2021dec") is also the name of the card's file; `licence` and `data` are never empty.

    Attributes:
        task: What it does.
        pack: "builtin" (arrives with pip) or "zoo" (pulled on request).
        source: Web page of the people who made it; for our own the recipe that it was trained by.
        commercial_use: Whether the makers' terms let the weights work in a commercial product.
        output: What the model answers: shape, order, range.
        used_by: What uses it, a few words each: "cast", "gallery, first where it was pulled".
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
        far: Thresholds by false-accept rate, for pairs of photos; None where that was not measured.
        thresholds: By what they are for.
    """

    task: Task
    pack: Pack
    source: str
    commercial_use: bool
    output: str
    used_by: tuple[str, ...] = ()
    licence_note: str = ""
    file: str = ""
    bytes: Annotated[int, Within(1)] | None = None
    sha256: Annotated[str, Text("[0-9a-f]{64}", "64 hexadecimal digits")] | None = None
    url: str | None = None
    made_from: str = ""
    package: str | None = None
    requirement: str | None = None
    converter: str | None = None
    architecture: str = ""
    alignment_source: str = ""
    dim: Annotated[int, Within(1)] | None = None
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
        FormatError: If it is not TOML, or not a card: a field is missing, unknown, of the wrong kind or out of range.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"Cannot read the model card {path}: {error}.") from error
    return card_from_table(table, path.stem, str(path))


def card_from_table(table: Mapping[str, Any], name: str, file: str = "") -> ModelCard:
    """Build a card from the TOML table in NAME.toml; `file` is what complaints call it.

    Raises:
        FormatError: If a field is missing, unknown, of the wrong kind or out of range, or it has another name.
    """
    made = MODEL_CARD.from_data({"name": name, **table}, file)
    if made.name != name:
        raise FormatError(f"{file or name}: the card calls itself {made.name!r}.")
    return made


def _check(card: ModelCard) -> None:
    """Hold the rules that tie fields together."""
    check_network(card)
    if card.far:
        _check_far(card.far)
    builtin, embedder, made_from = card.pack == "builtin", card.task == "embedder", bool(card.made_from)
    plain_file = bool(re.fullmatch(r"\w[\w.-]*", card.file))
    sourced = made_from if card.url is None else card.url.startswith("https://") and not made_from
    rules: tuple[tuple[str, str, bool], ...] = (
        ("licence", "said", bool(card.licence)),
        ("data", "a list of at least one text", bool(card.data)),
        ("bytes", "given where there is a file, and only there", bool(card.file) == (card.bytes is not None)),
        ("sha256", "given where there is a file, and only there", bool(card.file) == (card.sha256 is not None)),
        ("package", "given for a builtin model, and only there", builtin == (card.package is not None)),
        ("requirement", "given for a builtin model, and only there", builtin == (card.requirement is not None)),
        ("file", "the plain name of a file for a model that is pulled", builtin or plain_file),
        ("url", "an https address, or absent where made_from says what the file is made from", builtin or sourced),
        ("dim", "given for an embedder, and only there", embedder == (card.dim is not None)),
        ("far", "absent where the model is no embedder", embedder or card.far is None),
        (
            "alignment_source",
            "given with an alignment, and only there",
            bool(card.alignment) == bool(card.alignment_source),
        ),
    )
    for field_name, what, holds in rules:
        if not holds:
            raise must_be((field_name,), what, getattr(card, field_name))


def _check_far(far: FarTable) -> None:
    if len(far.rates) < 2 or far.rates[0] >= 1 or not all(a > b for a, b in pairwise(far.rates)):
        raise must_be(("far", "rates"), "two rates or more, below 1 and falling", far.rates)
    if len(far.thresholds) != len(far.rates) or not all(a < b for a, b in pairwise(far.thresholds)):
        raise must_be(("far", "thresholds"), "as many as there are rates, rising", far.thresholds)


MODEL_CARD = Form(ModelCard, "closeup model card", check=_check)
"""The card as a TOML file has it."""
