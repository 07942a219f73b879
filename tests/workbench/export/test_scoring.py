"""Comparing the outputs of two files: what is lost, in which head, and how sure that is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.weights.network_card import NetworkHead
from closeup.workbench.export.scoring import score_heads

MOOD = NetworkHead("mood", "classes", ("glad", "sad"))
AGE = NetworkHead("age", "value", (), "years")


def chances(of_second: list[float]) -> np.ndarray:
    second = np.array(of_second, np.float32)
    return np.stack([1 - second, second], axis=1)


def test_accuracy_is_compared_where_there_are_labels() -> None:
    reference = {"mood": chances([0.1, 0.2, 0.9, 0.8, 0.7])}
    given_ = {"mood": chances([0.1, 0.6, 0.9, 0.8, 0.2])}
    targets = {"mood": np.array([0, 0, 1, 1, np.nan], np.float32)}
    (score,) = score_heads([MOOD], given_, reference, targets, list("abcde"))
    assert (score.head, score.metric, score.count) == ("mood", "accuracy", 4)
    assert score.value == 0.75
    assert score.worse == pytest.approx(0.25)
    assert score.low <= 0.25 <= score.high
    assert score.largest == pytest.approx(0.4)


def test_the_error_of_a_value_grows_by_a_share() -> None:
    truth = np.array([10, 20, 30, 40], np.float32)
    reference, given_ = {"age": truth + 2}, {"age": truth - 3}
    (score,) = score_heads([AGE], given_, reference, {"age": truth}, list("abcd"))
    assert (score.metric, score.unit) == ("mean absolute error", "years")
    assert score.value == pytest.approx(3)
    assert score.worse == pytest.approx(0.5)
    assert score.low == pytest.approx(0.5)
    assert score.high == pytest.approx(0.5)
    assert score.largest == pytest.approx(5)


def test_pictures_of_one_person_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(10) < 0.7, 10)
    reference = {"mood": chances([0.1] * 100)}
    given_ = {"mood": chances(np.where(right, 0.1, 0.9).tolist())}
    targets = {"mood": np.zeros(100, np.float32)}
    alone = score_heads([MOOD], given_, reference, targets, [str(i) for i in range(100)])[0]
    together = score_heads([MOOD], given_, reference, targets, [str(i // 10) for i in range(100)])[0]
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=12))
def test_a_file_loses_nothing_beside_itself(numbers: list[float]) -> None:
    outputs = {"mood": chances(numbers), "age": np.array(numbers, np.float32)}
    targets = {"mood": np.zeros(len(numbers), np.float32), "age": np.full(len(numbers), 2, np.float32)}
    for score in score_heads([MOOD, AGE], outputs, outputs, targets, [str(i) for i in range(len(numbers))]):
        assert score.worse == score.low == score.high == score.largest == 0


def test_an_answer_without_any_label_is_told() -> None:
    outputs = {"mood": chances([0.5])}
    with pytest.raises(InputError, match="None of the pictures has a label of the head 'mood'"):
        score_heads([MOOD], outputs, outputs, {"mood": np.array([np.nan], np.float32)}, ["a"])
