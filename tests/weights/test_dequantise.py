"""A network with quantised weights gives the same answers as one whose weights were brought back to float."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from closeup.core.errors import ModelError
from closeup.weights.dequantise import dequantise, dequantise_free_size
from closeup.weights.session import open_session


def quantised(block: int = 4, *, constant: bool = True) -> tuple[bytes, np.ndarray]:
    """A convolution (3 channels to 5) with weights in blocks, as inputs too; and its float weights (5, 3, 2, 2)."""
    rng = np.random.default_rng(0)
    whole = rng.integers(-128, 128, (5, 12), dtype=np.int8)
    scale = rng.uniform(0.01, 0.1, (5, -(-12 // block))).astype(np.float32)
    zero = rng.integers(-9, 9, scale.shape, dtype=np.int8)
    values = {"w_q": whole, "w_s": scale, "w_z": zero, "shape": np.array([5, 3, 2, 2])}
    nodes = [
        helper.make_node("DequantizeLinear", ["w_q", "w_s", "w_z"], ["w_d"], axis=1, block_size=block),
        helper.make_node("Reshape", ["w_d", "shape"], ["w"]),
        helper.make_node("Conv", ["x", "w"], ["y"]),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))]
    inputs += [helper.make_tensor_value_info("w", TensorProto.FLOAT, (5, 3, 2, 2))]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 5, 7, 7))]
    given = [numpy_helper.from_array(value, name) for name, value in values.items() if constant or name != "w_q"]
    graph = helper.make_graph(nodes, "block", inputs, outputs, given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    spread = [np.repeat(part, block, axis=1)[:, :12].astype(np.float32) for part in (scale, zero)]
    return model.SerializeToString(), ((whole.astype(np.float32) - spread[1]) * spread[0]).reshape(5, 3, 2, 2)


@pytest.mark.parametrize("block", [4, 12, 5])
def test_weights_become_what_the_nodes_would_have_made_of_them(block: int) -> None:
    data, weights = quantised(block)
    made = onnx.load_model_from_string(dequantise(data))
    assert [node.op_type for node in made.graph.node] == ["Conv"]
    assert [item.name for item in made.graph.input] == ["x"]
    (constant,) = made.graph.initializer
    np.testing.assert_array_equal(numpy_helper.to_array(constant), weights)


def test_batches_and_other_sizes_are_taken_and_the_bytes_are_the_same_every_time() -> None:
    data, _ = quantised()
    freed = dequantise_free_size(data)
    assert freed == dequantise_free_size(data)
    dims = onnx.load_model_from_string(freed).graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == ["N", 3, "height", "width"]


def test_weights_that_are_not_in_the_file_are_refused() -> None:
    with pytest.raises(ModelError, match="not in the file"):
        dequantise(quantised(constant=False)[0])


@pytest.mark.parametrize("slope", [(-0.5, 0.0, 1.0), (0.25, 1.5, -2.0)])
def test_prelu_gives_the_same_by_convolutions(tmp_path: Path, slope: tuple[float, ...]) -> None:
    slopes = numpy_helper.from_array(np.array(slope, np.float32).reshape(3, 1, 1), "slope")
    shaped = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", 3, 4, 5)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("PRelu", ["x", "slope"], ["y"])], "p", shaped[:1], shaped[1:], [slopes])
    plain = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=10).SerializeToString()
    paths = tmp_path / "plain.onnx", tmp_path / "made.onnx"
    for path, data in zip(paths, (plain, dequantise(plain)), strict=True):
        path.write_bytes(data)
    assert "PRelu" not in [node.op_type for node in onnx.load(paths[1]).graph.node]
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    wanted, made = (open_session(path).run(x) for path in paths)
    np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=1e-6)
