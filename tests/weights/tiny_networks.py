"""Small ONNX networks with every kind of layer that the real ones have."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 48
CLASSES = 3


def initializers(rng: np.random.Generator, **shapes: tuple[int, ...]) -> list[Any]:
    """Weights of these shapes by name, scaled so that numbers neither vanish nor explode."""
    made = []
    for name, shape in shapes.items():
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 10
        values = rng.standard_normal(shape) / np.sqrt(fan_in)
        made.append(numpy_helper.from_array(values.astype(np.float32), name))
    return made


def as_file(nodes: list[Any], weights: list[Any], output: tuple[str, list[Any]], opset: int = 18) -> bytes:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    helper.set_model_props(model, {"closeup.card": "kept"})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def classifier(seed: int = 0) -> bytes:
    """Convolutions: a first, a slim, a wide one with SiLU, depthwise, a gate, one with ReLU; a head with softmax."""
    node = helper.make_node
    weights = initializers(
        np.random.default_rng(seed),
        first_w=(16, 3, 3, 3),
        first_b=(16,),
        slim_w=(48, 16, 1, 1),
        wide_w=(48, 48, 1, 1),
        wide_b=(48,),
        depth_w=(48, 1, 3, 3),
        depth_b=(48,),
        gate_w=(48, 48, 1, 1),
        gate_b=(48,),
        last_w=(64, 48, 3, 3),
        last_b=(64,),
        head_w=(CLASSES, 64),
        head_b=(CLASSES,),
    )
    nodes = [
        node("Conv", ["picture", "first_w", "first_b"], ["first"], pads=[1] * 4),
        node("Relu", ["first"], ["a"]),
        node("Conv", ["a", "slim_w"], ["slim"]),
        node("Conv", ["slim", "wide_w", "wide_b"], ["wide"]),
        node("Sigmoid", ["wide"], ["wide_s"]),
        node("Mul", ["wide", "wide_s"], ["b"]),
        node("Conv", ["b", "depth_w", "depth_b"], ["depth"], group=48, pads=[1] * 4),
        node("GlobalAveragePool", ["depth"], ["mean"]),
        node("Conv", ["mean", "gate_w", "gate_b"], ["gate"]),
        node("Sigmoid", ["gate"], ["gate_s"]),
        node("Mul", ["depth", "gate_s"], ["gated"]),
        node("Conv", ["gated", "last_w", "last_b"], ["last"]),
        node("Relu", ["last"], ["c"]),
        node("GlobalAveragePool", ["c"], ["pooled"]),
        node("Flatten", ["pooled"], ["flat"]),
        node("Gemm", ["flat", "head_w", "head_b"], ["logits"], transB=1),
        node("Softmax", ["logits"], ["class"], axis=1),
    ]
    return as_file(nodes, weights, ("class", ["N", CLASSES]))


def products(seed: int = 0) -> bytes:
    """Two products of rows with one weight, which they share."""
    node = helper.make_node
    weights = initializers(np.random.default_rng(seed), first_w=(4, 3, 1, 1), w=(SIDE, SIDE))
    nodes = [
        node("Conv", ["picture", "first_w"], ["first"]),
        node("MatMul", ["first", "w"], ["one"]),
        node("MatMul", ["one", "w"], ["two"]),
    ]
    return as_file(nodes, weights, ("two", ["N", 4, SIDE, SIDE]))


def pictures(count: int, seed: int = 1) -> NDArray[np.float32]:
    """Smooth noise (N, 3, P, P): neighbours are alike, as in real pictures."""
    coarse = np.random.default_rng(seed).standard_normal((count, 3, SIDE // 3, SIDE // 3))
    return np.kron(coarse, np.ones((3, 3))).astype(np.float32)
