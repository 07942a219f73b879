"""The card that travels inside an ONNX file: what a network wants to be shown, and what its answers mean.

It is JSON under one key of the file's metadata, so that a file on its own can be used rightly. What a network with a
card takes and gives: one input, "picture" (N, 3, P, P) float32, RGB, normalised by the card's mean and std; one output
for each head, of its name: probabilities (N, K) that sum to 1, or values (N, 1) in the head's unit.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from closeup.core.errors import FormatError, ModelError
from closeup.core.strict_json import Node, check_version, parse

if TYPE_CHECKING:
    from closeup.weights.session import NamedSession

SCHEMA_VERSION = 2
"""Version 1 lacks `_SINCE_2`."""

METADATA_KEY = "closeup.card"
INPUT = "picture"
"""Name of the network's input."""

COLOURS = ("RGB", "BGR")
FITS = ("cover", "stretch", "pad")
"""How a picture that is no square is made one (`media.square`)."""

CUT_LARGER = 1.2
"""What our own networks of aligned faces learn from: `closeup data crop-faces` cuts 96 pixels for a network of 80, 112
for one of 96. Of 1,190 faces of FER2013's val 65.8 % are told rightly so, 64.5 % if they are cut at 80 pixels at once,
and 66.1 % out of the files that crop-faces wrote."""

Json = Any
"""What JSON holds: None, bool, int, float, str, and lists and dicts of these."""

Point = tuple[float, float]

_MOST_NESTED = 12

_SINCE_2 = ("input_multiple", "colour", "cut_larger")


@dataclass(frozen=True, slots=True)
class NetworkHead:
    """One thing that a network answers.

    Attributes:
        name: "expression"; also the name of the ONNX output.
        kind: "classes" (probabilities) or "value" (a number).
        classes: Names in the order of the probabilities; empty for a value.
        unit: Of a value, "years"; empty for classes, unless they are made of a number.
    """

    name: str
    kind: Literal["classes", "value"]
    classes: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCard:
    """What a network wants to be shown, what it answers, and how it came to be.

    Attributes:
        name: Of the model, "expression".
        summary: One sentence for people.
        input_px: Side P of the square input; 0 where any size will do.
        input_multiple: The input's sides are multiples of this; black is added on the right and below.
        mean: Subtracted from each channel of a 0 to 255 picture, in the order of `colour`.
        std: Divided by, after the subtraction; above 0.
        colour: Order of the input's channels.
        grey: Whether pictures are made grey first (three equal channels).
        fit: How a whole picture becomes a square (`media.square`).
        alignment: Where the five landmarks belong, as shares of the side, in the order of
            `core.types.Face.landmarks_xy`; empty where pictures are not aligned faces.
        cut_larger: Aligned faces are cut so many times larger than the input and shrunk to it, as those that it learnt
            from were.
        heads: What it answers, in the order of the outputs; empty where `ModelCard.output` alone says it.
        data: What it was trained on, a sentence for each source, with its licence note.
        metrics: Figures with intervals, as plain JSON values: {"val": {"expression": {"accuracy": 0.7, ...}}}.
        limits: What it cannot do, a sentence each.
        licence: Of the weights: its SPDX name, or a few words.
        recipe: The recipe's text, TOML.
        created_at: Date and time, ISO 8601.
        closeup: Version of closeup that made it.
    """

    name: str
    summary: str
    input_px: int = 0
    input_multiple: int = 1
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    colour: Literal["RGB", "BGR"] = "RGB"
    grey: bool = False
    fit: Literal["cover", "stretch", "pad"] = "cover"
    alignment: tuple[Point, ...] = ()
    cut_larger: float = 1.0
    heads: tuple[NetworkHead, ...] = ()
    data: tuple[str, ...] = ()
    metrics: Mapping[str, Json] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    licence: str = ""
    recipe: str = ""
    created_at: str = ""
    closeup: str = ""

    def head(self, name: str) -> NetworkHead:
        """The head called `name`.

        Raises:
            ModelError: If there is none.
        """
        for head in self.heads:
            if head.name == name:
                return head
        raise ModelError(
            f"The model {self.name} does not answer {name!r}.",
            f"It answers: {', '.join(head.name for head in self.heads)}.",
        )


def to_json(card: NetworkCard) -> str:
    """Write a card as JSON; `from_json` reads it back equal."""
    table = {"schema_version": SCHEMA_VERSION, **asdict(card)}
    return json.dumps(table, ensure_ascii=False, allow_nan=False, sort_keys=True)


def from_json(text: str | bytes, name: str = "The card") -> NetworkCard:
    """Read a card.

    Args:
        text: What `to_json` wrote.
        name: What to call it in a complaint.

    Raises:
        FormatError: If it is not such JSON: a field is missing, unknown, of the wrong kind or out of range.
    """
    document = parse(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, name)
    try:
        check_version(document, SCHEMA_VERSION)
        return _card(document)
    except FormatError as error:
        raise FormatError(f"{name} is wrong: {error.message}", error.hint) from error


