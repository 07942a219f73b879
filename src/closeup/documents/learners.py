"""What a learner leaves behind: a model as a folder that loads without pickle, and the answer of an evaluation.

A learner is a feature that is fitted to a table or texts: "recommend", "appraise", "headline". Its model is a folder:
model.json (`ModelHeader`: what it is, how and on what it was fitted), arrays.npz (plain arrays), and whatever text
files its libraries write themselves. The folder is also the record of its fit: settings, seed, data and figures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup import __version__
from closeup.algorithms.metrics.classification import RESAMPLES, draws
from closeup.core.errors import FormatError, InputError
from closeup.core.fields import OneOf, Rounded, Text, Within
from closeup.core.result_folder import ResultFolder
from closeup.documents.form import Form, file_bytes
from closeup.documents.npz import npz_bytes, read_npz

MODEL_FILE = "model.json"
ARRAYS_FILE = "arrays.npz"

Kind = Annotated[str, OneOf(("recommend", "appraise", "headline"))]
Number = Annotated[float, Rounded(6)]


METRIC_WORDS = {
    "map50": "mAP at IoU 0.5",
    "map50_95": "mAP at IoU 0.5 to 0.95",
    "recall_100": "recall at IoU 0.5 with 100 boxes",
    "recall_at_20": "recall@20",
    "ndcg_at_10": "NDCG@10",
    "ndcg_at_100": "NDCG@100",
    "map_at_10": "MAP@10",
    "coverage_at_20": "coverage@20",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "mape": "mean absolute error, as a share",
    "log_rmse": "RMSE of logarithms",
    "r2": "R²",
    "bias": "bias",
    "cover_80": "within the 80 % interval",
    "cover_90": "within the 90 % interval",
    "width_90": "width of the 90 % interval, as a share",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "words": "words",
}
"""How people call the metrics of learners."""

ERRORS = ("rmse", "mae", "mape", "log_rmse")
"""Those that are better the lower they are."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure with its 95 % interval.

    Attributes:
        value: The figure itself.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: Number
    low: Number
    high: Number


Metrics = Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class LearnerEvaluation:
    """The answer of an evaluation, the same form for every learner.

    Attributes:
        kind: Which learner.
        data: Name of the data that it was measured on.
        n: How many things the figures are means of: users, rows, texts.
        metrics: By name: recall_at_20, ndcg_at_10, ndcg_at_100, map_at_10, coverage_at_20; rmse, mae, mape, log_rmse,
            r2; rouge1, rouge2, rougeL.
        baselines: The same figures of simpler ways on the same data, by their names.
        differences: For each baseline the model's figure less its own, paired: its interval says whether the model is
            better for more than chance.
        settings: Of the model.
        seed: Of the model and of the intervals.
        version: Of closeup.
        notes: What was left out, guessed or found odd, a sentence each.
    """

    kind: Kind
    data: str
    n: Annotated[int, Within(1)]
    metrics: Metrics
    baselines: Mapping[str, Metrics]
    differences: Mapping[str, Metrics] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    version: str = __version__
    notes: tuple[str, ...] = ()


