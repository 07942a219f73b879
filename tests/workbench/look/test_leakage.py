import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from closeup.workbench.look.classes import label_fields
from closeup.workbench.look.leakage import FEWEST, Leak, find_leaks
from closeup.workbench.look.measure import MEASURES
from workbench.datasets.tiny import made_up


def told(labels: list[str], values: np.ndarray) -> tuple[Leak, ...]:
    dataset = made_up([{"a": label} if label else {} for label in labels])
    return find_leaks(label_fields(dataset, [None] * len(labels)), values)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_areas_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = [*"xxxxxxxxxxxx", *"yyyyyyyyyyy", *"zzzzzzzzzz", ""]
    values = rng.integers(0, 6, (len(labels), len(MEASURES))).astype(np.float64)
    found = told(labels, values)
    assert len(found) == 3 * len(MEASURES)
    names = [each.name for each in MEASURES]
    for each in found:
        truth = [label == each.label for label in labels[:-1]]
        area = roc_auc_score(truth, values[:-1, names.index(each.measure)])
        assert each.auc == pytest.approx(max(area, 1 - area))
        assert each.larger == (area >= 0.5 - 1e-12)
    assert [each.auc for each in found] == sorted((each.auc for each in found), reverse=True)


def test_what_tells_all_comes_first() -> None:
    values = np.zeros((40, len(MEASURES)))
    values[20:, 1] = 7
    found = told(["x"] * 20 + ["y"] * 20, values)
    assert found[0] == Leak("a", "x", "height", 1.0, larger=False)
    assert all(each.auc == 0.5 for each in found[1:])
    assert {each.label for each in found} == {"x"}, "of two classes one says it for both"


def test_few_pictures_and_numbers_say_nothing() -> None:
    assert told(["x"] * (FEWEST - 1) + ["y"] * 50, np.zeros((FEWEST + 49, len(MEASURES)))) == ()
    assert told(["x"] * 50, np.zeros((50, len(MEASURES)))) == ()
    dataset = made_up([{"age": float(n)} for n in range(50)])
    assert find_leaks(label_fields(dataset, [None] * 50), np.zeros((50, len(MEASURES)))) == ()
