"""How well a counter sees: counter24's photos that were held out, counters of snacks83, grocerystore81's shelf.

    python benchmarks/checkout.py SHARED/data [--only counter24|teaching|snacks83|grocerystore81|int8|latency]

counter24: the last quarter of each class (recipes/counter.py); products by views from the other three quarters.
teaching: products of counter24 enrolled by one view each; of the held-out things, in many random orders, the first ten
that are not named rightly become views, as a choice at the counter does; the last half counts, before and after.
snacks83: each product enrolled from its one packshot, on counters of 3, 6 and 10 composed here, with shadows and other
light; every fourth packshot was never learnt from, and figures of those alone stand beside. A quarter of the products
is not enrolled in turn. grocerystore81: the photos of each class that were not learnt from, named by the iconic photo
alone and by the four others. int8: both networks in 8-bit integers beside 32-bit floats, on counter24. latency: from a
still scene to the list and its parts, on one thread, in milliseconds of processor, and memory; 24 held-out photos at
1280x720, 23 products by five views each at most.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "recipes"))

from closeup.algorithms.metrics.detection import count_figures
from closeup.core.settings import read_settings
from closeup.documents.boxes import read_boxes
from closeup.documents.checkout import COUNTER_EVALUATION, ProductRecord
from closeup.features.checkout.catalogue import view_of
from closeup.features.checkout.evaluate import evaluate_counter
from closeup.features.checkout.kiosk import Kiosk
from closeup.features.checkout.payment import sandbox
from closeup.features.checkout.read import Shelf, open_shelf, product_box, read_counter
from closeup.features.checkout.till import STILL_LOOKS
from closeup.media.image import read_image
from closeup.perception.barcodes import read_barcodes
from closeup.perception.preprocessing import preprocess
from closeup.perception.products import CROP_PX, DETECTOR, SEEN_PX, CounterModels, crop
from closeup.storage.shop import open_shop
from closeup.weights.cards import card
from closeup.weights.int8 import int8_bytes
from closeup.weights.session import open_session
from closeup.weights.store import require

T = TypeVar("T")

SEED = 17
BASKETS = 40
"""Composed counters of each size."""

SIZE_WH = 960, 720


def counter24(data: Path) -> None:
    """Boxes, products by views, whole baskets and strangers, on photos that were held out."""
    from counter24_data import held_out

    folder = data / "counter24"
    table = json.loads((folder / "coco.json").read_text(encoding="utf-8"))
    names = [each["file_name"] for each in table["images"]]
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "images").symlink_to((folder / "images").resolve())
        for name, held in (("asked.json", True), ("views.json", False)):
            images = [each for each in table["images"] if held_out(each["file_name"], names) == held]
            (Path(place) / name).write_text(json.dumps(table | {"images": images}))
        found = evaluate_counter(Path(place) / "asked.json", exemplars=Path(place) / "views.json")
    print(json.dumps(COUNTER_EVALUATION.to_data(found), indent=1))


def teaching(data: Path) -> None:
    """What is not named rightly among a hundred things, before and after ten corrections."""
    from products import counter_products

    models, products = CounterModels(), counter_products(data / "counter24")

    def vectors(shown: list) -> np.ndarray:
        return np.concatenate([models.describe(each.photo.rgb, each.box_xyxy[None]) for each in shown])

    records = [ProductRecord(id=str(k), name=f"{k:02d}", price_minor=1, currency="EUR") for k in range(len(products))]
    first = vectors([learnt[0] for learnt, _ in products])
    wanted = np.array([str(k) for k, (_, held) in enumerate(products) for _ in held], object)
    asked = vectors([each for _, held in products for each in held])

    def faults(shelf: Shelf, rows: np.ndarray) -> dict[str, float]:
        named = shelf.named(asked[rows])
        states = Counter(
            "right" if state == "sure" and ids[0] == wanted[row] else "wrong" if state == "sure" else state
            for row, (state, ids, _) in zip(rows, named, strict=True)
        )
        return {name: 100 * states[name] / len(rows) for name in ("wrong", "doubt", "unknown")}

    found: dict[str, list[dict[str, float]]] = {"before": [], "after": []}
    for seed in range(50):
        order = np.random.default_rng(seed).permutation(len(asked))
        early, late = order[: len(order) // 2], order[len(order) // 2 :]
        owners, views = np.array([each.id for each in records], object), first
        found["before"].append(faults(Shelf(records, owners, views), late))
        taught = 0
        for row in early:
            state, ids, _ = Shelf(records, owners, views).named(asked[[row]])[0]
            if taught < 10 and not (state == "sure" and ids[0] == wanted[row]):
                owners, views, taught = np.append(owners, wanted[row]), np.vstack([views, asked[row]]), taught + 1
        found["after"].append(faults(Shelf(records, owners, views), late))
    for when, rows in found.items():
        print(when, {name: round(float(np.mean([row[name] for row in rows])), 1) for name in rows[0]}, "of 100 things")


def snacks83(data: Path) -> None:
    """Whole baskets on composed counters, prices included; strangers refused, and wrong charges."""
    from counter_views import Photo, counter, laid, packshots, relight

    shots, models = packshots(data / "snacks83"), CounterModels()
    prices = [100 + 17 * number for number in range(len(shots))]
    views = np.concatenate([models.describe(shot.rgb, product_box(shot.rgb, models)[None]) for shot in shots])
    records = [
        ProductRecord(id=str(k), name=f"{k:02d}", price_minor=price, currency="EUR") for k, price in enumerate(prices)
    ]
    for title, pool in (("all", range(len(shots))), ("never learnt from", range(0, len(shots), 4))):
        for size in (3, 6, 10):
            chance, found, truth = np.random.default_rng(SEED + size), [], []
            fates, wrong, apart, enrolled = Counter[str](), 0, [], 0
            for basket in range(BASKETS):
                things = chance.choice(list(pool), size)
                placed = [Photo(shots[each].rgb, shots[each].outlines) for each in things]
                view = laid(counter(SIZE_WH, chance, []), placed, chance, 0.3)
                rgb = relight(view, chance)
                known = [k for k in range(len(shots)) if k % 4 != basket % 4]
                for shelf_of, stranger_test in ((range(len(shots)), False), (known, True)):
                    keep = list(shelf_of)
                    shelf = Shelf([records[k] for k in keep], np.array([str(k) for k in keep], object), views[keep])
                    reading = read_counter(rgb, "", shelf, models)
                    named = [int(each.choices[0]) if each.choices else -1 for each in reading.things]
                    if not stranger_test:
                        found.append(np.bincount([k for k in named if k >= 0], minlength=len(shots)))
                        truth.append(np.bincount(things, minlength=len(shots)))
                        apart.append(abs(sum(prices[k] for k in named if k >= 0) - sum(prices[k] for k in things)))
                        continue
                    for mask, each in zip(view.masks, things, strict=False):
                        x, y, width, height = cv2.boundingRect(mask)
                        here = [
                            thing
                            for thing in reading.things
                            if (abs(thing.box_xyxy - (x, y, x + width, y + height)) < 0.25 * max(width, height)).all()
                        ]
                        if here and int(each) not in known:
                            fates[here[0].state] += 1
                        elif here:
                            enrolled += 1
                            wrong += here[0].state == "sure" and here[0].product != f"{each:02d}"
            figures = count_figures(np.array(found), np.array(truth))
            strangers = {state: count / max(fates.total(), 1) for state, count in fates.items()}
            print(
                title, size, {name: round(value, 3) for name, value in figures.items()},
                "price apart", round(float(np.mean(apart)) / 100, 2), "EUR; strangers",
                {state: round(share, 3) for state, share in strangers.items()}, "wrong charges", f"{wrong}/{enrolled}",
            )  # fmt: skip


def grocerystore81(data: Path) -> None:
    """Top-1 of the photos that were not learnt from, by the iconic photo and by those that were."""
    import csv

    folder, models = data / "grocerystore81", CounterModels()
    iconic, learnt, asked = {}, [], []
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        seen = Counter[str]()
        for row in sorted(csv.DictReader(file), key=lambda row: row["file"]):
            name = f"{int(row['class_id']):02d}_{row['class']}"
            iconic[name] = folder / "iconic" / f"{name}.jpg"
            (learnt if seen[name] < 4 else asked).append((name, folder / "images" / row["file"]))
            seen[name] += 1

    def vectors(paths: list[Path]) -> np.ndarray:
        pictures = [np.asarray(cv2.imread(str(path)))[..., ::-1] for path in paths]
        whole = [np.array([[0, 0, each.shape[1], each.shape[0]]], np.float32) for each in pictures]
        return np.concatenate([models.describe(each, box) for each, box in zip(pictures, whole, strict=True)])

    wanted, queries = [name for name, _ in asked], vectors([path for _, path in asked])
    for title, known in (("iconic", list(iconic.items())), ("four others", learnt)):
        best = (queries @ vectors([path for _, path in known]).T).argmax(1)
        right = [known[place][0] == name for place, name in zip(best.tolist(), wanted, strict=True)]
        print(title, f"top-1 {np.mean(right):.4f} of {len(right)} photos, {len(iconic)} classes")


class Int8Models(CounterModels):
    """Both networks in 8-bit integers, their ranges read from photos."""

    def __init__(self, folder: Path, photos: list[np.ndarray]) -> None:
        super().__init__()
        sessions = []
        for each, px in zip(self._cards, (SEEN_PX, CROP_PX), strict=True):
            seen = [cv2.resize(rgb, (px, px), interpolation=cv2.INTER_AREA) for rgb in photos]
            plain = require(each, read_settings()).read_bytes()
            file = folder / f"{each.name}.onnx"
            file.write_bytes(int8_bytes(plain, preprocess(each, np.stack(seen))))
            sessions.append(open_session(file))
        self._detector, self._embedder = sessions


def int8(data: Path) -> None:
    """Both networks in 32-bit floats and in 8-bit integers: figures on counter24, ms of one thread, size, memory."""
    from counter24_data import held_out

    folder = data / "counter24"
    table = json.loads((folder / "coco.json").read_text(encoding="utf-8"))
    names = [each["file_name"] for each in table["images"]]
    learnt = [folder / "images" / name for name in names if not held_out(name, names)][::4]
    photos = [np.asarray(cv2.imread(str(path)))[..., ::-1] for path in learnt]
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "images").symlink_to((folder / "images").resolve())
        for name, held in (("asked.json", True), ("views.json", False)):
            images = [each for each in table["images"] if held_out(each["file_name"], names) == held]
            (Path(place) / name).write_text(json.dumps(table | {"images": images}))
        for title, models in (("32 bits", CounterModels()), ("int8", Int8Models(Path(place), photos))):
            found = evaluate_counter(Path(place) / "asked.json", exemplars=Path(place) / "views.json", models=models)
            frame = cv2.resize(photos[0], (1280, 720))
            boxes = np.tile(np.array([[300, 200, 700, 600]], np.float32), (5, 1))
            steps = {"find": partial(models.find, frame), "describe 5": partial(models.describe, frame, boxes)}
            spent = {name: [timed_ms(step) for _ in range(30)] for name, step in steps.items()}
            print(
                title, {name: round(value, 3) for name, value in found.boxes.items()}, found.top1,
                {name: round(found.baskets["all"][name], 3) for name in ("cacc", "acd")}, found.strangers,
                {name: f"{np.median(each):.1f} ms" for name, each in spent.items()},
                [f"{Path(each.path).stat().st_size / 1e6:.2f} MB" for each in (models._detector, models._embedder)],
            )  # fmt: skip
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, both and the photos")


def latency(data: Path) -> None:
    """The look that reads a still scene, each other look, and what the reading is made of; memory after each part."""
    from counter24_data import held_out

    boxed = read_boxes(data / "counter24" / "coco.json")
    names = [each.file.name for each in boxed.pictures]
    held = [each for each in boxed.pictures if held_out(each.file.name, names) and len(each.classes)]
    alone = [each for each in boxed.pictures if not held_out(each.file.name, names) and len(each.classes) == 1]
    begun_mb, spent = held_mb(), dict[str, list[float]]()

    def timed(name: str, step: Callable[[], T]) -> T:
        begun_s = time.process_time()
        found = step()
        spent.setdefault(name, []).append(1000 * (time.process_time() - begun_s))
        return found

    models = timed("load both networks", CounterModels)
    loaded_mb = held_mb()
    with tempfile.TemporaryDirectory() as place, open_shop(Path(place) / "shop.db") as shop:
        views: dict[int, list[tuple[bytes, str]]] = {}
        for each in alone:
            own = views.setdefault(int(each.classes[0]), [])
            if len(own) < 5:
                own.append(view_of(crop(read_image(each.file), each.boxes_xyxy[0])))
        for kind, pictures in views.items():
            shop.add([(ProductRecord(name=boxed.names[kind], price_minor=100, currency="EUR"), pictures)])
        kiosk = Kiosk(shop, sandbox(shop), models)
        shelf = timed("learn the catalogue", partial(open_shelf, shop, models))
        for each in held[:: max(len(held) // 24, 1)][:24]:
            rgb = cv2.resize(read_image(each.file), (1280, 720), interpolation=cv2.INTER_LINEAR)
            for _ in range(STILL_LOOKS):
                timed("a look that reads nothing", partial(kiosk.look, rgb))
            timed("the look that reads", partial(kiosk.look, rgb))
            boxes, scores = timed("  find things", partial(models.find, rgb))
            kept = boxes[scores >= card(DETECTOR).thresholds["thing"].value]
            vectors = timed("  describe them", partial(models.describe, rgb, kept))
            timed("  name them", partial(shelf.named, vectors))
            timed("  read barcodes, where products have one", partial(read_barcodes, rgb))
    for name, each in spent.items():
        print(f"{name:42s} {np.median(each):8.1f} ms, 95 % {np.percentile(each, 95):8.1f} ms, {len(each)} times")
    products, many = len(views), sum(map(len, views.values()))
    print(f"{products} products with {many} views")
    print(f"memory {begun_mb:.0f} MB before the networks, {loaded_mb:.0f} with them, {held_mb():.0f} after all of it")


def held_mb() -> float:
    """What this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)


def timed_ms(step: Callable[[], object]) -> float:
    """Milliseconds of processor that something takes."""
    begun_s = time.process_time()
    step()
    return 1000 * (time.process_time() - begun_s)


MEASURES = {each.__name__: each for each in (counter24, teaching, snacks83, grocerystore81, int8, latency)}


def main() -> int:
    """Print all figures, or those of one set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=tuple(MEASURES))
    given = parser.parse_args()
    for name, measure in MEASURES.items():
        if given.only in (None, name):
            print(name)
            measure(given.data)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} s of processor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
