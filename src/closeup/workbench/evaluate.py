"""How good a model is on labelled pictures: every metric with its interval, and every prediction.

Pictures are taken whole unless faces are asked for, since sets to learn from hold what the model is to see: `closeup
data crop-faces` has cut them, or somebody before.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.classification import (
    ClassificationMetrics,
    RegressionMetrics,
    classification_metrics,
    regression_metrics,
)
from closeup.algorithms.metrics.intervals import class_intervals, value_intervals
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.settings import Settings
from closeup.core.types import FloatArray, Image
from closeup.core.whole import write_whole
from closeup.learning.runs.predictions import predictions_table
from closeup.learning.runs.record import plain
from closeup.media.image import decode_image
from closeup.media.square import Fit
from closeup.perception.analyzer import Analyzer
from closeup.perception.classifier import PictureClassifier
from closeup.weights.network_card import NetworkHead
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.evaluation_data import Targets, open_evaluation_data
from closeup.workbench.models import ResolvedModel
from closeup.workbench.options import EvaluateOptions

METRICS_FILE = "figures.json"

_BATCH = 256
"""Pictures between two reports of progress."""

_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class HeadEvaluation:
    """One head's predictions for N labelled pictures.

    Attributes:
        head: Name, kind, classes and unit.
        keys: Of the pictures.
        predictions: Probabilities (N, K), or values (N,); float32.
        targets: (N,) float64: place of the right class, or the right number.
        groups: How many groups there are: pictures of one are right or wrong together in the intervals.
        metrics: All of them.
        intervals: 95 % intervals by name of the metric; for each class "recall:NAME".
    """

    head: NetworkHead
    keys: tuple[str, ...]
    predictions: FloatArray
    targets: Targets
    groups: int
    metrics: ClassificationMetrics | RegressionMetrics
    intervals: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A model on a dataset.

    Attributes:
        model: What it is called.
        data: What the dataset is called.
        split: The side that was taken, or "" for all.
        faces: Name of the detector that found the faces; "" where pictures were taken whole.
        heads: In the order of the model's card; only those that have labels.
        pictures: How many were asked about.
        unlabelled: How many were left out for having no label.
        unreadable: Key of each picture that could not be read, and why.
        faceless: Key of each picture in which no face was found; they are not in the metrics.
        corrected: Labels that a corrections file changed.
        notes: What is odd, one sentence each.
    """

    model: str
    data: str
    split: str
    faces: str
    heads: tuple[HeadEvaluation, ...]
    pictures: int
    unlabelled: int
    unreadable: tuple[tuple[str, str], ...]
    faceless: tuple[str, ...]
    corrected: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ModelOutputs:
    """What a model gave for pictures.

    Attributes:
        kept: (M,): index of each picture that it was shown among the dataset's items.
        by_head: By head: (M, K) or (M,).
        unreadable: Key of each picture that could not be read, and why.
        faceless: Key of each picture in which no face was found.
    """

    kept: NDArray[np.int64]
    by_head: Mapping[str, FloatArray]
    unreadable: tuple[tuple[str, str], ...] = ()
    faceless: tuple[str, ...] = ()


def evaluate(
    model: ResolvedModel,
    path: Path,
    options: EvaluateOptions | None = None,
    *,
    settings: Settings | None = None,
    progress: ProgressCallback = ignore,
) -> Evaluation:
    """Ask a model about labelled pictures, and compare.

    Args:
        model: From `models.resolve_model`.
        path: Data: a folder with a folder for each class, a CSV file, or a zip file of either.
        options: Which labels and pictures, and how they are shown to the model.

    Raises:
        InputError: If the data cannot be read, or has no labels that fit the model; or no picture can be used.
        ModelError: If a model is missing, or answers what it must not.
    """
    options = options or EvaluateOptions()
    data = open_evaluation_data(model, path, options)
    detector = ""
    if options.faces:
        analyzer = Analyzer(options.models, settings)
        detector = analyzer.detector_card.name
        outputs = predict_faces(model.classifier, data.dataset, analyzer, progress)
    else:
        outputs = predict_whole(model.classifier, data.dataset, progress=progress)
    chosen = data.dataset.select(list(outputs.kept))
    heads = [
        _measured(model.card.head(name), chosen, outputs.by_head[name], column[outputs.kept], options)
        for name, column in data.targets.items()
    ]
    return Evaluation(
        model.name,
        data.dataset.name,
        options.split,
        detector,
        tuple(head for head in heads if head is not None),
        len(chosen),
        data.unlabelled,
        outputs.unreadable,
        outputs.faceless,
        sum(len(done.keys) for done in data.dataset.corrections),
        (*data.notes, *model.notes, *_frame_notes(model, path, faces=options.faces)),
    )


