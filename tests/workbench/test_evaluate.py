"""Models measured on labelled pictures: figures, intervals, what cannot be read, and what is written."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.core.settings import Settings
from closeup.learning.runs.predictions import read_predictions
from closeup.media.image import encode_jpeg, read_image
from closeup.perception.classifier import PictureClassifier
from closeup.perception.face_crop import FRAMES
from closeup.workbench.crop_work import CROPS, CropSettings
from closeup.workbench.evaluate import METRICS, EvaluatedClasses, EvaluatedValue, evaluate
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
    colour, light = found.heads.values()
    assert isinstance(colour, EvaluatedClasses)
    assert (colour.count, colour.accuracy) == (4, 0.75)
    assert colour.macro_recall == pytest.approx((2 / 3 + 1) / 2)
    assert colour.intervals["accuracy"][0] < 0.75 < colour.intervals["accuracy"][1]
    assert colour.intervals["recall:blue"] == (1, 1)
    assert "recall:green" not in colour.intervals
    assert isinstance(light, EvaluatedValue)
    assert light.mae == pytest.approx((0 + 10 + 0 + 10) / 4, abs=1e-4)
    assert light.bias == pytest.approx(0, abs=1e-4)
    assert (found.pictures, found.unlabelled, found.unreadable, found.faces) == (5, 0, (), None)
    assert {report.stage for report in reports} == {"Reading pictures", "Asking the model"}


def test_pictures_that_cannot_be_read_are_listed(model: ResolvedModel, tmp_path: Path) -> None:
    data = colour_folder(tmp_path / "data", {"red": ["red", "red", "red"]})
    (data / "red" / "1.png").write_bytes(b"no picture")
    (data / "red" / "2.png").write_bytes(b"")
    only = replace(QUICK, heads=("colour",), fields={"colour": "class"})
    found = evaluate(model, data, only)
    assert found.pictures == 1
    assert [each.key for each in found.unreadable] == ["red/1.png", "red/2.png"]
    assert all(each.reason for each in found.unreadable)
    (data / "red" / "0.png").write_bytes(b"")
    with pytest.raises(InputError, match="None of the 3 pictures"):
        evaluate(model, data, only)


def test_people_count_together(model: ResolvedModel, tmp_path: Path) -> None:
    lines = [f"{colour}{n}.png,red,{colour}" for colour in ("red", "green", "blue") for n in range(8)]
    table = colour_table(tmp_path / "data", lines, "path,colour,who")
    alone = evaluate(model, table, QUICK).heads["colour"]
    together = evaluate(model, table, replace(QUICK, group_column="who")).heads["colour"]
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
    found = evaluate(faces_model, data, faces, settings=bare, folder=tmp_path / "out")
    assert found.faces == "yunet-2023mar"
    colour = read_predictions(tmp_path / "out/predictions-colour.csv")
    assert colour.keys == ("red/astronaut.jpg", "red/hopper.jpg")
    assert found.no_face == ("green/0.png", "red/0.png")
    assert [each.key for each in found.unreadable] == ["red/none.jpg"]
    detection = HalvesDetector().detect(astronaut())
    crop = faces_model.classifier.crop(read_image(data / "red" / "astronaut.jpg"), detection.landmarks_xy[0])
    np.testing.assert_allclose(
        colour.probabilities[0], faces_model.classifier.answers(crop[None])["colour"][0], atol=0.01
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
    points = tuple((x, y + shift) for x, y in FRAMES["expression"].alignment)
    made = CropSettings(
        detector="none", frame="shifted", alignment=points, size_px=32, keep_missed=False, jpeg_quality=93
    )
    (data / "crops.json").write_bytes(CROPS.encode(made))
    notes = evaluate(faces_model, data, QUICK).notes
    assert any("for another frame" in note for note in notes) == odd


def test_all_is_written(model: ResolvedModel, tmp_path: Path) -> None:
    lines = ["red1.png,red,80", "green1.png,red,"]
    out, data = tmp_path / "out", colour_table(tmp_path / "data", lines, "path,colour,light")
    found = evaluate(model, data, QUICK, folder=out)
    assert METRICS.read(out / "figures.json") == found
    table = json.loads((out / "figures.json").read_text())
    assert table["heads"]["colour"]["accuracy"] == 0.5
    assert table["heads"]["colour"]["classes"]["green"]["recall"] is None
    assert table["heads"]["colour"]["confusion"] == [[1, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert table["heads"]["light"]["correlation"] is None
    colour = read_predictions(out / "predictions-colour.csv")
    assert (colour.keys, colour.labels, colour.classes) == (("red1.png", "green1.png"), ("red", "red"), COLOURS.classes)
    np.testing.assert_allclose(colour.probabilities.sum(axis=1), [1, 1], rtol=1e-5)
    light = read_predictions(out / "predictions-light.csv")
    assert light.labels == (80.0,)
    np.testing.assert_allclose(light.values, [80], rtol=1e-5)
    with pytest.raises(OutputError, match="exists already"):
        evaluate(model, data, QUICK, folder=out)


def test_the_same_figures_again(model: ResolvedModel, tmp_path: Path) -> None:
    data = colour_table(tmp_path / "data", ["red1.png,red", "green1.png,red", "blue1.png,blue"])
    assert evaluate(model, data, QUICK) == evaluate(model, data, QUICK)
