"""Train closeup's own embedding of products: pictures of one product near each other, those of others far.

    python recipes/products.py train RUN --photos COUNTER --packshots SNACKS --shelf GROCERIES
    python recipes/products.py ship RUN

COUNTER and SNACKS are as for recipes/counter.py, GROCERIES a folder with labels.csv (file, class_id, class) beside
images/, and iconic/ with a photo of each class by its number and name. The network is the backbone of
workbench/detection/network.py, pooled by mean and deviation; it learns to name the products of all three sets by their
cosines to one vector each (Wang et al. 2018, without a margin), and the names are thrown away. Weights that are kept
have the best top-1 by five exemplars of each product of COUNTER, on the photos held out there.
"""

import argparse
import csv
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from closeup.learning.checkpoint import Weights
from closeup.learning.options import Stage, TrainerOptions
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices, Row, new_average
from closeup.perception.products import CROP_PX, crop
from closeup.weights.cards import CARDS_DIR
from closeup.workbench.detection.network import FROZEN, MULTIPLE, Backbone
from counter import PACKAGE, as_input, held_out
from counter_views import Numbers, Photo, Pixels, counter_photos, packshots
from matte import Files, export_onnx, fill_card, on_one_core
from matte_views import relit

STAGES = (
    Stage(name="all but the early layers", epochs=5, batch=32, learning_rate=1e-3, weight_decay=0.05),
    Stage(name="on", epochs=3, batch=32, learning_rate=7e-4, weight_decay=0.05),
    Stage(name="and on", epochs=14, batch=32, learning_rate=7e-4, weight_decay=0.05),
)
"""As it was run, in about 25 minutes of a processor core; kept was the eleventh epoch of the last stage."""

OPTIONS = TrainerOptions(seed=18, ema=0.98, clip_norm=5.0, checkpoint_s=120)

EPOCH = 1280
"""Crops in an epoch, drawn by SHARES: first a set, then a product, then a picture of it."""

SHARES = {"counter": 0.55, "snacks": 0.2, "shelf": 0.25}

DIMENSIONS = 128

SCALE = 16.0
"""What cosines are multiplied by before they become chances."""

AGREE = 2e-3
"""The file and the network may differ by this much in any number of a vector."""


@dataclass(frozen=True)
class Shown:
    """A product in a picture."""

    photo: Photo
    box_xyxy: Numbers
    cut: bool = False
    """Whether what is outside of the photo's outline is no counter, and something else may take its place."""


