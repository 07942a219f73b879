"""A small dataset with features that tell its classes, and labels that were made wrong on purpose."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.learning.runs.predictions import predictions_table
from closeup.workbench.audit.find import Finding, find_label_errors
from closeup.workbench.audit.folder import AuditDocument, read_audit, write_audit
from closeup.workbench.audit.predictions import predictions_from_table
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_one
from closeup.workbench.recipes.recipe import DataSource
from workbench.datasets.tiny import folder

CLASSES = ("cat", "dog", "eel")
COUNT = 90
WRONG = (4, 9, 17, 29, 36, 40, 52, 66, 80)
"""Places of the pictures whose labels are wrong; what they show is `shown`."""


def shown(place: int) -> str:
    """What the picture at a place shows."""
    return CLASSES[place % 3]


def label(place: int) -> str:
    """What its label says: the next class where it is wrong."""
    return CLASSES[(place + (place in WRONG)) % 3]


def make_data(place: Path) -> Path:
    """A CSV of 90 pictures, six of a group: path, kind, group."""
    names = [f"pictures/{number:02}.png" for number in range(COUNT)]
    folder(place, names)
    lines = [f"{name},{label(number)},g{number // 6}" for number, name in enumerate(names)]
    (place / "labels.csv").write_text("path,kind,group\n" + "\n".join(lines) + "\n", "utf-8")
    return place / "labels.csv"


def dataset(place: Path) -> Dataset:
    """The dataset of `make_data`."""
    return open_one(make_data(place))


def features(seed: int = 0) -> NDArray[np.float32]:
    """(90, 6) float32, by what the pictures show: so near their class that no answer lies on a margin."""
    rng = np.random.default_rng(seed)
    centres = 4 * np.eye(3, 6)
    return (centres[np.arange(COUNT) % 3] + 0.1 * rng.normal(size=(COUNT, 6))).astype(np.float32)


def probabilities(seed: int = 0) -> NDArray[np.float64]:
    """(90, 3), each sure of what the picture shows."""
    rng = np.random.default_rng(seed)
    scores = 4 * np.eye(3)[np.arange(COUNT) % 3] + rng.random((COUNT, 3))
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def audit_of(data: Path, folder: Path, overwrite: bool = False, **source: str) -> AuditDocument:
    """An audit by probabilities that are sure of what is shown, written and read."""
    dataset = open_one(data, **source)
    keys = [item.key for item in dataset.items]
    table = data.parent / "p.csv"
    table.write_bytes(predictions_table(keys, np.zeros(COUNT, np.int64), probabilities(), CLASSES))
    audit = find_label_errors(dataset, predictions_from_table(dataset, "kind", table))
    write_audit(folder, audit, dataset, base=Path(), overwrite=overwrite)
    return read_audit(folder)


def document(findings: Sequence[Finding], **sources: DataSource) -> AuditDocument:
    """An audit of nothing but findings and sources."""
    return AuditDocument(
        data="data",
        field="kind",
        classes=CLASSES,
        sources=sources,
        how="",
        method="both",
        judged=len(findings),
        expected_errors=0.0,
        joint=(),
        findings=tuple(findings),
        groups=(),
        unreadable=(),
        notes=(),
    )
