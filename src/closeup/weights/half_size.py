"""ONNX files of half the size: weights kept in 16 bits, computed with in 32."""

from typing import Any

import numpy as np

from closeup.core.errors import ModelError
from closeup.core.types import FloatArray

SMALLEST = 1024
"""Weights of fewer numbers stay as they are: what they would save, the nodes that widen them take again."""

LARGEST_STEP = 32767
"""Of a signed 16-bit integer, the same on both sides of 0."""


def half_size(content: bytes) -> bytes:
    """Keep a network's weights as 16-bit integers with a scale for each output channel.

    Each weight becomes integers, a Cast to float32 and a Mul by the scales. ONNX Runtime carries these out once, while
    it loads the file: the network then runs as fast as before, on any machine, and every number between the layers has
    32 bits. Inputs and outputs stay float32, and the metadata (the card) stays. Integers, because 16-bit floats spend
    bits on an exponent that the weights of one channel do not need; rounding is several times coarser with them.

    Args:
        content: An ONNX file with its weights inside; those that are no float32, or small, are left alone.

    Returns:
        The new file; the same bytes every time.

    Raises:
        ModelError: If `content` is no ONNX file, or a weight is not finite.
    """
    from onnx import TensorProto, helper, numpy_helper

    model = _load(content)
    kept, widening = [], []
    for weight in model.graph.initializer:
        name = weight.name
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) < 2 or int(np.prod(weight.dims)) < SMALLEST:
            kept.append(weight)
            continue
        steps, scales = _in_steps(name, numpy_helper.to_array(weight))
        kept += [numpy_helper.from_array(steps, f"{name}.steps"), numpy_helper.from_array(scales, f"{name}.scales")]
        widening += [
            helper.make_node("Cast", [f"{name}.steps"], [f"{name}.wide"], f"{name}.cast", to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.wide", f"{name}.scales"], [name], f"{name}.mul"),
        ]
    nodes = list(model.graph.node)
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend([*widening, *nodes])
    halved = model.SerializeToString(deterministic=True)
    assert isinstance(halved, bytes)
    return halved


def widen(model: Any) -> None:
    """Give a network that `half_size` made its weights in 32 bits again, as ONNX Runtime does while it loads it."""
    from onnx import numpy_helper

    weights = {weight.name: weight for weight in model.graph.initializer}
    made, gone = [], set()
    for node in model.graph.node:
        name = node.output[0]
        if node.op_type == "Mul" and list(node.input) == [f"{name}.wide", f"{name}.scales"]:
            steps, scales = (numpy_helper.to_array(weights[f"{name}.{part}"]) for part in ("steps", "scales"))
            made.append(numpy_helper.from_array(steps.astype(np.float32) * scales, name))
            gone |= {f"{name}.steps", f"{name}.scales", f"{name}.wide", name}
    if made:
        kept = [weight for weight in model.graph.initializer if weight.name not in gone]
        nodes = [node for node in model.graph.node if node.output[0] not in gone]
        del model.graph.node[:], model.graph.initializer[:]
        model.graph.node.extend(nodes)
        model.graph.initializer.extend([*kept, *made])


def _load(content: bytes) -> Any:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return onnx.load_from_string(content)
    except DecodeError as error:
        raise ModelError(f"Only an ONNX file can be halved, and this is none ({error}).") from error


def _in_steps(name: str, weight: FloatArray) -> tuple[np.ndarray, FloatArray]:
    """A weight (K, ...) as int16 steps of its shape and the size of a step for each channel, float32 (K, 1, ...)."""
    if not np.isfinite(weight).all():
        raise ModelError(f"Cannot halve the network: its weight {name} holds numbers that are not finite.")
    largest = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True)
    scales = np.maximum(largest / LARGEST_STEP, np.finfo(np.float32).tiny)  # a channel of zeros needs a scale too
    return np.rint(weight / scales).clip(-LARGEST_STEP, LARGEST_STEP).astype(np.int16), scales