class ProductNetwork(nn.Module):
    """From crops (N, 3, H, W), normalised, to vectors (N, 128) of length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.project = nn.Linear(2 * 192, DIMENSIONS, bias=False)

    def forward(self, crops: Tensor) -> Tensor:
        """The vectors."""
        features = self.backbone(crops)[-1].flatten(2)
        mean = features.mean(2)
        spread = ((features - mean[..., None]) ** 2).mean(2).add(1e-5).sqrt()
        return nn.functional.normalize(self.project(torch.cat([mean, spread], 1)), dim=1)


class Learner(nn.Module):
    """The network, and a vector for each product that it learns to name."""

    def __init__(self, products: int) -> None:
        super().__init__()
        self.network = ProductNetwork()
        self.names = nn.Parameter(torch.randn(products, DIMENSIONS))

    def forward(self, crops: Tensor) -> Tensor:
        """Logits (N, K) of the products."""
        return SCALE * self.network(crops) @ nn.functional.normalize(self.names, dim=1).T


class ProductTask:
    """Learns which product a crop shows (`learning.trainer.Task`)."""

    def __init__(self, photos: Path, snacks: Path, shelf: Path) -> None:
        self._products: list[list[Shown]] = []
        self._dev: list[tuple[list[Shown], list[Shown]]] = counter_products(photos)
        sets = {
            "counter": [learnt for learnt, _ in self._dev],
            "snacks": [
                [replace(_whole(shot), cut=True)] for number, shot in enumerate(packshots(snacks)) if number % 4
            ],
            "shelf": shelf_products(shelf),
        }
        self._from: dict[str, tuple[int, int]] = {}
        for name, products in sets.items():
            self._from[name] = len(self._products), len(products)
            self._products += products
        self.learner = Learner(len(self._products))

    def trainable(self, stage: int) -> Collection[str]:
        """All but the early layers."""
        frozen = "network.backbone.stem.", *(f"network.backbone.stages.{number}." for number in range(FROZEN))
        return [name for name, _ in self.learner.named_parameters() if not name.startswith(frozen)]

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        """Products, by the shares of their sets."""
        chance = np.random.default_rng(seed)
        drawn = []
        for name, share in SHARES.items():
            first, count = self._from[name]
            rounds = [chance.permutation(count) for _ in range(1 + int(share * EPOCH) // count)]
            drawn.append(first + np.concatenate(rounds)[: round(share * EPOCH)])
        return np.asarray(chance.permutation(np.concatenate(drawn)), np.intp)

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        """The loss of a picture of each product."""
        chance = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
        shown = [self._products[place][chance.integers(len(self._products[place]))] for place in examples]
        others = [
            products[0] for products in (self._products[each] for each in chance.permutation(len(self._products)))
        ]
        crops = [view(each, chance, behind) for each, behind in zip(shown, others, strict=False)]
        logits = self.learner(as_input(np.stack(crops)))
        return nn.functional.cross_entropy(logits, torch.from_numpy(examples.astype(np.int64)), label_smoothing=0.05)

    def evaluate(self, stage: int, network: nn.Module) -> tuple[Row, float]:
        """Top-1 of the held-out crops of COUNTER by the first one and the first five of each product."""
        network.eval()
        asked = [(place, each) for place, (_, held) in enumerate(self._dev) for each in held]
        vectors = embedded(network.get_submodule("network"), [each for _, each in asked])
        row: Row = {}
        for count in (1, 5):
            known = [(place, each) for place, (learnt, _) in enumerate(self._dev) for each in learnt[:count]]
            cosines = vectors @ embedded(network.get_submodule("network"), [each for _, each in known]).T
            named = np.array([place for place, _ in known])[cosines.argmax(1)]
            row[f"top1_by_{count}"] = float((named == [place for place, _ in asked]).mean())
        return row, row["top1_by_5"]


def counter_products(folder: Path) -> list[tuple[list[Shown], list[Shown]]]:
    """Of each product what it is learnt from, alone on its photo first, and what is held out."""
    import json

    names, photos = counter_photos(folder)
    table = json.loads((folder / "coco.json").read_text(encoding="utf-8"))
    places = {each["id"]: place for place, each in enumerate(table["images"])}
    found: dict[int, tuple[list[Shown], list[Shown]]] = {each["id"]: ([], []) for each in table["categories"]}
    alone = {each["id"] for each in table["images"] if each["n_objects"] == 1}
    for thing in sorted(table["annotations"], key=lambda each: each["image_id"] not in alone):
        place, (x, y, width, height) = places[thing["image_id"]], thing["bbox"]
        shown = Shown(photos[place], np.array([x, y, x + width, y + height], np.float32))
        found[thing["category_id"]][held_out(names[place], names)].append(shown)
    return list(found.values())


def shelf_products(folder: Path) -> list[list[Shown]]:
    """Of each fine class its iconic photo and its first four others; the rest is held out."""
    found: dict[str, list[Shown]] = {}
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: row["file"]):
            number = f"{int(row['class_id']):02d}_{row['class']}"
            of_class = found.setdefault(number, [])
            if not of_class:
                of_class.append(_shelf_photo(folder / "iconic" / f"{number}.jpg"))
            if len(of_class) < 5:
                of_class.append(_shelf_photo(folder / "images" / row["file"]))
    return list(found.values())


def _shelf_photo(path: Path) -> Shown:
    bgr = cv2.imread(str(path))
    assert bgr is not None, path
    return _whole(Photo(np.asarray(bgr[..., ::-1]), ()))


def _whole(photo: Photo) -> Shown:
    points = photo.outlines[0] if photo.outlines else np.array([[0, 0], photo.rgb.shape[1::-1]], np.float32)
    return Shown(photo, np.array([*points.min(0), *points.max(0)], np.float32))


def view(shown: Shown, chance: np.random.Generator, behind: Shown) -> Pixels:
    """A product as another counter may show it: its box less exact, turned, seen from the side, covered, relit."""
    matrix = _pose(shown, chance)
    seen = _warped(shown.photo, matrix)
    if shown.cut and chance.random() < 0.85:
        outline = np.rint(shown.photo.outlines[0] @ matrix[:, :2].T + matrix[:, 2]).astype(np.int32)
        mask = np.zeros((CROP_PX, CROP_PX), np.float32)
        cv2.fillPoly(mask, [outline], 1.0)
        counter = cv2.blur(_warped(behind.photo, _pose(behind, chance)), (int(chance.integers(1, 30)),) * 2)
        seen = np.where(cv2.GaussianBlur(mask, (0, 0), 0.7)[..., None] > 0.5, seen, counter)
    if chance.random() < 0.3:  # something lies over a part of it
        left, top = chance.integers(0, CROP_PX, 2)
        right, bottom = np.minimum(np.add(chance.integers(20, 64, 2), [left, top]), CROP_PX)
        seen[top:bottom, left:right] = chance.integers(0, 256, 3)
    if chance.random() < 0.25:
        small = chance.integers(28, 80)
        seen = cv2.resize(cv2.resize(seen, (small, small), interpolation=cv2.INTER_AREA), (CROP_PX, CROP_PX))
    return np.asarray(relit(np.asarray(seen, np.uint8), chance), np.uint8)


def _pose(shown: Shown, chance: np.random.Generator) -> NDArray[np.float64]:
    """Where a photo's pixels go in a crop around the product: an affine matrix (2, 3)."""
    box = shown.box_xyxy
    span = max(float((box[2:] - box[:2]).max()), 1.0)
    middle = (box[:2] + box[2:]) / 2 + chance.normal(0, 0.04, 2) * span
    zoom = CROP_PX / (span * float(np.exp(chance.normal(0.1, 0.12))))
    quarter = 90 * chance.integers(4) if chance.random() < 0.3 else 0
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), quarter + chance.normal(0, 12), zoom)
    matrix[chance.integers(2)] *= np.exp(-abs(chance.normal(0, 0.15)))
    matrix[:, 2] += CROP_PX / 2 - matrix @ np.array([*middle, 1.0])
    return np.asarray(matrix, np.float64)


