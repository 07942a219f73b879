"""How good a classifier or an estimate of a number is: metrics, how sure they are, and whether two differ.

A macro metric is the mean over the classes that occur among the labels: each class weighs the same, however rare it is,
and a class that nobody could have been right about does not count. Definitions of precision, recall and F1: van
Rijsbergen, Information Retrieval, 1979, chapter 7; macro means as in Sokolova and Lapalme, Information Processing and
Management 45, 2009.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.metrics.verification import bootstrap_interval, by_pair

Indices = NDArray[np.intp]
Statistic = Callable[[Indices], float]
"""From indices of items (M,), some of them more than once, to a metric."""

ECE_BINS = 15
"""Bins of confidence for the calibration error, as in Guo et al., 2017."""

RESAMPLES = 1000

TEMPERATURES = (0.05, 20.0)
"""Between these a temperature is sought."""


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """How one class fares.

    Attributes:
        count: Items that are of it.
        predicted: Items that are taken for it.
        precision: Share of those taken for it that are; None where none is taken for it.
        recall: Share of those of it that are taken for it; None where there are none.
        f1: Harmonic mean of the two, 2 * right / (count + predicted); None where both are 0.
    """

    count: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True, eq=False)
class ClassificationMetrics:
    """How a classifier fares.

    Attributes:
        count: Items.
        accuracy: Share of them whose likeliest class is right.
        macro_recall: Mean recall of the classes that occur among the labels.
        macro_f1: Mean F1 of those classes.
        ece: Expected calibration error: how far confidence lies from the share that is right, 0 to 1; see
            `calibration_error`.
        log_loss: Mean of -log(probability of the right class), natural.
        per_class: By name, in the order of the classes.
        confusion: Shape (K, K), int64: row by label, column by answer.
    """

    count: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    ece: float
    log_loss: float
    per_class: Mapping[str, ClassMetrics]
    confusion: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RegressionMetrics:
    """How an estimate of a number fares; all but `count` and `correlation` in the number's own unit.

    Attributes:
        count: Items.
        mae: Mean absolute error.
        rmse: Root of the mean squared error.
        median_error: Median absolute error.
        bias: Mean of estimate minus label: above 0 where it estimates too high.
        correlation: Pearson's, -1 to 1; None where one side does not vary.
    """

    count: int
    mae: float
    rmse: float
    median_error: float
    bias: float
    correlation: float | None


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two classifiers on the same items.

    Attributes:
        only_a: Items that only the first has right; `only_b` likewise.
        only_b: Items that only the second has right.
        p_value: How likely a split at least as uneven is where both are equally good.
    """

    only_a: int
    only_b: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of two models on the same items.

    Attributes:
        a: The first one's.
        b: The second one's.
        difference: b - a.
        low: Lower end of the interval of the difference; `high` is the upper one.
        high: Upper end.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float


def classification_metrics(
    probabilities: ArrayLike, labels: ArrayLike, classes: Sequence[str]
) -> ClassificationMetrics:
    """Every metric of a classifier.

    Args:
        probabilities: Shape (N, K), finite, each row summing to 1; the likeliest class is the answer (of equals the
            first).
        labels: Shape (N,), int, 0 to K - 1; N of at least 1.
        classes: The K names.

    Raises:
        ValueError: If the shapes do not fit, there is no item, or a value is out of range.
    """
    chances, truth = checked(probabilities, labels, len(classes))
    answers = chances.argmax(axis=1)
    confusion = confusion_matrix(answers, truth, len(classes))
    counts, predicted, right = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    per_class = {
        name: ClassMetrics(
            int(counts[k]),
            int(predicted[k]),
            _share(right[k], predicted[k]),
            _share(right[k], counts[k]),
            _share(2 * right[k], counts[k] + predicted[k]),
        )
        for k, name in enumerate(classes)
    }
    macro_recall, macro_f1 = macro_averages(confusion)
    likelihood = np.clip(chances[np.arange(len(truth)), truth], 1e-12, 1)
    return ClassificationMetrics(
        len(truth),
        float(right.sum() / len(truth)),
        macro_recall,
        macro_f1,
        calibration_error(chances, truth),
        float(-np.log(likelihood).mean()),
        per_class,
        confusion,
    )


