"""How well a counter sees: on photos in COCO's form, boxes, names, whole baskets, and strangers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.detection import count_figures, precision_figures, size_groups
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray
from closeup.core.words import LeftOut, counted
from closeup.documents.boxes import read_boxes
from closeup.documents.checkout import CounterEvaluation, ProductRecord
from closeup.features.checkout.read import Shelf
from closeup.media.image import read_image
from closeup.perception.products import DETECTOR, CounterModels, ProductModels
from closeup.weights.cards import card

VIEWS = (1, 3, 5)
"""Views a product, that it is enrolled by."""

EVERY = 4
"""One product in so many is a stranger, where strangers are measured."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPhoto:
    """A photo whose things are known, and what the models say of it.

    Attributes:
        truth_xyxy: Boxes (M, 4); `classes` (M,) what each is, `truth_vectors` (M, D) the embedder's.
        found_xyxy: Boxes (N, 4) that were found, the best first; `scores` (N,) and `found_vectors` (N, D).
    """

    truth_xyxy: FloatArray
    classes: NDArray[np.int64]
    truth_vectors: FloatArray
    found_xyxy: FloatArray
    scores: FloatArray
    found_vectors: FloatArray


def evaluate_counter(
    coco: Path,
    *,
    exemplars: Path | None = None,
    models: ProductModels | None = None,
    progress: ProgressCallback = ignore,
) -> CounterEvaluation:
    """Measure on photos in COCO's form; the images lie beside the file, or in images/ there.

    Products are enrolled by the first five photos, in the order of the file, that show one thing alone; these photos
    are not asked about. Photos without things are left out.

    Args:
        coco: What is asked about.
        exemplars: Where the views of products come from instead, COCO too, with the same names of categories.
        models: None for closeup's own.
        progress: Is called as it goes.

    Raises:
        InputError: It is no such file, or a photo is missing.
    """
    used = models or CounterModels()
    photos, names, dropped = _looked_at(coco, used, progress)
    notes = [LeftOut(f"{counted(dropped, 'photo')} without things left out.")] * bool(dropped)
    if exemplars is None:
        known, asked = _parted(photos)
    else:
        shown, other, _ = _looked_at(exemplars, used, progress)
        place = {name: number for number, name in enumerate(names)}
        known, asked = (
            _views([(photo, [place.get(other[each], -1) for each in photo.classes]) for photo in shown]),
            photos,
        )
    if not asked or not known:
        raise InputError(f"{coco} has no photo of one thing alone to enrol products by, or none besides.")
    bare = sorted(set(range(len(names))) - set(known))
    if bare:
        unnamed = ", ".join(names[k] for k in bare)
        notes.append(LeftOut(f"{counted(len(bare), 'product')} without a view, never named: {unnamed}."))
    return CounterEvaluation(
        data=coco.name,
        photos=len(asked),
        things=sum(len(each.classes) for each in asked),
        boxes=_box_figures(asked),
        top1={str(views): _top1(asked, known, views) for views in VIEWS},
        baskets=_basket_figures(asked, known, len(names)),
        strangers=_stranger_figures(asked, known),
        notes=tuple(notes),
    )


Views = dict[int, list[FloatArray]]
"""Vectors (D,) of each product, by its number."""


def _views(photos: Sequence[tuple[LabelledPhoto, Sequence[int]]]) -> Views:
    """The first views of each product: alone on a photo first."""
    found: Views = {}
    for alone in (True, False):
        for photo, classes in photos:
            if (len(classes) == 1) == alone:
                for number, vector in zip(classes, photo.truth_vectors, strict=True):
                    if number >= 0:
                        found.setdefault(number, []).append(vector)
    return {number: vectors[: max(VIEWS)] for number, vectors in found.items()}


def _parted(photos: Sequence[LabelledPhoto]) -> tuple[Views, list[LabelledPhoto]]:
    """The views of products from the first photos of one thing each, and the photos that are left."""
    known: Views = {}
    asked = []
    for photo in photos:
        views = known.setdefault(int(photo.classes[0]), []) if len(photo.classes) == 1 else None
        if views is None or len(views) == max(VIEWS):
            asked.append(photo)
        else:
            views.append(photo.truth_vectors[0])
    return known, asked


