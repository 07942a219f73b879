"""Identification on Labeled Faces in the Wild: who is it, and is it anybody who is enrolled?

People with four or more photos are enrolled with some of them, and asked about with the others. Open set: half of the
people are not enrolled. Three ways to answer from the same embeddings: plain similarity as the gallery does it, the k
nearest, and a linear support vector machine.
"""

import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import Bench
from classifiers import CLASSIFIERS
from closeup.core.settings import Settings
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer
from lfw import pull_recogniser
from tables import Claim, Section, Table

LEAST_PHOTOS = 4
ENROLLED = (1, 3)
HALVES = 10
FAR = 0.01


@dataclass(frozen=True)
class Album:
    """Described photos: vectors (N, D), whose each is (N,), and in how many no face was found."""

    vectors: NDArray[np.float32]
    people: NDArray[np.object_]
    missing: int


@dataclass(frozen=True)
class Outcome:
    """Shares of the probes: rank 1 with everybody enrolled; open set, its deviation over the halves."""

    rank_1: float
    detected: float
    deviation: float


def measure(bench: Bench) -> Section:
    """Compare the three ways with both sets of models."""
    pull_recogniser(bench)
    # With one photo a person scikit-learn wonders whether names are numbers.
    warnings.filterwarnings("ignore", "The number of unique classes")
    rows = []
    best = 0.0
    for models in ("auto", "builtin"):
        analyzer = Analyzer(models, Settings(bench.models_dir, None))
        album = album_of(analyzer, bench.shared / "data" / "lfw" / "images", 20 if bench.quick else None)
        for count in ENROLLED:
            for way in CLASSIFIERS:
                found = outcome(way, album, count)
                best = max(best, found.rank_1)
                rows.append(
                    (
                        models,
                        analyzer.embedder_card.name,
                        count,
                        way,
                        f"{found.rank_1:.4f}",
                        f"{found.detected:.4f} +- {found.deviation:.4f}",
                    )
                )
    people, photos = len(set(album.people)), len(album.people)
    note = (
        f"{people} people with {LEAST_PHOTOS} photos or more, {photos} photos with a face ({album.missing} without, "
        f"builtin); the first ones of each, by number, are enrolled. Open set: {HALVES} random halves of the people; "
        "the threshold is the one that 1 % of the probes of people who are not enrolled pass; detected and identified "
        "are the probes of the others that pass it and get the right name. The threshold is read from the probes "
        "themselves, the same way for all."
    )
    table = Table(
        "Who is it?",
        ("models", "embedder", "enrolled", "way", "rank 1", "open set: DIR at FAR 1 %"),
        tuple(rows),
        note,
    )
    return Section("Identification: LFW", (table,), (Claim(f"best rank 1 {best:.4f}, at least 0.98", best >= 0.98),))


def album_of(analyzer: Analyzer, folder: Path, most: int | None) -> Album:
    """Describe the photos of everybody with enough of them; of the first `most` people where that is given."""
    by_person = [sorted(person.glob("*.jpg")) for person in sorted(folder.iterdir())]
    chosen = [photos for photos in by_person if len(photos) >= LEAST_PHOTOS][:most]
    vectors, people, missing = [], [], 0
    for photo in (photo for photos in chosen for photo in photos):
        image = read_image(photo)
        faces = analyzer.faces(image, ("embedding",), covering_xy=(image.shape[1] / 2, image.shape[0] / 2))
        if faces:
            vectors.append(faces[0].embedding)
            people.append(photo.parent.name)
        else:
            missing += 1
    return Album(np.stack(vectors), np.array(people, dtype=object), missing)


def outcome(way: str, album: Album, count: int) -> Outcome:
    """Enrol `count` photos a person and ask about the others."""
    enrolled = split(album, count)
    everybody = CLASSIFIERS[way](album.vectors[enrolled], album.people[enrolled].tolist())
    asked = everybody.predict(album.vectors[~enrolled])
    rank_1 = float(np.mean(asked.labels == album.people[~enrolled]))
    names = np.array(sorted(set(album.people)), dtype=object)
    rates = [open_set(way, album, enrolled, half(names, seed)) for seed in range(HALVES)]
    return Outcome(rank_1, float(np.mean(rates)), float(np.std(rates, ddof=1)))


def split(album: Album, count: int) -> NDArray[np.bool_]:
    """Which photos (N,) are enrolled: the first `count` of each person."""
    seen: dict[str, int] = defaultdict(int)
    chosen = []
    for person in album.people:
        seen[person] += 1
        chosen.append(seen[person] <= count)
    return np.array(chosen)


def half(names: NDArray[np.object_], seed: int) -> set[str]:
    """Half of the people, at random."""
    return set(np.random.default_rng(seed).permutation(names)[: len(names) // 2])


def open_set(way: str, album: Album, enrolled: NDArray[np.bool_], known: set[str]) -> float:
    """The detection and identification rate where only the people in `known` are enrolled."""
    of_known = np.array([person in known for person in album.people])
    learned = enrolled & of_known
    model = CLASSIFIERS[way](album.vectors[learned], album.people[learned].tolist())
    friends, strangers = ~enrolled & of_known, ~enrolled & ~of_known
    passed = np.sort(model.predict(album.vectors[strangers]).scores)[::-1]
    threshold = passed[int(FAR * len(passed))]  # so many, and no more, lie above it
    asked = model.predict(album.vectors[friends])
    return float(np.mean((asked.labels == album.people[friends]) & (asked.scores > threshold)))
