"""How good a model is on labelled pictures: every metric with its interval, and every prediction.

Pictures are taken whole unless faces are asked for, since sets to learn from hold what the model is to see: `closeup
data crop-faces` has cut them, or somebody before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.classification import (
    ClassMetrics,
    classification_metrics,
    regression_metrics,
)
from closeup.algorithms.metrics.intervals import class_intervals, value_intervals
from closeup.core.errors import CloseupError, InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.settings import Settings
from closeup.core.types import FileName, FloatArray, Image
from closeup.core.whole import write_whole
from closeup.documents.form import Form
from closeup.learning.runs.predictions import predictions_table
from closeup.media.image import decode_image
from closeup.media.square import Fit
from closeup.perception.analyzer import Analyzer
from closeup.perception.classifier import PictureClassifier
from closeup.weights.network_card import NetworkHead
from closeup.workbench.crop_work import CROPS, CROPS_FILE
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.evaluation_data import Targets, open_evaluation_data
from closeup.workbench.models import RUNS_DIR, ResolvedModel, resolve_model
from closeup.workbench.options import EvaluateOptions

METRICS_FILE = "figures.json"

_BATCH = 256
"""Pictures between two reports of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedHead:
    """How one head does on the pictures that have a label for it.

    Attributes:
        count: Pictures with a label.
        groups: How many groups these are: pictures of one are right or wrong together in the intervals.
        intervals: 95 % intervals by name of the metric; for each class "recall:NAME".
    """

    count: int
    groups: int
    intervals: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedClasses(EvaluatedHead):
    """Of a head that tells classes apart; the fields are those of `ClassificationMetrics`.

    Attributes:
        confusion: Row by label, column by prediction.
    """

    kind: Literal["classes"] = "classes"
    accuracy: float
    macro_recall: float
    macro_f1: float
    ece: float
    log_loss: float
    classes: Mapping[str, ClassMetrics]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedValue(EvaluatedHead):
    """Of a head that estimates a number, in its unit; the fields are those of `RegressionMetrics`."""

    kind: Literal["value"] = "value"
    unit: str
    mae: float
    rmse: float
    bias: float
    median_error: float
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A picture that could not be read, and why."""

    key: FileName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A model on a dataset, and figures.json.

    Attributes:
        model: What it is called.
        data: What the dataset is called.
        split: The side that was taken, or None for all.
        faces: Name of the detector that found the faces; None where pictures were taken whole.
        pictures: How many the model was shown.
        unlabelled: How many were left out for having no label.
        unreadable: Those that could not be read.
        no_face: Keys of those in which no face was found; they are in no metric.
        corrected: Labels that a corrections file changed.
        notes: What is odd, one sentence each.
        heads: By name, in the order of the model's card; only those that have labels.
    """

    model: str
    data: str
    split: str | None
    faces: str | None
    pictures: int
    unlabelled: int
    unreadable: tuple[Unreadable, ...]
    no_face: tuple[FileName, ...]
    corrected: int
    notes: tuple[str, ...]
    heads: Mapping[str, EvaluatedClasses | EvaluatedValue]


