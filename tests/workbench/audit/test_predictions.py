import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.learning.runs.predictions import predictions_table
from closeup.workbench.audit.predictions import (
    predictions_from_features,
    predictions_from_model,
    predictions_from_pictures,
    predictions_from_table,
)
from closeup.workbench.datasets.reading import open_one
from closeup.workbench.datasets.splits import folds
from closeup.workbench.models import resolve_model
from closeup.workbench.options import ProbeOptions
from tiny_networks import plain_picture, save_tiny
from workbench.audit.planted import CLASSES, COUNT, WRONG, dataset, features, label, probabilities, shown
from workbench.datasets.tiny import made_up


@pytest.fixture
def data(tmp_path: Path):
    return dataset(tmp_path)


def write_table(path: Path, rows=None, keys=None, classes=CLASSES) -> Path:
    rows = probabilities() if rows is None else rows
    keys = [f"pictures/{n:02}.png" for n in range(COUNT)] if keys is None else keys
    path.write_bytes(predictions_table(keys, np.zeros(len(keys), np.int64), np.asarray(rows), classes))
    return path


def test_features_tell_what_is_shown_not_what_the_label_says(data):
    found = predictions_from_features(data, "kind", features(), ProbeOptions())
    assert found.classes == CLASSES
    assert found.kept.tolist() == list(range(COUNT))
    assert [found.classes[place] for place in found.labels] == [label(n) for n in range(COUNT)]
    best = [found.classes[place] for place in found.probabilities.argmax(axis=1)]
    assert best == [shown(n) for n in range(COUNT)]
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)


def test_a_second_round_is_surer_of_planted_errors(data):
    rounds = [predictions_from_features(data, "kind", features(), ProbeOptions(rounds=n)) for n in (1, 2)]
    first, second = (r.probabilities[list(WRONG), r.labels[list(WRONG)]].mean() for r in rounds)
    assert second < first


