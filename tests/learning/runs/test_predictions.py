from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import CloseupError, FormatError, InputError
from closeup.learning.runs.predictions import predictions_name, predictions_table, read_predictions


def written(path: Path, *given: object) -> Path:
    path.write_bytes(predictions_table(*given))  # type: ignore[arg-type]
    return path


def test_probabilities_read_back_with_labels_as_names(tmp_path: Path) -> None:
    probabilities = np.array([[0.25, 0.75], [1 / 3, 2 / 3], [1.0, 0.0]])
    labels = np.array([1, np.nan, -1])
    found = read_predictions(written(tmp_path / "p.csv", ["a", "b,c", "ü"], labels, probabilities, ("x", "y y")))
    assert found.keys == ("a", "b,c", "ü")
    assert found.labels == ("y y", None, None)
    assert found.classes == ("x", "y y")
    assert found.probabilities == pytest.approx(probabilities, abs=1e-7)
    assert found.values == pytest.approx([0.75, 2 / 3, 1.0], abs=1e-7)
    assert found.label_indices().tolist() == [1, -1, -1]
    assert found.labelled().keys == ("a",)


def test_labels_may_be_names_too(tmp_path: Path) -> None:
    found = read_predictions(written(tmp_path / "p.csv", ["a", "b"], np.array(["y", ""]), np.eye(2), ("x", "y")))
    assert found.labels == ("y", None)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_values_read_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.array([1.5, 30.0, -2.0]).reshape(shape)
    found = read_predictions(written(tmp_path / "v.csv", ["a", "b", "c"], np.array([1.0, np.nan, -3.0]), values, ()))
    assert found.classes == ()
    assert found.probabilities.shape == (3, 0)
    assert found.values.tolist() == [1.5, 30.0, -2.0]
    assert found.labels == (1.0, None, -3.0)
    assert found.labelled().keys == ("a", "c")
    assert found.labelled().label_numbers().tolist() == [1.0, -3.0]


def test_a_label_of_no_known_class_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("key,label,p_x,p_y\na,x,0.9,0.1\nb,z,0.9,0.1\n")
    assert read_predictions(path).labelled().keys == ("a",)


def test_no_pictures_at_all(tmp_path: Path) -> None:
    found = read_predictions(written(tmp_path / "p.csv", [], np.zeros(0), np.zeros((0, 2)), ("x", "y")))
    assert found.keys == ()
    assert found.probabilities.shape == (0, 2)
    assert read_predictions(written(tmp_path / "v.csv", [], np.zeros(0), np.zeros(0), ())).values.shape == (0,)


@pytest.mark.parametrize(
    ("keys", "labels", "predictions", "classes"),
    [
        (["a"], [0, 1], [[0.5, 0.5]], ("x", "y")),
        (["a"], [0], [[0.5, 0.5]], ("x",)),
        (["a"], [0], [0.5, 0.5], ()),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    keys: list[str], labels: object, predictions: object, classes: object
) -> None:
    with pytest.raises(ValueError, match="keys"):
        predictions_table(keys, np.array(labels), np.array(predictions), classes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns"),
        ("key,label,q_x\n", "columns"),
        ("key,label,p_x,value\n", "columns"),
        ("key,label,p_x,p_y\na,x,0.5\n", "line 2"),
        ("key,label,p_x,p_y\na,x,0.5,0.5\nb,x,half,0.5\n", "line 3"),
        ("key,label,value\na,old,3\n", "line 2"),
    ],
)
def test_a_damaged_table_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_predictions(path)


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        read_predictions(tmp_path / "p.csv")
    assert predictions_name("val", "mood") == "predictions-val-mood.csv"


@settings(max_examples=40)
@given(
    content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda t: f"key,label,p_a,p_b\n{t}".encode()))
)
def test_no_bytes_bring_the_reader_down(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("predictions") / "p.csv"
    path.write_bytes(content)
    try:
        found = read_predictions(path)
    except CloseupError:
        return
    assert len(found.keys) == len(found.labels) == len(found.probabilities)