METRICS = Form(Evaluation, METRICS_FILE, version=1)


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
    model: str | ResolvedModel,
    data: Path,
    options: EvaluateOptions | None = None,
    *,
    runs_dir: Path = RUNS_DIR,
    folder: Path | None = None,
    settings: Settings | None = None,
    progress: ProgressCallback = ignore,
) -> Evaluation:
    """Show a model labelled pictures, and compare.

    Args:
        model: Which, as `models.resolve_model` takes it; or what that gave.
        data: A folder with a folder for each class, a CSV file, or a zip file of either.
        options: Which labels and pictures, and how they are shown to the model.
        runs_dir: Where runs are kept, of which `model` may name one.
        folder: To make, with figures.json, and the predictions for every picture as predictions-HEAD.csv.

    Raises:
        InputError: If there is no such model; the data cannot be read, or has no labels that fit the model; or no
            picture can be used.
        ModelError: If a model is missing, or gives what it must not.
        OutputError: If the folder is there already, or cannot be written.
    """
    options = options or EvaluateOptions()
    if folder is not None:
        _place(folder).check(overwrite=False)
    model = resolve_model(model, runs_dir=runs_dir, settings=settings)
    opened = open_evaluation_data(model, data, options)
    analyzer = Analyzer(options.models, settings) if options.faces else None
    if analyzer is None:
        outputs = predict_whole(model.classifier, opened.dataset, progress=progress)
    else:
        outputs = predict_faces(model.classifier, opened.dataset, analyzer, progress)
    chosen = opened.dataset.select(list(outputs.kept))
    heads, tables = {}, {}
    for name, column in opened.targets.items():
        labelled = np.flatnonzero(~np.isnan(column[outputs.kept]))
        if len(labelled):
            head, items = model.card.head(name), [chosen.items[index] for index in labelled]
            given, truth = outputs.by_head[name][labelled].astype(np.float64), column[outputs.kept][labelled]
            heads[name] = _evaluated(head, given, truth, [item.group for item in items], options)
            tables[name] = predictions_table([item.key for item in items], truth, given, head.classes)
    found = Evaluation(
        model=model.name,
        data=opened.dataset.name,
        split=options.split or None,
        faces=analyzer.detector_card.name if analyzer else None,
        pictures=len(chosen),
        unlabelled=opened.unlabelled,
        unreadable=tuple(Unreadable(*each) for each in outputs.unreadable),
        no_face=outputs.faceless,
        corrected=sum(len(done.keys) for done in opened.dataset.corrections),
        notes=(*opened.notes, *model.notes, *_frame_notes(model, data, faces=options.faces)),
        heads=heads,
    )
    if folder is not None:
        _write(folder, METRICS.encode(found), tables)
    return found


def _place(folder: Path) -> ResultFolder:
    return ResultFolder(folder, (METRICS_FILE,))


def _write(folder: Path, metrics: bytes, predictions: Mapping[str, bytes]) -> None:
    with _place(folder).writing(overwrite=False) as part:
        write_whole(part / METRICS_FILE, metrics)
        for head, table in predictions.items():
            write_whole(part / f"predictions-{head}.csv", table)


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


def _evaluated(
    head: NetworkHead, given: Targets, truth: Targets, groups: Sequence[str], options: EvaluateOptions
) -> EvaluatedClasses | EvaluatedValue:
    """Compare one head's predictions, (N, K) or (N,), with what is right (N,)."""
    many = len(set(groups))
    how: dict[str, Any] = {
        "groups": groups if many < len(groups) else None,
        "resamples": options.resamples,
        "seed": options.seed,
    }
    if head.kind == "value":
        intervals = value_intervals(given, truth, **how)
        values = asdict(regression_metrics(given, truth))
        return EvaluatedValue(groups=many, unit=head.unit, intervals=intervals, **values)
    places = truth.astype(np.int64)
    found = classification_metrics(given, places, head.classes)
    by_place = class_intervals(given, places, **how)
    return EvaluatedClasses(
        count=found.count,
        groups=many,
        accuracy=found.accuracy,
        macro_recall=found.macro_recall,
        macro_f1=found.macro_f1,
        ece=found.ece,
        log_loss=found.log_loss,
        classes=found.per_class,
        confusion=tuple(map(tuple, found.confusion.tolist())),
        intervals={_metric_name(name, head.classes): both for name, both in by_place.items()},
    )


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
        made = CROPS.read((path if path.is_dir() else path.parent) / CROPS_FILE)
    except CloseupError:
        return  # not cut by closeup: nothing is known
    points = np.array(made.alignment, np.float64)
    if points.shape != (5, 2) or np.abs(points - np.array(model.card.alignment)).max() > 0.02:
        yield "The faces were cut for another frame than the model's; cut them anew for the model's."