def predict_whole(
    classifier: PictureClassifier, dataset: Dataset, *, progress: ProgressCallback = ignore
) -> ModelOutputs:
    """Show a model every picture, taken whole.

    Raises:
        InputError: If none can be read.
        ModelError: If the network answers what it must not.
    """
    card = classifier.card
    fit: Fit = "stretch" if card.fit == "stretch" else "pad" if card.fit == "pad" else "cover"
    pictures = load_pictures(dataset, card.input_px, grey=card.grey, fit=fit, progress=progress)
    batches = (pictures.pixels[start : start + _BATCH] for start in range(0, len(pictures.kept), _BATCH))
    by_head = _run(classifier, batches, len(pictures.kept), progress)
    return ModelOutputs(pictures.kept, by_head, pictures.unreadable)


def predict_faces(
    classifier: PictureClassifier,
    dataset: Dataset,
    analyzer: Analyzer,
    progress: ProgressCallback = ignore,
) -> ModelOutputs:
    """Show a model the face nearest to the middle of every picture.

    Raises:
        InputError: If no face is found in any picture.
        ModelError: If the network answers what it must not.
    """
    kept: list[int] = []
    unreadable: list[tuple[str, str]] = []
    faceless: list[str] = []

    def crops() -> Iterator[Image]:
        waiting: list[Image] = []
        for index, item in enumerate(dataset.items):
            try:
                image = decode_image(dataset.read_bytes(item), item.path)
            except InputError as error:
                unreadable.append((item.key, error.message))
                continue
            found = analyzer.central_first(image)
            if not len(found):
                faceless.append(item.key)
                continue
            kept.append(index)
            waiting.append(classifier.crop(image, found.landmarks_xy[0], found.boxes_xyxy[0]))
            if len(waiting) == _BATCH:
                yield np.stack(waiting)
                waiting.clear()
        if waiting:
            yield np.stack(waiting)

    by_head = _run(classifier, crops(), len(dataset), progress)
    if not kept:
        if unreadable and not faceless:
            raise InputError(f"None of the {len(dataset)} pictures of {dataset.name} can be read. {unreadable[0][1]}")
        raise InputError(
            f"No face was found in any of the {len(dataset)} pictures of {dataset.name}.",
            "If they show faces that are cut out closely, take them whole: without looking for faces.",
        )
    return ModelOutputs(np.array(kept, np.int64), by_head, tuple(unreadable), tuple(faceless))


def _run(
    classifier: PictureClassifier, batches: Iterator[Image], total: int, progress: ProgressCallback
) -> dict[str, FloatArray]:
    parts: list[dict[str, FloatArray]] = []
    done = 0
    for batch in batches:
        parts.append(classifier.answers(batch))
        done += len(batch)
        progress(Progress("Asking the model", done, total, "pictures"))
    empty = classifier.answers(np.empty((0, classifier.card.input_px, classifier.card.input_px, 3), np.uint8))
    return {name: np.concatenate([empty[name], *(part[name] for part in parts)]) for name in empty}


