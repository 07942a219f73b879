from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from closeup.core.errors import ModelError
from closeup.weights.fp16 import fp16_bytes
from closeup.weights.session import open_session
from weights.tiny_networks import SIDE, as_file, classifier, initializers, pictures, products


def run(content: bytes, inputs: NDArray[np.float32], folder: Path) -> NDArray[np.float32]:
    path = folder / "network.onnx"
    path.write_bytes(content)
    return open_session(path).run(inputs)


def types(content: bytes) -> dict[str, int]:
    graph = onnx.shape_inference.infer_shapes(onnx.load_from_string(content), strict_mode=True).graph
    return {info.name: info.type.tensor_type.elem_type for info in (*graph.input, *graph.value_info, *graph.output)}


@pytest.mark.parametrize("network", [classifier, products])
def test_answers_stay_close(network: object, tmp_path: Path) -> None:
    whole = network()  # type: ignore[operator]
    before, after = run(whole, pictures(8), tmp_path), run(fp16_bytes(whole), pictures(8), tmp_path)
    assert np.abs(before - after).max() < 2e-3 * max(1.0, float(np.abs(before).max()))
    assert np.abs(before - after).max() > 0


def test_layers_have_16_bits_and_the_answer_32() -> None:
    made = fp16_bytes(classifier())
    onnx.checker.check_model(onnx.load_from_string(made), full_check=True)
    kinds = types(made)
    model = onnx.load_from_string(made)
    weights = {weight.name: weight.data_type for weight in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 6
    for node in convolutions:
        assert {kinds.get(name) or weights[name] for name in (*node.input, *node.output)} == {TensorProto.FLOAT16}
    softmax = next(node for node in model.graph.node if node.op_type == "Softmax")
    assert kinds[softmax.input[0]] == kinds["class"] == kinds["picture"] == TensorProto.FLOAT


def test_small_products_of_answers_stay_wide() -> None:
    """The mean over the steps of a value is a product with a few weights, and wants all of softmax's digits."""
    node = helper.make_node
    weights = initializers(np.random.default_rng(0), w=(64, 3 * SIDE * SIDE), steps=(64, 1))
    nodes = [
        node("Flatten", ["picture"], ["flat"]),
        node("Gemm", ["flat", "w"], ["logits"], transB=1),
        node("Softmax", ["logits"], ["p"]),
        node("MatMul", ["p", "steps"], ["age"]),
    ]
    made = onnx.load_from_string(fp16_bytes(as_file(nodes, weights, ("age", ["N", 1]))))
    assert {w.name: w.data_type for w in made.graph.initializer} == {"w.16": TensorProto.FLOAT16, "steps": 1}


def test_half_the_bytes_and_the_same_names() -> None:
    before, after = onnx.load_from_string(classifier()), onnx.load_from_string(fp16_bytes(classifier()))
    assert after.graph.input == before.graph.input
    assert after.graph.output == before.graph.output
    assert after.metadata_props == before.metadata_props
    sizes = [sum(len(w.raw_data) for w in model.graph.initializer) for model in (before, after)]
    assert sizes[1] < 0.51 * sizes[0]  # the head of three classes is too small to count as a layer


def test_the_same_bytes_every_time() -> None:
    assert fp16_bytes(classifier()) == fp16_bytes(classifier())


def test_operators_that_name_a_width_stay_wide(tmp_path: Path) -> None:
    node = helper.make_node
    weights = initializers(np.random.default_rng(0), w=(64, 3, 3, 3))
    weights.append(numpy_helper.from_array(np.array([1, 1, 0.5, 0.5], np.float32), "scales"))
    nodes = [
        node("Constant", [], ["two"], value=numpy_helper.from_array(np.float32(2))),
        node("Mul", ["picture", "two"], ["double"]),
        node("Resize", ["double", "", "scales"], ["small"], mode="linear"),
        node("Conv", ["small", "w"], ["y"]),
        node("Shape", ["y"], ["shape"]),
        node("Cast", ["shape"], ["sizes"], to=TensorProto.FLOAT),
        node("ReduceProd", ["sizes"], ["count"]),
        node("Div", ["y", "count"], ["answer"]),
    ]
    whole = as_file(nodes, weights, ("answer", ["N", 64, SIDE // 2 - 2, SIDE // 2 - 2]))
    before, after = run(whole, pictures(2), tmp_path), run(fp16_bytes(whole), pictures(2), tmp_path)
    np.testing.assert_allclose(before, after, atol=2e-3 * float(np.abs(before).max()))


def test_weights_that_16_bits_cannot_hold() -> None:
    model = onnx.load_from_string(classifier())
    weight = next(w for w in model.graph.initializer if w.name == "wide_w")
    weight.CopyFrom(numpy_helper.from_array(np.full((48, 48, 1, 1), 7e4, np.float32), "wide_w"))
    with pytest.raises(ModelError, match=r"weight wide_w holds numbers that 16 bits cannot: above 65504"):
        fp16_bytes(model.SerializeToString())


def test_what_is_no_network() -> None:
    with pytest.raises(ModelError, match="Only an ONNX file"):
        fp16_bytes(b"nothing of the kind")


def test_branches_are_refused() -> None:
    inner = helper.make_graph(
        [helper.make_node("Identity", ["picture"], ["z"])],
        "inner",
        [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )
    nodes = [
        helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner),
    ]
    with pytest.raises(ModelError, match="branches or loops"):
        fp16_bytes(as_file(nodes, [], ("y", ["N", 3, SIDE, SIDE])))
