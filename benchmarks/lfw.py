"""Verification on Labeled Faces in the Wild: closeup's two sets of models and the face_recognition package's way.

All ways read the same photos in one run, one after the other photo by photo, on one core.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import Bench, BenchError
from closeup.algorithms.metrics.verification import roc_curve, tar_at_far
from closeup.core.settings import Settings
from closeup.documents.gallery import PairsEvaluation
from closeup.features.gallery.evaluate import NOT_FOUND, Photo, PhotoPair, find_photos, judge, photos_of, read_pairs
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer
from peer_photos import PeerReader
from tables import Claim, Section, Table

WANTED = {"auto": 0.993, "builtin": 0.990}
PEER = "face_recognition's way"
ROC_FARS = (0.1, 0.03, 0.01, 0.003, 0.001)
QUICK_PAIRS = 10


@dataclass
class Way:
    """One way to turn photos into vectors.

    Attributes:
        name: As the tables call it.
        models: Role to model.
        read: From a file to the vector of the face in the middle and whether it took a second look; None without one.
        alike: How alike two vectors are; above `NOT_FOUND`.
        vectors: What came out, photo by photo; `seconds` and `cpu_s` likewise how long it took, on the clock and in
            processor time.
    """

    name: str
    models: dict[str, str]
    read: Callable[[Path], tuple[NDArray[Any], bool] | None]
    alike: Callable[[NDArray[Any], NDArray[Any]], float]
    vectors: list[NDArray[Any] | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    second_looks: int = 0

    def take(self, path: Path) -> None:
        """Read one photo, and note the time."""
        started, cpu_started = time.perf_counter(), time.process_time()
        found = self.read(path)
        self.cpu_s.append(time.process_time() - cpu_started)
        self.seconds.append(time.perf_counter() - started)
        self.vectors.append(None if found is None else found[0])
        self.second_looks += found is not None and found[1]


def measure(bench: Bench) -> Section:
    """Judge LFW's pairs, folds 1 to 4."""
    lfw = bench.shared / "data" / "lfw"
    pairs = read_pairs(lfw / "pairs_folds1-4.txt")
    if bench.quick:
        pairs = tuple(pair for row, pair in enumerate(pairs) if row % 300 < QUICK_PAIRS)
    photos = photos_of(pairs)
    files = find_photos(lfw, photos)
    pull_recogniser(bench)
    ways = [closeups(bench, models) for models in WANTED] + [peers()]
    with one_core():
        for photo in photos:
            for way in ways:
                way.take(files[photo])
    judged = {way.name: judged_way(way, pairs, photos) for way in ways}
    (bench.out / "lfw-roc.json").write_text(json.dumps(curves(judged, pairs)), encoding="utf-8")
    return Section(
        "Verification: LFW, folds 1 to 4",
        (accuracy_table(judged), interval_table(judged), roc_table(judged, pairs), time_table(ways)),
        () if bench.quick else claims(judged, ways),
    )


def pull_recogniser(bench: Bench) -> None:
    """Pull the zoo's embedder from the mirror."""
    done = bench.closeup("models", "pull", "face-reid-0095")
    if done.code:
        raise BenchError(f"closeup models pull failed:\n{done.errors}")


def closeups(bench: Bench, models: str) -> Way:
    """The gallery's own reading, with a set of models."""
    analyzer = Analyzer(models, Settings(bench.models_dir, None))

    def read(path: Path) -> tuple[NDArray[Any], bool] | None:
        image = read_image(path)
        faces = analyzer.faces(image, ("embedding",), covering_xy=(image.shape[1] / 2, image.shape[0] / 2))
        return (faces[0].embedding, faces[0].augmented) if faces else None

    names = {"detector": analyzer.detector_card.name, "embedder": analyzer.embedder_card.name}
    return Way(models, names, read, lambda a, b: float(np.dot(a.astype(np.float64), b)))


def peers() -> Way:
    """The package's way; its distances, about 0 to 1.3, are taken from 1, so that more is more alike."""
    reader = PeerReader()

    def read(path: Path) -> tuple[NDArray[Any], bool] | None:
        code = reader.read(path)
        return None if code is None else (code, False)

    names = {"detector": "dlib's HOG", "embedder": "dlib's network"}
    return Way(PEER, names, read, lambda a, b: 1 - float(np.linalg.norm(a - b)))


