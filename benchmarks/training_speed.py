"""How fast training is: closeup's loop beside a plain PyTorch loop with the same network, pictures and batch."""

import csv
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from bench import Bench
from closeup.core.progress import ignore
from closeup.learning.checkpoint import Weights
from closeup.learning.device import Precision
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Stage, Trainer
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.datasets.splits import Split
from closeup.workbench.recipes.heads import resolve_head, targets
from closeup.workbench.recipes.recipe import AugmentRecipe, DataSource, HeadRecipe, ModelRecipe, Recipe, StageRecipe
from closeup.workbench.training.augment import Augmenter
from closeup.workbench.training.libraries import timm, torchvision
from closeup.workbench.training.network import build_network
from closeup.workbench.training.pictures import Examples, gather
from closeup.workbench.training.prepare import Prepared
from closeup.workbench.training.task import ImageTask
from tables import Claim, Section, Table, spread

ARCHITECTURE, PX, BATCH = "tf_efficientnet_b0", 96, 32
AUGMENT = AugmentRecipe(
    crop=0.7, rotation_deg=10, horizontal_flip=0.5, brightness=0.2, contrast=0.2, saturation=0.2, erasing=0.25
)
MEAN, STD = (127.0, 127.0, 127.0), (128.0, 128.0, 128.0)
LARGEST_SHARE = 0.1
"""Making batches must take less of a step than this, or data loading is what one waits for."""

GPU_BATCH = 256


@dataclass(frozen=True)
class Ground:
    """What all ways share.

    Attributes:
        files: Picture files, N.
        labels: Classes of them, (N,) int.
        recipe: Of the network and its one stage.
        prepared: The pictures in memory and the one head, as closeup keeps them.
        precision: Device and width of numbers.
        read_s: How long reading them took.
    """

    files: list[Path]
    labels: list[int]
    recipe: Recipe
    prepared: Prepared
    precision: Precision
    read_s: float


@dataclass
class Timed:
    """One way of training: its rounds."""

    pictures_per_s: list[float] = field(default_factory=list)
    data_share: list[float] = field(default_factory=list)


def measure(bench: Bench) -> Section:
    """Train on the same photos in turns: closeup, a plain loop, and one that is tuned by hand."""
    torch.manual_seed(0)
    gpu = torch.cuda.is_available()
    batch = GPU_BATCH if gpu else BATCH
    steps, rounds = (2, 1) if bench.quick else (20, 5) if gpu else (3, 4)
    ground = prepared(bench, batch, steps)
    workers = 8 if gpu else 2
    ways: dict[str, Callable[[], tuple[float, float]]] = {
        "closeup": ours(ground),
        "plain loop": plain(ground, workers, tuned=False),
        "plain loop, tuned": plain(ground, workers if gpu else 0, tuned=True),
    }
    timed = {way: Timed() for way in ways}
    for turn in range(rounds + 1):
        for way, train in ways.items():
            speed, share = train()
            if turn:  # the first round warms up
                timed[way].pictures_per_s.append(speed)
                timed[way].data_share.append(share)
    return section(ground, timed, augmentation_alone(ground, 1 if bench.quick else 5))


def section(ground: Ground, timed: Mapping[str, Timed], alone: Table) -> Section:
    """The tables, and what must hold."""
    first = timed["closeup"]
    rows = tuple(
        (
            way,
            round(median(found.pictures_per_s), 1),
            spread(found.pictures_per_s, 1),
            round(median(a / b for a, b in zip(first.pictures_per_s, found.pictures_per_s, strict=True)), 2),
            f"{median(found.data_share):.1%}",
        )
        for way, found in timed.items()
    )
    count, device = len(ground.files), ground.precision.device
    note = (
        f"{ARCHITECTURE}, {PX} px, steps of {ground.recipe.stages[0].batch}, AdamW, on {_device_name(device)}; medians "
        f"of {len(first.pictures_per_s)} rounds in turns. `ours / this` is the median over rounds. `waiting` is the "
        "share of the time that goes by before a batch is there. The plain loop is that of PyTorch's tutorials, from "
        "files through a DataLoader with workers and torchvision's transforms; the tuned one has decoded pictures in "
        "memory and its weights in channels-last order, as closeup has them. closeup reads pictures once, before "
        f"training: {count} files in {ground.read_s:.1f} s."
    )
    table = Table("Training", ("way", "pictures/s", "min to max", "ours / this", "waiting"), rows, note)
    ratio = min(
        median(a / b for a, b in zip(first.pictures_per_s, found.pictures_per_s, strict=True))
        for way, found in timed.items()
        if way != "closeup"
    )
    share = median(first.data_share)
    claims = (
        Claim(f"{ratio:.2f} times the faster plain loop, at least 0.95", ratio >= 0.95),
        Claim(f"waiting for pictures takes {share:.1%} of training, under {LARGEST_SHARE:.0%}", share < LARGEST_SHARE),
    )
    return Section("Training speed", (table, alone), claims)


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU threads"


