"""ONNX networks that compute in 8-bit integers where that costs least, by ONNX Runtime's own quantiser."""

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from closeup.core.errors import InputError, ModelError
from closeup.core.types import FloatArray
from closeup.weights.half_size import half_size, widen
from closeup.weights.session import import_runtime

FEWEST_PICTURES = 16
"""Ranges read from fewer pictures are too narrow for the others."""

NARROWEST = 48
"""Layers with fewer channels, in or out, stay in 32 bits: what their products save, the rounding around them takes
again, and they come first, so that all later layers work with their errors."""

_BATCH = 8

_PERCENTILE = 99.99
"""Of the numbers seen, so many lie inside the range of a layer; the rest are cut to its ends."""


def int8_bytes(content: bytes, calibration: FloatArray) -> bytes:
    """Let a network's heavy layers compute in 8-bit integers.

    Convolutions and matrix products get weights of 7 bits, a scale for each output channel, and their inputs and
    outputs are rounded to 8 bits within ranges read from `calibration`. (Of 7 bits, since x86 processors without VNNI
    add two products of 8-bit integers in 16 bits: with weights of 8 bits the sum would not always fit, and the file
    would answer otherwise there than here.) In the file they stand between QuantizeLinear and DequantizeLinear, which
    ONNX Runtime makes integer kernels of.

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
    widen(model)
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}.{number}"  # the quantiser knows nodes by names, which need not be there
    layers = list(_layers(model))
    if not layers:
        raise ModelError("The network has no layer that could compute in 8-bit integers.")
    return half_size(_quantise(model, layers, calibration).SerializeToString(deterministic=True))


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


def _layers(model: Any) -> Iterator[str]:
    """Names of the nodes that gain more than they lose, in order."""
    import onnx

    weights = {weight.name: weight.dims for weight in model.graph.initializer}
    graph = onnx.shape_inference.infer_shapes(model).graph
    ranks = {
        info.name: [size.dim_value for size in info.type.tensor_type.shape.dim]
        for info in (*graph.value_info, *graph.output)
    }
    cuts: dict[str, list[str]] = {}  # at zero, which integers that start at 0 make themselves
    for node in model.graph.node:
        if node.op_type in ("Relu", "Clip"):
            cuts.setdefault(node.input[0], []).append(node.name)
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul") or node.input[1] not in weights:
            continue
        group = next((it.i for it in node.attribute if it.name == "group"), 1)
        shape, made = weights[node.input[1]], ranks.get(node.output[0], [])
        is_single = len(made) == 2 or (len(made) == 4 and made[2:] == [1, 1])  # one number for each channel
        # The first layer, which sees pixels, is one of few channels too.
        if group == 1 and not is_single and len(shape) >= 2 and min(shape[:2]) >= NARROWEST:
            yield node.name
            yield from cuts.get(node.output[0], ())


def _quantise(model: Any, layers: list[str], pictures: FloatArray) -> Any:
    """The network with rounding around its layers."""
    import_runtime()  # before any other part of it, so that its reports are off
    import onnx
    from onnxruntime import quantization

    class _CalibrationBatches(quantization.CalibrationDataReader):  # type: ignore[misc]
        """Gives the pictures in batches."""

        def __init__(self) -> None:
            batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value or _BATCH
            filled = np.arange(-(-len(pictures) // batch) * batch) % len(pictures)  # batches have to be of one size
            self._parts = iter(np.split(filled, len(filled) // batch))

        def get_next(self) -> dict[str, FloatArray] | None:
            part = next(self._parts, None)
            return None if part is None else {model.graph.input[0].name: np.ascontiguousarray(pictures[part])}

    metadata = {entry.key: entry.value for entry in model.metadata_props}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        try:
            with redirect_stdout(StringIO()):  # the quantiser prints what it does
                quantization.quantize_static(
                    model,
                    path,
                    _CalibrationBatches(),
                    per_channel=True,
                    reduce_range=True,
                    activation_type=quantization.QuantType.QUInt8,
                    weight_type=quantization.QuantType.QInt8,
                    nodes_to_quantize=layers,
                    calibrate_method=quantization.CalibrationMethod.Percentile,
                    calibration_providers=["CPUExecutionProvider"],
                    extra_options={"CalibPercentile": _PERCENTILE},
                )
        except ValueError as error:
            raise ModelError(f"The network makes numbers that are not finite of these pictures ({error}).") from error
        made = onnx.load(path)
    del made.metadata_props[:]
    onnx.helper.set_model_props(made, metadata)
    return made
