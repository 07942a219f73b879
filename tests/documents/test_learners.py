"""A model folder comes back as it was, and says clearly what is wrong with it; intervals hold what they must."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError, OutputError
from closeup.documents.learners import (
    LEARNER_EVALUATION,
    LearnerEvaluation,
    Metric,
    ModelHeader,
    drawn_metrics,
    mean_metrics,
    read_model,
    write_model,
)

HEADER = ModelHeader("recommend", 2, {"factors": 8}, 3, "events.csv", 40, "0" * 64, notes=("Two rows were one.",))
ARRAYS = {"a": np.arange(12.0).reshape(3, 4), "b": np.array([1, 2], np.int64), "c": np.array([True, False])}


def test_a_model_comes_back(tmp_path: Path) -> None:
    out = write_model(tmp_path / "model", HEADER, ARRAYS, files={"ids.json": b"[]"})
    header, arrays = read_model(out, "recommend", 2)
    assert header == HEADER
    assert (out / "ids.json").read_bytes() == b"[]"
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_the_same_model_has_the_same_bytes(tmp_path: Path) -> None:
    a, b = (write_model(tmp_path / name, HEADER, ARRAYS) for name in "ab")
    assert (a / "arrays.npz").read_bytes() == (b / "arrays.npz").read_bytes()
    assert (a / "model.json").read_bytes() == (b / "model.json").read_bytes()


def test_a_model_is_not_replaced_unasked(tmp_path: Path) -> None:
    write_model(tmp_path / "model", HEADER, ARRAYS)
    with pytest.raises(OutputError, match="exists already"):
        write_model(tmp_path / "model", HEADER, ARRAYS)
    write_model(tmp_path / "model", replace(HEADER, seed=4), ARRAYS, overwrite=True)
    assert read_model(tmp_path / "model", "recommend", 2)[0].seed == 4


def test_what_is_no_model_of_this_kind_and_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a model"):
        read_model(tmp_path, "recommend", 2)
    out = write_model(tmp_path / "model", HEADER, ARRAYS)
    with pytest.raises(InputError, match="is a model of recommend, and one of appraise is needed"):
        read_model(out, "appraise", 2)
    with pytest.raises(FormatError, match="has the format 2, and this closeup reads 1") as caught:
        read_model(out, "recommend", 1)
    assert caught.value.code == "file.newer"
    with pytest.raises(FormatError, match="no longer reads"):
        read_model(out, "recommend", 3)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.json", b"{}", "lacks the field 'schema_version'"),
        ("model.json", b"no", "not valid JSON"),
        ("arrays.npz", b"PK", "not a whole .npz file"),
    ],
)
def test_damage_is_said_with_its_place(file: str, content: bytes, message: str, tmp_path: Path) -> None:
    out = write_model(tmp_path / "model", HEADER, ARRAYS)
    (out / file).write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        read_model(out, "recommend", 2)
    assert str(out / file) in caught.value.message
    assert "again" in caught.value.hint


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    out = write_model(tmp_path / "model", HEADER, ARRAYS)
    np.savez(out / "arrays.npz", a=np.array([{}], object))
    with pytest.raises(FormatError, match="plain numbers"):
        read_model(out, "recommend", 2)


def test_an_evaluation_reads_back() -> None:
    metrics = {"recall_at_20": Metric(0.25, 0.2, 0.3)}
    found = LearnerEvaluation("recommend", "held.csv", 9, metrics, {"popularity": metrics}, {"popularity": metrics})
    content = LEARNER_EVALUATION.encode(found)
    assert LEARNER_EVALUATION.decode(content) == found
    data: dict[str, Any] = json.loads(content)
    assert data["metrics"] == {"recall_at_20": {"value": 0.25, "low": 0.2, "high": 0.3}}


def test_intervals_of_means_and_of_other_figures_agree() -> None:
    values = np.random.default_rng(0).normal(3, 1, 400)
    one = mean_metrics({"mean": values, "twice": 2 * values})
    other = drawn_metrics(lambda drawn: {"mean": float(values[drawn].mean())}, len(values))
    assert one["mean"].low == pytest.approx(other["mean"].low)
    assert one["twice"].high == pytest.approx(2 * one["mean"].high)
    assert one["mean"].value == pytest.approx(values.mean())
    assert 0.08 < one["mean"].high - one["mean"].value < 0.12  # 1.96 / sqrt(400)
