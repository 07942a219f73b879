"""Train closeup's own detector of things on a counter, whatever they are, on one processor core.

    python recipes/counter.py train RUN --photos COUNTER --packshots SNACKS
    python recipes/counter.py ship RUN

COUNTER is a COCO folder with outlines, SNACKS one of packshots with masks. RUN holds epochs.csv and checkpoint.pt;
train again to go on from there. The weights that are kept are those with the best recall and average precision on the
photos held out, the last quarter of each class, which are of other contributors mostly.
"""

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor, nn

from closeup.learning.checkpoint import Weights, read_checkpoint
from closeup.learning.options import Stage, TrainerOptions
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices, Row, new_average
from closeup.perception.matte import seen_size
from closeup.weights.cards import CARDS_DIR
from closeup.workbench.detection.network import FROZEN, MULTIPLE, DetectorNetwork, Exported, detector_loss, places
from counter24_data import held_out
from counter_views import Numbers, Photo, Pixels, View, counter, counter_photos, grid, laid, packshots, part, relight
from matte import Files, export_onnx, fill_card, on_one_core

PACKAGE = CARDS_DIR.parent.parent

STAGES = (
    Stage(name="head", epochs=1, batch=16, learning_rate=2e-3, weight_decay=0.02),
    Stage(name="all but the early layers", epochs=4, batch=16, learning_rate=1e-3, weight_decay=0.05),
    Stage(name="on", epochs=4, batch=16, learning_rate=1e-3, weight_decay=0.05),
    Stage(name="and on", epochs=6, batch=16, learning_rate=1e-3, weight_decay=0.05),
)
"""As it was run, in half an hour of a processor core; the last stage began as one of twelve epochs."""

OPTIONS = TrainerOptions(seed=17, ema=0.99, clip_norm=5.0, checkpoint_s=240)

EPOCH = 960
"""Views in an epoch."""

SIDE_PX = 224
"""A view has about as many pixels as a square of this side."""

SHAPES = ((4, 3), (3, 4), (1, 1), (4, 3), (3, 4), (16, 9), (9, 16))
"""Shapes of the views of a batch; one is drawn for each batch."""

KINDS = {"photo": 0.5, "grid": 0.12, "pasted": 0.18, "counter": 0.2}
"""How often a view is a part of a photo, four of them, a photo with more things laid on it, or a composed counter."""

MEAN, STD = 127.0, 128.0
"""As EfficientNet-Lite0 was trained."""

AGREE = 0.1
"""The file and the network may differ by this much of a pixel, or of the score."""


class CounterTask:
    """Learns boxes from photos and composed counters (`learning.trainer.Task`)."""

    def __init__(self, photos: Path, snacks: Path, network: nn.Module) -> None:
        names, every = counter_photos(photos)
        self._network = network
        self._dev = [photo for name, photo in zip(names, every, strict=True) if held_out(name, names)]
        self._photos = [photo for name, photo in zip(names, every, strict=True) if not held_out(name, names)]
        shots = [shot for number, shot in enumerate(packshots(snacks)) if number % 4]
        self._things = [*(photo for photo in self._photos if photo.outlines), *shots * 3]

    def trainable(self, stage: int) -> Collection[str]:
        """What the pyramid and its answers are made of; in the second stage the backbone's later layers too."""
        frozen = ("backbone.stem.", *(f"backbone.stages.{number}." for number in range(FROZEN)))
        names = [name for name, _ in self._network.named_parameters()]
        return [name for name in names if not name.startswith(frozen if stage else "backbone.")]

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        """Photos in rounds, each round in another order."""
        chance, count = np.random.default_rng(seed), len(self._photos)
        rounds = [chance.permutation(count) for _ in range(1 + EPOCH // count)]
        return np.asarray(np.concatenate(rounds)[:EPOCH], np.intp)

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        """The loss of one batch, all of one shape."""
        chance = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
        size_wh = seen_size(SHAPES[chance.integers(len(SHAPES))], MULTIPLE, SIDE_PX)
        views = [self.view(place, size_wh, chance) for place in examples]
        pictures = as_input(np.stack([relight(view, chance) for view in views]))
        boxes = [torch.from_numpy(view.boxes()) for view in views]
        return counter_loss(*self._network(pictures), boxes, places(size_wh))

    def view(self, place: int, size_wh: tuple[int, int], chance: np.random.Generator) -> View:
        """A view of a photo, or one that it has a part in."""
        kind, photo = str(chance.choice(list(KINDS), p=list(KINDS.values()))), self._photos[place]
        if kind == "photo":
            return part(photo, size_wh, chance)
        if kind == "grid":
            others = [self._photos[each] for each in chance.integers(len(self._photos), size=3)]
            return grid([photo, *others], size_wh, chance)
        few = kind == "pasted"
        things = [
            self._things[each] for each in chance.integers(len(self._things), size=chance.integers(1, 4 if few else 11))
        ]
        if few:
            return laid(part(photo, size_wh, chance), things, chance, 0.4)
        return laid(counter(size_wh, chance, self._photos), things, chance)

    def evaluate(self, stage: int, network: nn.Module) -> tuple[Row, float]:
        """Recall with 20 boxes and average precision, at IoU 0.5, on the held-out photos."""
        network.eval()
        found = [answer(network, photo.rgb) for photo in self._dev]
        recall, precision = measured(found, [outlined(photo) for photo in self._dev])
        return {"recall": recall, "ap50": precision}, recall + precision


def outlined(photo: Photo) -> Numbers:
    """The boxes xyxy (M, 4) of a photo's outlines."""
    return np.array([[*each.min(0), *each.max(0)] for each in photo.outlines], np.float32).reshape(-1, 4)


def as_input(pictures: Pixels) -> Tensor:
    """Pictures (N, H, W, 3) as the network wants them."""
    scaled = (pictures.astype(np.float32) - np.float32(MEAN)) / np.float32(STD)
    return torch.from_numpy(scaled).permute(0, 3, 1, 2)  # in memory channels come last, which is faster


def answer(network: nn.Module, rgb: Pixels) -> tuple[Numbers, Numbers]:
    """Scores (K,) and boxes (K, 4), xyxy in pixels of the picture, of the 20 best things."""
    size_wh = seen_size((rgb.shape[1], rgb.shape[0]), MULTIPLE, SIDE_PX)
    seen = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    with torch.no_grad():
        logits, boxes = network(as_input(seen[None]))
    scores, corners = torch.sigmoid(logits[0, :, 0]).numpy(), boxes[0].numpy()
    corners = corners * (np.array(rgb.shape[1::-1] * 2) / np.array(size_wh * 2))
    best = np.argsort(-scores)[:300]
    kept = []
    for place in best:
        if not kept or overlaps(corners[[place]], corners[kept]).max() < 0.6:
            kept.append(place)
        if len(kept) == 20:
            break
    return scores[kept], corners[kept].astype(np.float32)


def overlaps(one: Numbers, other: Numbers) -> Numbers:
    """The IoU (N, M) of boxes (N, 4) and (M, 4)."""
    low, high = np.maximum(one[:, None, :2], other[None, :, :2]), np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(2)
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (one, other)]
    return np.asarray(shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9), np.float32)


