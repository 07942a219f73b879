"""ONNX networks that compute in 8-bit integers where that costs least: static, with a scale for each channel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError, ModelError
from closeup.core.types import FloatArray
from closeup.weights.half_size import half_size

FEWEST_PICTURES = 16
"""Ranges read from fewer pictures are too narrow for the others."""

LARGEST_ACTIVATION = 255
"""Of an unsigned 8-bit integer."""

LARGEST_WEIGHT = 63
"""Of a signed 7-bit integer. x86 processors without VNNI add two products of 8-bit integers in 16 bits; with weights
of 8 bits the sum would not always fit, and the file would answer otherwise there than here."""

NARROWEST = 48
"""Layers with fewer channels, in or out, stay in 32 bits: what their products save, the rounding around them takes
again, and they come first, so that all later layers work with their errors."""

_BATCH = 8
_VALUES_KEPT = 65_536
"""Of each layer's numbers, from all pictures together: enough to choose a range by."""

_BINS = 2048
_SHRINKINGS = np.linspace(1.0, 0.1, 46)
"""Ends of a range that are tried, as shares of the largest number seen."""

Values = NDArray[np.float64]
Bend = Callable[[Values], Values]
"""What becomes of numbers (M,) that are rounded, before anything is multiplied again."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer that is to compute in integers.

    Attributes:
        node: Its node in the graph.
        weight: Name of its weights.
        axis: Of the weights: where the output channels are.
        output: Name of what is rounded after it: its output, or that of the cut at zero that follows.
    """

    node: Any
    weight: str
    axis: int
    output: str


@dataclass(frozen=True, slots=True)
class _Steps:
    """How numbers become integers from 0 to 255: steps of `scale`, where 0 is the integer `zero`."""

    scale: float
    zero: int


def int8_bytes(content: bytes, calibration: FloatArray) -> bytes:
    """Let a network's heavy layers compute in 8-bit integers.

    Convolutions and matrix products get weights of 7 bits, a scale for each output channel, and their inputs and
    outputs are rounded to 8 bits within ranges read from `calibration`: those with the least squared error. In the
    file they stand between QuantizeLinear and DequantizeLinear, which ONNX Runtime makes integer kernels of.

    Left in 32 bits is what loses much by rounding and gains little: convolutions of channels for themselves
    (depthwise), the first one, those of few channels, and what sees one number for each channel of a picture (gates,
    the heads). Their weights are kept in 16 bits (`half_size`).

    Whether the result is accurate enough, or faster at all, has to be measured: on many processors it is not faster
    for networks that are mostly depthwise.

    Args:
        content: An ONNX file with one float32 input (N, 3, P, P).
        calibration: Pictures as the network wants them, (N, 3, P, P) float32, like those that it will see.

    Returns:
        The new file with the same inputs, outputs and metadata; the same bytes every time.

    Raises:
        InputError: If there are fewer than 16 pictures.
        ModelError: If `content` is no such file, has no layer that could compute in integers, or makes numbers of
            the pictures that are not finite.
    """
    if len(calibration) < FEWEST_PICTURES:
        raise InputError(
            f"{len(calibration)} pictures are too few to read ranges from.", f"Give {FEWEST_PICTURES} or more."
        )
    model = _load(content)
    weights = _weights(model)
    layers = list(_layers(model, weights))
    if not layers:
        raise ModelError("The network has no layer that could compute in 8-bit integers.")
    names = sorted({name for layer in layers for name in (layer.node.input[0], layer.output)})
    readers = _readers(model)
    seen = _observe(model, names, calibration)
    steps = {name: _choose_steps(values, _bend(readers.get(name, []))) for name, values in seen.items()}
    _rewrite(model, layers, weights, steps)
    return half_size(model.SerializeToString(deterministic=True))


