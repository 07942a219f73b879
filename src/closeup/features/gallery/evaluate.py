"""How well the models tell people apart on somebody's own photos, by a list of pairs; LFW's protocol.

The label of a photo belongs to the face in its middle. Where no face is found there, the photo has no vector, and its
pairs count as two people: that is what a gallery would answer.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.verification import (
    RocCurve,
    accuracy_over_folds,
    bootstrap_interval,
    by_pair,
    by_person,
    equal_error_rate,
    roc_curve,
    tar_at_far,
)
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray
from closeup.features.gallery.pairs import Photo, PhotoPair, find_photos, photos_of, read_pairs
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer

FARS = (0.01, 0.001)
"""The false-accept rates at which the true-accept rate is told."""

NOT_FOUND = -1.0
"""Similarity of a pair with a photo in which no face was found: the least that a cosine can be."""

RESAMPLES = 1000
"""Draws behind each interval."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """95 % bootstrap intervals of the figures, each (low, high).

    Attributes:
        way: "pair" (pairs are drawn) or "person" (people are drawn, and their pairs with them; wider, and the honest
            one where people are in several pairs).
        accuracy: Of the accuracy, the thresholds staying what they are.
        tar_at_far: Of the true-accept rates, by false-accept rate.
        eer: Of the equal error rate.
    """

    way: str
    accuracy: tuple[float, float]
    tar_at_far: Mapping[float, tuple[float, float]]
    eer: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class PairsEvaluation:
    """What the pairs say.

    Attributes:
        models: Role ("detector", "embedder") to the name of the card.
        pairs: How many pairs; `photos` how many photos, each read once; `folds` how many folds.
        accuracy: Share of pairs judged rightly, the mean over folds, each judged with the threshold that is best on the
            others. 0 to 1.
        accuracy_deviation: Standard deviation over the folds.
        accuracies: Fold by fold; `thresholds` likewise, cosine similarities.
        tar_at_far: False-accept rate to the share of the pairs of one person that are accepted at it.
        eer: Equal error rate, 0 to 1.
        not_found: In how many photos no face was found; `missing` names them, "NAME_0001".
        second_looks: How many photos had their face found at the second look only.
        lost_pairs: How many pairs of one person have a photo without a face, and so count as wrong.
        accuracy_where_found: As `accuracy`, over the pairs whose two faces were found; None where too few are left.
        seconds_per_photo: Reading, finding and describing, on average.
        intervals: By pair and by person.
        roc: The whole curve.
        similarities: Shape (N,), cosine of each pair in the list's order, -1 where a face was not found.
    """

    models: Mapping[str, str]
    pairs: int
    photos: int
    folds: int
    accuracy: float
    accuracy_deviation: float
    accuracies: tuple[float, ...]
    thresholds: tuple[float, ...]
    tar_at_far: Mapping[float, float]
    eer: float
    not_found: int
    missing: tuple[str, ...]
    second_looks: int
    lost_pairs: int
    accuracy_where_found: float | None
    seconds_per_photo: float
    intervals: tuple[Intervals, ...]
    roc: RocCurve
    similarities: NDArray[np.float64]


def evaluate_pairs(
    analyzer: Analyzer, folder: Path, pairs_path: Path, progress: ProgressCallback = ignore
) -> PairsEvaluation:
    """Read every photo of a list of pairs, compare them, and say how often that is right.

    Args:
        analyzer: Its first embedder is the one that is judged.
        folder: With a folder of photos for each person; see `pairs.find_photos`.
        pairs_path: The list; see `pairs.read_pairs`.

    Raises:
        InputError: If the list or a photo cannot be read, a photo is missing, or the list has one fold only.
    """
    pairs = read_pairs(pairs_path)
    if not pairs or pairs[-1].fold == 0:
        raise InputError(
            f"{pairs_path} has one fold, and a threshold needs other pairs than those that it judges.",
            "Give a list with two folds or more; its first line says how many.",
        )
    photos = photos_of(pairs)
    files = find_photos(folder, photos)
    vectors: list[FloatArray | None] = []
    second_looks = 0
    started = time.perf_counter()
    for done, photo in enumerate(photos):
        progress(Progress("Describing", done, len(photos), "photos"))
        vector, late = _vector(analyzer, files[photo])
        vectors.append(vector)
        second_looks += late
    progress(Progress("Describing", len(photos), len(photos), "photos"))
    seconds = (time.perf_counter() - started) / len(photos)
    rows = {photo: row for row, photo in enumerate(photos)}
    similarities = _similarities(vectors, [(rows[pair.first], rows[pair.second]) for pair in pairs])
    missing = [photo for photo, vector in zip(photos, vectors, strict=True) if vector is None]
    models = {"detector": analyzer.detector_card.name, "embedder": analyzer.embedder_card.name}
    return judge(pairs, similarities, missing, models=models, second_looks=second_looks, seconds_per_photo=seconds)


def judge(
    pairs: tuple[PhotoPair, ...],
    similarities: NDArray[np.float64],
    missing: Sequence[Photo],
    *,
    models: Mapping[str, str],
    second_looks: int,
    seconds_per_photo: float,
) -> PairsEvaluation:
    """Say how often similarities are right.

    Args:
        pairs: With two folds or more.
        similarities: Shape (N,), of each pair; `NOT_FOUND` where one of its photos is missing, and above it elsewhere.
        missing: The photos without a face.
        models: Role ("detector", "embedder") to the name of the card.
        second_looks: How many faces were found at a second look only.
        seconds_per_photo: On average, from the file to the vector.
    """
    same, folds = np.array([pair.same for pair in pairs]), np.array([pair.fold for pair in pairs])
    judged = accuracy_over_folds(similarities, same, folds)
    people = np.array([(pair.first.person, pair.second.person) for pair in pairs])
    return PairsEvaluation(
        models=models,
        pairs=len(pairs),
        photos=len(photos_of(pairs)),
        folds=len(judged.accuracies),
        accuracy=judged.mean,
        accuracy_deviation=judged.deviation,
        accuracies=tuple(judged.accuracies.tolist()),
        thresholds=tuple(judged.thresholds.tolist()),
        tar_at_far={far: tar_at_far(similarities, same, far)[0] for far in FARS},
        eer=equal_error_rate(similarities, same),
        not_found=len(missing),
        missing=tuple(f"{photo.person}_{photo.number:04d}" for photo in missing),
        second_looks=second_looks,
        lost_pairs=sum(pair.same and (pair.first in missing or pair.second in missing) for pair in pairs),
        accuracy_where_found=_accuracy_where_found(similarities, same, folds),
        seconds_per_photo=seconds_per_photo,
        intervals=tuple(_intervals(way, similarities, same, judged.right, people) for way in ("pair", "person")),
        roc=roc_curve(similarities, same),
        similarities=similarities,
    )


def evaluation_table(evaluation: PairsEvaluation) -> dict[str, Any]:
    """The figures as plain JSON values, without the curve and the single pairs."""
    table = {each.name: getattr(evaluation, each.name) for each in fields(evaluation)}
    del table["roc"], table["similarities"]
    table |= {name: list(table[name]) for name in ("accuracies", "thresholds", "missing")}
    table["models"] = dict(evaluation.models)
    table["tar_at_far"] = {f"{far:g}": tar for far, tar in evaluation.tar_at_far.items()}
    table["intervals"] = {
        f"by_{each.way}": {
            "accuracy": list(each.accuracy),
            "tar_at_far": {f"{far:g}": list(ends) for far, ends in each.tar_at_far.items()},
            "eer": list(each.eer),
        }
        for each in evaluation.intervals
    }
    return table


def _vector(analyzer: Analyzer, path: Path) -> tuple[FloatArray | None, bool]:
    """The vector (D,) of the face in the middle of a photo, and whether it took a second look."""
    image = read_image(path)
    faces = analyzer.faces(image, ("embedding",), covering_xy=(image.shape[1] / 2, image.shape[0] / 2))
    return (faces[0].embedding, faces[0].augmented) if faces else (None, False)


def _similarities(vectors: Sequence[FloatArray | None], pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Cosine of each pair (N,)."""
    values = []
    for first, second in pairs:
        a, b = vectors[first], vectors[second]
        values.append(NOT_FOUND if a is None or b is None else float(np.dot(a.astype(np.float64), b)))
    return np.array(values)


