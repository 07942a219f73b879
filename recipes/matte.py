"""Train closeup's own network of what of a picture is a person, in eighty minutes of one processor core.

    python recipes/matte_data.py FOLDER --data DATA --teacher selfie_segmentation.onnx
    python recipes/matte.py train FOLDER RUN
    python recipes/matte.py ship RUN

RUN holds epochs.csv and checkpoint.pt; train again to go on from there. The weights that are kept are those with the
best mean IoU over the two sets of held-out photos.
"""

import argparse
import csv
import hashlib
import io
import re
import sys
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import Tensor, nn

from closeup.core.progress import Progress
from closeup.core.whole import write_whole
from closeup.learning.checkpoint import Weights, read_checkpoint
from closeup.learning.options import Stage, TrainerOptions
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices, Row, Task, Trainer, new_average
from closeup.perception.matte import seen_size
from closeup.weights.cards import CARDS_DIR
from closeup.weights.half_size import half_size
from closeup.weights.network_card import INPUT
from closeup.weights.session import open_session
from closeup.workbench.training.weights import imagenet_file, read_state
from matte_data import NOBODY, Example, Pixels, load
from matte_network import MULTIPLE, Exported, MatteNetwork, load_imagenet
from matte_views import Sizes, part, pasted, relit, sizes, sureness

PACKAGE = CARDS_DIR.parent.parent

STAGES = (
    Stage(name="192 px", epochs=24, batch=16, learning_rate=1e-3, weight_decay=0.02),
    Stage(name="256 px", epochs=9, batch=16, learning_rate=4e-4, weight_decay=0.02),
)

SIDES_PX = (192, 256)
"""Of each stage; see `closeup.perception.matte.SEEN_PX`."""

OPTIONS = TrainerOptions(seed=15, ema=0.995, clip_norm=2.0, checkpoint_s=240)

EPOCH = 1024
"""Pictures in an epoch, drawn by SHARES."""

SHARES = {"ccp": 0.36, "humanseg": 0.22, "told-faces": 0.17, "told-films": 0.17, "nobody": 0.08}

SHAPES = ((2, 3), (2, 3), (3, 4), (1, 1), (4, 3), (3, 2), (16, 9))
"""Shapes of the pictures of a batch; one is drawn for each batch."""

PASTED = 0.35
"""Share of the pictures with drawn masks whose people are pasted before another background."""

OTHERS = (0.55, 0.25, 0.1, 0.1)
"""How likely 0, 1, ... other people are pasted behind them."""

TOLD_WEIGHT = 0.5
"""What a teacher's answer weighs beside a drawn mask."""

AGREE = 2e-3
"""The file and the network may differ by this much of the matte."""

MEAN = np.full(3, 127.5, np.float32)
STD = np.full(3, 127.5, np.float32)