def embed(content: bytes, card: NetworkCard) -> bytes:
    """Put a card into an ONNX file, in the place of one that is there; all else in the file stays.

    Args:
        content: The file's bytes.
        card: Its heads are the file's outputs, in the same order.

    Raises:
        ModelError: If it is not an ONNX file, or its input and outputs are not what the card says.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ModelError("A card can only be put into an ONNX file, and this is none.") from error
    _check_names([i.name for i in model.graph.input], [o.name for o in model.graph.output], card, "The network")
    others = {prop.key: prop.value for prop in model.metadata_props if prop.key != METADATA_KEY}
    onnx.helper.set_model_props(model, {**others, METADATA_KEY: to_json(card)})
    return bytes(model.SerializeToString(deterministic=True))


def read_card(path: Path) -> NetworkCard:
    """Read the card inside the ONNX file at `path`; the whole network is loaded for it.

    Raises:
        ModelError: If the file is missing, no network, or has no card.
        FormatError: If the card is wrong.
    """
    from closeup.weights.session import open_session

    return card_of(open_session(path), path)


def card_of(session: "NamedSession", path: Path) -> NetworkCard:
    """The card of a network that has been loaded from `path`, compared with its input and outputs.

    Raises:
        ModelError: If there is none, or the network's input and outputs are not what it says.
        FormatError: If the card is wrong.
    """
    text = session.metadata.get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"The model file {path} has no card, so that nothing is known of the pictures that it wants.",
            "Give a file that a training run has made, or its export.",
        )
    card = from_json(text, f"The card in {path}")
    _check_names([session.input_name], list(session.output_names), card, str(path))
    return card


def _check_names(inputs: list[str], outputs: list[str], card: NetworkCard, name: str) -> None:
    wanted = [head.name for head in card.heads]
    if inputs != [INPUT] or outputs != wanted:
        raise ModelError(
            f"{name} takes {', '.join(inputs)} and gives {', '.join(outputs)}, while its card says "
            f"{INPUT} and {', '.join(wanted)}."
        )


def _card(document: Node) -> NetworkCard:
    version = document.members()["schema_version"].value
    names = [item.name for item in dataclass_fields(NetworkCard) if version > 1 or item.name not in _SINCE_2]
    fields = document.fields(["schema_version", *names])
    alignment = tuple(_point(node) for node in fields["alignment"].items())
    later: dict[str, Any] = {"cut_larger": CUT_LARGER if alignment else 1.0}
    if version > 1:
        later = {
            "input_multiple": fields["input_multiple"].integer(1, 4096),
            "colour": _choice(fields["colour"], COLOURS),
            "cut_larger": fields["cut_larger"].number(0.1, 10),
        }
    card = NetworkCard(
        name=_word(fields["name"]),
        summary=fields["summary"].text(),
        input_px=fields["input_px"].integer(1, 4096),
        mean=_three(fields["mean"], -1e6),
        std=_three(fields["std"], 1e-6),
        heads=tuple(_head(node) for node in fields["heads"].items()),
        grey=_truth(fields["grey"]),
        fit=_choice(fields["fit"], FITS),  # type: ignore[arg-type]
        alignment=alignment,
        data=tuple(node.text() for node in fields["data"].items()),
        metrics={name: _plain(node) for name, node in fields["metrics"].members().items()},
        limits=tuple(node.text() for node in fields["limits"].items()),
        licence=fields["licence"].text(),
        recipe=fields["recipe"].text(),
        created_at=fields["created_at"].text(),
        closeup=fields["closeup"].text(),
        **later,
    )
    if len(card.alignment) not in (0, 5):
        fields["alignment"].fail("a list of five points, or empty")
    if not card.heads or len({head.name for head in card.heads}) != len(card.heads):
        fields["heads"].fail("a list of one head or more, each of its own name")
    return card


def _head(node: Node) -> NetworkHead:
    fields = node.fields(["name", "kind", "classes", "unit"])
    classes = tuple(_word(item) for item in fields["classes"].items())
    unit = fields["unit"].text()
    if _choice(fields["kind"], ("classes", "value")) == "value":
        if classes:
            fields["classes"].fail("empty, since this head answers a value")
        return NetworkHead(_word(fields["name"]), "value", (), unit)
    if len(classes) < 2 or len(set(classes)) != len(classes):
        fields["classes"].fail("two names or more, none of them twice")
    return NetworkHead(_word(fields["name"]), "classes", classes, unit)


def _word(node: Node) -> str:
    text = node.text("text that is not empty")
    if not text.strip():
        node.fail("text that is not empty")
    return text


def _choice(node: Node, choices: tuple[str, ...]) -> str:
    if node.value not in choices:
        node.fail(f"one of {', '.join(choices)}")
    return str(node.value)


def _truth(node: Node) -> bool:
    if not isinstance(node.value, bool):
        node.fail("true or false")
    return bool(node.value)


def _three(node: Node, low: float) -> tuple[float, float, float]:
    red, green, blue = node.numbers(3, low, 1e6)
    return red, green, blue


def _point(node: Node) -> Point:
    x, y = node.numbers(2, -2.0, 3.0)
    return x, y


def _plain(node: Node, depth: int = 0) -> Json:
    """Any JSON value, every number in it finite and every text writable."""
    if depth > _MOST_NESTED:
        node.fail(f"nested no deeper than {_MOST_NESTED}")
    if node.value is None or isinstance(node.value, bool):
        return node.value
    if isinstance(node.value, str):
        return node.text()
    if isinstance(node.value, dict):
        return {name: _plain(below, depth + 1) for name, below in node.members().items()}
    if isinstance(node.value, list):
        return [_plain(below, depth + 1) for below in node.items()]
    return node.integer() if isinstance(node.value, int) else node.number()