def _accuracy_where_found(
    similarities: NDArray[np.float64], same: NDArray[np.bool_], folds: NDArray[np.int_]
) -> float | None:
    found = similarities > NOT_FOUND
    try:
        return accuracy_over_folds(similarities[found], same[found], folds[found]).mean
    except ValueError:  # too few are left to set a threshold by
        return None


def _intervals(
    way: str,
    similarities: NDArray[np.float64],
    same: NDArray[np.bool_],
    right: NDArray[np.bool_],
    people: NDArray[np.str_],
) -> Intervals:
    """The figures' intervals over draws of pairs or of people (N, 2)."""

    def interval(figure: Callable[[NDArray[np.float64], NDArray[np.bool_]], float]) -> tuple[float, float]:
        draws = by_pair(len(same), RESAMPLES) if way == "pair" else by_person(people, RESAMPLES)
        return bootstrap_interval(lambda drawn: figure(similarities[drawn], same[drawn]), draws)

    judged = by_pair(len(same), RESAMPLES) if way == "pair" else by_person(people, RESAMPLES)
    return Intervals(
        way,
        accuracy=bootstrap_interval(lambda drawn: float(right[drawn].mean()), judged),
        tar_at_far={far: interval(partial(_tar, far)) for far in FARS},
        eer=interval(equal_error_rate),
    )


def _tar(far: float, similarities: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    return tar_at_far(similarities, same, far)[0]
