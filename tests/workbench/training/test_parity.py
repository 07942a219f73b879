"""Comparing a file with its network: what is equal, and what is found to differ."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from closeup.core.errors import ModelError
from closeup.workbench.training.inference import InferenceNetwork
from closeup.workbench.training.parity import Parity, check_parity, compare_outputs
from workbench.exported import HEADS, Exported, new_network


def network(exported: Exported) -> InferenceNetwork:
    return InferenceNetwork(new_network(), HEADS, exported.temperatures, flip_test=True)


def test_every_picture_is_compared_for_every_head(exported: Exported, pictures: np.ndarray) -> None:
    parities = compare_outputs(exported.content, network(exported), pictures)
    assert [parity.head for parity in parities] == ["mood", "age", "weight"]
    assert all(parity.pictures == 70 and parity.largest < 1e-5 for parity in parities)
    check_parity(parities)


def test_a_file_with_another_weight_is_refused(exported: Exported, pictures: np.ndarray) -> None:
    model = onnx.load_from_string(exported.content)
    bias = next(part for part in model.graph.initializer if part.name.endswith("heads.age.bias"))
    # A value of 1 spans half of the 89 years from 1 to 90.
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(0.02), bias.name))
    parities = compare_outputs(model.SerializeToString(), network(exported), pictures)
    assert parities[0].largest < 1e-5
    assert parities[1].largest == pytest.approx(0.01, abs=1e-4)
    with pytest.raises(ModelError, match=r"'age' differs by 0\.01 on 70 pictures"):
        check_parity(parities)


@pytest.mark.parametrize("largest", [float("inf"), float("nan"), 1.1e-4])
def test_any_difference_above_the_tolerance_is_refused(largest: float) -> None:
    with pytest.raises(ModelError, match="does not give what PyTorch gives"):
        check_parity([Parity("mood", largest, 1)])