def prepared(bench: Bench, batch: int, steps: int) -> Ground:
    """Take photos of UTKFace, and have them read as `closeup train` does."""
    folder, count = bench.shared / "data" / "utkface", batch * steps
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = [rows[index * len(rows) // count] for index in range(count)]  # the table goes by age and gender
    table = bench.out / "training_speed.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "gender"])
        writer.writerows([str(folder / row["path"]), row["gender"]] for row in chosen)
    recipe = Recipe(
        "speed",
        (DataSource(str(table)),),
        (HeadRecipe("gender"),),
        model=ModelRecipe(architecture=ARCHITECTURE, input_px=PX, mean=MEAN, std=STD),
        augment=AUGMENT,
        stages=(StageRecipe(epochs=1, batch=batch),),
    )
    dataset = open_dataset(recipe.data, base=bench.out, heads=recipe.heads)
    started = time.perf_counter()
    pictures = load_pictures(dataset, PX)
    read_s = time.perf_counter() - started
    names = dataset.labels("gender")
    head = resolve_head(recipe.heads[0], names)
    classes = targets(head, names)
    everything = np.arange(len(pictures.pixels))
    examples = Examples(
        inputs=torch.from_numpy(pictures.pixels),
        targets={"gender": torch.from_numpy(classes)},
        soft={},
        repeat=np.ones(len(everything), np.intp),
        train=everything,
        val=everything[:0],
        test=everything[:0],
    )
    files = [folder / row["path"] for row in chosen]
    found = Prepared(dataset, Split({}, {}, {}, 0), (head,), examples, (everything,), ())
    return Ground(files, [int(c) for c in classes], recipe, found, Precision("auto", "auto"), read_s)


class _Nothing:
    """A record that keeps nothing."""

    def step(self, row: Mapping[str, Any]) -> None:
        """Take a step's row."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Take an epoch's row."""

    def checkpoint(self, content: bytes) -> None:
        """Take a checkpoint."""


class _Untested(ImageTask):
    """The task without what comes after an epoch."""

    def evaluate(self, stage: int, network: torch.nn.Module) -> tuple[dict[str, Any], float]:
        """Nothing is held out."""
        return {}, 0.0


def ours(ground: Ground) -> Callable[[], tuple[float, float]]:
    """One epoch of closeup's own loop; pictures a second, and the share of making batches."""
    device = ground.precision.device
    network = build_network(ground.recipe.model, ground.prepared.heads).to(
        device=device, memory_format=torch.channels_last
    )
    augmenter = Augmenter(AUGMENT, MEAN, STD)
    task = _Untested(ground.recipe, ground.prepared, network, ground.precision, ignore)
    stage = Stage(epochs=1, batch=ground.recipe.stages[0].batch)
    size, count = ground.recipe.stages[0].batch, len(ground.prepared.examples.train)

    def train() -> tuple[float, float]:
        started = time.perf_counter()
        Trainer(task, Weights(network, None), [stage], record=_Nothing(), precision=ground.precision).run()
        _wait(device)
        took_s = time.perf_counter() - started
        generator = torch.Generator().manual_seed(0)
        started = time.perf_counter()
        for start in range(0, count, size):
            batch = gather(ground.prepared.examples, ground.prepared.examples.train[start : start + size])
            augmenter(batch.to(device, non_blocking=True), PX, generator)
        _wait(device)
        return count / took_s, (time.perf_counter() - started) / took_s

    return train


def plain(ground: Ground, workers: int, *, tuned: bool) -> Callable[[], tuple[float, float]]:
    """One epoch as PyTorch's tutorials write it; pictures a second, and the share of waiting for the loader."""
    precision, device = ground.precision, ground.precision.device
    layout = torch.channels_last if tuned else torch.contiguous_format
    network = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=2).to(device, memory_format=layout)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.02)
    loss_of = torch.nn.CrossEntropyLoss()
    photos = Photos(ground, in_memory=tuned)
    loader = torch.utils.data.DataLoader(
        photos,
        ground.recipe.stages[0].batch,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
        drop_last=True,
    )

    def train() -> tuple[float, float]:
        network.train()
        waited_s = 0.0
        started = before = time.perf_counter()
        for pictures, classes in loader:
            waited_s += time.perf_counter() - before
            optimizer.zero_grad(set_to_none=True)
            with precision.autocast():
                raw = network(pictures.to(device, memory_format=layout, non_blocking=True))
            loss = loss_of(raw.float(), classes.to(device, non_blocking=True))
            loss.backward()
            optimizer.step()
            loss.item()  # as every loop that prints its loss
            before = time.perf_counter()
        took_s = time.perf_counter() - started
        return len(photos) / took_s, waited_s / took_s

    return train