LEARNER_EVALUATION = Form(LearnerEvaluation, "evaluation.json", version=1)
"""The form of `evaluate MODEL DATA --json`."""


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """model.json: what a model is, and how it came to be.

    Attributes:
        kind: Which learner's.
        format: Of the arrays and other files, which each learner counts for itself.
        version: Of the closeup that fitted it.
        settings: What it was fitted with.
        seed: Of everything that was drawn.
        data: Name of the data that it was fitted on.
        rows: How many rows or texts those were.
        sha256: Of the data's bytes.
        fitted_at: ISO 8601, with the offset from UTC.
        metrics: Figures that were measured while it was fitted, by name; empty where there are none.
        facts: What else the learner needs or wants to be remembered: plain JSON values.
        notes: What was left out, guessed or defaulted, a sentence each.
    """

    kind: Kind
    format: Annotated[int, Within(1)]
    settings: Mapping[str, Any]
    seed: int
    data: str
    rows: Annotated[int, Within(0)]
    sha256: Annotated[str, Text(r"[0-9a-f]{64}", "a SHA-256 in hexadecimal")]
    version: str = __version__
    fitted_at: str = field(default_factory=lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
    metrics: Metrics = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


MODEL_JSON = Form(ModelHeader, MODEL_FILE, version=1, code="learner.damaged", hint="Fit the model again.")
"""The form of model.json."""


def check_model_place(out: Path, *, overwrite: bool = False) -> None:
    """Make sure before the work that a model can be written to `out`.

    Raises:
        OutputError: If something is there that must stay, or nothing can be written there.
    """
    ResultFolder(out, (MODEL_FILE,)).check(overwrite=overwrite)


def write_model(
    out: Path,
    header: ModelHeader,
    arrays: Mapping[str, NDArray[Any]],
    *,
    files: Mapping[str, bytes] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a model as a folder, whole or not at all.

    Args:
        out: Folder to make.
        header: What model.json says.
        arrays: Plain arrays, of any shape such as (N,) or (N, M), by name.
        files: What else lies in the folder: content by file name.
        overwrite: Replace a model that is there.

    Raises:
        OutputError: If it is there and `overwrite` is off, or it cannot be written.
    """
    with ResultFolder(out, (MODEL_FILE,)).writing(overwrite=overwrite) as folder:
        (folder / ARRAYS_FILE).write_bytes(npz_bytes(arrays))
        for name, content in (files or {}).items():
            (folder / name).write_bytes(content)
        (folder / MODEL_FILE).write_bytes(MODEL_JSON.encode(header))
    return out


def read_model(folder: Path, kind: str, format: int) -> tuple[ModelHeader, dict[str, NDArray[Any]]]:
    """Read a model's header and arrays, (N,), (N, M) and so on; its other files are read by the learner.

    Args:
        folder: As `write_model` made it.
        kind: Which learner's it must be.
        format: Of that learner's files, the one that this closeup reads.

    Raises:
        InputError: If there is no model, or it is another learner's.
        FormatError: If it is damaged, or its format is another one.
    """
    if not (folder / MODEL_FILE).is_file():
        raise InputError(f"{folder} is not a model: there is no {MODEL_FILE} in it.", code="learner.absent", kind=kind)
    header = MODEL_JSON.read(folder / MODEL_FILE)
    if header.kind != kind:
        raise InputError(f"{folder} is a model of {header.kind}, and one of {kind} is needed.")
    if header.format > format:
        raise FormatError(
            f"{folder} has the format {header.format}, and this closeup reads {format}: closeup {header.version} "
            f"fitted it, and this is {__version__}.",
            "Update closeup.",
            code="file.newer",
        )
    if header.format < format:
        raise FormatError(
            f"{folder} has the format {header.format}, which this closeup no longer reads: closeup {header.version} "
            f"fitted it, and this is {__version__}.",
            "Fit the model again.",
        )
    with MODEL_JSON.said_of(str(folder / ARRAYS_FILE)):
        return header, read_npz(file_bytes(folder / ARRAYS_FILE))


def mean_metrics(values: Mapping[str, ArrayLike], *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Metric]:
    """Means with 95 % intervals by bootstrap (Efron, 1979), of several figures (N,) of the same things, by name.

    For a paired difference give the differences (N,).

    Args:
        values: Shape (N,) each, N of at least 1.
        seed: The same seed gives the same intervals.
        resamples: How many draws; each serves all figures.
    """
    table = np.column_stack([np.asarray(each, np.float64) for each in values.values()])
    means = np.array([table[drawn].mean(axis=0) for drawn in draws(len(table), None, resamples, seed)])
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return {
        name: Metric(float(value), float(below), float(above))
        for name, value, below, above in zip(values, table.mean(axis=0), low, high, strict=True)
    }


def drawn_metrics(
    statistic: Callable[[NDArray[np.intp]], Mapping[str, float]],
    count: int,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Metric]:
    """Figures with 95 % intervals by bootstrap over `count` things, where they are no means: RMSE, R2.

    For a paired difference let the statistic give the difference.

    Args:
        statistic: From indices (M,), some of them more than once, to figures by name.
        count: How many things, 1 at least.
        seed: The same seed gives the same intervals.
        resamples: How many draws.
    """
    whole = statistic(np.arange(count))
    found = [statistic(drawn) for drawn in draws(count, None, resamples, seed)]
    ends = {name: np.nanquantile([each[name] for each in found], [0.025, 0.975]) for name in whole}
    return {name: Metric(float(value), float(ends[name][0]), float(ends[name][1])) for name, value in whole.items()}
