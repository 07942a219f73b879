"""Predictions of a model beside the truth, as a table: what comparisons and confusion matrices are made of."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import FormatError, InputError
from closeup.tables.strict_csv import Cell, table_bytes

Numbers = NDArray[np.float64]

PREFIX = "p_"
"""Before the name of a class, in the name of its column of probabilities."""

_SIGNIFICANT = 7
"""Digits of a prediction: what a float32 holds."""


@dataclass(frozen=True)
class HeadPredictions:
    """The predictions of one head for N pictures.

    Attributes:
        keys: Of the pictures.
        labels: Names of classes, or numbers; None where a picture has no label.
        classes: Names of the K classes; empty for a value head.
        probabilities: (N, K) float64; (N, 0) for a value head.
        values: (N,) float64 of a value head; of a class head the probability of the likeliest class.
    """

    keys: tuple[str, ...]
    labels: tuple[str | float | None, ...]
    classes: tuple[str, ...]
    probabilities: Numbers
    values: Numbers

    def label_indices(self) -> NDArray[np.intp]:
        """Places of the labels in the classes, (N,); -1 where there is none, or the class is unknown."""
        places = {name: place for place, name in enumerate(self.classes)}
        return np.array([places.get(str(label), -1) for label in self.labels], np.intp)

    def label_numbers(self) -> Numbers:
        """The labels of a value head, (N,); NaN where there is none."""
        return np.array([label if isinstance(label, float) else np.nan for label in self.labels], np.float64)

    def labelled(self) -> "HeadPredictions":
        """Only the pictures with a label that can be right or wrong, a known class or a number: (M, K)."""
        known = self.label_indices() >= 0 if self.classes else np.isfinite(self.label_numbers())
        return self.select(np.flatnonzero(known))

    def select(self, indices: NDArray[np.intp]) -> "HeadPredictions":
        """Only the pictures at indices (M,), in their order."""
        return replace(
            self,
            keys=tuple(self.keys[index] for index in indices),
            labels=tuple(self.labels[index] for index in indices),
            probabilities=self.probabilities[indices],
            values=self.values[indices],
        )


def predictions_name(side: str, head: str) -> str:
    """File name of the predictions of a head for a side of the split."""
    return f"predictions-{side}-{head}.csv"


def predictions_table(keys: Sequence[str], labels: NDArray[Any], predictions: Numbers, classes: Sequence[str]) -> bytes:
    """Predictions as CSV: key, label, then p_CLASS for each class, or value.

    Args:
        keys: Of the pictures, N.
        labels: (N,): places in `classes`, NaN or -1 for none, or names; numbers where there are no classes.
        predictions: (N, K) probabilities, or (N,) or (N, 1) values.
        classes: K names; none for values.
    """
    table = predictions.reshape(len(keys), -1) if len(keys) else predictions.reshape(0, max(len(classes), 1))
    if table.shape != (len(keys), max(len(classes), 1)) or labels.shape != (len(keys),):
        raise ValueError(
            f"{len(keys)} keys, labels {labels.shape}, predictions {predictions.shape}, {len(classes)} classes"
        )
    columns = ["key", "label", *([PREFIX + name for name in classes] or ["value"])]
    rows: list[list[Cell]] = []
    for key, label, numbers in zip(keys, labels.tolist(), table.tolist(), strict=True):
        rows.append([key, _label(label, classes), *(float(f"{number:.{_SIGNIFICANT}g}") for number in numbers)])
    return table_bytes(columns, (dict(zip(columns, row, strict=True)) for row in rows))


def _label(label: str | float | None, classes: Sequence[str]) -> Cell:
    if label is None or label == "" or (isinstance(label, float) and math.isnan(label)):
        return None
    if not classes or isinstance(label, str):
        return label
    return classes[int(label)] if label >= 0 else None


def read_predictions(path: Path) -> HeadPredictions:
    """Read a table of predictions: probabilities (N, K) of classes, or values (N,).

    Raises:
        InputError: If it cannot be read.
        FormatError: If it is no such table.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}: {getattr(error, 'strerror', 'it is not UTF-8 text')}.") from error
    lines = list(csv.reader(io.StringIO(text, newline="")))
    header = lines[0] if lines else []
    classes = tuple(name.removeprefix(PREFIX) for name in header[2:] if name.startswith(PREFIX))
    if header != ["key", "label", *(PREFIX + name for name in classes)] and header != ["key", "label", "value"]:
        raise FormatError(f"{path} does not have the columns key, label and p_CLASS... or value.")
    return _predictions(path, classes, lines[1:])


def _predictions(path: Path, classes: tuple[str, ...], rows: Sequence[Sequence[str]]) -> HeadPredictions:
    width = 2 + max(len(classes), 1)
    labels: list[str | float | None] = []
    numbers = np.zeros((len(rows), width - 2), np.float64)
    for number, row in enumerate(rows):
        try:
            if len(row) != width:
                raise ValueError
            numbers[number] = [float(cell) for cell in row[2:]]
            labels.append(None if row[1] == "" else row[1] if classes else float(row[1]))
        except ValueError as error:
            raise FormatError(f"{path}, line {number + 2}: it does not fit the columns.") from error
    keys = tuple(row[0] for row in rows)
    if classes:
        best = numbers.max(axis=1) if len(rows) else np.zeros(0)
        return HeadPredictions(keys, tuple(labels), classes, numbers, best)
    return HeadPredictions(keys, tuple(labels), (), np.zeros((len(rows), 0)), numbers[:, 0])
