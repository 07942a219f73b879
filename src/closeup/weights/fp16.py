"""ONNX networks that compute in 16-bit floats, for graphics cards and browsers."""

from typing import Any

import numpy as np

from closeup.core.errors import ModelError

LARGEST = float(np.finfo(np.float16).max)
"""65504: what is above it is no number in 16 bits."""

_LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")

_ALWAYS_WIDE = ("Cast", "Resize", "Upsample")
"""Operators that name a width themselves, or whose other inputs are not pictures but scales."""

_FEWEST_WEIGHTS = 1024
"""A product with fewer weights is part of how an answer is put, and no layer: a mean over the steps of a value."""


def fp16_bytes(content: bytes) -> bytes:
    """Let a network compute in 16-bit floats up to its answers.

    Weights and what flows between the layers have 16 bits. What comes after the last layer (softmax, temperature, the
    bounds of a value) stays in 32 bits, as do inputs and outputs, so that the file is used as before. It has half the
    bytes. It is faster on graphics cards and in browsers with WebGPU; ONNX Runtime on an x86 processor has few kernels
    for 16 bits, widens the numbers before each layer, and takes longer than with 32.

    Args:
        content: An ONNX file with float32 inputs and outputs.

    Returns:
        The new file with the same inputs, outputs and metadata; the same bytes every time.

    Raises:
        ModelError: If `content` is no such file, or a weight is larger than 16 bits can hold.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise ModelError(f"Only an ONNX file can be made to compute in 16 bits ({error}).") from error
    if any(attribute.HasField("g") or attribute.graphs for node in model.graph.node for attribute in node.attribute):
        raise ModelError("The network has branches or loops, and such ones are not made to compute in 16 bits.")
    _Narrowing(model).apply()
    made = model.SerializeToString(deterministic=True)
    assert isinstance(made, bytes)
    return made


def _kinds(model: Any) -> dict[str, int]:
    """ONNX's number for the type of everything that has a name."""
    import onnx

    graph = onnx.shape_inference.infer_shapes(model).graph
    infos = (*graph.input, *graph.value_info, *graph.output)
    kinds = {info.name: info.type.tensor_type.elem_type for info in infos}
    return {**kinds, **{weight.name: weight.data_type for weight in model.graph.initializer}}


class _Narrowing:
    """Rewrites one graph in place. A name stands for 32 bits, and with ".16" behind it for the same in 16."""

    def __init__(self, model: Any) -> None:
        from onnx import TensorProto

        self._model = model
        self._kinds = _kinds(model)
        self._float, self._half = TensorProto.FLOAT, TensorProto.FLOAT16
        self._weights = {weight.name: weight for weight in model.graph.initializer}
        self._known = {info.name for info in model.graph.input} | set(self._weights)
        self._nodes: list[Any] = []

    def apply(self) -> None:
        """Let the nodes up to the last layers compute in 16 bits."""
        graph = self._model.graph
        narrow = self._up_to_layers()
        for node in graph.node:
            self._add(node, narrow=node.output[0] in narrow)
        for output in graph.output:
            self._named(output.name, narrow=False)
        used = {name for node in self._nodes for name in node.input}
        kept = [weight for name, weight in self._weights.items() if name in used]
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(self._nodes)
        graph.initializer.extend(kept)

    def _up_to_layers(self) -> set[str]:
        """First outputs of the nodes that are layers, or whose numbers a layer needs."""
        needed: set[str] = set()
        found: set[str] = set()
        for node in reversed(self._model.graph.node):
            if self._is_layer(node) or needed & set(node.output):
                needed |= set(node.input)
                found |= {node.output[0]} if self._can_be_narrow(node) else set()
        return found

    def _is_layer(self, node: Any) -> bool:
        sizes = [np.prod(self._weights[name].dims) for name in node.input if name in self._weights]
        return node.op_type in _LAYERS and max(sizes, default=0) >= _FEWEST_WEIGHTS

    def _can_be_narrow(self, node: Any) -> bool:
        takes_numbers = any(self._kinds.get(name) == self._float for name in node.input)
        return takes_numbers and node.op_type not in _ALWAYS_WIDE

    def _add(self, old: Any, *, narrow: bool) -> None:
        """Add a node of the old graph, and before it what its inputs need."""
        import onnx

        node = onnx.NodeProto()
        node.CopyFrom(old)
        for at, name in enumerate(old.input):
            if self._kinds.get(name) == self._float:
                node.input[at] = self._named(name, narrow=narrow)
        for at, name in enumerate(old.output):
            if narrow and self._kinds.get(name) == self._float:
                node.output[at] = f"{name}.16"
        self._nodes.append(node)
        self._known |= set(node.output)

    def _named(self, name: str, *, narrow: bool) -> str:
        """What float `name` is called in the wanted width; it is made from the other one where it is not there."""
        from onnx import helper, numpy_helper

        wanted, there = (f"{name}.16", name) if narrow else (name, f"{name}.16")
        if wanted in self._known:
            return wanted
        self._known.add(wanted)
        if narrow and name in self._weights:
            weight = numpy_helper.to_array(self._weights[name])
            if not np.all(np.abs(weight) <= LARGEST):
                raise ModelError(f"The network's weight {name} holds numbers that 16 bits cannot: above {LARGEST:.0f}.")
            self._weights[wanted] = numpy_helper.from_array(weight.astype(np.float16), wanted)
        else:
            width = self._half if narrow else self._float
            self._nodes.append(helper.make_node("Cast", [there], [wanted], f"{wanted}.cast", to=width))
        return wanted
