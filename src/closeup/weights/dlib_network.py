"""Reads dlib's published 128-d face network and writes the same network as ONNX.

The network: dlib_face_recognition_resnet_model_v1, Davis King, public domain; a residual network (He, Zhang, Ren, Sun:
Deep Residual Learning for Image Recognition, 2016) of 29 convolutions. The file holds it as nested layers: the versions
of all layers from the answer inwards, then their contents from the picture outwards (dlib's dnn/core.h, dnn/layers.h).
Each convolution is followed by an affine step, which is folded into its weights and bias here, so the graph is
convolutions, sums and two kinds of pooling. dlib's own code takes about 70 ms a face; ONNX Runtime takes a tenth of it.
"""

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from closeup.core.types import FloatArray
from closeup.weights.dlib_stream import DlibStream

if TYPE_CHECKING:
    import onnx

CONVERTER_VERSION = 1
"""Raise it whenever `dlib_network_to_onnx` would write another graph: converted files are kept under it."""

INPUT_SIZE = 150
"""Side of the input picture in pixels."""

OUTPUT_SIZE = 128
_STEM_CHANNELS = 32
_BLOCKS: tuple[tuple[int, bool], ...] = (
    *[(32, False)] * 3,
    *[(64, True), (64, False), (64, False), (64, False)],
    *[(128, True), (128, False), (128, False)],
    *[(256, True), (256, False), (256, False)],
    (256, True),
)
"""Channels of each residual block from the picture on, and whether it halves the size."""

_MEAN_RGB = (122.782, 117.001, 104.298)
_LAYER, _FIRST_LAYER, _MARK = 2, 3, 1
"""Versions: of a layer, of the layer on the picture itself, of a tag or skip (which hold nothing)."""

