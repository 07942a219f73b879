"""A detector from boxes to its run, on tiny composed pictures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("closeup.workbench.training.libraries")

from closeup.core.errors import InputError
from closeup.documents.boxes import BoxedPicture, BoxedPictures, coco_bytes, read_boxes, voc_bytes
from closeup.learning.runs.reading import read_run
from closeup.media.image import encode_png
from closeup.weights.session import open_session
from closeup.workbench.detection import train as training
from closeup.workbench.detection.task import best
from closeup.workbench.detection.train import evaluate_detector, resume_detector, train_detector
from closeup.workbench.recipes.detector import DetectorRecipe, DetectorStage, DetectorTraining

NAMES = ("blue", "red")
RECIPE = DetectorRecipe(
    name="blocks",
    task="detection",
    annotations="coco.json",
    input_px=96,
    val_share=0.25,
    stages=(
        DetectorStage(epochs=2, batch=8, learning_rate=3e-3, train="answers"),
        DetectorStage(epochs=6, batch=8, learning_rate=2e-3),
    ),
    training=DetectorTraining(device="cpu", ema=0.8),
)


def blocks(folder: Path, count: int = 48) -> BoxedPictures:
    """Pictures of one or two coloured blocks on grey, and where they are."""
    chance, pictures = np.random.default_rng(5), []
    (folder / "images").mkdir(parents=True)
    for number in range(count):
        rgb = np.full((96, 128, 3), 128, np.uint8)
        boxes, kinds = [], []
        for place in range(1 + number % 2):
            kind, (wide, high) = int(chance.integers(2)), chance.integers(24, 44, 2)
            left, top = 8 + 62 * place + int(chance.integers(8)), int(chance.integers(4, 48))
            rgb[top : top + high, left : left + wide] = (20, 40, 220) if kind == 0 else (220, 30, 30)
            boxes.append((left, top, left + wide, top + high))
            kinds.append(kind)
        file = folder / "images" / f"{number:02}.png"
        file.write_bytes(encode_png(rgb))
        pictures.append(BoxedPicture(file, np.array(boxes, np.float32), np.array(kinds, np.int64)))
    made = BoxedPictures(NAMES, tuple(pictures))
    (folder / "coco.json").write_bytes(coco_bytes(made, [(128, 96)] * count))
    return made


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, its data beside it."""
    home = tmp_path_factory.mktemp("blocks")
    blocks(home)
    return train_detector(RECIPE, base=home, runs_dir=home / "runs")


def test_it_learns_to_find_blocks_and_says_how_well(run: Path) -> None:
    found = read_run(run)
    assert (found.state, found.learner) == ("finished", "detection")
    assert found.facts["data"]["pictures"] == {"train": 36, "val": 12}
    assert found.flat_metrics["val/detection/map50"] > 0.8
    assert found.flat_metrics["val/detection/map50_95"] > 0.4
    assert len(found.epochs()) == 8
    assert next(words for words, _ in found.headline()) == "detection, mAP at IoU 0.5 on val"


def test_the_file_finds_what_the_run_says_in_both_forms_of_data(run: Path, tmp_path: Path) -> None:
    said = read_run(run).flat_metrics
    val = read_boxes(run / "val.json")
    images = run.parent.parent / "images"
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "JPEGImages").symlink_to(images)
    for each in val.pictures:
        (tmp_path / "Annotations" / f"{each.file.stem}.xml").write_bytes(voc_bytes(each, val.names, (128, 96)))
    found = evaluate_detector(run, tmp_path)
    assert found["pictures"] == 12
    for name in ("map50", "map50_95", "recall_100"):
        assert found[name] == pytest.approx(said[f"val/detection/{name}"], abs=0.03)
    session = open_session(run / "model.onnx")
    assert json.loads(session.metadata["closeup.detector"])["classes"] == list(NAMES)


def test_detections_are_written_as_coco_has_results(run: Path) -> None:
    rows = json.loads((run / "detections.json").read_text())
    known = {each["id"] for each in json.loads((run / "val.json").read_text())["images"]}
    assert {each["image_id"] for each in rows} <= known
    assert all(set(each) == {"image_id", "category_id", "bbox", "score"} for each in rows)
    assert {each["category_id"] for each in rows} <= {1, 2}


def test_a_run_that_was_interrupted_goes_on_with_the_same_losses(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks(tmp_path)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    short = replace(RECIPE, stages=RECIPE.stages[:1])
    monkeypatch.setattr(training.DetectionTask, "evaluate", stop)
    with pytest.raises(KeyboardInterrupt):
        train_detector(short, base=tmp_path, runs_dir=tmp_path / "runs")
    monkeypatch.undo()
    (folder,) = (tmp_path / "runs").iterdir()
    assert read_run(folder).state == "interrupted"
    resume_detector(folder)
    again, first = read_run(folder), read_run(run)
    assert again.state == "finished"
    mine, theirs = (each.steps().numbers("loss") for each in (again, first))
    np.testing.assert_allclose(mine, theirs[: len(mine)], rtol=1e-4)
    assert len(mine) == 8
    with pytest.raises(InputError, match="is finished"):
        resume_detector(folder)


def test_it_may_learn_things_whatever_they_are_from_another_run(run: Path, tmp_path: Path) -> None:
    home = run.parent.parent
    recipe = replace(
        RECIPE,
        weights=str(run),
        any_class=True,
        annotations=str(home / "coco.json"),
        val_annotations=str(home / "coco.json"),
        stages=(DetectorStage(epochs=1, batch=16),),
    )
    made = train_detector(recipe, base=tmp_path, runs_dir=tmp_path / "runs")
    assert json.loads(open_session(made / "model.onnx").metadata["closeup.detector"])["classes"] == ["thing"]
    assert read_run(made).flat_metrics["val/detection/recall_100"] > 0.9
    assert evaluate_detector(made, home / "coco.json")["things"] == 72


def test_classes_that_were_not_learnt_and_data_without_boxes_are_refused(run: Path, tmp_path: Path) -> None:
    made = blocks(tmp_path, 4)
    other = BoxedPictures(("blue", "green"), made.pictures)
    (tmp_path / "other.json").write_bytes(coco_bytes(other, [(128, 96)] * 4))
    with pytest.raises(InputError, match="The class 'green' is none that is learnt"):
        evaluate_detector(run, tmp_path / "other.json")
    bare = tuple(replace(each, boxes_xyxy=each.boxes_xyxy[:0], classes=each.classes[:0]) for each in made.pictures)
    (tmp_path / "coco.json").write_bytes(coco_bytes(BoxedPictures(NAMES, bare), [(128, 96)] * 4))
    with pytest.raises(InputError, match="no box to learn from"):
        train_detector(RECIPE, base=tmp_path, runs_dir=tmp_path / "runs")
    with pytest.raises(InputError, match="multiple of 32"):
        train_detector(replace(RECIPE, input_px=100), base=tmp_path, runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_of_boxes_that_overlap_the_better_of_a_class_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 11], [50, 50, 60, 60]], np.float32)
    scores = np.array([[0.9, 0.0], [0.8, 0.7], [0.005, 0.3]], np.float32)
    kept, worth, kinds = best(boxes, scores)
    np.testing.assert_array_equal(kept, boxes[[0, 1, 2]])
    assert worth.tolist() == pytest.approx([0.9, 0.7, 0.3])
    assert kinds.tolist() == [0, 1, 1]