def confusion_matrix(answers: ArrayLike, labels: ArrayLike, classes: int) -> NDArray[np.int64]:
    """How often each label (row) was answered by each class (column): (K, K), from answers (N,) and labels (N,)."""
    cells = np.asarray(labels, np.int64) * classes + np.asarray(answers, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def calibration_error(probabilities: ArrayLike, labels: ArrayLike, bins: int = ECE_BINS) -> float:
    """The expected calibration error, 0 (confidence is the share that is right) to 1.

    Items fall into bins of equal width by the probability of the likeliest class; in each bin the mean of that is
    compared with the share that is right, and the bins are averaged by their items. From: Guo, Pleiss, Sun,
    Weinberger, "On Calibration of Modern Neural Networks", ICML 2017. With few items chance alone makes it large.

    Args:
        probabilities: Shape (N, K).
        labels: Shape (N,), int.
        bins: How many.

    Raises:
        ValueError: As `metrics`.
    """
    chances = np.asarray(probabilities, np.float64)
    chances, truth = checked(chances, labels, chances.shape[-1])
    places, gap = calibration_gaps(chances, truth, bins)
    return calibration_of(places, gap, bins)


def regression_metrics(values: ArrayLike, labels: ArrayLike) -> RegressionMetrics:
    """Every metric of an estimate of a number.

    Args:
        values: Shape (N,), the estimates, finite.
        labels: Shape (N,), what is true, finite; N of at least 1.

    Raises:
        ValueError: If the shapes differ, there is no item, or a value is not finite.
    """
    estimates, truth = np.asarray(values, np.float64), np.asarray(labels, np.float64)
    if estimates.ndim != 1 or estimates.shape != truth.shape or not len(truth):
        raise ValueError(f"expected two arrays of shape (N,) with an item, got {estimates.shape} and {truth.shape}")
    if not (np.isfinite(estimates).all() and np.isfinite(truth).all()):
        raise ValueError("estimates and labels must be finite")
    error = estimates - truth
    varies = np.ptp(estimates) > 0 and np.ptp(truth) > 0
    return RegressionMetrics(
        len(truth),
        float(np.abs(error).mean()),
        float(np.sqrt((error**2).mean())),
        float(np.median(np.abs(error))),
        float(error.mean()),
        float(np.corrcoef(estimates, truth)[0, 1]) if varies else None,
    )


def draws(
    count: int, groups: Sequence[object] | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Iterator[Indices]:
    """Draw items with replacement: indices each time (count,), or of about that length where there are groups.

    Items of one group (pictures of one person) are drawn together, since they are right or wrong together: an interval
    over single items would be too narrow. Efron, 1979; for groups: Davison and Hinkley, Bootstrap Methods, 1997, 3.8.
    """
    if groups is None:
        yield from by_pair(count, resamples, seed)
        return
    numbers: dict[object, int] = {}
    of_item = np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.intp)
    if len(of_item) != count:
        raise ValueError(f"expected a group for each of {count} items, got {len(of_item)}")
    rng = np.random.default_rng(seed)
    everything = np.arange(count)
    for _ in range(resamples):
        times = np.bincount(rng.integers(0, len(numbers), len(numbers)), minlength=len(numbers))
        yield np.repeat(everything, times[of_item])


def interval(
    statistic: Statistic,
    count: int,
    *,
    groups: Sequence[object] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """The 95 % percentile interval of a metric of `count` items, by bootstrap.

    Args:
        statistic: From indices (M,) to the metric; a ValueError leaves a draw out.
        count: Items.
        groups: The group of each item; see `draws`.
        resamples: How many draws.
        seed: The same seed gives the same interval.

    Raises:
        ValueError: If no draw gives a metric.
    """
    return bootstrap_interval(statistic, draws(count, groups, resamples, seed))


def paired_difference(
    a: Statistic,
    b: Statistic,
    count: int,
    *,
    groups: Sequence[object] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """How a metric of two models differs, each draw's items being the same for both: indices (M,) to a metric.

    Raises:
        ValueError: If there is no item.
    """
    everything = np.arange(count)
    low, high = interval(lambda drawn: b(drawn) - a(drawn), count, groups=groups, resamples=resamples, seed=seed)
    first, second = a(everything), b(everything)
    return Difference(first, second, second - first, low, high)


def mcnemar(a_right: ArrayLike, b_right: ArrayLike) -> McNemar:
    """McNemar's exact test on whether each item (N,) is judged rightly by a and by b, bool.

    Only items count that one has right and the other has not; two-sided, by the binomial distribution. From:
    McNemar, Psychometrika 12, 1947; exact as in Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13, 2013.

    Raises:
        ValueError: If the shapes differ.
    """
    from scipy.special import bdtr

    first, second = np.asarray(a_right, np.bool_), np.asarray(b_right, np.bool_)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"expected two arrays of shape (N,), got {first.shape} and {second.shape}")
    only_a, only_b = int((first & ~second).sum()), int((second & ~first).sum())
    p_value = float(min(1.0, 2 * bdtr(min(only_a, only_b), only_a + only_b, 0.5))) if only_a + only_b else 1.0
    return McNemar(only_a, only_b, p_value)


def softmax(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities (N, K) from logits (N, K), softer the higher the temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature by which logits (N, K) are divided so that the labels (N,), int, are likeliest.

    It changes no answer, only how sure it is; fit it on items that were not trained on. From: Guo et al., 2017 (see
    `calibration_error`). Sought between `TEMPERATURES`.

    Raises:
        ValueError: As `metrics`.
    """
    from scipy.optimize import minimize_scalar

    scores = np.asarray(logits, np.float64)
    scores, truth = checked(scores, labels, scores.shape[-1])
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = scores / np.exp(log_temperature)
        top = scaled.max(axis=1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - scaled[rows, truth]).mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-5})
    return float(np.exp(found.x))


def checked(probabilities: ArrayLike, labels: ArrayLike, classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give probabilities (N, K) and labels (N,) as float64 and int64, N of at least 1.

    Raises:
        ValueError: If the shapes do not fit, there is no item, or a value is out of range.
    """
    chances, truth = np.asarray(probabilities, np.float64), np.asarray(labels)
    if chances.ndim != 2 or chances.shape[1] != classes or truth.shape != chances.shape[:1] or not len(truth):
        raise ValueError(f"expected (N, {classes}) and (N,) with an item, got {chances.shape} and {truth.shape}")
    if not np.isfinite(chances).all():
        raise ValueError("probabilities must be finite; at least one is NaN or infinite")
    if not np.issubdtype(truth.dtype, np.integer) or truth.min() < 0 or truth.max() >= classes:
        raise ValueError(f"labels must be whole numbers from 0 to {classes - 1}")
    return chances, truth.astype(np.int64)


def calibration_gaps(
    chances: NDArray[np.float64], truth: NDArray[np.int64], bins: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The bin (N,) of each item's confidence, and (N,) how far that lies above its being right (1 or 0).

    Args:
        chances: Shape (N, K).
        truth: Shape (N,).
        bins: How many, of equal width.
    """
    confidence = chances.max(axis=1)
    places = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    return places, confidence - (chances.argmax(axis=1) == truth)


def calibration_of(places: NDArray[np.int64], gap: NDArray[np.float64], bins: int) -> float:
    """The expected calibration error of what `calibration_gaps` gives: bins (N,) and gaps (N,)."""
    return float(np.abs(np.bincount(places, weights=gap, minlength=bins)).sum() / max(len(gap), 1))


def macro_averages(confusion: NDArray[np.int64]) -> tuple[float, float]:
    """Mean recall and mean F1 of the classes that have items, of a confusion (K, K) by label and answer.

    Raises:
        ValueError: If there is no item.
    """
    counts, predicted, right = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    there = counts > 0
    if not there.any():
        raise ValueError("there is no item")
    recall, f1 = right[there] / counts[there], 2 * right[there] / (counts + predicted)[there]
    return float(recall.mean()), float(f1.mean())


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
