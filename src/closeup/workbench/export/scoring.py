"""How well a file outputs, and how much worse than another one on the same pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from closeup.algorithms.metrics.classification import Statistic, paired_difference
from closeup.core.errors import InputError
from closeup.core.types import FloatArray
from closeup.weights.network_card import NetworkHead

Outputs = Mapping[str, FloatArray]
"""By head: probabilities (N, K), or values (N,)."""


@dataclass(frozen=True, slots=True)
class HeadScore:
    """How one head of a file outputs.

    Attributes:
        head: Its name.
        metric: "accuracy", or for a value "mean absolute error".
        unit: Of the metric: "" for accuracy.
        value: The metric on the pictures that have a label.
        count: How many these are.
        worse: How much worse than the file it is compared with: accuracy lost, 0.005 for half a point; or the share
            by which the mean absolute error grew, 0.005 for half a percent. Negative where it is better.
        low: Lower end of the 95 % interval of `worse`, paired by bootstrap.
        high: Upper end.
        largest: Largest difference of a probability, or of a value in its unit, from the other file's.
    """

    head: str
    metric: str = field(metadata={"alias": "figure"})
    unit: str
    value: float
    count: int
    worse: float
    low: float
    high: float
    largest: float


def score_heads(
    heads: Sequence[NetworkHead], given: Outputs, reference: Outputs, targets: Outputs, groups: Sequence[str]
) -> tuple[HeadScore, ...]:
    """Compare the outputs of two files, head by head.

    Args:
        heads: As the card names them.
        given: Outputs of the file to evaluate: by head (N, K) or (N,).
        reference: Outputs of the file that it came from, of the same shapes.
        targets: By head (N,): the index of the class, or the value; NaN where a picture has no label.
        groups: The group of each of the N pictures; those of one person are drawn together.

    Raises:
        InputError: If no picture has a label of a head.
    """
    return tuple(_score(head, given, reference, targets[head.name], groups) for head in heads)


def _score(
    head: NetworkHead, given: Outputs, reference: Outputs, targets: FloatArray, groups: Sequence[str]
) -> HeadScore:
    known = np.flatnonzero(~np.isnan(targets))
    if not len(known):
        raise InputError(f"None of the pictures has a label of the head {head.name!r}; it cannot be evaluated.")
    ours, theirs, truth = given[head.name][known], reference[head.name][known], targets[known]
    largest = float(np.abs(ours - theirs).max())
    of_known = [groups[index] for index in known.tolist()]
    if head.kind == "value":
        found = paired_difference(
            _mean(np.abs(theirs - truth)), _mean(np.abs(ours - truth)), len(known), groups=of_known
        )
        scale = max(found.a, np.finfo(np.float64).tiny)  # a network without any error would divide by nothing
        metric, unit, sign = "mean absolute error", head.unit, 1 / scale
    else:
        right = [(outputs.argmax(1) == truth).astype(np.float64) for outputs in (theirs, ours)]
        found = paired_difference(_mean(right[0]), _mean(right[1]), len(known), groups=of_known)
        metric, unit, sign = "accuracy", "", -1.0
    low, high = sorted((sign * found.low, sign * found.high))
    # Adding 0 turns -0.0 into 0.0.
    worse, low, high = (float(value) + 0.0 for value in (sign * found.difference, low, high))
    return HeadScore(head.name, metric, unit, found.b, len(known), worse, low, high, largest)


def _mean(values: FloatArray) -> Statistic:
    return lambda drawn: float(values[drawn].mean())
