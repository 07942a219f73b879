"""Leakage: labels that what has nothing to do with them gives away: a picture's size, brightness, blur, its source.

A network learns whatever tells classes apart. Where all pictures of one class come from one camera or one website, it
learns the camera, does well on every split of these pictures, and fails on anybody else's.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from closeup.core.fields import Rounded
from closeup.workbench.look.classes import LabelField
from closeup.workbench.look.measure import MEASURES

TELLING = 0.8
"""Area under the curve from which on a measure is said to give a class away."""

FEWEST = 10
"""Classes, and rests, with fewer pictures say nothing."""


@dataclass(frozen=True, slots=True)
class Leak:
    """How well one measure alone tells one class from the rest.

    Attributes:
        field: Of the labels.
        label: The class.
        measure: Name of the measure.
        auc: How often a picture of the class lies on the telling side of one of the rest, 0.5 (says nothing) to 1.
        larger: Whether the class has the larger values.
    """

    field: str
    label: str = dataclasses.field(metadata={"alias": "class"})
    measure: str
    auc: Annotated[float, Rounded(4)]
    larger: bool


def find_leaks(fields: Sequence[LabelField], values: NDArray[np.float64]) -> tuple[Leak, ...]:
    """For every class and measure how well the measure tells the class, best first.

    Args:
        fields: Labels; those that are numbers are passed over.
        values: Shape (N, M): the pictures' measures, in the order of `measure.MEASURES`.
    """
    found = []
    for labels in fields:
        if labels.kind != "classes" or len(labels.classes) < 2:
            continue
        labelled = np.concatenate([each.indices for each in labels.classes])
        ranks = rankdata(values[labelled], axis=0)
        ends = np.cumsum([each.count for each in labels.classes])
        two = len(labels.classes) == 2  # one of them says it for both
        for each, end in list(zip(labels.classes, ends.tolist(), strict=True))[: 1 if two else None]:
            if min(each.count, len(labelled) - each.count) < FEWEST:
                continue
            areas = _areas(ranks[end - each.count : end], len(labelled))
            for measure, area in zip(MEASURES, areas.tolist(), strict=True):
                name = labels.name
                found.append(Leak(name, each.name, measure.name, max(area, 1 - area), area >= 0.5))
    return tuple(sorted(found, key=lambda each: -each.auc))


def _areas(ranks: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Areas under the ROC curves (M,) by the ranks (K, M) of one class among `total` (Mann and Whitney, 1947)."""
    count = len(ranks)
    above = ranks.sum(axis=0) - count * (count + 1) / 2
    return np.asarray(above / (count * (total - count)), np.float64)
