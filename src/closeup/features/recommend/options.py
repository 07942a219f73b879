"""How a recommender is fitted."""

from dataclasses import dataclass
from typing import Annotated

from closeup.core.fields import OneOf, Within

WEIGHTS = ("log", "binary")


@dataclass(frozen=True, slots=True)
class EventColumns:
    """What the columns of a table of events are called; what is not said is guessed, and the guess is noted.

    Attributes:
        user: Column of users; guessed otherwise.
        item: Column of items; guessed otherwise.
        weight: Column of plays or counts; guessed, else 1 a row.
        time: Column of times; guessed, else none.
    """

    user: str | None = None
    item: str | None = None
    weight: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class RecommendOptions:
    """Settings of a fit; the defaults are those that did best on the validation part of last.fm's HetRec 2k.

    Attributes:
        factors: How many numbers describe a user or an item.
        iterations: How often both sides are solved.
        members: How many factorisations, from different seeds, are averaged; of more than 500,000 pairs, one.
        unobserved: Weight of what a user has not taken, beside 1 for what they have.
        regularisation: Against vectors that grow too long, in proportion to how often a user or item occurs.
        item_share: How much weights from item to item (EDLAE) count beside the factorisations; 0 leaves them out.
        item_penalty: On the squares of those weights.
        item_dropout: Share of what a user took that is hidden, at random, where those weights are fitted.
        weights: Whether a pair counts by the logarithm of how often it was seen ("log"), or always 1 ("binary").
        minimum: Pairs whose weights add up to less are left out: 2 leaves out what was played once.
        seed: Of everything that is drawn.
    """

    factors: Annotated[int, Within(1, 2048)] = 128
    iterations: Annotated[int, Within(1, 1000)] = 10
    members: Annotated[int, Within(1, 20)] = 2
    unobserved: Annotated[float, Within(0, 1, above=True)] = 0.015
    regularisation: Annotated[float, Within(0, above=True)] = 0.02
    item_share: Annotated[float, Within(0, 100)] = 0.25
    item_penalty: Annotated[float, Within(0.001)] = 50.0
    item_dropout: Annotated[float, Within(0, 1, below=True)] = 0.7
    weights: Annotated[str, OneOf(WEIGHTS)] = "log"
    minimum: Annotated[float, Within(0)] = 0.0
    seed: Annotated[int, Within(0)] = 0