def _warped(photo: Photo, matrix: NDArray[np.float64]) -> Pixels:
    level = int(np.clip(np.floor(0.3 - np.log2(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))), 0, 2))
    finer, size_wh = matrix @ np.diag([2.0**level, 2.0**level, 1]), (CROP_PX, CROP_PX)
    seen = cv2.warpAffine(photo.sizes[level], finer, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(seen, np.uint8)


def embedded(network: nn.Module, shown: Sequence[Shown]) -> Numbers:
    """Vectors (N, 128) of products as they are seen on the counter."""
    vectors = []
    with torch.no_grad():
        for first in range(0, len(shown), 32):
            crops = np.stack([crop(each.photo.rgb, each.box_xyxy) for each in shown[first : first + 32]])
            vectors.append(network(as_input(crops)).numpy())
    return np.concatenate(vectors)


def new_weights(learner: Learner) -> Weights:
    """A learner as training changes it, and the average of its weights."""
    learner = learner.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Weights(learner, new_average(learner, OPTIONS.ema))


def train(photos: Path, snacks: Path, shelf: Path, run: Path) -> None:
    """Train, from where the run's checkpoint stands."""
    torch.manual_seed(OPTIONS.seed)
    task = ProductTask(photos, snacks, shelf)
    on_one_core(task, new_weights(task.learner), run, STAGES, OPTIONS)


def ship(run: Path) -> None:
    """Put the network that a run has kept into the package, and its length and hash into its card."""
    best = torch.load(Files(run).checkpoint_path, map_location="cpu", weights_only=True)["best"]
    learner = Learner(len(best["names"]))
    learner.load_state_dict(best)
    target = PACKAGE / "weights/files/products.onnx"
    export_onnx(learner.network.eval(), target, MULTIPLE, {"vector": [0]}, AGREE)
    fill_card(CARDS_DIR / "products.toml", target.read_bytes())


def main() -> int:
    """Train, or put what was trained into the package."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words = parser.add_subparsers(dest="word", required=True)
    training = words.add_parser("train")
    words.add_parser("ship")
    for each in words.choices.values():
        each.add_argument("run", type=Path)
    for name in ("photos", "packshots", "shelf"):
        training.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    if given.word == "train":
        train(given.photos, given.packshots, given.shelf, given.run)
    else:
        ship(given.run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