class Photos(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """The photos, opened by Pillow and changed by torchvision's transforms, one by one."""

    def __init__(self, ground: Ground, *, in_memory: bool) -> None:
        self._files, self._labels = ground.files, ground.labels
        pixels = ground.prepared.examples.inputs.numpy()
        self._pixels = [Image.fromarray(picture) for picture in pixels] if in_memory else None
        self._transform = torchvision_transform()

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = self._pixels[index] if self._pixels else Image.open(self._files[index]).convert("RGB")
        return self._transform(picture), self._labels[index]


def torchvision_transform() -> Callable[[Image.Image], torch.Tensor]:
    """What `AUGMENT` says, in torchvision's words."""
    import torchvision.transforms.v2 as v2  # loads by the import of `torchvision` above

    assert torchvision
    steps: list[Any] = [
        v2.RandomResizedCrop(PX, scale=(AUGMENT.crop, 1.0), ratio=(1.0, 1.0)),
        v2.RandomRotation(AUGMENT.rotation_deg, interpolation=v2.InterpolationMode.BILINEAR),
        v2.RandomHorizontalFlip(AUGMENT.horizontal_flip),
        v2.ColorJitter(AUGMENT.brightness, AUGMENT.contrast, AUGMENT.saturation),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([mean / 255 for mean in MEAN], [std / 255 for std in STD]),
        v2.RandomErasing(AUGMENT.erasing, scale=(0.02, 0.2)),
    ]
    transform: Callable[[Image.Image], torch.Tensor] = v2.Compose(steps)
    return transform


def augmentation_alone(ground: Ground, rounds: int) -> Table:
    """Pictures a second through augmentation on the CPU on one thread, from pictures in memory."""
    size = ground.recipe.stages[0].batch
    photos = Photos(ground, in_memory=True)
    augmenter, generator = Augmenter(AUGMENT, MEAN, STD), torch.Generator().manual_seed(0)
    stored = ground.prepared.examples.inputs[:size]
    ways: dict[str, Callable[[], object]] = {
        "closeup, a batch at once": lambda: augmenter(stored, PX, generator),
        "torchvision v2, one by one": lambda: torch.stack([photos[index][0] for index in range(size)]),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        speeds = {way: [size / took_s for took_s in _timed(work, rounds)] for way, work in ways.items()}
    finally:
        torch.set_num_threads(threads)
    rows = tuple((way, round(median(found)), spread(found, 0)) for way, found in speeds.items())
    note = f"The same augmentations, {size} pictures of {PX} px in memory, one thread; medians of {rounds} rounds."
    return Table("Augmentation alone", ("way", "pictures/s", "min to max"), rows, note)


def _timed(work: Callable[[], object], rounds: int) -> Iterator[float]:
    """Seconds of each of `rounds`; a first one warms up."""
    for turn in range(rounds + 1):
        started = time.perf_counter()
        work()
        if turn:
            yield time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
