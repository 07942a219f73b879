"""Turns a network whose weights are stored as blocks of 8-bit integers into one with float weights."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import ModelError
from closeup.weights.free_size import free_size

if TYPE_CHECKING:
    import onnx

DEQUANTISE_VERSION = 2
"""Goes up when a converted file changes."""


def dequantise(data: bytes) -> bytes:
    """Fold the dequantisation of an ONNX network's weights into the weights, and let it take batches of any size.

    PRelu is written as convolutions, see `_prelu`.

    OpenCV Zoo publishes its networks "int8bq": weights as 8-bit integers with a scale for each block of 64, brought
    back to float by DequantizeLinear and Reshape nodes when the network runs. ONNX Runtime 1.31 refuses some of these
    nodes; as constants the weights are what the nodes would have made of them. The file also names its weights as
    inputs, which keeps ONNX Runtime from folding batch normalisation into the convolutions: they are taken off.

    Args:
        data: The content of an ONNX file; the store has compared its hash with the card's before.

    Raises:
        ModelError: If a quantised weight cannot be folded.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    constants = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        given = [constants.get(name) for name in node.input]
        if node.op_type == "DequantizeLinear" and given[0] is not None:
            constants[node.output[0]] = _float_weights(node, given)
        elif node.op_type == "Reshape" and given[0] is not None and given[1] is not None:
            constants[node.output[0]] = given[0].reshape(given[1].tolist())
        elif node.op_type == "PRelu" and given[1] is not None and given[1].size == given[1].shape[0]:
            kept += _prelu(node, given[1], constants)
        else:
            kept.append(node)
    if any(node.op_type == "DequantizeLinear" for node in kept):
        raise ModelError("A weight of the network is dequantised from what is not in the file.")
    needed = {name for node in kept for name in node.input}
    inputs = [item for item in model.graph.input if item.name in needed - constants.keys()]
    outputs = list(model.graph.output)
    for shaped in (*inputs, *outputs):
        if shaped.type.tensor_type.shape.dim:
            shaped.type.tensor_type.shape.dim[0].dim_param = "N"
    graph = onnx.helper.make_graph(
        kept,
        model.graph.name,
        inputs,
        outputs,
        [
            onnx.numpy_helper.from_array(np.ascontiguousarray(constants[n]), n)
            for n in sorted(needed & constants.keys())
        ],
    )
    made = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return bytes(made.SerializeToString(deterministic=True))


def dequantise_free_size(data: bytes) -> bytes:
    """Do the same, and let the network take pictures of any size; see `free_size`.

    Raises:
        ModelError: If a quantised weight cannot be folded, or it has no single input of four dimensions.
    """
    return free_size(dequantise(data))


def _prelu(node: "onnx.NodeProto", slope: NDArray[Any], constants: dict[str, NDArray[Any]]) -> list["onnx.NodeProto"]:
    """PRelu with one slope a channel, as slope * x + (1 - slope) * relu(x), both by 1 x 1 convolutions of each channel.

    ONNX Runtime has no PRelu for the blocked layout that its convolutions work in: it changes the layout before and
    after each one, and SFace took twice the time (41 ms against 20 for a face, on one busy thread).
    """
    import onnx

    x, y = node.input[0], node.output[0]
    slope = slope.astype(np.float32).reshape(-1, 1, 1, 1)
    constants[f"{y}_slope"], constants[f"{y}_rest"] = slope, 1 - slope

    def scaled(source: str, by: str, target: str) -> "onnx.NodeProto":
        return onnx.helper.make_node("Conv", [source, by], [target], kernel_shape=[1, 1], group=len(slope))

    def relu(source: str, target: str) -> "onnx.NodeProto":
        return onnx.helper.make_node("Relu", [source], [target])

    if slope.max() <= 1:  # then (1 - slope) * relu(x) is relu((1 - slope) * x), which ONNX Runtime does in one step
        above = [scaled(x, f"{y}_rest", f"{y}_scaled"), relu(f"{y}_scaled", f"{y}_above")]
    else:
        above = [relu(x, f"{y}_relu"), scaled(f"{y}_relu", f"{y}_rest", f"{y}_above")]
    both = onnx.helper.make_node("Add", [f"{y}_below", f"{y}_above"], [y])
    return [*above, scaled(x, f"{y}_slope", f"{y}_below"), both]


def _float_weights(node: "onnx.NodeProto", given: list[NDArray[Any] | None]) -> NDArray[np.float32]:
    """Weights of any shape (...,) from integers, scales and zero points, one of each for a block, an axis, or all."""
    options = {item.name: item.i for item in node.attribute}
    weights, scale = given[0], given[1]
    if weights is None or scale is None:
        raise ModelError("A weight of the network is dequantised from what is not in the file.")
    zero = given[2] if len(given) > 2 and given[2] is not None else np.zeros_like(scale)
    axis, block = options.get("axis", 1), options.get("block_size", 0)
    parts = [np.asarray(part, np.float32) for part in (scale, zero)]
    if block:
        whole = tuple(slice(size) for size in weights.shape)  # the last block of a row may be cut short
        parts = [np.repeat(part, block, axis=axis)[whole] for part in parts]
    elif scale.size > 1:
        shape = [-1 if dim == axis else 1 for dim in range(weights.ndim)]
        parts = [part.reshape(shape) for part in parts]
    return np.asarray((weights.astype(np.float32) - parts[1]) * parts[0], np.float32)