class MatteTask:
    """Learns mattes from the sets of a folder (`learning.trainer.Task`)."""

    def __init__(self, folder: Path, network: nn.Module) -> None:
        self._network = network
        self._sets = {name: load(folder / f"{name}.npz") for name in self._names(folder)}
        self._dev = {name: load(folder / f"{name}-dev.npz") for name in ("ccp", "humanseg")}
        self._flat = [(name, sizes(example)) for name, examples in self._sets.items() for example in examples]
        empty = [each for each in self._sets["told-films"] if (each.alpha > 127).mean() < NOBODY]
        self._backgrounds = [*self._sets["nobody"], *empty]
        self._cut = [picture for name, picture in self._flat if name.endswith("-train")]

    @staticmethod
    def _names(folder: Path) -> list[str]:
        return [name if name.startswith(("told", "nobody")) else f"{name}-train" for name in SHARES]

    def trainable(self, stage: int) -> Collection[str]:
        """All weights but those of the first layers."""
        return [name for name, weight in self._network.named_parameters() if weight.requires_grad]

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        """Pictures by the shares of their sets."""
        chance, drawn, start = np.random.default_rng(seed), [], 0
        for share, examples in zip(SHARES.values(), self._sets.values(), strict=True):
            rounds = [chance.permutation(len(examples)) for _ in range(1 + int(share * EPOCH) // len(examples))]
            drawn.append(start + np.concatenate(rounds)[: round(share * EPOCH)])
            start += len(examples)
        return np.asarray(chance.permutation(np.concatenate(drawn)), np.intp)

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        """The loss of one batch, all of one shape."""
        chance = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
        size_wh = seen_size(SHAPES[chance.integers(len(SHAPES))], MULTIPLE, SIDES_PX[stage])
        views = [self._view(*self._flat[place], size_wh, chance) for place in examples]
        pictures = as_input(np.stack([rgb for rgb, _, _ in views]))
        mattes = torch.from_numpy(np.stack([alpha for _, alpha, _ in views])[:, None].astype(np.float32) / 255)
        sure = torch.from_numpy(np.stack([weight for _, _, weight in views])[:, None])
        return matte_loss(self._network(pictures), mattes, sure)

    def _view(
        self, name: str, picture: Sizes, size_wh: tuple[int, int], chance: np.random.Generator
    ) -> tuple[Pixels, Pixels, Pixels]:
        told = name.startswith("told")
        if name.endswith("-train") and chance.random() < PASTED:
            places = chance.integers(len(self._cut), size=chance.choice(4, p=OTHERS))
            others = [self._cut[place] for place in places]
            background = self._backgrounds[chance.integers(len(self._backgrounds))]
            rgb, alpha = pasted([*others, picture], background, size_wh, chance)
        else:
            rgb, alpha = part(picture, size_wh, chance)
        weight = sureness(alpha, told=told) * (TOLD_WEIGHT if told else 1.0)
        return relit(rgb, chance), alpha, weight.astype(np.float32)

    def evaluate(self, stage: int, network: nn.Module) -> tuple[Row, float]:
        """Mean IoU on the held-out photos of both sets, in their own size."""
        network.eval()
        row = {f"{name}_iou": mean_iou(network, examples, SIDES_PX[stage]) for name, examples in self._dev.items()}
        return row, float(np.mean(list(row.values())))


def as_input(pictures: Pixels) -> Tensor:
    """Pictures (N, H, W, 3) as the network wants them."""
    scaled = (pictures.astype(np.float32) - MEAN) / STD
    return torch.from_numpy(scaled).permute(0, 3, 1, 2)  # in memory channels come last, which is faster


def matte_loss(logits: list[Tensor], mattes: Tensor, sure: Tensor) -> Tensor:
    """Cross entropy, most at edges; 1 - soft IoU where there are people; cross entropy at each smaller size."""
    wanted, weight, functional = mattes, sure, nn.functional
    edges = (mattes - functional.avg_pool2d(mattes, 7, 1, 3, count_include_pad=False)).abs()
    weight = sure * (1 + 6 * edges)
    entropy = functional.binary_cross_entropy_with_logits(logits[0], wanted, reduction="none")
    total = (entropy * weight).sum() / weight.sum()
    chances = torch.sigmoid(logits[0])
    both = (sure * chances * wanted).sum((1, 2, 3))
    either = (sure * (chances + wanted - chances * wanted)).sum((1, 2, 3))
    people = (sure * wanted).mean((1, 2, 3)) > 0.002
    total = total + 0.5 * ((1 - (both + 1) / (either + 1)) * people).mean()
    for side in logits[1:]:
        by = mattes.shape[-1] // side.shape[-1]
        small, small_sure = functional.avg_pool2d(mattes, by), functional.avg_pool2d(sure, by)
        entropy = functional.binary_cross_entropy_with_logits(side, small, reduction="none")
        total = total + 0.2 * (entropy * small_sure).sum() / small_sure.sum()
    return total


def answer(network: nn.Module, rgb: Pixels, side_px: int) -> Pixels:
    """The matte (H, W) float32 of one picture in its own size."""
    seen = cv2.resize(rgb, seen_size((rgb.shape[1], rgb.shape[0]), MULTIPLE, side_px), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        chances = torch.sigmoid(network(as_input(np.asarray(seen, np.uint8)[None]))[0])[0, 0].numpy()
    return np.asarray(cv2.resize(chances, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def mean_iou(network: nn.Module, examples: Sequence[Example], side_px: int) -> float:
    """Mean over pictures of the overlap of what is more than half a person."""
    overlaps = []
    for example in examples:
        found, right = answer(network, example.rgb, side_px) > 0.5, example.alpha > 127
        overlaps.append((found & right).sum() / max((found | right).sum(), 1))
    return float(np.mean(overlaps))


class Files:
    """The folder of a training (`learning.trainer.Record`)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint_path, self._epochs = folder / "checkpoint.pt", folder / "epochs.csv"

    def step(self, row: Mapping[str, Any]) -> None:
        """Steps are not kept."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Add a row of epochs.csv."""
        new = not self._epochs.exists()
        with self._epochs.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)

    def checkpoint(self, content: bytes) -> None:
        """Keep where training stands."""
        write_whole(self.checkpoint_path, content)


def new_weights() -> Weights:
    """The network before it has learnt anything, and the average of its weights."""
    torch.manual_seed(OPTIONS.seed)
    network = MatteNetwork()
    load_imagenet(network, read_state(imagenet_file()))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Weights(network, new_average(network, OPTIONS.ema))


def train(folder: Path, run: Path) -> None:
    """Train, from where the run's checkpoint stands."""
    weights = new_weights()
    on_one_core(MatteTask(folder, weights.network), weights, run, STAGES, OPTIONS)


def on_one_core(task: Task, weights: Weights, run: Path, stages: Sequence[Stage], options: TrainerOptions) -> None:
    """Train on one processor core, from where the checkpoint of the folder `run` stands, a line an epoch."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    files = Files(run)
    state = read_checkpoint(files.checkpoint_path, weights)
    torch.set_flush_denormal(True)  # weights that fade away would take ten times as long
    try:
        Trainer(task, weights, stages, record=files, options=options, state=state, progress=_say).run()
    finally:
        torch.set_flush_denormal(False)  # or whoever computes next in this process finds other numbers near zero


def _say(progress: Progress) -> None:
    if progress.said:
        print(progress.said, flush=True)  # noqa: T201


def best(run: Path) -> nn.Module:
    """The network with the weights that a run has kept."""
    weights = new_weights()
    read_checkpoint(Files(run).checkpoint_path, weights)
    weights.network.load_state_dict(weights.best)
    return weights.network.eval()


def export_onnx(shown: nn.Module, target: Path, multiple: int, output: dict[str, list[int]], agree: float) -> None:
    """Write an ONNX file, weights in 16 bits, for pictures of any size in multiples of `multiple`; it is tried out.

    Args:
        shown: What ships, from pictures (N, 3, H, W) to one tensor.
        output: What that tensor is called, and which of its sides depend on the pictures.
        agree: The file may differ from the network by this much at most.
    """
    noise = torch.randn(1, 3, 2 * multiple, 3 * multiple, generator=torch.Generator().manual_seed(0))
    free = {INPUT: {0: "pictures", 2: "height", 3: "width"}}
    free |= {name: {side: f"{name}{side}" for side in sides} for name, sides in output.items()}
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # which are about the exporter's own inner workings
        torch.onnx.export(
            shown,
            (noise.repeat(2, 1, 1, 1),),
            buffer,
            input_names=[INPUT],
            output_names=list(output),
            opset_version=17,
            dynamic_axes=free,
            dynamo=False,
        )
    write_whole(target, half_size(buffer.getvalue()))
    with torch.no_grad():
        apart = np.abs(open_session(target).run(noise.numpy()) - shown(noise).numpy()).max()
    if apart > agree:
        raise SystemExit(f"The file answers otherwise than the network, by {apart:.4f}.")
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB, within {apart:.5f} of the network")  # noqa: T201


def ship(run: Path) -> None:
    """Put the network that a run has kept into the package, and its length and hash into its card."""
    target, card_path = PACKAGE / "weights/files/matte.onnx", CARDS_DIR / "matte.toml"
    export_onnx(Exported(best(run)).eval(), target, MULTIPLE, {"alpha": [0, 2, 3]}, AGREE)
    fill_card(card_path, target.read_bytes())


def fill_card(card_path: Path, content: bytes) -> None:
    """Note length and hash of a network's file in its card."""
    card = card_path.read_text(encoding="utf-8")
    card = re.sub(r"^bytes = .*$", f"bytes = {len(content)}", card, flags=re.MULTILINE)
    card = re.sub(r"^sha256 = .*$", f'sha256 = "{hashlib.sha256(content).hexdigest()}"', card, flags=re.MULTILINE)
    write_whole(card_path, card.encode())


def main() -> int:
    """Train, or put what was trained into the package."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("train").add_argument("folder", type=Path)
    words.add_parser("ship")
    for each in words.choices.values():
        each.add_argument("run", type=Path)
    given = parser.parse_args()
    if given.word == "train":
        train(given.folder, given.run)
    else:
        ship(given.run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
