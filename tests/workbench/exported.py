"""A tiny network with three heads, as training leaves it, and its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from closeup.learning.runs.folder import SPLIT_FILE, create_run
from closeup.weights.network_card import NetworkCard, NetworkHead
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.datasets.splits import make_split, save_split
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe, ModelRecipe, Recipe, TrainingRecipe
from closeup.workbench.recipes.recipe_file import recipe_to_toml
from closeup.workbench.training.libraries import timm
from closeup.workbench.training.network import Network, build_network, predict_batches
from closeup.workbench.training.onnx_file import onnx_bytes
from closeup.workbench.training.weights import state_bytes

PX = 33
"""Odd, so that "same" padding is not the same on both sides."""

HEADS = (
    ResolvedHead(HeadRecipe("mood", classes=("glad", "sad", "cross")), ("glad", "sad", "cross")),
    ResolvedHead(HeadRecipe("age", kind="value", low=1, high=90, unit="years", loss="smooth_l1"), ()),
    ResolvedHead(HeadRecipe("weight", kind="value", low=0, high=4, loss="distribution"), (), (0.0, 1.0, 2.0, 3.0, 4.0)),
)
TEMPERATURES = {"mood": 0.5, "age": 1.0}


MODEL = ModelRecipe("closeup_test_same", input_px=PX, drop_rate=0.5)


@dataclass(frozen=True)
class Exported:
    """A network and everything it was exported with."""

    network: Network
    recipe: Recipe
    heads: Sequence[ResolvedHead]
    temperatures: dict[str, float]
    card: NetworkCard
    content: bytes


@timm.models.register_model
def closeup_test_same(pretrained: bool = False, **options: Any) -> torch.nn.Module:
    """A tiny EfficientNet with padding as in timm's tf_ networks."""
    return timm.create_model("test_efficientnet", pretrained=pretrained, pad_type="same", **options)


def new_network() -> Network:
    """Random weights, statistics and heads that say something, in the middle of training."""
    torch.manual_seed(3)
    network = build_network(MODEL, HEADS)
    warm(network)
    return network.to(memory_format=torch.channels_last)


def warm(network: Network) -> None:
    """Let its norms see something, and its heads tell pictures apart."""
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(8, 3, PX, PX) + torch.randn(8, 3, 1, 1))
        for head in network.heads.values():
            head.weight.normal_(std=0.5)
            head.bias.uniform_(-0.1, 0.1)


def new_recipe() -> Recipe:
    """Judged with mirror images."""
    return Recipe(
        "tiny",
        (DataSource("pictures/labels.csv"),),
        tuple(head.recipe for head in HEADS),
        model=MODEL,
        training=TrainingRecipe(flip_test=True),
    )


def new_card() -> NetworkCard:
    heads = tuple(
        NetworkHead(head.name, "value" if head.is_value else "classes", head.classes, head.recipe.unit)
        for head in HEADS
    )
    return NetworkCard(
        name="tiny", summary="A network for tests.", input_px=PX, mean=(127.0,) * 3, std=(128.0,) * 3, heads=heads
    )


@pytest.fixture(scope="session")
def exported() -> Exported:
    """Judged with mirror images, and with a temperature."""
    pytest.importorskip("onnxscript", reason="the exporter is not installed")
    network, recipe, card = new_network(), new_recipe(), new_card()
    return Exported(network, recipe, HEADS, TEMPERATURES, card, onnx_bytes(network, recipe, HEADS, TEMPERATURES, card))


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """(70, 3, P, P) float32, normalised; dark, bright and coloured ones."""
    rng = np.random.default_rng(5)
    tint = rng.uniform(-1, 1, (70, 3, 1, 1))
    return np.clip(tint + rng.normal(0, 0.3, (70, 3, PX, PX)), -1, 1).astype(np.float32)


@pytest.fixture(scope="session")
def finished_run(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder as training leaves it: 24 pictures to learn from and 36 that it was chosen by, of 12 people.

    The labels are mostly what the network answers, so that a form that answers otherwise has something to lose.
    """
    folder = tmp_path_factory.mktemp("bench")
    save_pictures(folder / "pictures", new_network())
    dataset = open_dataset(exported.recipe.data, base=folder, heads=exported.recipe.heads)
    facts = {"base": str(folder), "temperatures": {"mood": TEMPERATURES["mood"]}}
    with create_run(folder / "runs", "tiny", recipe_to_toml(exported.recipe), facts) as writer:
        save_split(writer.path / SPLIT_FILE, make_split(dataset, exported.recipe.split))
        (writer.path / "weights.pt").write_bytes(state_bytes(exported.network))
        (writer.path / "model.onnx").write_bytes(exported.content)
        writer.finish({})
    return writer.path


def save_pictures(folder: Path, network: Network) -> None:
    """60 pictures, labels.csv, and one file that is no picture."""
    folder.mkdir()
    rng = np.random.default_rng(11)
    rows = [["path", "group", "split", "mood", "age", "weight"]]
    for number in range(60):
        pixels = np.clip(rng.uniform(0, 255, 3) + rng.normal(0, 40, (PX, PX, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
        answers = predict_batches(network, [normalised_tensor(pixels)], flip=True)
        mood = HEADS[0].classes[int(answers["mood"].argmax())] if number % 5 else "glad"
        age = float(np.clip(45.5 + 44.5 * answers["age"][0, 0] + rng.normal(0, 2), 1, 90))
        side = "train" if number < 24 else "val"
        rows.append(
            [f"{number:02}.png", f"person {side} {number % 6}", side, mood, f"{age:.1f}", "" if number % 2 else "2"]
        )
    (folder / "zz.png").write_bytes(b"no picture")
    rows.append(["zz.png", "nobody", "val", "sad", "30", "2"])
    (folder / "labels.csv").write_text("".join(",".join(row) + "\n" for row in rows))


def normalised_tensor(pixels: np.ndarray) -> torch.Tensor:
    """One picture (P, P, 3) uint8 as the network takes it."""
    return (torch.from_numpy(pixels).permute(2, 0, 1)[None].float() - 127) / 128
