"""What recipes/expression_votes.py makes of votes, and of two networks of which one knows fewer classes."""

from pathlib import Path

import numpy as np
import pytest

from recipe_scripts import load_script

VOTES = load_script("expression_votes")


def test_votes_are_shared_among_the_seven_classes_alone(tmp_path: Path) -> None:
    table = tmp_path / "votes.csv"
    table.write_text(
        "path,ferplus_name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
        "train/angry/a.webp,x,2,0,0,1,5,0,0,2,0,0\n"
        "val/fear/b.webp,y,1,0,0,0,0,0,3,0,6,0\n"
    )
    angry, unknown = VOTES._votes(table)
    assert (angry.label, angry.own, angry.is_train) == ("anger", "anger", True)
    np.testing.assert_allclose(angry.shares, [5 / 8, 0, 0, 0, 1 / 8, 0, 2 / 8])
    assert (unknown.label, unknown.own, unknown.is_train) == ("", "fear", False)


def test_of_classes_that_one_network_lacks_the_other_speaks() -> None:
    first = np.array([[0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1]])  # a fifth disgust, three tenths fear
    second = np.array([[0.5, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0]])
    mean = VOTES._mean([first, second])
    assert mean.sum() == pytest.approx(1)
    np.testing.assert_allclose(mean[0, 1:3], [0.2, 0.3])
    assert mean[0, 0] == pytest.approx((0.1 + 0.25) / 2)


def test_networks_are_asked_once(tmp_path: Path) -> None:
    asked = []

    def ask() -> list[np.ndarray]:
        asked.append(1)
        return [np.eye(2), np.ones((2, 2))]

    for _ in range(2):
        first, second = VOTES._asked(tmp_path / "kept.npz", ask)
        np.testing.assert_array_equal(first, np.eye(2))
        np.testing.assert_array_equal(second, np.ones((2, 2)))
    assert asked == [1]
