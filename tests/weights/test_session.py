"""Running networks: made for one picture or for many, and files that are none."""

import sys
import tomllib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from closeup.core.errors import DependencyError, ModelError
from closeup.weights.session import import_runtime, known_versions, open_session


def save_network(
    path: Path, *, samples: int | str, inputs: int = 1, outputs: int = 1, kind: int = TensorProto.FLOAT
) -> Path:
    """A network that gives the square of its input, (samples, 3); again for each further output."""
    names = [f"x{number}" for number in range(inputs)]
    answers = [f"y{number}" for number in range(outputs)]
    values = {name: helper.make_tensor_value_info(name, kind, [samples, 3]) for name in names + answers}
    nodes = [helper.make_node("Mul", [names[0], names[-1]], [answer]) for answer in answers]
    graph = helper.make_graph(nodes, "square", [values[name] for name in names], [values[name] for name in answers])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.mark.parametrize("samples", [1, "faces"])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_any_number_of_inputs_is_run(tmp_path: Path, samples: int | str, count: int) -> None:
    session = open_session(save_network(tmp_path / "square.onnx", samples=samples))
    inputs = np.arange(count * 3, dtype=np.float32).reshape(count, 3)
    answers = session.run(inputs)
    np.testing.assert_array_equal(answers, inputs**2)
    assert answers.dtype == np.float32


def test_all_outputs_are_given_where_they_are_asked_for(tmp_path: Path) -> None:
    session = open_session(save_network(tmp_path / "twice.onnx", samples=1, outputs=2))
    inputs = np.array([[1, 2, 3]], np.float32)
    for answer in session.run_all(inputs):
        np.testing.assert_array_equal(answer, inputs**2)
        assert answer.dtype == np.float32
    assert len(session.run_all(inputs)) == 2
    with pytest.raises(ModelError, match="has to have one output, and it has 2"):
        session.run(inputs)


def test_no_input_for_a_network_that_takes_one_is_told(tmp_path: Path) -> None:
    session = open_session(save_network(tmp_path / "square.onnx", samples=1))
    with pytest.raises(ModelError, match="no input"):
        session.run(np.empty((0, 3), np.float32))


@pytest.mark.parametrize("inputs", [np.zeros((1, 4), np.float32), np.zeros((1, 3)), np.zeros(3, np.float32)])
def test_an_input_that_does_not_fit_is_told(tmp_path: Path, inputs: np.ndarray) -> None:
    path = save_network(tmp_path / "square.onnx", samples=1)
    with pytest.raises(ModelError, match=f"{path} cannot take"):
        open_session(path).run(inputs)


def test_a_network_of_another_form_is_told(tmp_path: Path) -> None:
    for path in (
        save_network(tmp_path / "two.onnx", samples=1, inputs=2),
        save_network(tmp_path / "double.onnx", samples=1, kind=TensorProto.DOUBLE),
    ):
        with pytest.raises(ModelError, match="has to have one float32 input"):
            open_session(path)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x08" * 100])
def test_a_file_that_is_no_network_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"Cannot load the model file {path}") as caught:
        open_session(path)
    assert caught.value.code == "model.verify"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is missing"):
        open_session(tmp_path / "none.onnx")


@pytest.mark.parametrize("version", ["1.32.0", "2.0.1", "1.19.2", "odd"])
def test_a_version_that_may_report_to_its_maker_is_refused(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text(f'__version__ = "{version}"\nraise SystemExit("loaded")\n')
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DependencyError, match="may report to its maker") as caught:
        import_runtime()
    assert "onnxruntime>=1.20,<1.32" in caught.value.hint


def test_the_versions_that_are_let_in_are_those_that_the_package_asks_for() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (asked,) = [line for line in project["dependencies"] if line.startswith("onnxruntime")]
    assert asked == known_versions()