def _looked_at(
    coco: Path, models: ProductModels, progress: ProgressCallback
) -> tuple[list[LabelledPhoto], list[str], int]:
    """Every photo with its things, the names of the products, and how many photos show none."""
    boxed = read_boxes(coco)
    found, wanted = [], [each for each in boxed.pictures if len(each.classes)]
    for number, each in enumerate(wanted):
        progress(Progress("Looking", number, len(wanted), "photos"))
        rgb = read_image(each.file)
        boxes, scores = models.find(rgb)
        vectors = models.describe(rgb, np.concatenate([each.boxes_xyxy, boxes]))
        many = len(each.classes)
        found.append(LabelledPhoto(each.boxes_xyxy, each.classes, vectors[:many], boxes, scores, vectors[many:]))
    progress(Progress("Looking", len(wanted), len(wanted), "photos"))
    return found, list(boxed.names), len(boxed.pictures) - len(wanted)


def _box_figures(photos: Sequence[LabelledPhoto]) -> dict[str, float]:
    found = [(each.found_xyxy, each.scores, np.zeros(len(each.scores), np.int64)) for each in photos]
    figures = precision_figures(found, [(each.truth_xyxy, np.zeros_like(each.classes)) for each in photos])
    return {"recall_20": figures.pop("recall_100"), "map50": figures["map50"], "map50_95": figures["map50_95"]}


def _shelf(known: Views, views: int) -> Shelf:
    """The catalogue of products (their numbers as ids) with so many views each."""
    records = [ProductRecord(id=str(each), name=str(each), price_minor=1, currency="KRW") for each in known]
    pairs = [(str(number), vector) for number, vectors in known.items() for vector in vectors[:views]]
    return Shelf(records, np.array([owner for owner, _ in pairs], dtype=object), np.stack([each for _, each in pairs]))


def _top1(photos: Sequence[LabelledPhoto], known: Views, views: int) -> float:
    """The share of true boxes, of products that are enrolled, whose nearest view is of their product."""
    classes = np.concatenate([each.classes for each in photos])
    counted_in = np.isin(classes, list(known))
    best = _shelf(known, views).nearest(np.concatenate([each.truth_vectors for each in photos])[counted_in])
    return float(np.mean([int(each) == number for each, number in zip(best, classes[counted_in], strict=True)]))


def _basket_figures(photos: Sequence[LabelledPhoto], known: Views, products: int) -> dict[str, dict[str, float]]:
    """What is taken to be on each counter, doubts as their likeliest product, beside what is."""
    shelf, least = _shelf(known, max(VIEWS)), card(DETECTOR).thresholds["thing"].value
    found, truth = (np.zeros((len(photos), products), np.int64) for _ in range(2))
    for place, photo in enumerate(photos):
        np.add.at(truth[place], photo.classes, 1)
        for _, ids, _ in shelf.named(photo.found_vectors[photo.scores >= least]):
            if ids:
                found[place, int(ids[0])] += 1
    groups = {"all": list(range(len(photos))), **size_groups(truth.sum(1).tolist())}
    return {
        name: {"baskets": float(len(places)), **count_figures(found[places], truth[places])}
        for name, places in groups.items()
    }


def _stranger_figures(photos: Sequence[LabelledPhoto], known: Views) -> dict[str, float]:
    """What becomes of things whose product is not enrolled, each product once, and of those whose product is."""
    outcome, enrolled, wrong = Counter[str](), 0, 0
    for turn in range(EVERY):
        rest = {number: views for place, (number, views) in enumerate(sorted(known.items())) if place % EVERY != turn}
        if not rest:
            continue
        shelf = _shelf(rest, max(VIEWS))
        for photo in photos:
            for number, (state, ids, _) in zip(photo.classes.tolist(), shelf.named(photo.truth_vectors), strict=True):
                if number in rest:
                    enrolled += 1
                    wrong += state == "sure" and int(ids[0]) != number
                elif number in known:
                    outcome[state] += 1
    strangers = max(outcome.total(), 1)
    shares = {"refused": "unknown", "asked": "doubt", "charged": "sure"}
    return {
        "things": float(outcome.total()),
        **{name: outcome[state] / strangers for name, state in shares.items()},
        "wrong_charge": wrong / max(enrolled, 1),
    }