def judged_way(way: Way, pairs: tuple[PhotoPair, ...], photos: tuple[Photo, ...]) -> PairsEvaluation:
    """All figures of one way."""
    vectors = dict(zip(photos, way.vectors, strict=True))
    values = []
    for pair in pairs:
        first, second = vectors[pair.first], vectors[pair.second]
        values.append(NOT_FOUND if first is None or second is None else way.alike(first, second))
    missing = [photo for photo in photos if vectors[photo] is None]
    return judge(
        pairs,
        np.array(values),
        missing,
        models=way.models,
        second_looks=way.second_looks,
        seconds_per_photo=sum(way.seconds) / len(photos),
    )


def accuracy_table(judged: dict[str, PairsEvaluation]) -> Table:
    rows = []
    for name, result in judged.items():
        found = result.accuracy_where_found
        rows.append(
            (
                name,
                ", ".join(result.models.values()),
                f"{result.accuracy:.4f} +- {result.accuracy_deviation:.4f}",
                *(f"{result.tar_at_far[far]:.4f}" for far in ("0.01", "0.001")),
                f"{result.eer:.4f}",
                result.second_looks,
                result.not_found,
                result.lost_pairs,
                None if found is None else f"{found:.4f}",
            )
        )
    one = next(iter(judged.values()))
    return Table(
        "Accuracy",
        (
            "way",
            "models",
            "accuracy",
            "TAR at FAR 1 %",
            "at 0.1 %",
            "EER",
            "2nd look",
            "no face",
            "lost",
            "where found",
        ),
        tuple(rows),
        f"{one.pairs} pairs of {one.photos} photos. Accuracy: mean and standard deviation over {one.folds} folds, each "
        "judged with the threshold that is best on the others. A pair with a photo without a face counts as two "
        "people: `lost` are those of one person. `where found`: accuracy over the pairs whose two faces were found.",
    )


def interval_table(judged: dict[str, PairsEvaluation]) -> Table:
    rows = []
    for name, result in judged.items():
        for way, each in result.intervals.items():
            ends = (each.accuracy, each.tar_at_far["0.01"], each.tar_at_far["0.001"], each.eer)
            rows.append((name, way.removeprefix("by_"), *(f"{low:.4f} to {high:.4f}" for low, high in ends)))
    return Table(
        "95 % intervals (bootstrap, 1000 draws)",
        ("way", "drawn by", "accuracy", "TAR at FAR 1 %", "at 0.1 %", "EER"),
        tuple(rows),
        "Drawn by person is the honest one: a person is in several pairs.",
    )


def roc_table(judged: dict[str, PairsEvaluation], pairs: tuple[PhotoPair, ...]) -> Table:
    same = [pair.same for pair in pairs]
    rows = [
        (name, *(f"{tar_at_far(result.similarities, same, far)[0]:.4f}" for far in ROC_FARS))
        for name, result in judged.items()
    ]
    note = "The whole curves are in benchmarks/out/lfw-roc.json."
    return Table("ROC: true-accept rate", ("way", *(f"FAR {100 * far:g} %" for far in ROC_FARS)), tuple(rows), note)


def time_table(ways: list[Way]) -> Table:
    rows = []
    for way in ways:
        ms = [1000 * second for second in way.cpu_s]
        clock = 1000 * sum(way.seconds) / len(way.seconds)
        rows.append((way.name, round(mean(ms), 1), round(median(ms), 1), round(max(ms), 1), round(clock, 1)))
    note = "From the file to the vector; one core, the ways photo by photo in turn."
    head = ("way", "processor: mean", "median", "longest", "on the clock: mean")
    return Table("Milliseconds a photo", head, tuple(rows), note)


def curves(judged: dict[str, PairsEvaluation], pairs: tuple[PhotoPair, ...]) -> dict[str, dict[str, list[float]]]:
    """Each way's whole curve, without the point that accepts nothing."""
    same = np.array([pair.same for pair in pairs])
    found = {name: roc_curve(result.similarities, same) for name, result in judged.items()}
    return {name: {"far": curve.far[1:].tolist(), "tar": curve.tar[1:].tolist()} for name, curve in found.items()}


def claims(judged: dict[str, PairsEvaluation], ways: list[Way]) -> tuple[Claim, ...]:
    made = [
        Claim(f"{models}: accuracy {judged[models].accuracy:.4f}, at least {wanted}", judged[models].accuracy >= wanted)
        for models, wanted in WANTED.items()
    ]
    means = {way.name: mean(way.cpu_s) for way in ways}
    for models in WANTED:
        quicker = means[PEER] / means[models]
        made.append(Claim(f"{models}: {quicker:.1f} times as fast as {PEER}", quicker > 1))
    return tuple(made)


@contextmanager
def one_core() -> Iterator[None]:
    """Hold this thread, and those that it starts meanwhile, to one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
