"""Halving networks: half the bytes, the same answers."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import TensorProto, helper, numpy_helper

from closeup.core.errors import ModelError
from closeup.weights.half_size import half_size, widen
from closeup.weights.session import open_session

RNG = np.random.default_rng(7)


def network(weight: np.ndarray) -> bytes:
    """Ten numbers times a weight (10, K), plus ones (K,), and a note in the metadata."""
    parts = [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.ones(weight.shape[1], "f"), "bias")]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", weight.shape[0]])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", weight.shape[1]])
    nodes = [helper.make_node("MatMul", ["x", "weight"], ["z"]), helper.make_node("Add", ["z", "bias"], ["y"])]
    graph = helper.make_graph(nodes, "linear", [x], [y], parts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {"closeup.card": "kept"})
    content = model.SerializeToString()
    assert isinstance(content, bytes)
    return content


def answers(tmp_path: Path, content: bytes, inputs: np.ndarray) -> np.ndarray:
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    return open_session(path).run(inputs)


def test_the_file_is_half_as_large_and_answers_the_same(tmp_path: Path) -> None:
    weight = RNG.standard_normal((10, 4000)).astype("f") * np.float32(100)
    whole = network(weight)
    halved = half_size(whole)
    assert len(halved) < 0.6 * len(whole)
    inputs = RNG.standard_normal((5, 10)).astype("f")
    wanted = answers(tmp_path, whole, inputs)
    np.testing.assert_allclose(answers(tmp_path, halved, inputs), wanted, atol=1e-4 * np.abs(wanted).max())


@given(arrays(np.float32, (4, 300), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_no_weight_moves_by_more_than_half_a_step_of_its_channel(weight: np.ndarray) -> None:
    model = onnx.load_from_string(half_size(network(weight)))
    parts = {part.name: numpy_helper.to_array(part) for part in model.graph.initializer}
    assert parts["weight.steps"].dtype == np.int16
    back = parts["weight.steps"].astype(np.float64) * parts["weight.scales"]
    largest = np.abs(weight.astype(np.float64)).max(axis=1, keepdims=True)
    assert (np.abs(back - weight) <= largest / 32767 * 0.51 + 1.2e-38).all()


def test_small_weights_inputs_outputs_and_the_card_stay(tmp_path: Path) -> None:
    small = network(RNG.standard_normal((10, 20)).astype("f"))
    assert onnx.load_from_string(half_size(small)) == onnx.load_from_string(small)
    large = network(RNG.standard_normal((10, 2000)).astype("f"))
    before, after = onnx.load_from_string(large), onnx.load_from_string(half_size(large))
    assert list(after.graph.input) == list(before.graph.input)
    assert list(after.graph.output) == list(before.graph.output)
    assert list(after.metadata_props) == list(before.metadata_props)
    onnx.checker.check_model(after, full_check=True)


def test_halving_twice_changes_nothing_more() -> None:
    once = half_size(network(RNG.standard_normal((10, 2000)).astype("f")))
    assert half_size(once) == once


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_weight_that_is_no_number_is_told(number: float) -> None:
    weight = np.ones((10, 2000), "f")
    weight[3, 5] = number
    with pytest.raises(ModelError, match="weight holds numbers that are not finite"):
        half_size(network(weight))


@pytest.mark.parametrize("content", [b"no network", b"\x08\x08" * 20 + b"\xff"])
def test_a_file_that_is_no_network_is_told(content: bytes) -> None:
    with pytest.raises(ModelError, match="this is none"):
        half_size(content)


def test_what_was_halved_is_widened_again(tmp_path: Path) -> None:
    weight = RNG.standard_normal((10, 4000)).astype("f")
    halved = half_size(network(weight))
    model = onnx.load_from_string(halved)
    widen(model)
    parts = {part.name: numpy_helper.to_array(part) for part in model.graph.initializer}
    assert sorted(parts) == ["bias", "weight"]
    assert [node.op_type for node in model.graph.node] == ["MatMul", "Add"]
    inputs = RNG.standard_normal((5, 10)).astype("f")
    wide = answers(tmp_path, model.SerializeToString(), inputs)
    np.testing.assert_array_equal(wide, answers(tmp_path, halved, inputs))
    whole = onnx.load_from_string(network(weight))
    widen(whole)
    assert whole == onnx.load_from_string(network(weight))
