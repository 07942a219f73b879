"""Which labels are probably wrong: confident learning on probabilities that were predicted out of fold.

A class's threshold is the mean probability that its own examples are given for it; an example counts as confidently of
the class whose threshold it reaches. The counts of given against confident class, scaled to the labels that there are,
estimate how many examples of each class belong to each other; that many are flagged, the clearest first. Northcutt,
Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021.

Probabilities have the shape (N, K), labels are ints of the shape (N,), 0 to K - 1. The probabilities of an example must
come from a model that has not seen it (nor its group), else a wrong label explains itself.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Probabilities = NDArray[np.float64]
Labels = NDArray[np.intp]
Joint = NDArray[np.float64]

Method = Literal["noise_rate", "class", "both"]

ROUNDING = 1e-6
"""Shares this close are equal: the mean of equal numbers may differ from them in the last places."""

LOWEST_THRESHOLD = 2e-6
"""A class that its own examples are not given at all has no threshold that means anything: nothing reaches it."""

KEEP = 5
"""Of every class so many examples are left alone: out of a handful, folds learn too little to condemn it."""


def confident_thresholds(probabilities: ArrayLike, labels: ArrayLike) -> Probabilities:
    """Mean probability (K,) that the examples of each class are given for it; infinite where a class has none.

    Raises:
        ValueError: If the shapes are not (N, K) and (N,), a label is not 0 to K - 1, or a row is no distribution.
    """
    given, own = _checked(probabilities, labels)
    counts = np.bincount(own, minlength=given.shape[1])
    sums = np.bincount(own, weights=_of(given, own), minlength=given.shape[1])
    return np.where(counts > 0, np.maximum(sums / np.maximum(counts, 1), LOWEST_THRESHOLD), np.inf)


def confident_classes(probabilities: ArrayLike, labels: ArrayLike) -> Labels:
    """The class (N,) whose threshold each example reaches, the likeliest of several; -1 where it reaches none.

    Raises:
        ValueError: As `confident_thresholds`.
    """
    given, own = _checked(probabilities, labels)
    reached = given >= confident_thresholds(given, own) * (1 - ROUNDING)
    return np.where(reached.any(axis=1), np.where(reached, given, -1.0).argmax(axis=1), -1)


def confident_joint(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.intp]:
    """Counts (K, K) of examples by given class (row) and confident class (column).

    Raises:
        ValueError: As `confident_thresholds`.
    """
    given, own = _checked(probabilities, labels)
    found, classes = confident_classes(given, own), given.shape[1]
    sure = found >= 0
    return np.bincount(own[sure] * classes + found[sure], minlength=classes**2).reshape(classes, classes)


def calibrated_joint(joint: ArrayLike, labels: ArrayLike) -> Joint:
    """The joint scaled so that each row sums to the number of examples that have this label: (K, K) float64.

    A row in which nobody is confident says nothing: all of it is put on the diagonal.

    Raises:
        ValueError: If the joint is not (K, K), has a negative count, or a label is not 0 to K - 1.
    """
    counts, own = np.asarray(joint, dtype=np.float64), np.asarray(labels, dtype=np.intp)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise ValueError(f"a joint has the shape (K, K) and no negative count, not {counts.shape}")
    if own.ndim != 1 or (len(own) and (own.min() < 0 or own.max() >= len(counts))):
        raise ValueError(f"labels must be (N,) ints from 0 to {len(counts) - 1}")
    counts = counts + np.diag(np.where(counts.diagonal() == 0, 1.0, 0.0))  # somebody of each class is right
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(shares * np.bincount(own, minlength=len(counts))[:, None], np.float64)


def expected_errors(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """How many of the labels (N,) are wrong by the calibrated joint: what lies off its diagonal.

    Raises:
        ValueError: As `confident_thresholds`.
    """
    joint = calibrated_joint(confident_joint(probabilities, labels), labels)
    return float(joint.sum() - np.trace(joint))


def flag_errors(
    probabilities: ArrayLike, labels: ArrayLike, method: Method = "both", *, keep: int = KEEP
) -> NDArray[np.bool_]:
    """Examples (N,) whose label is probably wrong.

    Args:
        probabilities: (N, K), each row sums to 1.
        labels: (N,), 0 to K - 1.
        method: "noise_rate" takes from each pair of given and other class as many as the joint says, those whose other
            class is ahead by most; "class" takes from each class as many as the joint says of it, those whose own class
            is least likely; "both" takes what both take. What is likeliest as labelled is never flagged.
        keep: Of every class at least so many examples are not flagged.

    Raises:
        ValueError: As `confident_thresholds`, or if `keep` is negative.
    """
    given, own = _checked(probabilities, labels)
    if keep < 0:
        raise ValueError(f"at least 0 examples of a class are kept, not {keep}")
    joint = calibrated_joint(confident_joint(given, own), own)
    flags = np.zeros(len(own), dtype=np.bool_)
    for label in np.unique(own):
        members = np.flatnonzero(own == label)
        rows, counts = given[members], _whole_numbers(joint[label], int(label))
        chosen = np.ones(len(members), dtype=np.bool_)
        if method != "class":
            chosen &= _by_noise_rate(rows, int(label), counts)
        if method != "noise_rate":
            chosen &= _first(rows[:, label], int(counts.sum() - counts[label]))
        chosen &= rows[:, label] < rows.max(axis=1) - ROUNDING
        spare = max(0, len(members) - keep)
        if chosen.sum() > spare:
            chosen &= _first(np.where(chosen, _margin(rows, np.full(len(rows), label)), np.inf), spare)
        flags[members] = chosen
    return flags


def self_confidence(probabilities: ArrayLike, labels: ArrayLike) -> Probabilities:
    """Probability (N,) of the label that each example has; low is suspicious.

    Raises:
        ValueError: As `confident_thresholds`.
    """
    return _of(*_checked(probabilities, labels))


def normalised_margin(probabilities: ArrayLike, labels: ArrayLike) -> Probabilities:
    """How far the label is ahead of the likeliest other class, from 0 (surely another) to 1 (surely this): (N,).

    Raises:
        ValueError: As `confident_thresholds`.
    """
    return (_margin(*_checked(probabilities, labels)) + 1) / 2


def _by_noise_rate(rows: Probabilities, label: int, counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """For each other class, the `counts` members (rows, M) for which it is furthest ahead of the label."""
    chosen = np.zeros(len(rows), dtype=np.bool_)
    for other in np.flatnonzero(counts):
        if other != label:
            chosen |= _first(rows[:, label] - rows[:, other], int(counts[other]))
    return chosen


def _first(scores: Probabilities, count: int) -> NDArray[np.bool_]:
    """Mask of the `count` lowest scores; of equal ones the earlier."""
    mask = np.zeros(len(scores), dtype=np.bool_)
    mask[np.argsort(scores, kind="stable")[:count]] = True
    return mask


def _whole_numbers(counts: NDArray[np.float64], label: int) -> NDArray[np.intp]:
    """Whole numbers with the same sum, by largest remainder; of equal ones, the label's own is rounded up."""
    floors = np.floor(counts + ROUNDING)
    remainders = counts - floors
    remainders[label] += ROUNDING
    missing = round(float(counts.sum() - floors.sum()))
    floors[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return floors.astype(np.intp)


def _margin(given: Probabilities, own: Labels) -> Probabilities:
    others = given.copy()
    others[np.arange(len(own)), own] = -np.inf
    return np.asarray(_of(given, own) - others.max(axis=1), np.float64)


def _of(given: Probabilities, own: Labels) -> Probabilities:
    """The probability of the label itself."""
    return given[np.arange(len(own)), own]


def _checked(probabilities: ArrayLike, labels: ArrayLike) -> tuple[Probabilities, Labels]:
    given, own = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if given.ndim != 2 or given.shape[1] < 2 or own.shape != given.shape[:1]:
        raise ValueError(
            f"expected probabilities (N, K) of two or more classes, labels (N,): {given.shape}, {own.shape}"
        )
    if own.size and (own.dtype.kind not in "iu" or own.min() < 0 or own.max() >= given.shape[1]):
        raise ValueError(f"labels must be whole numbers from 0 to {given.shape[1] - 1}")
    if not np.isfinite(given).all() or (given < 0).any() or (np.abs(given.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError("every row of the probabilities must be at least 0 and sum to 1")
    return given, own.astype(np.intp)
