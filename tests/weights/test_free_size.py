"""A network that was exported for one picture size takes others, with the same weights."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from closeup.core.errors import ModelError
from closeup.weights.free_size import free_size
from closeup.weights.session import open_session


def network(*shape: int) -> bytes:
    """The mean over 2 x 2 pixels, for pictures of one shape."""
    halved = [*shape[:2], *(side // 2 for side in shape[2:])]
    pictures = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, halved)
    sides = len(shape) - 2
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2] * sides, strides=[2] * sides)
    graph = helper.make_graph([node], "halve", [pictures], [answer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


def test_other_sizes_are_taken_and_the_old_one_gives_the_same(tmp_path: Path) -> None:
    fixed, free = tmp_path / "fixed.onnx", tmp_path / "free.onnx"
    fixed.write_bytes(network(1, 1, 8, 8))
    free.write_bytes(free_size(network(1, 1, 8, 8)))
    old = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
    np.testing.assert_array_equal(open_session(free).run(old), open_session(fixed).run(old))
    other = np.ones((1, 1, 4, 12), np.float32)
    with pytest.raises(ModelError):
        open_session(fixed).run(other)
    np.testing.assert_array_equal(open_session(free).run(other), np.ones((1, 1, 2, 6), np.float32))


def test_a_network_without_height_and_width_is_refused() -> None:
    with pytest.raises(ModelError, match="no single input"):
        free_size(network(1, 1, 8))


@pytest.mark.shared
def test_yunet_as_it_is_published_keeps_its_weights_and_its_outputs(shared: Path, tmp_path: Path) -> None:
    published = (shared / "models" / "yunet_2023mar.onnx").read_bytes()
    free = free_size(published)
    assert free == free_size(published)
    before, after = onnx.load_model_from_string(published).graph, onnx.load_model_from_string(free).graph
    assert list(before.initializer) == list(after.initializer)
    assert list(before.node) == list(after.node)
    path = tmp_path / "free.onnx"
    path.write_bytes(free)
    outputs = open_session(path).run_all(np.zeros((1, 3, 64, 96), np.float32))
    assert [output.shape[1] for output in outputs] == [96, 24, 6] * 4
