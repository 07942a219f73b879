"""Networks as files: what is inside, and that it predicts as PyTorch does."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from closeup.core.errors import DependencyError, InputError, ModelError
from closeup.weights.network_card import read_card
from closeup.weights.session import open_session
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.recipes.recipe import HeadRecipe
from closeup.workbench.training import onnx_file
from closeup.workbench.training.inference import InferenceNetwork
from closeup.workbench.training.network import build_network, predict_batches
from closeup.workbench.training.onnx_file import onnx_bytes, write_network
from closeup.workbench.training.task import predictions_of
from workbench.exported import HEADS, MODEL, PX, Exported, new_network


def test_the_network_of_these_tests_tells_pictures_apart(
    exported: Exported, pictures: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(exported.content)
    moods, ages, weights = open_session(path).run_all(pictures)
    np.testing.assert_allclose(moods.sum(1), 1, atol=1e-6)
    assert min(np.ptp(found, axis=0).max() for found in (moods, ages, weights)) > 0.02
    assert 1 <= ages.min() <= ages.max() <= 90
    assert 0 <= weights.min() <= weights.max() <= 4


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_file_answers_what_the_run_was_judged_by(
    exported: Exported, pictures: np.ndarray, tmp_path: Path, count: int
) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(exported.content)
    given = open_session(path).run_all(pictures[:count])
    network = new_network()
    raw = predict_batches(network, [torch.from_numpy(pictures[:count])], flip=True)
    for head, found in zip(HEADS, given, strict=True):
        wanted = predictions_of(head, raw[head.name], exported.temperatures.get(head.name, 1.0))
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("name", ["class", "is", "None"])
def test_a_head_may_have_a_name_that_python_keeps_for_itself(name: str) -> None:
    head = ResolvedHead(HeadRecipe(name, classes=("cat", "dog")), ("cat", "dog"))
    network = build_network(MODEL, (head,))
    content = write_network(
        InferenceNetwork(network, (head,), {}, flip_test=False), PX, MODEL.architecture, [head.name]
    )
    assert [value.name for value in onnx.load_from_string(content).graph.output] == [name]
    assert list(network.heads) == [name]


def test_the_file_carries_the_card_and_the_names_of_the_heads(exported: Exported, tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(exported.content)
    assert read_card(path) == exported.card
    model = onnx.load_from_string(exported.content)
    onnx.checker.check_model(model, full_check=True)
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"picture": ["N", 3, PX, PX], "mood": ["N", 3], "age": ["N", 1], "weight": ["N", 1]}


def test_sizes_are_constant_and_nothing_of_this_machine_is_inside(exported: Exported) -> None:
    model = onnx.load_from_string(exported.content)
    assert {node.op_type for node in model.graph.node}.isdisjoint({"Shape", "Range", "Loop", "If", "Dropout"})
    assert b"BatchNormalization" not in exported.content
    assert str(Path(onnx_file.__file__).parents[3]).encode() not in exported.content
    assert b".py" not in exported.content


def test_the_network_stays_in_training_and_the_same_network_gives_the_same_file(exported: Exported) -> None:
    assert exported.network.training
    fresh = new_network().state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in exported.network.state_dict().items())
    again = onnx_bytes(new_network(), exported.recipe, HEADS, exported.temperatures, exported.card)
    assert again == exported.content


def test_an_architecture_that_cannot_be_written_is_told(exported: Exported) -> None:
    class Unsettled(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.mean((2, 3)) if pictures.mean().item() > 0 else pictures.amax((2, 3))

    network = new_network()
    network.backbone = Unsettled()
    with pytest.raises(ModelError, match="architecture odd cannot be written as ONNX") as caught:
        write_network(InferenceNetwork(network, HEADS, {}, flip_test=False), PX, "odd", [head.name for head in HEADS])
    assert "\n" not in caught.value.message


def test_without_the_exporter_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    with pytest.raises(DependencyError, match="onnxscript") as caught:
        onnx_file.require_exporter()
    assert (caught.value.code, caught.value.facts) == ("package.absent", {"extra": "train"})


@pytest.mark.parametrize(
    ("temperatures", "words"),
    [
        ({"mood": 0.0}, "above 0"),
        ({"mood": float("nan")}, "above 0"),
        ({"mood": float("inf")}, "above 0"),
        ({"moon": 1.0}, "'moon'"),
        ({"age": 2.0}, "no temperature"),
        ({"weight": 2.0}, "no temperature"),
    ],
)
def test_a_temperature_that_means_nothing_is_told(temperatures: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        InferenceNetwork(new_network(), HEADS, temperatures, flip_test=False)