def test_a_group_is_not_predicted_from_its_own_pictures(data):
    # Each group has a feature of its own, and half of the labels are drawn anew for each: only who has learnt from the
    # group can know them.
    rng = np.random.default_rng(0)
    groups = np.arange(COUNT) // 6
    rows = np.eye(COUNT // 6)[groups] + 0.01 * rng.normal(size=(COUNT, COUNT // 6))
    names = np.array(["cat", "dog"])[rng.integers(0, 2, COUNT // 6)][groups]
    told = made_up([{"kind": str(name), "group": f"g{group}"} for name, group in zip(names, groups, strict=True)])
    found = predictions_from_features(told, "kind", rows, ProbeOptions(rounds=1))
    cut = folds(told, 5, 0, "kind")
    assert all(len(set(cut[groups == group])) == 1 for group in range(COUNT // 6))
    right = found.probabilities.argmax(axis=1) == found.labels
    assert right.mean() < 0.75


def test_pictures_without_a_label_are_left_out(data):
    some = replace(data, items=(replace(data.items[0], labels={}), *data.items[1:]))
    found = predictions_from_features(some, "kind", features(), ProbeOptions())
    assert found.kept.tolist() == list(range(1, COUNT))
    assert len(found.probabilities) == COUNT - 1


def test_pictures_are_looked_at_and_the_unreadable_listed(data, tmp_path, monkeypatch):
    (tmp_path / "pictures" / "07.png").write_bytes(b"no picture")
    asked = []

    def fake(pixels, *, input_px, progress):
        asked.append((pixels.shape, input_px))
        return np.delete(features(), 7, axis=0)

    # What describes pictures needs torch, and is tested where it lies.
    for name in ("libraries", "features"):
        module = ModuleType(f"closeup.workbench.training.{name}")
        module.frozen_features = fake
        monkeypatch.setitem(sys.modules, module.__name__, module)
    found = predictions_from_pictures(data, "kind", ProbeOptions(input_px=48))
    assert asked == [((COUNT - 1, 48, 48, 3), 48)]
    assert [key for key, _ in found.unreadable] == ["pictures/07.png"]
    assert found.kept.tolist() == [n for n in range(COUNT) if n != 7]
    best = [found.classes[place] for place in found.probabilities.argmax(axis=1)]
    assert best == [shown(n) for n in found.kept]
    assert "48 px" in found.how


def test_a_table_is_taken_and_comes_back(data, tmp_path):
    path = write_table(tmp_path / "p.csv")
    found = predictions_from_table(data, "kind", path)
    np.testing.assert_allclose(found.probabilities, probabilities(), atol=1e-5)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-12)
    (tmp_path / "q.csv").write_bytes(found.table(data))
    again = predictions_from_table(data, "kind", tmp_path / "q.csv")
    np.testing.assert_allclose(again.probabilities, found.probabilities, atol=1e-6)
    assert again.labels.tolist() == found.labels.tolist()


def test_a_table_may_lack_pictures_and_know_more_classes(data, tmp_path):
    rows = np.hstack([probabilities() * 0.9, np.full((COUNT, 1), 0.1)])[5:]
    keys = [f"pictures/{n:02}.png" for n in range(5, COUNT)]
    found = predictions_from_table(data, "kind", write_table(tmp_path / "p.csv", rows, keys, (*CLASSES, "fox")))
    assert found.classes == (*CLASSES, "fox")
    assert found.kept.tolist() == list(range(5, COUNT))
    assert "5 labelled pictures are not in p.csv" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": probabilities() * 0.5}, "do not sum to 1"),
        ({"rows": probabilities() * [1, 1, -1]}, "do not sum to 1"),
        ({"keys": [f"other/{n}.png" for n in range(COUNT)]}, "None of the labelled pictures"),
        ({"keys": ["pictures/03.png"] * COUNT}, "90 times"),
        ({"rows": probabilities()[:, :2], "classes": CLASSES[:2]}, "knows nothing of eel"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(data, tmp_path, change, words):
    path = write_table(tmp_path / "p.csv", **change)
    with pytest.raises(InputError, match=words):
        predictions_from_table(data, "kind", path)


def test_a_table_of_values_is_refused(data, tmp_path):
    (tmp_path / "p.csv").write_text("key,label,value\npictures/00.png,1,2\n")
    with pytest.raises(InputError, match="no probabilities"):
        predictions_from_table(data, "kind", tmp_path / "p.csv")


def test_numbers_and_single_classes_cannot_be_audited():
    ages = made_up([{"age": float(n)} for n in range(30)])
    with pytest.raises(InputError, match="only classes"):
        predictions_from_features(ages, "age", np.zeros((30, 4)), ProbeOptions())
    cats = made_up([{"kind": "cat"}] * 30)
    with pytest.raises(InputError, match="1 class in kind"):
        predictions_from_features(cats, "kind", np.zeros((30, 4)), ProbeOptions())


def test_fewer_groups_than_folds_are_refused():
    pets = made_up([{"kind": "cat" if n % 2 else "dog", "group": f"g{n % 3}"} for n in range(30)])
    with pytest.raises(InputError, match="too few for 5 folds"):
        predictions_from_features(pets, "kind", np.zeros((30, 4)), ProbeOptions())


class TestAModel:
    """The tiny network says which channel of a picture is the brightest."""

    @pytest.fixture
    def colours(self, tmp_path: Path):
        shown = ["red", "green", "blue"] * 4
        for number, name in enumerate(shown):
            values = tuple(200 if name == channel else 60 for channel in ("red", "green", "blue"))
            done, content = cv2.imencode(".png", plain_picture(values)[:, :, ::-1])
            assert done
            (tmp_path / f"{number}.png").write_bytes(content.tobytes())
        lines = [f"{number}.png,{name if number else 'green'}" for number, name in enumerate(shown)]
        (tmp_path / "labels.csv").write_text("path,colour\n" + "\n".join(lines) + "\n")
        return open_one(tmp_path / "labels.csv")

    def test_its_answers_are_taken(self, colours, tmp_path):
        model = resolve_model(str(save_tiny(tmp_path / "tiny.onnx")))
        found = predictions_from_model(colours, "colour", model)
        assert found.classes == ("red", "green", "blue")
        assert found.probabilities.argmax(axis=1).tolist() == [0, 1, 2] * 4
        assert found.labels.tolist() == [1, 1, 2, *[0, 1, 2] * 3]
        assert "has learnt from look right to it" in found.notes[0]

    def test_what_it_has_learnt_from_is_left_out(self, colours, tmp_path):
        run = tmp_path / "run"
        run.mkdir()
        model = resolve_model(str(save_tiny(run / "model.onnx")))
        rows = [f"{n}.png,{n}.png,{'train' if n % 2 else 'val'},data" for n in range(12)]
        (run / "split.csv").write_text("key,group,split,origin\n" + "\n".join(rows) + "\n")
        found = predictions_from_model(colours, "colour", replace(model, run=run))
        assert found.kept.tolist() == [0, 2, 4, 6, 8, 10]
        assert found.notes == ("Left out: 6 pictures that model.onnx has learnt from.",)
        (run / "split.csv").write_text((run / "split.csv").read_text().replace(",val,", ",train,"))
        with pytest.raises(InputError, match="every labelled picture"):
            predictions_from_model(colours, "colour", replace(model, run=run))

    def test_a_class_that_it_does_not_know_is_refused(self, colours, tmp_path):
        model = resolve_model(str(save_tiny(tmp_path / "tiny.onnx")))
        (tmp_path / "labels.csv").write_text("path,colour\n0.png,red\n1.png,green\n2.png,violet\n")
        with pytest.raises(InputError, match="knows nothing of violet"):
            predictions_from_model(open_one(tmp_path / "labels.csv"), "colour", model)
