"""Small networks with cards, as `closeup export` writes them, whose answers can be worked out by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from closeup.weights.network_card import NetworkCard, NetworkHead, embed

COLOURS = NetworkHead("colour", "classes", ("red", "green", "blue"))
"""Answered with the softmax of the three channels' means."""

LIGHT = NetworkHead("light", "value", (), "levels")
"""Answered with the mean of the picture, in levels of 0 to 255."""

PER_LEVEL = 1 / 32
"""How much one level adds to a logit of `COLOURS`."""


def tiny_card(**changes: Any) -> NetworkCard:
    """A card of a network that says which channel is the brightest; `changes` replace fields."""
    fields: dict[str, Any] = {
        "name": "tiny",
        "summary": "Says which channel is the brightest.",
        "input_px": 8,
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
        "heads": (COLOURS, LIGHT),
    }
    return NetworkCard(**{**fields, **changes})


def tiny_bytes(card: NetworkCard, *, samples: int | str = "pictures") -> bytes:
    """The network of a card, whose heads may be any of class heads (logits: means of channels 0, 1, 2, then 0) and
    value heads (the mean of all); the card is not in it."""
    nodes = [helper.make_node("ReduceMean", ["picture"], ["means"], axes=[2, 3], keepdims=0)]
    constants = {}
    for head in card.heads:
        width = max(len(head.classes), 1)
        weights = np.zeros((3, width), np.float32)
        if head.kind == "value":
            weights[:] = 1 / 3
        else:
            weights[range(min(3, width)), range(min(3, width))] = PER_LEVEL
        constants[f"{head.name}_weights"] = weights
        if head.kind == "value":
            nodes.append(helper.make_node("MatMul", ["means", f"{head.name}_weights"], [head.name]))
        else:
            nodes.append(helper.make_node("MatMul", ["means", f"{head.name}_weights"], [f"{head.name}_logits"]))
            nodes.append(helper.make_node("Softmax", [f"{head.name}_logits"], [head.name], axis=1))
    side = card.input_px
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [samples, 3, side, side])],
        [
            helper.make_tensor_value_info(head.name, TensorProto.FLOAT, [samples, max(len(head.classes), 1)])
            for head in card.heads
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def save_tiny(path: Path, card: NetworkCard | None = None) -> Path:
    """Write the network of a card, with the card in it, to `path`."""
    card = card or tiny_card()
    path.write_bytes(embed(tiny_bytes(card), card))
    return path


def plain_picture(colour: Sequence[int], size_wh: tuple[int, int] = (20, 10)) -> np.ndarray:
    """A picture (H, W, 3) of one colour."""
    return np.full((size_wh[1], size_wh[0], 3), colour, np.uint8)
