"""Probabilities of every labelled picture's classes, from something that has not learnt this picture's label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.labels.confident_learning import flag_errors
from closeup.algorithms.labels.linear_probe import out_of_fold
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import counted
from closeup.learning.runs.predictions import predictions_table, read_predictions
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.datasets.splits import folds, load_split
from closeup.workbench.evaluate import predict_whole
from closeup.workbench.models import ResolvedModel
from closeup.workbench.options import ProbeOptions

Indices = NDArray[np.int64]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What labelled pictures look like.

    Attributes:
        field: The label field.
        classes: Names of the K classes.
        kept: (M,) which items of the dataset, rising: those that have a label and could be predicted.
        labels: (M,) place of the label in `classes`.
        probabilities: (M, K) float64.
        how: Where the probabilities come from, in words.
        unseen_accuracy: How often a classifier that has learnt fold by fold says the label that is there, 0 to 1; None
            where the probabilities are not our own. Of the first round: the second knows something of the labels.
        unreadable: Key of each picture that could not be read, and why.
        notes: What is odd, one sentence each.
    """

    field: str
    classes: tuple[str, ...]
    kept: Indices
    labels: Indices
    probabilities: Probabilities
    how: str
    unseen_accuracy: float | None = None
    unreadable: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def table(self, dataset: Dataset) -> bytes:
        """The probabilities as CSV (key, label, p_CLASS...), as `predictions_from_table` reads them."""
        keys = [dataset.items[index].key for index in self.kept]
        return predictions_table(keys, self.labels, self.probabilities, self.classes)


def predictions_from_pictures(
    dataset: Dataset, field: str, options: ProbeOptions, progress: ProgressCallback = ignore
) -> Predictions:
    """Learn the labels from frozen features of the pictures, fold by fold; groups stay whole.

    Raises:
        InputError: If the field has no classes, or fewer than two; no picture can be read; or there are fewer groups
            than folds.
        DependencyError: If PyTorch is not installed.
    """
    labelled, _ = _labelled(dataset, field)
    some = dataset.select(list(labelled))
    # Before the modules that need torch: it says what to install where it is missing.
    import closeup.workbench.training.libraries  # noqa: F401
    from closeup.workbench.training.features import frozen_features

    pictures = load_pictures(some, options.input_px, progress=progress)
    features = frozen_features(pictures.pixels, input_px=options.input_px, progress=progress)
    found = predictions_from_features(some.select(list(pictures.kept)), field, features, options, progress)
    how = f"{found.how}, {options.input_px} px"
    return replace(found, kept=labelled[pictures.kept], how=how, unreadable=pictures.unreadable)


def predictions_from_features(
    dataset: Dataset,
    field: str,
    features: NDArray[Any],
    options: ProbeOptions,
    progress: ProgressCallback = ignore,
) -> Predictions:
    """Learn the labels from features (N, D) of all of the dataset's pictures, fold by fold.

    In a second round the probe learns without the labels that looked wrong in the first; it predicts all of them.

    Raises:
        InputError: If the field has no classes, or fewer than two, or there are fewer groups than folds.
    """
    labelled, classes = _labelled(dataset, field)
    some = dataset.select(list(labelled))
    labels = _places(some, field, classes)
    cut = folds(some, options.folds, options.seed, field)
    rows = np.asarray(features)[labelled]
    probabilities = out_of_fold(rows, labels, cut, len(classes), progress)
    accuracy = float(np.mean(probabilities.argmax(axis=1) == labels))

    def again(done: Progress) -> None:
        progress(replace(done, stage="Learning again"))

    for _ in range(options.rounds - 1):
        believed = np.where(flag_errors(probabilities, labels), -1, labels)
        probabilities = out_of_fold(rows, believed, cut, len(classes), again)
    how = f"logistic regression on frozen features, {options.folds} folds, groups whole"
    return Predictions(field, classes, labelled, labels, probabilities, how, accuracy)


def predictions_from_table(dataset: Dataset, field: str, path: Path) -> Predictions:
    """Take probabilities that something else has predicted: CSV with the columns key, label and p_CLASS.

    They have to be predicted out of fold: a model that has learnt a wrong label is sure of it. The label in the table
    does not count.

    Raises:
        InputError: If the table cannot be read, knows none of the pictures or one twice, lacks a class that is in the
            data, or a row does not sum to 1.
    """
    labelled, classes = _labelled(dataset, field)
    given = read_predictions(path)
    if not given.classes:
        raise InputError(f"{path} has no probabilities: no column p_CLASS.", "Its header is: key,label,p_CLASS,...")
    _check_classes(classes, given.classes, str(path))
    twice, count = Counter(given.keys).most_common(1)[0] if given.keys else ("", 0)
    if count > 1:
        raise InputError(f"{path} has {twice} {count} times.", "Leave one line for each picture.")
    rows = {key: row for row, key in enumerate(given.keys)}
    kept = np.array([index for index in labelled if dataset.items[index].key in rows], np.int64)
    if not len(kept):
        raise InputError(
            f"None of the labelled pictures of {dataset.name} is in {path}.",
            f"Its keys are paths in the data, as {dataset.items[labelled[0]].key}",
        )
    taken = given.probabilities[[rows[dataset.items[index].key] for index in kept]]
    absent = len(labelled) - len(kept)
    notes = (f"{absent} labelled pictures are not in {path.name}, so they were not looked at.",) if absent else ()
    return _from_outside(
        dataset,
        field,
        kept,
        classes=given.classes,
        probabilities=taken,
        how=f"the table {path.name}",
        notes=notes,
    )


