"""Read the tables of false-accept rates that stand on the embedders' cards.

    python benchmarks/far_tables.py

Every photo of Labeled Faces in the Wild in the folder of real data is described by every embedder, once with each set
of models, and every two photos of different people are compared. Of the two sets' thresholds the higher one stands on
the card, so that the rate holds with either detector. Prints TOML.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import ROOT
from closeup.core.settings import Settings
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer
from closeup.perception.registry import RECOGNISERS
from closeup.weights.cards import card
from closeup.weights.store import pull

RATES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001, 0.00003, 0.00001)
BLOCK = 500

Vectors = NDArray[np.float32]


def main() -> int:
    shared = Path(os.environ.get("CLOSEUP_SHARED", ROOT.parent / "shared")).resolve()
    photos = sorted((shared / "data" / "lfw" / "images").glob("*/*.jpg"))
    if not photos:
        print(f"There are no photos in {shared / 'data' / 'lfw' / 'images'}.", file=sys.stderr)
        return 2
    people = np.array([photo.parent.name for photo in photos])
    with tempfile.TemporaryDirectory(prefix="closeup-far-") as folder:
        settings = Settings(Path(folder), str(shared / "models"))
        for name in ("yunet-2023mar", *RECOGNISERS):
            if card(name).url or card(name).made_from:
                pull(card(name), settings)
        tables: dict[str, list[tuple[NDArray[np.float64], int]]] = {name: [] for name in RECOGNISERS}
        for name, vectors in described(Analyzer("auto", settings), photos).items():
            found = np.array([row is not None for row in vectors])
            tables[name].append(thresholds(np.stack([row for row in vectors if row is not None]), people[found]))
    for name, read in tables.items():
        print(toml(name, read, len(set(people)), len(photos)))
    return 0


def described(analyzer: Analyzer, photos: list[Path]) -> dict[str, list[Vectors | None]]:
    """The vector (D,) of the face in the middle of each photo, by embedder; None where there is none."""
    vectors: dict[str, list[Vectors | None]] = {each.name: [] for each in analyzer.embedder_cards}
    for photo in photos:
        image = read_image(photo)
        faces = analyzer.faces(image, ("embeddings",), covering_xy=(image.shape[1] / 2, image.shape[0] / 2))
        for name, rows in vectors.items():
            rows.append(faces[0].embeddings[name] if faces else None)
    return vectors


def thresholds(vectors: Vectors, people: NDArray[np.str_]) -> tuple[NDArray[np.float64], int]:
    """The similarity that each of `RATES` of the pairs of two people reach, and how many pairs there are."""
    kept, pairs = [], 0
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        similarities = vectors[rows] @ vectors.T
        strangers = (people[rows][:, None] != people[None, :]) & (rows[:, None] < np.arange(len(vectors))[None, :])
        pairs += int(strangers.sum())
        kept.append(similarities[strangers])
    ranked = np.sort(np.concatenate(kept))[::-1]
    places = [int(rate * pairs) for rate in RATES]
    # Halfway between the last that passes and the first that does not.
    return np.array([(float(ranked[place - 1]) + float(ranked[place])) / 2 for place in places]), pairs


def toml(name: str, read: list[tuple[NDArray[np.float64], int]], people: int, photos: int) -> str:
    """The table of one card."""
    strictest = np.max([found for found, _ in read], axis=0)
    pairs = min(count for _, count in read)
    return (
        f"# {name}\n[far]\nrates = [{', '.join(f'{rate:.5f}'.rstrip('0') for rate in RATES)}]\n"
        f"thresholds = [{', '.join(f'{value:.4f}' for value in strictest)}]\npairs = {pairs}\n"
        f'read_from = "Every two photos of two people among {photos:,} photos of {people:,} people of Labeled Faces in '
        'the Wild (folds 1 to 4), news photos of celebrities, with yunet-2023mar."\n'
    )


if __name__ == "__main__":
    sys.exit(main())