def _measured(
    head: NetworkHead, dataset: Dataset, predictions: FloatArray, column: Targets, options: EvaluateOptions
) -> HeadEvaluation | None:
    """Compare one head's predictions with what is right; None where no picture has a label."""
    labelled = np.flatnonzero(~np.isnan(column))
    if not len(labelled):
        return None
    items = [dataset.items[index] for index in labelled]
    names = [item.group for item in items]
    groups = len(set(names))
    given, truth = predictions[labelled], column[labelled]
    how: dict[str, Any] = {
        "groups": names if groups < len(names) else None,
        "resamples": options.resamples,
        "seed": options.seed,
    }
    found: ClassificationMetrics | RegressionMetrics
    if head.kind == "value":
        found = regression_metrics(given, truth)
        intervals = value_intervals(given, truth, **how)
    else:
        places = truth.astype(np.int64)
        found = classification_metrics(given, places, head.classes)
        by_place = class_intervals(given, places, **how)
        intervals = {_metric_name(name, head.classes): both for name, both in by_place.items()}
    return HeadEvaluation(head, tuple(item.key for item in items), given, truth, groups, found, intervals)


def _metric_name(name: str, classes: Sequence[str]) -> str:
    kind, _, place = name.partition(":")
    return f"{kind}:{classes[int(place)]}" if place else name


def _frame_notes(model: ResolvedModel, path: Path, *, faces: bool) -> Iterator[str]:
    """What is odd about how the faces of a dataset are cut, as far as `closeup data crop-faces` has left word."""
    if faces or not model.classifier.wants_faces:
        if faces and not model.classifier.wants_faces:
            yield "The model was not trained on aligned faces; it is shown the square around each face's box."
        return
    try:
        made = json.loads(((path if path.is_dir() else path.parent) / "crops.json").read_text("utf-8"))
        points = np.array(made["alignment"], np.float64)
    except (OSError, ValueError, KeyError, TypeError):
        return  # not cut by closeup: nothing is known
    if points.shape != (5, 2) or np.abs(points - np.array(model.card.alignment)).max() > 0.02:
        yield "The faces were cut for another frame than the model's; cut them anew for the model's."


# For other programs


def evaluation_table(evaluation: Evaluation) -> dict[str, Any]:
    """The metrics as plain JSON values."""
    return {
        "schema_version": _SCHEMA_VERSION,
        "model": evaluation.model,
        "data": evaluation.data,
        "split": evaluation.split or None,
        "faces": evaluation.faces or None,
        "pictures": evaluation.pictures,
        "unlabelled": evaluation.unlabelled,
        "unreadable": [{"key": key, "reason": reason} for key, reason in evaluation.unreadable],
        "no_face": list(evaluation.faceless),
        "corrected": evaluation.corrected,
        "notes": list(evaluation.notes),
        "heads": {head.head.name: _head_table(head) for head in evaluation.heads},
    }


def _head_table(evaluated: HeadEvaluation) -> dict[str, Any]:
    found, head = evaluated.metrics, evaluated.head
    table: dict[str, Any] = {"kind": head.kind, "count": found.count, "groups": evaluated.groups}
    if isinstance(found, RegressionMetrics):
        names = ("mae", "rmse", "bias", "median_error", "correlation")
        table |= {"unit": head.unit, **{name: getattr(found, name) for name in names}}
    else:
        names = ("accuracy", "macro_recall", "macro_f1", "ece", "log_loss")
        table |= {name: getattr(found, name) for name in names}
        table["classes"] = {
            each.name: {
                "count": each.count,
                "predicted": each.predicted,
                "precision": each.precision,
                "recall": each.recall,
                "f1": each.f1,
            }
            for each in found.per_class
        }
        table["confusion"] = found.confusion.tolist()
    table["intervals"] = {name: list(both) for name, both in evaluated.intervals.items()}
    plain_table: dict[str, Any] = plain(table)
    return plain_table


def save_evaluation(evaluation: Evaluation, folder: Path, *, overwrite: bool = False) -> None:
    """Write figures.json, and the predictions to every picture as predictions-HEAD.csv, into a new folder.

    Raises:
        OutputError: If it is there already, or cannot be written.
    """
    with ResultFolder(folder, (METRICS_FILE,)).writing(overwrite=overwrite) as part:
        text = json.dumps(evaluation_table(evaluation), ensure_ascii=False, allow_nan=False, indent=1)
        write_whole(part / METRICS_FILE, text.encode("utf-8", "replace") + b"\n")
        for each in evaluation.heads:
            content = predictions_table(each.keys, each.targets, each.predictions.astype(np.float64), each.head.classes)
            write_whole(part / f"predictions-{each.head.name}.csv", content)
