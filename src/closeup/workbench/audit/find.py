"""From predictions to findings: the labels that are probably wrong, the clearest first."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.labels.confident_learning import (
    KEEP,
    Method,
    calibrated_joint,
    confident_joint,
    flag_errors,
    normalised_margin,
    self_confidence,
)
from closeup.core.fields import Within
from closeup.workbench.audit.predictions import Predictions
from closeup.workbench.datasets.items import Dataset


@dataclass(frozen=True, slots=True)
class Finding:
    """One label that is probably wrong.

    Attributes:
        number: From 1, the clearest first.
        key: Of the picture in the dataset.
        path: In its source, as corrections name it.
        source: Name of the source.
        group: Of the picture.
        label: That it has.
        suggestion: The class that it looks like.
        p_label: Probability of the label.
        p_suggestion: Probability of the suggestion.
    """

    number: int
    key: str
    path: str
    source: str
    group: str
    label: str
    suggestion: str
    p_label: Annotated[float, Within(0, 1)]
    p_suggestion: Annotated[float, Within(0, 1)]


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """A group whose pictures are mostly found wrong in the same way: perhaps the group is.

    Attributes:
        group: Its name.
        label: That its pictures have.
        suggestion: What they look like.
        pictures: How many of the group have that label and were predicted.
        numbers: The findings.
    """

    group: str
    label: str
    suggestion: str
    pictures: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found in one label field of a dataset.

    Attributes:
        data: What the dataset is called.
        predictions: What was predicted, and from what.
        method: How findings were chosen (`confident_learning.flag_errors`).
        findings: The clearest first.
        groups: Groups that look wrong as a whole.
        joint: (K, K) estimated number of pictures by label (row) and true class (column).
        examples: For each class up to a few items that are surely of it, to compare with.
        notes: What is odd, one sentence each.
    """

    data: str
    predictions: Predictions
    method: Method
    findings: tuple[Finding, ...]
    groups: tuple[GroupFinding, ...]
    joint: NDArray[np.float64]
    examples: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]

    @property
    def expected_errors(self) -> float:
        """How many labels are wrong in all, by the joint; more than the findings, which are the clear ones."""
        return float(self.joint.sum() - np.trace(self.joint))

    @property
    def accuracy(self) -> float:
        """How often the classifier says the label that is there, of pictures that it has not learnt from, 0 to 1."""
        if self.predictions.unseen_accuracy is not None:
            return self.predictions.unseen_accuracy
        return float(np.mean(self.predictions.probabilities.argmax(axis=1) == self.predictions.labels))

    @property
    def chance(self) -> float:
        """How often it would be right if it always said the commonest class."""
        return float(np.bincount(self.predictions.labels).max() / len(self.predictions.labels))

    @property
    def knows_something(self) -> bool:
        """Whether the classifier is better than chance: saying the commonest class would seldom (2.5 %) do as well."""
        spread = np.sqrt(self.chance * (1 - self.chance) / len(self.predictions.labels))
        return bool(self.accuracy > self.chance + 1.96 * spread)

    @property
    def reliability(self) -> str:
        """How far the classifier can be relied on, a sentence."""
        worth = f"it says the label that is there for {self.accuracy:.0%} of the pictures, unseen; chance is"
        known = "" if self.knows_something else ", which is no more than that"
        return f"{worth} {self.chance:.0%}{known}."


EXAMPLES = 3
"""Pictures that stand for a class in the report."""


def find_label_errors(dataset: Dataset, predictions: Predictions, method: Method = "both") -> Audit:
    """Choose the labels that are probably wrong, and rank them by how unlikely the label is.

    Args:
        dataset: The pictures that `predictions` is about.
        method: As `confident_learning.flag_errors` has it.
    """
    rows, labels = predictions.probabilities, predictions.labels
    flagged = np.flatnonzero(flag_errors(rows, labels, method))
    confidence, margin = self_confidence(rows, labels), normalised_margin(rows, labels)
    order = flagged[np.lexsort((margin[flagged], confidence[flagged]))]
    findings = tuple(_finding(dataset, predictions, int(row), number) for number, row in enumerate(order, 1))
    return Audit(
        dataset.name,
        predictions,
        method,
        findings,
        _groups(dataset, predictions, findings),
        calibrated_joint(confident_joint(rows, labels), labels),
        tuple(_examples(predictions, place, flagged) for place in range(len(predictions.classes))),
        (*predictions.notes, *_notes(predictions)),
    )


def _finding(dataset: Dataset, predictions: Predictions, row: int, number: int) -> Finding:
    item = dataset.items[predictions.kept[row]]
    given, best = int(predictions.labels[row]), int(predictions.probabilities[row].argmax())
    shares = predictions.probabilities[row]
    return Finding(
        number,
        item.key,
        item.path,
        item.source,
        item.group,
        predictions.classes[given],
        predictions.classes[best],
        float(shares[given]),
        float(shares[best]),
    )


def _groups(dataset: Dataset, predictions: Predictions, findings: Sequence[Finding]) -> tuple[GroupFinding, ...]:
    """Groups of which at least half the pictures of one label look like the same other class, and two at least."""
    sizes = Counter(
        (dataset.items[index].group, predictions.classes[place])
        for index, place in zip(predictions.kept, predictions.labels, strict=True)
    )
    found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for finding in findings:
        found[finding.group, finding.label, finding.suggestion].append(finding.number)
    return tuple(
        GroupFinding(group, label, suggestion, sizes[group, label], tuple(numbers))
        for (group, label, suggestion), numbers in found.items()
        if len(numbers) >= max(2, sizes[group, label] / 2)
    )


def _examples(predictions: Predictions, place: int, flagged: NDArray[np.intp]) -> tuple[int, ...]:
    """Items that have the label and look most like it."""
    members = np.setdiff1d(np.flatnonzero(predictions.labels == place), flagged)
    best = members[np.argsort(-predictions.probabilities[members, place], kind="stable")][:EXAMPLES]
    return tuple(int(predictions.kept[row]) for row in best)


def _notes(predictions: Predictions) -> list[str]:
    counts = np.bincount(predictions.labels, minlength=len(predictions.classes))
    few = [name for name, count in zip(predictions.classes, counts, strict=True) if 0 < count <= KEEP]
    if not few:
        return []
    return [f"{', '.join(few)}: {KEEP} pictures or fewer, too few to say that one of them is wrong."]