def measured(found: Sequence[tuple[Numbers, Numbers]], right: Sequence[Numbers]) -> tuple[float, float]:
    """Recall, and average precision as the area under the envelope of the curve, at IoU 0.5."""
    rows, things = [], sum(len(each) for each in right)
    for (scores, boxes), truth in zip(found, right, strict=True):
        taken: set[int] = set()
        for score, box in zip(scores, boxes, strict=True):
            shares = overlaps(box[None], truth)[0] if len(truth) else np.zeros(0)
            free = [each for each in np.argsort(-shares) if each not in taken and shares[each] >= 0.5]
            taken.update(free[:1])
            rows.append((score, bool(free)))
    hits = np.array([hit for _, hit in sorted(rows, key=lambda row: -row[0])])
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(hits.sum() / things), float(envelope[hits].sum() / things)


def counter_loss(logits: Tensor, boxes: Tensor, truth: Sequence[Tensor], middles: Tensor) -> Tensor:
    """The detector's loss of things that are all of one class: logits (N, P, 1), boxes (N, P, 4), truth (M, 4) each."""
    kinds = [torch.zeros(len(each), dtype=torch.long) for each in truth]
    return detector_loss(logits, boxes, truth, kinds, middles)


def new_weights() -> Weights:
    """The network before it has learnt anything but ImageNet, and the average of its weights."""
    torch.manual_seed(OPTIONS.seed)
    network = DetectorNetwork(1).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Weights(network, new_average(network, OPTIONS.ema))


def train(photos: Path, snacks: Path, run: Path) -> None:
    """Train, from where the run's checkpoint stands."""
    weights = new_weights()
    on_one_core(CounterTask(photos, snacks, weights.network), weights, run, STAGES, OPTIONS)


def ship(run: Path) -> None:
    """Put the network that a run has kept into the package, and its length and hash into its card."""
    weights = new_weights()
    read_checkpoint(Files(run).checkpoint_path, weights)
    weights.network.load_state_dict(weights.best)
    target, card_path = PACKAGE / "weights/files/counter.onnx", CARDS_DIR / "counter.toml"
    export_onnx(Exported(weights.network).eval(), target, MULTIPLE, {"things": [0, 1]}, AGREE)
    fill_card(card_path, target.read_bytes())


def main() -> int:
    """Train, or put what was trained into the package."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words = parser.add_subparsers(dest="word", required=True)
    training = words.add_parser("train")
    words.add_parser("ship")
    for each in words.choices.values():
        each.add_argument("run", type=Path)
    for name in ("photos", "packshots"):
        training.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    if given.word == "train":
        train(given.photos, given.packshots, given.run)
    else:
        ship(given.run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
