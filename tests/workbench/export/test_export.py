"""Exporting a run: what is written, what is kept, and what is told."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from closeup.core.errors import InputError, ModelError, OutputError
from closeup.core.progress import Progress
from closeup.perception.classifier import PictureClassifier
from closeup.weights.network_card import read_card
from closeup.workbench.export import export as exporting
from closeup.workbench.export.export import export_run, file_name
from closeup.workbench.export.forms import Speed
from closeup.workbench.options import ExportOptions
from workbench.exported import PX

RATIOS = {"fp32": 1.0, "half": 1.0, "int8": 0.5, "fp16": 2.0}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every machine is as fast as this one."""
    monkeypatch.setattr(
        exporting,
        "measure_speeds",
        lambda paths, *_: {form: Speed(2 * RATIOS[form], *[RATIOS[form]] * 3) for form in paths},
    )


def test_the_network_and_its_forms_are_written_with_their_cards(finished_run: Path, tmp_path: Path) -> None:
    stages: list[Progress] = []
    options = ExportOptions(half=True, int8=True, fp16=True, budget=0.5)
    made = export_run(finished_run, tmp_path / "out", options, progress=stages.append)
    assert made.files == {"fp32": "tiny.onnx", **{form: f"tiny.{form}.onnx" for form in ("half", "int8", "fp16")}}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*made.files.values(), "export.json"}
    assert (made.pictures, made.unreadable) == (36, 1)
    assert all(parity.largest < 1e-5 and parity.pictures == 36 for parity in made.parities)
    card = read_card(tmp_path / "out/tiny.onnx")
    assert card == read_card(finished_run / "model.onnx")
    crops = np.random.default_rng(0).integers(0, 256, (4, PX, PX, 3)).astype(np.uint8)
    wanted = PictureClassifier(finished_run / "model.onnx").answers(crops)["mood"]
    for form, tolerance in (("half", 1e-3), ("int8", 0.2), ("fp16", 0.02)):
        path = tmp_path / "out" / made.files[form]
        assert path.stat().st_size < 0.75 * (tmp_path / "out/tiny.onnx").stat().st_size
        assert f"{exporting.FORMS[form]}. Beside the 32-bit network: Accuracy of mood" in read_card(path).limits[-1]
        np.testing.assert_allclose(PictureClassifier(path).answers(crops)["mood"], wanted, atol=tolerance)
    assert {"Comparing with PyTorch", "Making int8", "Evaluating half"} <= {each.stage for each in stages}


def test_what_was_found_is_kept_as_json(finished_run: Path, tmp_path: Path) -> None:
    export_run(finished_run, tmp_path / "out", ExportOptions(half=True, budget=0.5))
    table = json.loads((tmp_path / "out/export.json").read_text())
    assert table["run"] == finished_run.name
    assert [form["name"] for form in table["forms"]] == ["fp32", "half"]
    assert [score["head"] for score in table["forms"][1]["scores"]] == ["mood", "age", "weight"]
    assert table["forms"][0]["speed"]["ms"] == 2.0
    assert table["files"] == {"fp32": "tiny.onnx", "half": "tiny.half.onnx"}
    assert "onnxruntime" in table["environment"]


def test_a_form_that_is_not_what_is_wanted_is_not_written(finished_run: Path, tmp_path: Path) -> None:
    options = ExportOptions(half=True, fp16=True, budget=0.5, want="faster")
    made = export_run(finished_run, tmp_path / "out", options)
    assert made.files == {"fp32": "tiny.onnx"}
    assert [form.kept for form in made.forms] == [True, False, False]
    assert "not faster here: 2.00 times" in made.forms[2].why
    assert not (tmp_path / "out/tiny.fp16.onnx").exists()


def test_a_form_that_answers_worse_is_not_written(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(content: bytes) -> bytes:
        model = onnx.load_from_string(content)
        for part in model.graph.initializer:
            if part.name.endswith("mood.weight"):
                part.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(part), part.name))
        return model.SerializeToString()

    monkeypatch.setattr(exporting, "half_size", spoilt)
    made = export_run(finished_run, tmp_path / "out", ExportOptions(half=True, budget=0.1))
    assert not made.forms[1].kept
    assert made.forms[1].scores[0].worse > 0.1
    assert made.forms[1].why.startswith("Accuracy of mood falls by")


def test_a_file_that_is_not_the_networks_is_refused_and_leaves_nothing(finished_run: Path, tmp_path: Path) -> None:
    run = tmp_path / finished_run.name
    shutil.copytree(finished_run, run)
    model = onnx.load(run / "model.onnx")
    bias = next(part for part in model.graph.initializer if part.name.endswith("heads.mood.bias"))
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32([1, 0, 0]), bias.name))
    onnx.save(model, str(run / "model.onnx"))
    with pytest.raises(ModelError, match="'mood' differs by"):
        export_run(run, tmp_path / "out", ExportOptions())
    assert [path.name for path in tmp_path.iterdir()] == [run.name]


def test_a_folder_that_is_there_is_kept_unless_told_otherwise(finished_run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        export_run(finished_run, tmp_path / "out", ExportOptions())
    with pytest.raises(OutputError, match="other things in it"):
        export_run(finished_run, tmp_path / "out", ExportOptions(), overwrite=True)
    assert (tmp_path / "out/mine.txt").exists()
    (tmp_path / "out/export.json").touch()
    export_run(finished_run, tmp_path / "out", ExportOptions(), overwrite=True)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"tiny.onnx", "export.json"}


def test_a_run_that_is_not_finished_is_told(finished_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "begun"
    shutil.copytree(finished_run, run)
    (run / "model.onnx").unlink()
    with pytest.raises(InputError, match=r"The run begun has no model\.onnx"):
        export_run(run, tmp_path / "out", ExportOptions())
    (run / "weights.pt").unlink()
    with pytest.raises(InputError, match="holds no finished training run"):
        export_run(run, tmp_path / "out", ExportOptions())


@pytest.mark.parametrize(
    ("name", "form", "file"),
    [("expression", "fp32", "expression.onnx"), ("a/b c", "int8", "a-b-c.int8.onnx"), ("..", "fp32", "model.onnx")],
)
def test_names_of_files_hold_nothing_that_leads_elsewhere(name: str, form: str, file: str) -> None:
    assert file_name(name, form) == file


def test_a_form_that_the_network_cannot_be_brought_into_is_said_and_the_others_are_written(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> bytes:
        raise ModelError("The network has no layer that could compute in 8-bit integers.")

    monkeypatch.setattr(exporting, "int8_bytes", none)
    made = export_run(finished_run, tmp_path / "e", ExportOptions(int8=True))
    assert made.files == {"fp32": "tiny.onnx"}
    int8 = made.forms[-1]
    assert (int8.name, int8.kept, int8.why) == (
        "int8",
        False,
        "The network has no layer that could compute in 8-bit integers.",
    )