def _load(content: bytes) -> Any:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise ModelError(f"Only an ONNX file can be made to compute in integers ({error}).") from error
    version = max((opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")), default=0)
    if version < 13:
        raise ModelError(f"The network is written in ONNX's operators of version {version}, and 13 is needed.")
    return model


def _weights(model: Any) -> dict[str, FloatArray]:
    """The float32 weights of a network by name."""
    from onnx import TensorProto, numpy_helper

    return {
        weight.name: numpy_helper.to_array(weight)
        for weight in model.graph.initializer
        if weight.data_type == TensorProto.FLOAT
    }


# Which layers


def _layers(model: Any, weights: Mapping[str, FloatArray]) -> Iterator[_Layer]:
    """The layers that gain more than they lose, in order."""
    shapes = _shapes(model)
    readers = _readers(model)
    answers = {output.name for output in model.graph.output}
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul") or node.input[1] not in weights:
            continue
        if _attribute(node, "group", 1) != 1 or _is_single(shapes.get(node.output[0], ())):
            continue
        shape = weights[node.input[1]].shape
        # The first layer, which sees pixels, is one of few channels too.
        if len(shape) < 2 or min(shape[:2]) < NARROWEST or (node.op_type == "Gemm" and not _is_plain(node)):
            continue
        axis = 0 if node.op_type == "Conv" or _attribute(node, "transB", 0) else weights[node.input[1]].ndim - 1
        yield _Layer(node, node.input[1], axis, _rounded_output(node, readers, answers))


def _readers(model: Any) -> dict[str, list[Any]]:
    """The nodes that read each name."""
    readers: dict[str, list[Any]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    return readers


def _shapes(model: Any) -> dict[str, tuple[int, ...]]:
    """Shapes of what flows between the nodes, 0 for sizes that are not fixed."""
    import onnx

    graph = onnx.shape_inference.infer_shapes(model).graph
    return {
        info.name: tuple(size.dim_value for size in info.type.tensor_type.shape.dim)
        for info in (*graph.value_info, *graph.output)
    }


def _is_single(shape: tuple[int, ...]) -> bool:
    """Whether a layer gives one number for each channel of a picture: (N, C) or (N, C, 1, 1)."""
    return len(shape) == 2 or (len(shape) == 4 and shape[2:] == (1, 1))


def _is_plain(gemm: Any) -> bool:
    return not _attribute(gemm, "transA", 0) and _attribute(gemm, "alpha", 1) == 1 and _attribute(gemm, "beta", 1) == 1


def _attribute(node: Any, name: str, default: float) -> float:
    from onnx import helper

    found = [helper.get_attribute_value(attribute) for attribute in node.attribute if attribute.name == name]
    return found[0] if found else default


def _rounded_output(node: Any, readers: Mapping[str, Sequence[Any]], answers: set[str]) -> str:
    """What is rounded after a layer: where only a cut at zero reads its output, what that gives.

    Integers that start at 0 make the cut themselves, and the runtime takes it out.
    """
    name = str(node.output[0])
    after = readers.get(name, [])
    cuts = len(after) == 1 and after[0].op_type in ("Relu", "Clip") and name not in answers
    return str(after[0].output[0]) if cuts else name


# Which steps


def _observe(model: Any, names: Sequence[str], pictures: FloatArray) -> dict[str, FloatArray]:
    """Run a network on pictures (N, 3, P, P) and keep some of the numbers (M,) that flow by each name."""
    import onnx

    from closeup.weights.session import open_session

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    given = {info.name for info in (*watched.graph.input, *watched.graph.output)}
    outputs = [output.name for output in watched.graph.output]
    new = [name for name in names if name not in given]
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in new)
    kept: dict[str, list[FloatArray]] = {name: [] for name in names}
    at_once = watched.graph.input[0].type.tensor_type.shape.dim[0].dim_value or _BATCH
    each = max(1, _VALUES_KEPT * at_once // len(pictures))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "watched.onnx"
        path.write_bytes(watched.SerializeToString())
        session = open_session(path, device="cpu")
        for at in range(0, len(pictures), at_once):
            batch = np.ascontiguousarray(pictures[at : at + at_once])
            found = dict(zip([*outputs, *new], session.run_all(batch), strict=True))
            found[watched.graph.input[0].name] = batch
            for name in names:
                kept[name].append(_some(found[name].ravel(), each))
    seen = {name: np.concatenate(parts) for name, parts in kept.items()}
    for name, values in seen.items():
        if not np.isfinite(values).all():
            raise ModelError(f"The network makes numbers that are not finite of these pictures, at {name!r}.")
    return seen


def _some(values: FloatArray, count: int) -> FloatArray:
    """About `count` of the values (N,), evenly spread, with the smallest and the largest."""
    step = max(1, len(values) // count) | 1  # odd, so as not to fall in step with the sides of pictures
    return np.concatenate([values[::step], [values.min(), values.max()]]).astype(np.float32)


def _bend(readers: Sequence[Any]) -> Bend:
    """What the nodes that read some numbers make of them: a curve, or the numbers themselves.

    Where a curve is flat, as SiLU is far below 0, rounding costs nothing, and the range need not reach there.
    """
    kinds = sorted(node.op_type for node in readers)
    if kinds == ["Mul", "Sigmoid"]:
        return lambda values: values / (1 + np.exp(-np.clip(values, -80, 80)))  # SiLU
    if kinds in (["HardSwish"], ["HardSigmoid", "Mul"]):
        return lambda values: values * np.clip(values / 6 + 0.5, 0, 1)
    return lambda values: values


def _choose_steps(values: FloatArray, bend: Bend) -> _Steps:
    """The steps that round `values` (N,) with the least squared error of what they are bent to; 0 is one of them."""
    counts, edges = np.histogram(values.astype(np.float64), _BINS)  # in float32, equal values leave no room for bins
    centres = (edges[:-1] + edges[1:]) / 2
    wanted = bend(centres)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return _Steps(1.0, 0)

    def error(low: float, high: float) -> float:
        steps = _steps(low, high)
        whole = np.clip(np.rint(centres / steps.scale) + steps.zero, 0, LARGEST_ACTIVATION)
        return float(np.dot(counts, (bend((whole - steps.zero) * steps.scale) - wanted) ** 2))

    lows, highs = low * _SHRINKINGS, high * _SHRINKINGS
    for _ in range(2):  # each end has its best place by where the other one is
        high = min(highs, key=lambda end: error(low, end))
        low = min(lows, key=lambda end: error(end, high))
    return _steps(float(low), float(high))


def _steps(low: float, high: float) -> _Steps:
    scale = max((high - low) / LARGEST_ACTIVATION, float(np.finfo(np.float32).tiny))
    return _Steps(scale, int(np.clip(round(-low / scale), 0, LARGEST_ACTIVATION)))


def _weight_steps(weight: FloatArray, axis: int) -> tuple[NDArray[np.int8], FloatArray]:
    """Weights (..., K, ...) as integers of their shape, and the size of a step for each channel (K,)."""
    others = tuple(at for at in range(weight.ndim) if at != axis)
    scales = np.maximum(np.abs(weight).max(axis=others) / LARGEST_WEIGHT, np.finfo(np.float32).tiny)
    shape = [-1 if at == axis else 1 for at in range(weight.ndim)]
    whole = np.rint(weight / scales.reshape(shape)).clip(-LARGEST_WEIGHT, LARGEST_WEIGHT)
    return whole.astype(np.int8), scales.astype(np.float32)


# The new graph


def _rewrite(
    model: Any, layers: Sequence[_Layer], weights: Mapping[str, FloatArray], steps: Mapping[str, _Steps]
) -> None:
    """Put rounding around the layers, in place."""
    import onnx

    new = _NewParts(steps)
    chosen = {layer.node.output[0]: layer for layer in layers}
    outputs = {layer.output for layer in layers}
    nodes = []
    for old in model.graph.node:
        node = onnx.NodeProto()
        node.CopyFrom(old)
        layer = chosen.get(node.output[0])
        for at, name in enumerate(old.input):
            if name in outputs:
                node.input[at] = f"{name}.rounded"
        if layer is not None:
            source = layer.node.input[0]
            nodes += new.rounding(source) if source not in outputs else []
            node.input[0] = f"{source}.rounded"
            nodes += new.weights(layer, weights, node)
        nodes.append(node)
        nodes += [made for name in node.output if name in outputs for made in new.rounding(name)]
    used = {name for node in nodes for name in node.input} | {output.name for output in model.graph.output}
    kept = [weight for weight in model.graph.initializer if weight.name in used]
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend([*kept, *new.constants])


class _NewParts:
    """Makes the nodes and constants of rounding, each once."""

    def __init__(self, steps: Mapping[str, _Steps]) -> None:
        self._steps = steps
        self._made: set[str] = set()
        self.constants: list[Any] = []

    def rounding(self, name: str) -> list[Any]:
        """Nodes from what flows by `name` to the same rounded, "NAME.rounded"."""
        from onnx import helper

        if name in self._made:
            return []
        self._made.add(name)
        steps = self._steps[name]
        self._constant(f"{name}.step", np.float32(steps.scale))
        self._constant(f"{name}.zero", np.uint8(steps.zero))
        ends = [f"{name}.step", f"{name}.zero"]
        return [
            helper.make_node("QuantizeLinear", [name, *ends], [f"{name}.whole"], f"{name}.quantize"),
            helper.make_node("DequantizeLinear", [f"{name}.whole", *ends], [f"{name}.rounded"], f"{name}.dequantize"),
        ]

    def weights(self, layer: _Layer, weights: Mapping[str, FloatArray], node: Any) -> list[Any]:
        """Nodes that give a layer its weights and bias out of integers; `node` is changed to read them."""
        from onnx import helper

        whole, scales = _weight_steps(weights[layer.weight], layer.axis)
        made = []
        # One layer's own names: weights can be shared, and a bias's steps are those of the layer's input.
        name = f"{node.output[0]}.weight"
        self._constant(f"{name}.whole", whole)
        self._constant(f"{name}.step", scales)
        self._constant(f"{name}.zero", np.zeros(len(scales), np.int8))
        ends = [f"{name}.whole", f"{name}.step", f"{name}.zero"]
        made.append(helper.make_node("DequantizeLinear", ends, [name], f"{name}.dequantize", axis=layer.axis))
        node.input[1] = name
        if len(node.input) > 2 and node.input[2] in weights and weights[node.input[2]].shape == scales.shape:
            name = f"{node.output[0]}.bias"
            step = (np.float64(self._steps[layer.node.input[0]].scale) * scales).astype(np.float32)
            limit = 2**31 - 1
            bias = np.rint(weights[layer.node.input[2]].astype(np.float64) / step).clip(-limit, limit)
            self._constant(f"{name}.whole", bias.astype(np.int32))
            self._constant(f"{name}.step", step)
            self._constant(f"{name}.zero", np.zeros(len(step), np.int32))
            ends = [f"{name}.whole", f"{name}.step", f"{name}.zero"]
            made.append(helper.make_node("DequantizeLinear", ends, [name], f"{name}.dequantize", axis=0))
            node.input[2] = name
        return made

    def _constant(self, name: str, value: Any) -> None:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
