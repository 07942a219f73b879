"""What lies on a counter: things found whatever they are, named by the views of products that are most like them.

A barcode that can be read settles what a thing is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import area
from closeup.core.errors import InputError
from closeup.core.installed import extra_command
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray, Image
from closeup.core.words import LeftOut, left_out
from closeup.documents.checkout import (
    BasketLine,
    CounterReading,
    CounterReadings,
    ProductRecord,
    SeenThing,
    UnreadPhoto,
)
from closeup.features.checkout.catalogue import FIRST_CURRENCY, clean_barcode
from closeup.features.checkout.evidence import Named, by_size, by_weight, check_measures
from closeup.media.image import decode_image, decode_jpeg
from closeup.media.photos import find_photos
from closeup.perception.barcodes import read_barcodes, reads_barcodes
from closeup.perception.products import DETECTOR, EMBEDDER, CounterModels, ProductModels
from closeup.storage.shop import ShopStore, open_shop
from closeup.weights.cards import card

PART = 0.7
"""Share of the smaller of two boxes that lies in the other, from which on they may be of one thing."""

CHOICES = 3
"""Products that are offered where there is a doubt."""


class Shelf:
    """What is sold, as vectors, ready to be compared with.

    Attributes:
        products: By id.
        by_barcode: Ids of those that have one.
        currency: Of the prices.
    """

    def __init__(
        self,
        products: Sequence[ProductRecord],
        owners: NDArray[np.object_],
        vectors: FloatArray,
        currency: str = FIRST_CURRENCY,
    ) -> None:
        """Take the vectors (N, D) of views, whose products are `owners` (N,)."""
        thresholds = card(EMBEDDER).thresholds
        self.products = {each.id: each for each in products}
        self.by_barcode = {each.barcode: each.id for each in products if each.barcode}
        self.currency = currency
        self._least_like, self._margin = thresholds["unknown"].value, thresholds["doubt"].value
        self._ids = [each.id for each in products if each.id in set(owners.tolist())]
        self._vectors = vectors.astype(np.float64)
        self._members = [np.flatnonzero(owners == each) for each in self._ids]
        middles = [self._vectors[members].mean(axis=0) for members in self._members]
        self._middles = np.array([each / max(float(np.linalg.norm(each)), 1e-12) for each in middles])

    def named(self, vectors: FloatArray) -> list[tuple[str, list[str], float]]:
        """Of each vector (N, D) its state, the products (ids) that it may be, the likeliest first, and the best cosine.

        A product is as like a thing as the most like of its views and the middle of them all are, on average: the one
        knows its sides, and the other is not led astray by a view that shows it badly.
        """
        if not self._ids or not len(vectors):
            return [("unknown", [], -1.0)] * len(vectors)
        return [self._decided(row) for row in self._likeness(vectors)]

    def nearest(self, vectors: FloatArray) -> list[str]:
        """The product (id) that each vector (N, D) is most like, however little."""
        return [self._ids[place] for place in self._likeness(vectors).argmax(1)]

    def _likeness(self, vectors: FloatArray) -> NDArray[np.float64]:
        asked = vectors.astype(np.float64)
        cosines = asked @ self._vectors.T
        nearest = np.stack([cosines[:, members].max(1) for members in self._members], 1)
        return np.asarray((nearest + asked @ self._middles.T) / 2)

    def _decided(self, likeness: NDArray[np.float64]) -> tuple[str, list[str], float]:
        order = np.argsort(-likeness, kind="stable")
        best = float(likeness[order[0]])
        if best < self._least_like:
            return "unknown", [], best
        near = [place for place in order[:CHOICES] if best - likeness[place] < self._margin]
        if len(near) == 1:
            return "sure", [self._ids[order[0]]], best
        return "doubt", [self._ids[place] for place in near], best


def open_shelf(shop: ShopStore, models: ProductModels, progress: ProgressCallback = ignore) -> Shelf:
    """What a shop sells; views that the models have not described yet are described, and kept."""
    unseen = shop.unseen(models.model)
    made: dict[int, FloatArray] = {}
    for number, (view, jpeg) in enumerate(unseen):
        progress(Progress("Learning the catalogue", number, len(unseen), "views"))
        image = decode_jpeg(jpeg)
        made[view] = models.describe(image, product_box(image, models)[None])[0]
    if made:
        shop.keep_vectors(models.model, made)
    return Shelf(shop.products(), *shop.exemplars(models.model), shop.currency() or FIRST_CURRENCY)


def product_box(image: Image, models: ProductModels) -> FloatArray:
    """The box (4,) of the product that a picture is of: the best thing over its middle, else the whole picture."""
    boxes, scores = models.find(image)
    size_wh = np.array(image.shape[1::-1], np.float32)
    least = card(DETECTOR).thresholds["thing"].value
    over = ((boxes[:, :2] < size_wh / 2) & (boxes[:, 2:] > size_wh / 2)).all(1) & (scores >= least)
    if not over.any():
        return np.array([0, 0, *size_wh], np.float32)
    return np.asarray(boxes[np.flatnonzero(over)[0]], np.float32)


def read_counter(
    image: Image,
    name: str,
    shelf: Shelf,
    models: ProductModels,
    *,
    mm_per_px: float | None = None,
    weight_g: int | None = None,
) -> CounterReading:
    """What lies on the counter in a picture (H, W, 3).

    Args:
        mm_per_px: How much of the counter a pixel shows; None where that is not known.
        weight_g: Of all that lies there, as a scale says; None where nothing was weighed.
    """
    boxes, scores = models.find(image)
    kept = np.flatnonzero(scores >= card(DETECTOR).thresholds["thing"].value)
    first = shelf.named(models.describe(image, boxes[kept]))
    boxes, scores, first, codes = _with_barcodes(image, (boxes[kept], scores[kept], first), shelf)
    whole = _whole_things(boxes, ["".join(ids[:1]) for _, ids, _ in first])
    whole.sort(key=lambda place: float(boxes[place, 0]))
    named = [first[place] for place in whole]
    by_code = [place for place, at in enumerate(whole) if at in codes]
    if mm_per_px is not None:
        sizes = {each.id: each.size_mm for each in shelf.products.values() if each.size_mm is not None}
        named = _but(by_code, named, by_size(named, boxes[whole], mm_per_px, sizes))
    off = None
    if weight_g is not None:
        weights = {each.id: each.weight_g for each in shelf.products.values() if each.weight_g is not None}
        weighed, off = by_weight(named, weight_g, weights)
        named = _but(by_code, named, weighed)
    things = []
    for place, (state, ids, likeness) in zip(whole, named, strict=True):
        names = tuple(shelf.products[each].name for each in ids)
        things.append(
            SeenThing(
                box_xyxy=boxes[place],
                score=float(scores[place]),
                barcode=codes.get(place),
                state="sure" if state == "sure" else "doubt" if state == "doubt" else "unknown",
                product=names[0] if state == "sure" else None,
                choices=names,
                similarity=likeness,
            )
        )
    counts: dict[str, int] = {}
    for state, ids, _ in named:
        if state == "sure":
            counts[ids[0]] = counts.get(ids[0], 0) + 1
    lines = basket_lines(counts, shelf.products)
    return CounterReading(
        photo=name,
        currency=shelf.currency,
        things=tuple(things),
        lines=lines,
        total_minor=sum(each.sum_minor for each in lines),
        doubts=sum(each.state == "doubt" for each in things),
        unknown=sum(each.state == "unknown" for each in things),
        weight_off_g=off,
    )


def _but(places: Sequence[int], named: Named, changed: Named) -> Named:
    """What was changed, but for those places: what a barcode says stands."""
    return [named[place] if place in places else each for place, each in enumerate(changed)]


def _with_barcodes(
    image: Image, found: tuple[FloatArray, FloatArray, Named], shelf: Shelf
) -> tuple[FloatArray, FloatArray, Named, dict[int, str]]:
    """Boxes, scores and names, settled by the barcodes in a picture, and the digits of each box that has one.

    A barcode is of the smallest box around its middle; one without a box is a thing by itself, with score 0. Two in one
    box are two things, unless they are the same.
    """
    (boxes, scores, named), codes = found, dict[int, str]()
    for digits, box in read_barcodes(image) if shelf.by_barcode else ():
        product = shelf.by_barcode.get(clean_barcode(digits))
        if product is None:
            continue
        middle = (box[:2] + box[2:]) / 2
        around = np.flatnonzero((boxes[:, :2] <= middle).all(1) & (boxes[:, 2:] >= middle).all(1))
        place = int(around[area(boxes[around]).argmin()]) if len(around) else len(boxes)
        if codes.get(place, digits) != digits:
            place = len(boxes)
        if place == len(boxes):
            boxes, scores = np.concatenate([boxes, box[None]]), np.append(scores, np.float32(0))
            named = [*named, ("sure", [product], -1.0)]
        named[place] = "sure", [product], named[place][2]
        codes[place] = digits
    return boxes, scores, named, codes


def _whole_things(boxes_xyxy: FloatArray, likeliest: Sequence[str]) -> list[int]:
    """Places of boxes (N, 4), the best first, without those of a part of a thing that has a box.

    That is a box that lies mostly in another, or around it, and has the likeliest product of that one, or none ("").
    """
    taken: list[int] = []
    for place in sorted(range(len(likeliest)), key=lambda place: not likeliest[place]):  # what has a name first
        low = np.maximum(boxes_xyxy[place, :2], boxes_xyxy[taken, :2])
        high = np.minimum(boxes_xyxy[place, 2:], boxes_xyxy[taken, 2:])
        shared = np.clip(high - low, 0, None).prod(1)
        smaller = np.minimum(area(boxes_xyxy[[place]])[0], area(boxes_xyxy[taken]))
        if not any(
            share >= PART * size and likeliest[place] in ("", likeliest[other])
            for share, size, other in zip(shared, smaller, taken, strict=True)
        ):
            taken.append(place)
    return taken


def basket_lines(counts: Mapping[str, int], products: Mapping[str, ProductRecord]) -> tuple[BasketLine, ...]:
    """Lines by name, of how many there are of each product (id)."""
    lines = [
        BasketLine(
            product=products[each].name,
            count=count,
            price_minor=products[each].price_minor,
            sum_minor=count * products[each].price_minor,
        )
        for each, count in counts.items()
        if count
    ]
    return tuple(sorted(lines, key=lambda line: line.product))


def read_photos(
    photos: Sequence[Path],
    *,
    shop: Path | None = None,
    mm_per_px: float | None = None,
    weight_g: int | None = None,
    models: ProductModels | None = None,
    progress: ProgressCallback = ignore,
) -> CounterReadings:
    """What lies on the counter in each of some photos, or folders or zip files of them.

    A photo that cannot be read is left out, which is said.

    Args:
        photos: Of the counter.
        shop: Database of what is sold; None for the one of this user.
        mm_per_px: How much of the counter a pixel shows; products whose size is known are held against it.
        weight_g: Of all that lies there, of one photo; products whose weight is known are held against it.
        models: None for closeup's own.
        progress: Is called as it goes.

    Raises:
        InputError: None of them can be read, or a place is missing.
        StorageError: The shop cannot be used.
    """
    files, notes = find_photos(photos)
    check_measures(mm_per_px, weight_g)
    if weight_g is not None and len(files) != 1:
        raise InputError("A weight is of what lies in one photo.", "Read the photos one by one.")
    used = models or CounterModels()
    found, unreadable = list[CounterReading](), list[UnreadPhoto]()
    with open_shop(shop) as store:
        shelf = open_shelf(store, used, progress)
    for number, file in enumerate(files):
        progress(Progress("Reading", number, len(files), "photos"))
        try:
            image = decode_image(file.read(), file.name)
        except InputError as error:
            if len(files) == 1:
                raise
            unreadable.append(UnreadPhoto(photo=file.name, reason=error.message))
        else:
            found.append(read_counter(image, file.name, shelf, used, mm_per_px=mm_per_px, weight_g=weight_g))
    progress(Progress("Reading", len(files), len(files), "photos"))
    lost = left_out([each.reason for each in unreadable], len(files), "photos")
    if not found:
        raise InputError(" ".join(lost))
    notes = [*notes, *lost, *_shelf_notes(shelf)]
    if weight_g is not None and found[0].weight_off_g is None:
        notes.append("The weight says nothing: a thing is unknown, or a product's weight is not in the catalogue.")
    return CounterReadings(readings=tuple(found), unreadable=tuple(unreadable), notes=tuple(notes))


def _shelf_notes(shelf: Shelf) -> list[str]:
    """What of a shop keeps photos from being read as they might be."""
    notes = [] if shelf.products else ["Nothing is for sale yet, so that everything is unknown."]
    if shelf.by_barcode and not reads_barcodes():
        notes.append(LeftOut(f"Barcodes on products are not read: that needs a package. {extra_command('checkout')}"))
    return notes
