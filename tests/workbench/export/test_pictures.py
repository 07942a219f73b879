"""Real pictures for an export: those that the run was evaluated on, and others to calibrate with."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.learning.runs.reading import read_run
from closeup.weights.network_card import read_card
from closeup.workbench.export import pictures
from closeup.workbench.export.pictures import calibration_pictures, validation_pictures
from closeup.workbench.training.weights import load_network
from workbench.exported import PX


def test_judged_are_the_readable_pictures_of_val_with_their_labels(finished_run: Path) -> None:
    _, recipe, heads = load_network(finished_run)
    found = validation_pictures(read_run(finished_run), recipe, heads, read_card(finished_run / "model.onnx"))
    assert found.crops.shape == (36, PX, PX, 3)
    assert found.unreadable == 1
    assert len(set(found.groups)) == 6
    assert set(found.targets) == {"mood", "age", "weight"}
    assert np.isnan(found.targets["weight"]).sum() == 18
    assert not np.isnan(found.targets["mood"]).any()


def test_calibration_takes_pictures_that_nothing_is_judged_by_and_the_same_each_time(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, recipe, heads = load_network(finished_run)
    run, card = read_run(finished_run), read_card(finished_run / "model.onnx")
    monkeypatch.setattr(pictures, "CALIBRATION", 10)
    found = calibration_pictures(run, recipe, card, None)
    assert found.shape == (10, PX, PX, 3)
    np.testing.assert_array_equal(found, calibration_pictures(run, recipe, card, None))
    judged = {crop.tobytes() for crop in validation_pictures(run, recipe, heads, card).crops}
    assert judged.isdisjoint(crop.tobytes() for crop in found)


def test_other_pictures_can_be_named(finished_run: Path, tmp_path: Path) -> None:
    _, recipe, _ = load_network(finished_run)
    (tmp_path / "any").mkdir()
    for number in (1, 2, 3):
        shutil.copy(finished_run.parents[1] / "pictures" / f"0{number}.png", tmp_path / "any")
    found = calibration_pictures(read_run(finished_run), recipe, read_card(finished_run / "model.onnx"), tmp_path)
    assert found.shape == (3, PX, PX, 3)


def test_data_that_has_gone_is_told(finished_run: Path, tmp_path: Path) -> None:
    _, recipe, heads = load_network(finished_run)
    moved = tmp_path / "moved"
    shutil.copytree(finished_run, moved)
    (moved / "split.csv").write_text("key,group,split,origin\nelsewhere.png,x,val,data\n")
    with pytest.raises(InputError, match="None of the pictures that the run moved kept as val"):
        validation_pictures(read_run(moved), recipe, heads, read_card(moved / "model.onnx"))
