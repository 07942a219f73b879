"""Models measured on labelled pictures: figures, intervals, what cannot be read, and what is written."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.algorithms.metrics.classification import ClassificationMetrics, RegressionMetrics
from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.core.settings import Settings
from closeup.learning.runs.predictions import read_predictions
from closeup.media.image import encode_jpeg, read_image
from closeup.perception.classifier import PictureClassifier
from closeup.perception.face_crop import FRAMES
from closeup.workbench.evaluate import evaluate, evaluation_table, save_evaluation
from closeup.workbench.models import ResolvedModel
from closeup.workbench.options import EvaluateOptions
from stand_ins import put_detector
from stills import astronaut, hopper
from tiny_networks import COLOURS, save_tiny, tiny_card
from workbench.colours import HalvesDetector, colour_folder, colour_table

QUICK = EvaluateOptions(resamples=50)


@pytest.fixture
def model(tmp_path: Path) -> ResolvedModel:
    return ResolvedModel("tiny", PictureClassifier(save_tiny(tmp_path / "tiny.onnx")))


@pytest.fixture
def faces_model(tmp_path: Path) -> ResolvedModel:
    card = tiny_card(heads=(COLOURS,), alignment=FRAMES["expression"].alignment, input_px=32)
    return ResolvedModel("faces", PictureClassifier(save_tiny(tmp_path / "faces.onnx", card)))


def test_figures_of_every_head(model: ResolvedModel, tmp_path: Path) -> None:
    lines = ["red1.png,red,80", "red2.png,red,90", "green1.png,red,80", "blue1.png,blue,", "blue2.png,,70"]
    reports: list[Progress] = []
    found = evaluate(model, colour_table(tmp_path / "data", lines, "path,colour,light"), QUICK, progress=reports.append)
    colour, light = found.heads
    assert isinstance(colour.metrics, ClassificationMetrics)
    assert (colour.metrics.count, colour.metrics.accuracy) == (4, 0.75)
    assert colour.metrics.macro_recall == pytest.approx((2 / 3 + 1) / 2)
    assert colour.intervals["accuracy"][0] < 0.75 < colour.intervals["accuracy"][1]
    assert colour.intervals["recall:blue"] == (1, 1)
    assert "recall:green" not in colour.intervals
    assert isinstance(light.metrics, RegressionMetrics)
    assert light.metrics.mae == pytest.approx((0 + 10 + 0 + 10) / 4, abs=1e-4)
    assert light.metrics.bias == pytest.approx(0, abs=1e-4)
    assert light.keys == ("red1.png", "red2.png", "green1.png", "blue2.png")
    assert (found.pictures, found.unlabelled, found.unreadable, found.faces) == (5, 0, (), "")
    assert {report.stage for report in reports} == {"Reading pictures", "Asking the model"}


def test_pictures_that_cannot_be_read_are_listed(model: ResolvedModel, tmp_path: Path) -> None:
    data = colour_folder(tmp_path / "data", {"red": ["red", "red", "red"]})
    (data / "red" / "1.png").write_bytes(b"no picture")
    (data / "red" / "2.png").write_bytes(b"")
    only = replace(QUICK, heads=("colour",), fields={"colour": "class"})
    found = evaluate(model, data, only)
    assert found.pictures == 1
    assert [key for key, _ in found.unreadable] == ["red/1.png", "red/2.png"]
    assert all(reason for _, reason in found.unreadable)
    (data / "red" / "0.png").write_bytes(b"")
    with pytest.raises(InputError, match="None of the 3 pictures"):
        evaluate(model, data, only)


def test_people_count_together(model: ResolvedModel, tmp_path: Path) -> None:
    lines = [f"{colour}{n}.png,red,{colour}" for colour in ("red", "green", "blue") for n in range(8)]
    table = colour_table(tmp_path / "data", lines, "path,colour,who")
    alone = evaluate(model, table, QUICK).heads[0]
    together = evaluate(model, table, replace(QUICK, group_column="who")).heads[0]
    assert (alone.groups, together.groups) == (24, 3)
    spans = [high - low for low, high in (alone.intervals["accuracy"], together.intervals["accuracy"])]
    assert spans[1] > 1.5 * spans[0]


def test_faces_are_found_and_aligned(
    faces_model: ResolvedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_detector(monkeypatch, HalvesDetector)
    bare, faces = Settings(tmp_path, None), replace(QUICK, faces=True, models="builtin")
    data = tmp_path / "data"
    colour_folder(data, {"green": ["green"], "red": ["red"]})
    (data / "red" / "astronaut.jpg").write_bytes(encode_jpeg(astronaut()))
    (data / "red" / "hopper.jpg").write_bytes(encode_jpeg(hopper()))
    (data / "red" / "none.jpg").write_bytes(b"none")
    found = evaluate(faces_model, data, faces, settings=bare)
    assert found.faces == "yunet-2023mar"
    assert found.heads[0].keys == ("red/astronaut.jpg", "red/hopper.jpg")
    assert found.faceless == ("green/0.png", "red/0.png")
    assert [key for key, _ in found.unreadable] == ["red/none.jpg"]
    detection = HalvesDetector().detect(astronaut())
    crop = faces_model.classifier.crop(read_image(data / "red" / "astronaut.jpg"), detection.landmarks_xy[0])
    np.testing.assert_allclose(
        found.heads[0].predictions[0], faces_model.classifier.answers(crop[None])["colour"][0], atol=0.01
    )
    for path in ("astronaut", "hopper"):
        (data / "red" / f"{path}.jpg").unlink()
    with pytest.raises(InputError, match="No face was found in any of the 3 pictures"):
        evaluate(faces_model, data, faces, settings=bare)


@pytest.mark.parametrize(("shift", "odd"), [(0.0, False), (0.1, True)])
def test_faces_cut_for_another_frame_are_noted(
    faces_model: ResolvedModel, tmp_path: Path, shift: float, odd: bool
) -> None:
    data = colour_folder(tmp_path / "data", {"green": ["green"]})
    points = [[x, y + shift] for x, y in FRAMES["expression"].alignment]
    (data / "crops.json").write_text(json.dumps({"alignment": points}))
    notes = evaluate(faces_model, data, QUICK).notes
    assert any("for another frame" in note for note in notes) == odd


def test_all_is_written(model: ResolvedModel, tmp_path: Path) -> None:
    lines = ["red1.png,red,80", "green1.png,red,"]
    found = evaluate(model, colour_table(tmp_path / "data", lines, "path,colour,light"), QUICK)
    out = tmp_path / "out"
    save_evaluation(found, out)
    table = json.loads((out / "figures.json").read_text())
    assert table == json.loads(json.dumps(evaluation_table(found)))
    assert table["heads"]["colour"]["accuracy"] == 0.5
    assert table["heads"]["colour"]["classes"]["green"]["recall"] is None
    assert table["heads"]["colour"]["confusion"] == [[1, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert table["heads"]["light"]["correlation"] is None
    colour = read_predictions(out / "predictions-colour.csv")
    assert (colour.keys, colour.labels, colour.classes) == (("red1.png", "green1.png"), ("red", "red"), COLOURS.classes)
    np.testing.assert_allclose(colour.probabilities, found.heads[0].predictions, rtol=1e-5)
    light = read_predictions(out / "predictions-light.csv")
    assert light.labels == (80.0,)
    np.testing.assert_allclose(light.values, [80], rtol=1e-5)
    with pytest.raises(OutputError, match="exists already"):
        save_evaluation(found, out)


def test_the_same_figures_again(model: ResolvedModel, tmp_path: Path) -> None:
    data = colour_table(tmp_path / "data", ["red1.png,red", "green1.png,red", "blue1.png,blue"])
    assert evaluation_table(evaluate(model, data, QUICK)) == evaluation_table(evaluate(model, data, QUICK))