def predictions_from_model(
    dataset: Dataset, field: str, model: ResolvedModel, progress: ProgressCallback = ignore
) -> Predictions:
    """Ask a model, leaving out the pictures that it has learnt from where its run says which these are.

    Raises:
        InputError: If it has no head for the field, the data has other classes, it has learnt from all pictures, or
            none can be read.
        ModelError: If the network answers what it must not.
    """
    labelled, classes = _labelled(dataset, field)
    head = model.card.head(field)
    _check_classes(classes, head.classes, model.name)
    labelled, note = _unseen(dataset, labelled, model)
    outputs = predict_whole(model.classifier, dataset.select(list(labelled)), progress=progress)
    kept, chances = labelled[outputs.kept], outputs.by_head[field].astype(np.float64)
    how = f"the model {model.name}"
    found = _from_outside(dataset, field, kept, classes=head.classes, probabilities=chances, how=how, notes=(note,))
    return replace(found, unreadable=outputs.unreadable)


def _unseen(dataset: Dataset, labelled: Indices, model: ResolvedModel) -> tuple[Indices, str]:
    """The pictures that a model has not learnt from, as far as its run says, and what to note of it."""
    sides = load_split(model.split_file).sides if model.split_file else {}
    items = [dataset.items[index] for index in labelled]
    found = [sides.get(item.key) or sides.get(f"{item.source}/{item.path}") for item in items]
    if not any(found):
        return labelled, f"Labels that {model.name} has learnt from look right to it, and are missed."
    unseen = labelled[[side != "train" for side in found]]
    if not len(unseen):
        raise InputError(
            f"{model.name} has learnt from every labelled picture of {dataset.name}.",
            "Audit it without a model: frozen features are learnt from fold by fold.",
        )
    return unseen, f"Left out: {counted(len(labelled) - len(unseen), 'picture')} that {model.name} has learnt from."


def _from_outside(
    dataset: Dataset,
    field: str,
    kept: Indices,
    *,
    classes: tuple[str, ...],
    probabilities: Probabilities,
    how: str,
    notes: tuple[str, ...],
) -> Predictions:
    """Check rows that are not our own, and bring them to a sum of exactly 1: tables hold a few digits only."""
    sums = probabilities.sum(axis=1)
    wrong = np.flatnonzero(~np.isfinite(sums) | (np.abs(sums - 1) > 1e-2) | (probabilities < 0).any(axis=1))
    if len(wrong):
        key = dataset.items[kept[wrong[0]]].key
        raise InputError(f"The probabilities of {key} in {how} do not sum to 1.", "Give one row of K shares a picture.")
    labels = _places(dataset.select(list(kept)), field, classes)
    return Predictions(field, classes, kept, labels, probabilities / sums[:, None], how, notes=notes)


def _labelled(dataset: Dataset, field: str) -> tuple[Indices, tuple[str, ...]]:
    """Which items have a label, and the classes that occur."""
    known = dataset.field(field)
    if known.kind != "classes":
        raise InputError(
            f"{field} is a number, and only classes can be audited.",
            "Choose another field.",
            code="option",
            option="field",
            example="NAME",
        )
    labels = dataset.labels(field)
    found = np.array([index for index, label in enumerate(labels) if label is not None], np.int64)
    classes = tuple(sorted({str(labels[index]) for index in found}))
    if len(classes) < 2:
        raise InputError(
            f"{dataset.name} has {len(classes)} class{'' if len(classes) == 1 else 'es'} in {field}: nothing to tell "
            "apart.",
            "Give pictures of two classes or more.",
        )
    return found, classes


def _places(dataset: Dataset, field: str, classes: Sequence[str]) -> Indices:
    places = {name: place for place, name in enumerate(classes)}
    return np.array([places[str(label)] for label in dataset.labels(field)], np.int64)


def _check_classes(needed: Sequence[str], given: Sequence[str], name: str) -> None:
    absent = sorted(set(needed) - set(given))
    if absent:
        raise InputError(
            f"{name} knows nothing of {', '.join(absent)}, which are classes of the data.",
            f"It knows: {', '.join(given)}.",
        )