_OPSET = 13
_IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with its affine step folded in.

    Attributes:
        weights: (output channels, input channels, rows, columns) float32.
        bias: (output channels,) float32.
        stride: Step in pixels, both ways.
        padding: Zeros on every side, in pixels.
    """

    weights: FloatArray
    bias: FloatArray
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Block:
    """A residual block: relu(shortcut + second(relu(first(x)))); the shortcut is halved where `halves`."""

    first: Convolution
    second: Convolution
    halves: bool


@dataclass(frozen=True, slots=True)
class DlibNetwork:
    """The weights of the network, from the picture on.

    Attributes:
        stem: The convolution on the picture.
        blocks: The residual blocks in order.
        projection: (256, 128) float32: from the last block's mean to the answer.
    """

    stem: Convolution
    blocks: tuple[Block, ...]
    projection: FloatArray


def convert_dlib_network(data: bytes) -> bytes:
    """From the content of dlib's file to the content of an ONNX file with the same answers.

    Its input is "picture", float32 (N, 3, 150, 150), RGB, after mean and std of the model's card; its output is
    "embedding", float32 (N, 128), as dlib gives it, not normalised.

    Raises:
        ModelError: If the bytes are anything but that network.
    """
    return dlib_network_to_onnx(read_dlib_network(data))


def read_dlib_network(data: bytes) -> DlibNetwork:
    """Read the content of dlib's file; every byte has to be what that network has there.

    Raises:
        ModelError: If the bytes are anything but that network.
    """
    stream = DlibStream(data)
    _read_head(stream)
    stem = _read_convolution(stream, inputs=3, outputs=_STEM_CHANNELS, size=7, stride=2, first=True)
    _read_plain_layer(stream, "relu_")
    _read_pooling(stream, "max_pool_2", size=3, stride=2)
    blocks: list[Block] = []
    channels = _STEM_CHANNELS
    for outputs, halves in _BLOCKS:
        blocks.append(_read_block(stream, inputs=channels, outputs=outputs, halves=halves))
        channels = outputs
    _read_pooling(stream, "avg_pool_2", size=0, stride=1)
    projection = _read_projection(stream, inputs=channels)
    stream.expect_end()
    return DlibNetwork(stem, tuple(blocks), projection)


def _read_head(stream: DlibStream) -> None:
    """The loss, the versions of all layers from the answer inwards, and the input layer."""
    stream.expect(1)
    stream.expect_text("loss_metric_2")
    stream.real(), stream.real()  # margin and distance: for training only
    stream.expect(_LAYER, _LAYER)  # projection, mean
    for _, halves in reversed(_BLOCKS):
        # relu, sum; halved shortcuts: pooling, skip, tag; two convolutions with their affine steps and a relu; tag
        stream.expect(_LAYER, _LAYER, *((_LAYER, _MARK, _MARK) if halves else ()), *(_LAYER,) * 5, _MARK)
    stream.expect(_LAYER, _LAYER, _LAYER, _FIRST_LAYER)
    stream.expect_text("input_rgb_image_sized")
    for mean in _MEAN_RGB:
        if abs((found := stream.real()) - mean) > 1e-4:
            raise stream.wrong(f"a mean of {mean}", str(found))
    stream.expect(INPUT_SIZE, INPUT_SIZE)


def _read_block(stream: DlibStream, *, inputs: int, outputs: int, halves: bool) -> Block:
    first = _read_convolution(stream, inputs=inputs, outputs=outputs, size=3, stride=2 if halves else 1)
    _read_plain_layer(stream, "relu_")
    second = _read_convolution(stream, inputs=outputs, outputs=outputs, size=3, stride=1)
    if halves:
        _read_pooling(stream, "avg_pool_2", size=2, stride=2)
    _read_plain_layer(stream, "add_prev_")
    _read_plain_layer(stream, "relu_")
    return Block(first, second, halves)


def _read_convolution(
    stream: DlibStream, *, inputs: int, outputs: int, size: int, stride: int, first: bool = False
) -> Convolution:
    """A convolution and the affine step after it, as one."""
    padding = size // 2 if stride == 1 else 0
    length = outputs * inputs * size * size
    stream.expect_text("con_4")
    values = stream.tensor(length + outputs, 1, 1, 1)
    stream.expect(outputs, size, size, stride, stride, padding, padding)
    stream.expect_alias(outputs, inputs, size, size)
    stream.expect_alias(1, outputs, 1, 1)
    _read_training_factors(stream)
    _read_layer_end(stream)
    if first:
        stream.expect(1)  # samples per picture
    weights = values[:length].reshape(outputs, inputs, size, size).astype(np.float64)
    factor, offset = _read_affine(stream, outputs)
    bias = values[length:] * factor + offset
    folded = weights * factor[:, None, None, None]
    return Convolution(folded.astype(np.float32), bias.astype(np.float32), stride, padding)


def _read_affine(stream: DlibStream, channels: int) -> tuple[Any, Any]:
    """Factor and offset, (channels,) float64 each."""
    stream.expect_text("affine_")
    values = stream.tensor(2 * channels, 1, 1, 1).astype(np.float64)
    stream.expect_alias(1, channels, 1, 1)
    stream.expect_alias(1, channels, 1, 1)
    stream.expect(0)  # per channel, not per value
    _read_layer_end(stream)
    return values[:channels], values[channels:]


def _read_projection(stream: DlibStream, inputs: int) -> FloatArray:
    """The last layer: (inputs, 128) float32, without a bias."""
    stream.expect_text("fc_2")
    stream.expect(OUTPUT_SIZE, inputs)
    values = stream.tensor(inputs, OUTPUT_SIZE, 1, 1)
    stream.expect_alias(inputs, OUTPUT_SIZE, 1, 1)
    stream.expect_alias(0, 0, 0, 0)
    stream.expect(1)  # no bias
    _read_training_factors(stream)
    _read_layer_end(stream)
    return values.reshape(inputs, OUTPUT_SIZE)


def _read_plain_layer(stream: DlibStream, name: str) -> None:
    stream.expect_text(name)
    _read_layer_end(stream)


def _read_pooling(stream: DlibStream, name: str, *, size: int, stride: int) -> None:
    """A pooling layer without padding; size 0 stands for the whole picture."""
    stream.expect_text(name)
    stream.expect(size, size, stride, stride, 0, 0)
    _read_layer_end(stream)


def _read_training_factors(stream: DlibStream) -> None:
    """Learning rate and weight decay of weights and biases: for training only."""
    for _ in range(4):
        stream.real()


def _read_layer_end(stream: DlibStream) -> None:
    """What dlib writes after each layer: three notes on its buffers, and the buffers, which are empty."""
    stream.truths(3)
    for _ in range(3):
        stream.expect_empty_tensor()


def dlib_network_to_onnx(network: DlibNetwork) -> bytes:
    """Write the network as the content of an ONNX file; the same weights always give the same bytes."""
    from onnx import TensorProto, helper

    graph = _Graph()
    name, side = graph.convolution("picture", INPUT_SIZE, network.stem)
    name = graph.node("Relu", name)
    name = graph.node("MaxPool", name, kernel_shape=[3, 3], strides=[2, 2])
    side = _side_after(side, size=3, stride=2, padding=0)
    for block in network.blocks:
        name, side = graph.block(name, side, block)
    name = graph.node("GlobalAveragePool", name)
    name = graph.node("Flatten", name, axis=1)
    graph.node("MatMul", name, graph.constant(network.projection), output="embedding")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dlib_face_recognition_resnet_model_v1",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["faces", 3, INPUT_SIZE, INPUT_SIZE])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["faces", OUTPUT_SIZE])],
            graph.constants,
        ),
        producer_name="closeup",
        producer_version=str(CONVERTER_VERSION),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _side_after(side: int, *, size: int, stride: int, padding: int) -> int:
    return (side + 2 * padding - size) // stride + 1


class _Graph:
    """Nodes and constants of an ONNX graph in the making; every value has a number for a name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._names = (f"v{number}" for number in count())

    def constant(self, values: Any) -> str:
        """Add an array of any shape (...) as a constant."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), next(self._names)))
        return self.constants[-1].name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add an operation; gives the name of its output."""
        from onnx import helper

        output = output or next(self._names)
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(self, name: str, side: int, layer: Convolution) -> tuple[str, int]:
        """Add a convolution; gives its output and the side of that."""
        size = layer.weights.shape[2]
        output = self.node(
            "Conv",
            name,
            self.constant(layer.weights),
            self.constant(layer.bias),
            kernel_shape=[size, size],
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
        )
        return output, _side_after(side, size=size, stride=layer.stride, padding=layer.padding)

    def block(self, name: str, side: int, block: Block) -> tuple[str, int]:
        """Add a residual block.

        dlib's sum takes the larger size of the two in channels, rows and columns, and zeros where one has nothing.
        """
        shortcut, shortcut_side = name, side
        if block.halves:
            shortcut = self.node("AveragePool", shortcut, kernel_shape=[2, 2], strides=[2, 2])
            shortcut_side = _side_after(side, size=2, stride=2, padding=0)
        name, side = self.convolution(name, side, block.first)
        name, side = self.convolution(self.node("Relu", name), side, block.second)
        widest = max(side, shortcut_side)
        added = block.second.weights.shape[0] - block.first.weights.shape[1]
        name = self.pad(name, channels=0, rows=widest - side)
        shortcut = self.pad(shortcut, channels=added, rows=widest - shortcut_side)
        return self.node("Relu", self.node("Add", name, shortcut)), widest

    def pad(self, name: str, *, channels: int, rows: int) -> str:
        """Add zeros after the last channels, rows and columns (as many as rows)."""
        if not channels and not rows:
            return name
        return self.node("Pad", name, self.constant(np.array([0, 0, 0, 0, 0, channels, rows, rows], dtype=np.int64)))
