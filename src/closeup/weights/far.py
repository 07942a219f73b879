"""The similarity from which on two faces are taken for one person, at the false-accept rate that is wanted."""

import bisect
import math
from dataclasses import dataclass

from closeup.core.errors import InputError, ModelError
from closeup.weights.cards import ModelCard

DEFAULT_FAR = 0.001
"""One pair of strangers in a thousand is taken for one person."""


@dataclass(frozen=True, slots=True)
class FarPoint:
    """A threshold and what is known of it.

    Attributes:
        threshold: Cosine similarity, -1 to 1; at or above: one person.
        far: The false-accept rate: the share of pairs of two people that reach it, 0 to 1.
        pairs: From how many pairs of two people that is known.
        read_from: The data, in words.
    """

    threshold: float
    far: float
    pairs: int
    read_from: str


def threshold_for(card: ModelCard, far: float = DEFAULT_FAR) -> FarPoint:
    """The threshold of an embedder at the false-accept rate `far`, from the table on its card.

    Between two rates of the table, by the logarithm of the rate; along it thresholds lie on a nearly straight line.

    Raises:
        InputError: If the rate lies outside the table: nothing is known there.
        ModelError: If the card has no table.
    """
    table = card.far
    if table is None:
        raise ModelError(
            f"How often {card.name} takes two people for one has not been measured, so it cannot decide who is who.",
            "Use another set of models.",
            code="model.far",
        )
    most, least = table.rates[0], table.rates[-1]
    if not (math.isfinite(far) and least <= far <= most):
        raise InputError(
            f"A false-accept rate of {far:g} cannot be had with {card.name}.",
            f"Give one from {least:g} to {most:g}, such as {DEFAULT_FAR:g}.",
        )
    row = bisect.bisect_left([-rate for rate in table.rates], -far)
    threshold = table.thresholds[row]
    if table.rates[row] != far:
        above, below = table.rates[row - 1], table.rates[row]
        share = math.log(above / far) / math.log(above / below)
        threshold = table.thresholds[row - 1] * (1 - share) + threshold * share
    return FarPoint(threshold, far, table.pairs, table.read_from)
