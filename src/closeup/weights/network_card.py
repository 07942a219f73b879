"""The card that travels inside an ONNX file: what a network wants to be shown, and what its answers mean.

It is JSON under one key of the file's metadata, so that a file on its own can be used rightly. What a network with a
card takes and gives: one input, "picture" (N, 3, P, P) float32, RGB, normalised by the card's mean and std; one output
for each head, of its name: probabilities (N, K) that sum to 1, or values (N, 1) in the head's unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from closeup.core.errors import ModelError
from closeup.core.fields import Text, Within
from closeup.documents.form import Form, must_be, sorted_line

if TYPE_CHECKING:
    from closeup.weights.session import NamedSession

METADATA_KEY = "closeup.card"
INPUT = "picture"
"""Name of the network's input."""

CUT_LARGER = 1.2
"""What our own networks of aligned faces learn from: `closeup data crop-faces` cuts 96 pixels for a network of 80, 112
for one of 96. Of 1,190 faces of FER2013's val 65.8 % are told rightly so, 64.5 % if they are cut at 80 pixels at once,
and 66.1 % out of the files that crop-faces wrote."""

Json = Any
"""What JSON holds: None, bool, int, float, str, and lists and dicts of these."""

Share = Annotated[float, Within(-2, 3)]
Point = tuple[Share, Share]
Level = Annotated[float, Within(-1e6, 1e6)]
Spread = Annotated[float, Within(1e-6, 1e6)]
Word = Annotated[str, Text(r"[\s\S]*\S[\s\S]*", "text that is not empty")]


@dataclass(frozen=True, slots=True)
class NetworkHead:
    """One thing that a network answers.

    Attributes:
        name: "expression"; also the name of the ONNX output.
        kind: "classes" (probabilities) or "value" (a number).
        classes: Names in the order of the probabilities; empty for a value.
        unit: Of a value, "years"; empty for classes, unless they are made of a number.
    """

    name: Word
    kind: Literal["classes", "value"]
    classes: tuple[Word, ...] = ()
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

    name: Word
    summary: str
    input_px: Annotated[int, Within(0, 4096)] = 0
    input_multiple: Annotated[int, Within(1, 4096)] = 1
    mean: tuple[Level, Level, Level] = (0.0, 0.0, 0.0)
    std: tuple[Spread, Spread, Spread] = (1.0, 1.0, 1.0)
    colour: Literal["RGB", "BGR"] = "RGB"
    grey: bool = False
    fit: Literal["cover", "stretch", "pad"] = "cover"
    alignment: tuple[Point, ...] = ()
    cut_larger: Annotated[float, Within(0.1, 10)] = CUT_LARGER
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


def check_network(card: NetworkCard) -> None:
    """Hold the rules that tie a network card's fields together.

    Raises:
        FormatError: If one does not hold.
    """
    if len(card.alignment) not in (0, 5):
        raise must_be(("alignment",), "a list of five points, or empty", card.alignment)
    if len({head.name for head in card.heads}) != len(card.heads):
        raise must_be(("heads",), "a list of heads, each of its own name", card.heads)
    for place, head in enumerate(card.heads):
        if head.kind == "value" and head.classes:
            raise must_be(("heads", place, "classes"), "empty, since this head answers a value", head.classes)
        if head.kind == "classes" and (len(head.classes) < 2 or len(set(head.classes)) != len(head.classes)):
            raise must_be(("heads", place, "classes"), "two names or more, none of them twice", head.classes)


def _check_embedded(card: NetworkCard) -> None:
    check_network(card)
    if not card.input_px:
        raise must_be(("input_px",), "a whole number from 1 to 4096", card.input_px)
    if not card.heads:
        raise must_be(("heads",), "a list of one head or more", card.heads)


NETWORK_CARD = Form(
    NetworkCard,
    "closeup network card",
    version=2,  # 1 lacked input_multiple, colour and cut_larger, which were as they are by default
    check=_check_embedded,
    layout=sorted_line,
)
"""The card as it stands inside an ONNX file."""


def embed(content: bytes, card: NetworkCard) -> bytes:
    """Put a card into an ONNX file, in the place of one that is there; all else in the file stays.

    Args:
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
    return with_metadata(content, METADATA_KEY, NETWORK_CARD.encode(card).decode())


def with_metadata(content: bytes, key: str, value: str) -> bytes:
    """An ONNX file with a text under a key of its metadata, in the place of one that is there; all else stays."""
    import onnx

    model = onnx.load_model_from_string(content)
    others = {prop.key: prop.value for prop in model.metadata_props if prop.key != key}
    onnx.helper.set_model_props(model, {**others, key: value})
    return bytes(model.SerializeToString(deterministic=True))


def read_card(path: Path) -> NetworkCard:
    """Read the card inside the ONNX file at `path`; the whole network is loaded for it.

    Raises:
        ModelError: If the file is missing, no network, or has no card.
        FormatError: If the card is wrong.
    """
    from closeup.weights.session import open_session

    return card_of(open_session(path, device="cpu"), path)


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
    card = NETWORK_CARD.decode(text.encode(), f"The card in {path}")
    _check_names([session.input_name], list(session.output_names), card, str(path))
    return card


def _check_names(inputs: list[str], outputs: list[str], card: NetworkCard, name: str) -> None:
    wanted = [head.name for head in card.heads]
    if inputs != [INPUT] or outputs != wanted:
        raise ModelError(
            f"{name} takes {', '.join(inputs)} and gives {', '.join(outputs)}, while its card says "
            f"{INPUT} and {', '.join(wanted)}."
        )
