"""Three ways to say whose a face is, over the same embeddings, so that they can be compared on the same data.

Each learns from labelled embeddings and answers with the likeliest label and a score by which strangers can be told
apart, higher being surer. The scores of different ways do not compare; each needs its own threshold
(benchmarks/identification.py). The gallery itself answers by similarity: it needs no training when somebody is
enrolled or deleted, its threshold is a cosine with a known false-accept rate, and it knows one picture as well as ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.similarity import cosines
from closeup.core.errors import InputError
from closeup.core.types import FloatArray
from closeup.features.gallery.scoring import identity_similarity

KNN_NEIGHBOURS = 3
"""Neighbours that vote; most people are enrolled with three to five pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelPrediction:
    """Answers for some faces.

    Attributes:
        labels: Shape (Q,), object (str): the likeliest label of each.
        scores: Shape (Q,), float64: how sure; comparable within one way only.
    """

    labels: NDArray[np.object_]
    scores: NDArray[np.float64]


class Classifier(Protocol):
    """Something that has learned labels."""

    def predict(self, vectors: FloatArray) -> LabelPrediction:
        """Say whose the faces with the embeddings (Q, D) are."""
        ...


class SimilarityClassifier:
    """Plain similarity to all templates of each label, as the gallery does it."""

    def __init__(self, vectors: FloatArray, labels: Sequence[str]) -> None:
        """Learn from vectors (N, D), L2-normalised, and their N labels.

        Raises:
            InputError: If there is none.
        """
        self._names, place = _grouped(vectors, labels)
        self._templates = [vectors[place == index] for index in range(len(self._names))]

    def predict(self, vectors: FloatArray) -> LabelPrediction:
        """Answer for vectors (Q, D); the score is the cosine of `identity_similarity`."""
        scores = np.empty((len(vectors), len(self._names)))
        for column, templates in enumerate(self._templates):
            scores[:, column] = [identity_similarity(row) for row in cosines(vectors, templates)]
        return _best(self._names, scores)


class NearestClassifier:
    """The k nearest templates vote with their similarity (Fix, Hodges 1951; the weights: Dudani 1976)."""

    def __init__(self, vectors: FloatArray, labels: Sequence[str], neighbours: int = KNN_NEIGHBOURS) -> None:
        """Learn from vectors (N, D), L2-normalised, and their N labels.

        Raises:
            InputError: If there is none.
        """
        self._names, self._place = _grouped(vectors, labels)
        self._vectors = vectors
        self._neighbours = min(neighbours, len(vectors))

    def predict(self, vectors: FloatArray) -> LabelPrediction:
        """Answer for vectors (Q, D); the score is the winner's votes over k: its similarities' sum, none for others."""
        similarities = cosines(vectors, self._vectors)
        nearest = np.argsort(-similarities, axis=1, kind="stable")[:, : self._neighbours]
        votes = np.zeros((len(vectors), len(self._names)))
        for row, found in enumerate(nearest):
            np.add.at(votes[row], self._place[found], np.maximum(similarities[row, found], 0) / self._neighbours)
        return _best(self._names, votes)


class SvmClassifier:
    """A linear support vector machine, one label against the rest (Cortes, Vapnik 1995; scikit-learn's LinearSVC)."""

    def __init__(self, vectors: FloatArray, labels: Sequence[str], c: float = 10.0) -> None:
        """Learn from vectors (N, D), L2-normalised, and their N labels; `c` weighs errors against the margin.

        Raises:
            InputError: If there are fewer than two labels.
        """
        self._names, place = _grouped(vectors, labels)
        if len(self._names) < 2:
            raise InputError("A support vector machine needs two people at least.", "Enrol one more.")
        from sklearn.svm import LinearSVC

        # Embeddings of some models lie close together around one direction: without it the margin is all the same.
        self._centre = vectors.mean(axis=0)
        spread = vectors - self._centre
        self._scale = float(np.sqrt((spread**2).sum(axis=1).mean())) or 1.0
        self._machine: Any = LinearSVC(C=c, random_state=0, max_iter=5000).fit(spread / self._scale, place)

    def predict(self, vectors: FloatArray) -> LabelPrediction:
        """Answer for vectors (Q, D); the score is the signed distance from the winner's plane, in margins."""
        decided = np.asarray(self._machine.decision_function((vectors - self._centre) / self._scale), np.float64)
        if decided.ndim == 1:  # two labels: one plane
            decided = np.stack([-decided, decided], axis=1)
        return _best(self._names, decided)


CLASSIFIERS = {"similarity": SimilarityClassifier, "nearest": NearestClassifier, "svm": SvmClassifier}
"""The ways by the names under which a comparison lists them."""


def _grouped(vectors: FloatArray, labels: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """The labels, sorted, and the place of each vector's label among them."""
    if not len(vectors):
        raise InputError("There is nobody to learn from.", "Enrol someone first.", code="gallery.empty")
    names = sorted(set(labels))
    places = {name: place for place, name in enumerate(names)}
    return names, np.array([places[label] for label in labels], dtype=np.intp)


def _best(names: Sequence[str], scores: NDArray[np.float64]) -> LabelPrediction:
    winners = scores.argmax(axis=1)
    labels = np.array(names, dtype=object)[winners]
    return LabelPrediction(labels, scores[np.arange(len(scores)), winners])
