"""How well the models tell people apart on somebody's own photos, by a list of pairs; LFW's protocol.

The first line of a list says how many folds there are and how many pairs of each kind a fold has ("10 300"); one number
alone means one fold. Then each fold lists its pairs of one person ("NAME 1 4": the first and fourth photo) and as many
pairs of two ("NAME 1 OTHER 2"). Photo 4 of NAME is the file NAME/NAME_0004.jpg.

The label of a photo belongs to the face in its middle. Where no face is found there, the photo has no vector, and its
pairs count as two people: that is what a gallery would answer.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.verification import (
    accuracy_over_folds,
    bootstrap_interval,
    by_pair,
    by_person,
    equal_error_rate,
    tar_at_far,
)
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray
from closeup.documents.gallery import Intervals, PairsEvaluation
from closeup.media.files import PICTURE_SUFFIXES, require_file, unreadable
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer

FARS = (0.01, 0.001)
"""The false-accept rates at which the true-accept rate is read."""

NOT_FOUND = -1.0
"""Similarity of a pair with a photo in which no face was found: the least that a cosine can be."""

RESAMPLES = 1000
"""Draws behind each interval."""

_FORMAT_HINT = "It has to be as LFW's pairs.txt: http://vis-www.cs.umass.edu/lfw/ tells the format."


class Photo(NamedTuple):
    """One photo of a list: whose it is, and its number, counted from 1."""

    person: str
    number: int


@dataclass(frozen=True, slots=True)
class PhotoPair:
    """Two photos, the fold that they are in, counted from 0, and whether they are of one person."""

    first: Photo
    second: Photo
    fold: int

    @property
    def same(self) -> bool:
        """Whether both photos are of one person."""
        return self.first.person == self.second.person


def evaluate_pairs(
    analyzer: Analyzer, folder: Path, pairs_path: Path, progress: ProgressCallback = ignore
) -> PairsEvaluation:
    """Read every photo of a list of pairs, compare them, and say how often that is right.

    Args:
        analyzer: Its first embedder is the one that is judged.
        folder: With a folder of photos for each person; see `find_photos`.
        pairs_path: The list; see `read_pairs`.

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
        tar_at_far={f"{far:g}": tar_at_far(similarities, same, far)[0] for far in FARS},
        eer=equal_error_rate(similarities, same),
        not_found=len(missing),
        missing=tuple(f"{photo.person}_{photo.number:04d}" for photo in missing),
        second_looks=second_looks,
        lost_pairs=sum(pair.same and (pair.first in missing or pair.second in missing) for pair in pairs),
        accuracy_where_found=_accuracy_where_found(similarities, same, folds),
        seconds_per_photo=seconds_per_photo,
        intervals={
            f"by_{way}": _intervals(way, similarities, same, judged.right, people) for way in ("pair", "person")
        },
        similarities=similarities,
    )


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
        accuracy=bootstrap_interval(lambda drawn: float(right[drawn].mean()), judged),
        tar_at_far={f"{far:g}": interval(partial(_tar, far)) for far in FARS},
        eer=interval(equal_error_rate),
    )


def _tar(far: float, similarities: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    return tar_at_far(similarities, same, far)[0]


def read_pairs(path: Path) -> tuple[PhotoPair, ...]:
    """Read a list of pairs.

    Raises:
        InputError: If it is missing or no text, or a line is not as it has to be; says which.
    """
    require_file(path, "a list of pairs")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8.", _FORMAT_HINT) from error
    rows = [(number, _fields(line)) for number, line in enumerate(lines, 1) if line.strip()]
    folds, count = _header(path, rows)
    if len(rows) - 1 != folds * 2 * count:
        raise InputError(
            f"{path} has {len(rows) - 1} pairs, and its first line says {folds} x 2 x {count} = {folds * 2 * count}.",
            _FORMAT_HINT,
        )
    pairs = []
    for place, (number, fields) in enumerate(rows[1:]):
        fold, within = divmod(place, 2 * count)
        pairs.append(_pair(path, number, fields, fold=fold, same=within < count))
    return tuple(pairs)


def photos_of(pairs: tuple[PhotoPair, ...]) -> tuple[Photo, ...]:
    """Every photo of the pairs once, by name and number."""
    return tuple(sorted({photo for pair in pairs for photo in (pair.first, pair.second)}))


def find_photos(folder: Path, photos: tuple[Photo, ...]) -> dict[Photo, Path]:
    """Find the files of photos in `folder`, which has a folder for each person, or a folder with those in it.

    Raises:
        InputError: If it is no folder, or a photo is not there.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", "Give the folder that has a folder for each person.")
    try:
        roots = [folder, *sorted(each for each in folder.iterdir() if each.is_dir())]
    except OSError as error:
        raise unreadable(folder, error) from error
    root = next((each for each in roots if photos and (each / photos[0].person).is_dir()), folder)
    found = {photo: path for photo in photos if (path := _file_of(root, photo)) is not None}
    if missing := [photo for photo in photos if photo not in found]:
        first = f"{missing[0].person}_{missing[0].number:04d}.jpg"
        raise InputError(
            f"{len(missing)} of {len(photos)} photos of the list are not in {root}; the first is {first}.",
            f"Each belongs into a folder named after its person: {root / missing[0].person / first}",
        )
    return found


def _file_of(root: Path, photo: Photo) -> Path | None:
    stem = root / photo.person / f"{photo.person}_{photo.number:04d}"
    candidates = (stem.with_name(stem.name + suffix) for suffix in (".jpg", *sorted(PICTURE_SUFFIXES)))
    return next((path for path in candidates if path.is_file()), None)


def _fields(line: str) -> list[str]:
    """By tabs, as LFW has them, since a name may have blanks; else by blanks."""
    return [field.strip() for field in line.split("\t")] if "\t" in line.strip() else line.split()


def _header(path: Path, rows: list[tuple[int, list[str]]]) -> tuple[int, int]:
    """How many folds, and pairs of each kind in a fold."""
    fields = rows[0][1] if rows else []
    if len(fields) not in (1, 2) or not all(_is_count(field) for field in fields):
        raise InputError(f"The first line of {path} does not say how many folds and pairs there are.", _FORMAT_HINT)
    numbers = [int(field) for field in fields]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (1, numbers[0])


def _pair(path: Path, number: int, fields: list[str], *, fold: int, same: bool) -> PhotoPair:
    wanted = "a name and two numbers" if same else "a name and a number, twice"
    numbers = fields[1:] if same else fields[1::2]
    if len(fields) != (3 if same else 4) or not all(_is_count(field) for field in numbers):
        raise InputError(f"Line {number} of {path} is {' '.join(fields)!r}, and has to be {wanted}.", _FORMAT_HINT)
    second = fields[0] if same else fields[2]
    for name in (fields[0], second):
        if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
            raise InputError(f"Line {number} of {path} has {name!r} for a name, and that is no folder's.", _FORMAT_HINT)
    if not same and second == fields[0]:
        raise InputError(f"Line {number} of {path} is a pair of two people, and names {second!r} twice.", _FORMAT_HINT)
    return PhotoPair(Photo(fields[0], int(numbers[0])), Photo(second, int(numbers[1])), fold)


def _is_count(field: str) -> bool:
    return field.isascii() and field.isdigit() and len(field) <= 9 and int(field) > 0
