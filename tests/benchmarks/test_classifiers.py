"""Three ways to say whose a face is: each learns, doubts strangers, and does not depend on order."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from classifiers import CLASSIFIERS, NearestClassifier, SvmClassifier
from closeup.core.errors import InputError
from features.gallery.people import faces_of, labelled


@pytest.mark.parametrize("way", sorted(CLASSIFIERS))
@pytest.mark.parametrize("people", [2, 5])
def test_each_way_knows_faces_it_has_not_seen(way: str, people: int) -> None:
    vectors, labels = labelled(range(people), 3)
    queries, expected = labelled(range(people), 4, first=10)
    answer = CLASSIFIERS[way](vectors, labels).predict(queries)
    assert answer.labels.tolist() == expected


@pytest.mark.parametrize("way", sorted(CLASSIFIERS))
def test_each_way_is_less_sure_of_strangers(way: str) -> None:
    vectors, labels = labelled(range(5), 3)
    learned = CLASSIFIERS[way](vectors, labels)
    known = learned.predict(labelled(range(5), 4, first=10)[0]).scores
    unknown = learned.predict(labelled(range(20, 25), 4)[0]).scores
    assert known.min() > unknown.max()


@pytest.mark.parametrize("way", sorted(CLASSIFIERS))
def test_the_order_of_learning_does_not_matter(way: str) -> None:
    vectors, labels = labelled(range(4), 3)
    order = np.random.default_rng(0).permutation(len(labels))
    queries, _ = labelled(range(4), 2, first=10)
    one = CLASSIFIERS[way](vectors, labels).predict(queries)
    other = CLASSIFIERS[way](vectors[order], [labels[place] for place in order]).predict(queries)
    assert one.labels.tolist() == other.labels.tolist()
    assert one.scores == pytest.approx(other.scores, rel=0.05)


def test_votes_are_similarities_over_k() -> None:
    vectors, labels = labelled([1, 2], 3)
    query = faces_of(1, 1, first=9)
    answer = NearestClassifier(vectors, labels).predict(query)
    assert answer.scores[0] == pytest.approx((vectors[:3] @ query[0]).sum() / 3, rel=1e-5)


def test_what_cannot_be_learned() -> None:
    for way in CLASSIFIERS.values():
        with pytest.raises(InputError, match="nobody to learn from"):
            way(np.empty((0, 8), np.float32), [])
    with pytest.raises(InputError, match="two people at least"):
        SvmClassifier(*labelled([1], 3))
