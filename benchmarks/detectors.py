"""Detectors of things on a counter, on the photos of counter24 held out: COCO's figures by clutter, time, size.

    python benchmarks/detectors.py PARTS RUN...

PARTS is what recipes/counter24_data.py makes, RUN a run of recipes/counter24-things.toml or -products.toml. The network
that comes with closeup stands beside them. A detector that was taught products is measured by product, and as one of
things whatever they are too: then its boxes of all products count, the best of those that overlap.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from closeup.algorithms.metrics.detection import ScoredBoxes, precision_figures, size_groups
from closeup.core.boxes import suppressed
from closeup.core.settings import read_settings
from closeup.core.types import Image
from closeup.documents.boxes import read_boxes
from closeup.media.image import read_image
from closeup.perception.products import DETECTOR, CounterModels
from closeup.weights.cards import card
from closeup.weights.store import require
from closeup.workbench.detection.train import TrainedDetector

APART = 0.6
"""Of boxes of any class that overlap by more than this IoU the best one stays."""

Truth = tuple[np.ndarray, np.ndarray]


def shipped(models: CounterModels) -> Callable[[Image], ScoredBoxes]:
    """The network of the counter, as a detector of things."""

    def find(rgb: Image) -> ScoredBoxes:
        boxes, scores = models.find(rgb)
        return boxes, scores, np.zeros(len(boxes), np.int64)

    return find


def whatever_they_are(found: ScoredBoxes) -> ScoredBoxes:
    """What was found, with all classes taken for one."""
    boxes, scores, _ = found
    kept = suppressed(boxes, scores, APART)
    return boxes[kept], scores[kept], np.zeros(len(kept), np.int64)


def told(title: str, found: list[ScoredBoxes], truth: list[Truth]) -> None:
    """Print the figures of all photos, and by how many things are on them."""
    groups = {"all": list(range(len(truth))), **size_groups([len(kinds) for _, kinds in truth])}
    for name, places in groups.items():
        figures = precision_figures([found[each] for each in places], [truth[each] for each in places])
        said = " ".join(f"{key} {value:.3f}" for key, value in figures.items())
        print(f"{title:34s} {name:4s} {len(places):3d} photos {said}")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", type=Path)
    parser.add_argument("runs", type=Path, nargs="*")
    given = parser.parse_args()
    boxed = read_boxes(given.parts / "held.json")
    pictures = [read_image(each.file) for each in boxed.pictures]
    things = [(each.boxes_xyxy, np.zeros_like(each.classes)) for each in boxed.pictures]
    detectors = [("counter (ships)", shipped(CounterModels()), require(card(DETECTOR), read_settings()))]
    products = {}
    for run in given.runs:
        trained = TrainedDetector(run)
        detectors.append((run.name, trained.find, trained.file))
        products[run.name] = trained.classes == boxed.names
    for name, find, file in detectors:
        begun_s = time.process_time()
        found = [find(rgb) for rgb in pictures]
        spent_ms = 1000 * (time.process_time() - begun_s) / len(pictures)
        if products.get(name):
            told(f"{name}, by product", found, [(each.boxes_xyxy, each.classes) for each in boxed.pictures])
            found = [whatever_they_are(each) for each in found]
        told(name, found, things)
        print(f"{name:34s} {spent_ms:.0f} ms a photo, one thread; {file.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
