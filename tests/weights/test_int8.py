from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from closeup.core.errors import InputError, ModelError
from closeup.weights.half_size import half_size
from closeup.weights.int8 import int8_bytes
from closeup.weights.session import import_runtime, open_session
from weights.tiny_networks import SIDE, as_file, classifier, initializers, pictures, products


def run(content: bytes, inputs: NDArray[np.float32], folder: Path) -> NDArray[np.float32]:
    path = folder / "network.onnx"
    path.write_bytes(content)
    return open_session(path).run(inputs)


def kernels(content: bytes, folder: Path) -> list[str]:
    """What ONNX Runtime makes of a file on this machine: the operators that it will run."""
    runtime = import_runtime()
    options = runtime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 3
    runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]


def test_heavy_layers_run_in_integers_and_the_others_do_not(tmp_path: Path) -> None:
    operators = kernels(int8_bytes(classifier(), pictures(32)), tmp_path)
    assert operators.count("QLinearConv") == 2  # wide and last
    # First, slim, depthwise and gate: plain ones, which the runtime may have joined with what follows.
    assert sum(name in ("Conv", "FusedConv", "NchwcConv") or name.endswith(".Conv") for name in operators) == 4
    # The cut at zero after the last layer is part of its integers.
    assert operators.count("Relu") == 0


def test_answers_stay_close(tmp_path: Path) -> None:
    whole, new = classifier(), pictures(64, seed=9)
    before, after = run(whole, new, tmp_path), run(int8_bytes(whole, pictures(64)), new, tmp_path)
    assert np.abs(before - after).max() < 0.02
    assert np.abs(before - after).max() > 0


def test_a_shared_weight_serves_both_its_layers(tmp_path: Path) -> None:
    whole, new = products(), pictures(32, seed=9)
    made = int8_bytes(whole, pictures(32))
    before, after = run(whole, new, tmp_path), run(made, new, tmp_path)
    assert np.abs(before - after).mean() < 0.05 * before.std()
    assert "QLinearMatMul" in kernels(made, tmp_path)


def test_a_file_whose_weights_are_kept_in_16_bits_computes_in_integers_too(tmp_path: Path) -> None:
    made = int8_bytes(half_size(classifier()), pictures(32))
    assert kernels(made, tmp_path).count("QLinearConv") == 2
    new = pictures(64, seed=9)
    before, after = run(classifier(), new, tmp_path), run(made, new, tmp_path)
    assert 0 < np.abs(before - after).max() < 0.02


def test_any_number_of_pictures_serves_that_is_enough(tmp_path: Path) -> None:
    made = int8_bytes(classifier(), pictures(19))  # no whole number of batches
    assert kernels(made, tmp_path).count("QLinearConv") == 2


def test_names_and_metadata_stay() -> None:
    before = onnx.load_from_string(classifier())
    after = onnx.load_from_string(int8_bytes(classifier(), pictures(32)))
    onnx.checker.check_model(after, full_check=True)
    assert after.graph.input == before.graph.input
    assert after.graph.output == before.graph.output
    assert after.metadata_props == before.metadata_props


def test_the_same_bytes_every_time() -> None:
    assert int8_bytes(classifier(), pictures(32)) == int8_bytes(classifier(), pictures(32))


def test_no_sum_of_two_products_overflows_16_bits() -> None:
    """Or processors without VNNI would answer otherwise than this one."""
    made = onnx.load_from_string(int8_bytes(classifier(), pictures(32)))
    weights = [numpy_helper.to_array(w) for w in made.graph.initializer if w.data_type == TensorProto.INT8 and w.dims]
    weights = [weight for weight in weights if weight.ndim == 4]
    assert len(weights) == 2
    largest = max(int(np.abs(weight.astype(int)).max()) for weight in weights)
    assert 60 <= largest <= 64  # 7 bits
    assert 2 * 255 * largest <= 2**15 - 1


def test_a_dead_channel_and_dead_input(tmp_path: Path) -> None:
    model = onnx.load_from_string(classifier())
    for weight in model.graph.initializer:
        if weight.name in ("wide_w", "wide_b"):
            weight.CopyFrom(numpy_helper.from_array(np.zeros_like(numpy_helper.to_array(weight)), weight.name))
    answers = run(int8_bytes(model.SerializeToString(), pictures(32)), pictures(4), tmp_path)
    assert np.isfinite(answers).all()


def test_numbers_that_are_not_finite() -> None:
    given = pictures(32)
    given[3, 0, 0, 0] = np.nan
    with pytest.raises(ModelError, match="not finite"):
        int8_bytes(classifier(), given)


def test_a_network_for_one_picture_at_a_time(tmp_path: Path) -> None:
    model = onnx.load_from_string(classifier())
    for info in (*model.graph.input, *model.graph.output):
        info.type.tensor_type.shape.dim[0].dim_value = 1
    answers = run(int8_bytes(model.SerializeToString(), pictures(32)), pictures(3), tmp_path)
    assert answers.shape == (3, 3)


def test_an_outlier_does_not_set_the_range(tmp_path: Path) -> None:
    given, new = pictures(64), pictures(64, seed=9)
    given[0, 0, 0, 0] = 1000
    before, after = run(classifier(), new, tmp_path), run(int8_bytes(classifier(), given), new, tmp_path)
    assert np.abs(before - after).max() < 0.03


def test_too_few_pictures() -> None:
    with pytest.raises(InputError, match=r"15 pictures are too few.*\n.*16 or more"):
        int8_bytes(classifier(), pictures(15))


@pytest.mark.parametrize("content", [b"", b"nothing of the kind"])
def test_what_is_no_network(content: bytes) -> None:
    with pytest.raises(ModelError):
        int8_bytes(content, pictures(16))


def test_a_network_without_heavy_layers() -> None:
    only_first = as_file(
        [helper.make_node("Conv", ["picture", "w"], ["y"])],
        initializers(np.random.default_rng(0), w=(4, 3, 3, 3)),
        ("y", ["N", 4, SIDE - 2, SIDE - 2]),
    )
    with pytest.raises(ModelError, match="no layer that could compute in 8-bit integers"):
        int8_bytes(only_first, pictures(16))


def test_operators_from_before_integers() -> None:
    old = as_file(
        [helper.make_node("Conv", ["picture", "w"], ["y"])],
        initializers(np.random.default_rng(0), w=(4, 3, 3, 3)),
        ("y", ["N", 4, SIDE - 2, SIDE - 2]),
        opset=12,
    )
    with pytest.raises(ModelError, match="version 12, and 13 is needed"):
        int8_bytes(old, pictures(16))
