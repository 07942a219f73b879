"""A tiny network with two heads, as training leaves it, and its file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from closeup.weights.network_card import NetworkCard, NetworkHead
from closeup.workbench.export.onnx_file import onnx_bytes
from closeup.workbench.recipe import DataSource, HeadRecipe, ModelRecipe, Recipe, TrainingRecipe
from closeup.workbench.training.heads import ResolvedHead
from closeup.workbench.training.libraries import timm
from closeup.workbench.training.network import Network

PX = 33
"""Odd, so that "same" padding is not the same on both sides."""

HEADS = (
    ResolvedHead(HeadRecipe("mood"), ("glad", "sad", "cross")),
    ResolvedHead(HeadRecipe("age", kind="value", low=1, high=90, unit="years"), ()),
    ResolvedHead(HeadRecipe("weight", kind="value", low=0, high=4, loss="distribution"), (), (0.0, 1.0, 2.0, 3.0, 4.0)),
)
TEMPERATURES = {"mood": 0.5, "age": 1.0}


@dataclass(frozen=True)
class Exported:
    """A network and everything it was exported with."""

    network: Network
    recipe: Recipe
    heads: Sequence[ResolvedHead]
    temperatures: dict[str, float]
    card: NetworkCard
    content: bytes


def new_network() -> Network:
    """Random weights, statistics and heads that say something, in the middle of training."""
    torch.manual_seed(3)
    backbone = timm.create_model("test_efficientnet", num_classes=0, pad_type="same")
    network = Network(backbone, int(backbone.num_features), HEADS, drop_rate=0.5)
    network.train()
    for _ in range(3):
        network(torch.randn(8, 3, PX, PX))
    with torch.no_grad():
        for head in network.heads.values():
            head.weight.normal_(std=0.5)
            head.bias.uniform_(-0.1, 0.1)
    return network.to(memory_format=torch.channels_last)


def new_recipe(*, flip: bool) -> Recipe:
    return Recipe(
        "tiny",
        (DataSource("pictures"),),
        tuple(head.recipe for head in HEADS),
        model=ModelRecipe("test_efficientnet", input_px=PX),
        training=TrainingRecipe(flip_test=flip),
    )


def new_card() -> NetworkCard:
    heads = tuple(
        NetworkHead(head.name, "value" if head.is_value else "classes", head.classes, head.recipe.unit)
        for head in HEADS
    )
    return NetworkCard("tiny", "A network for tests.", PX, (127.0,) * 3, (128.0,) * 3, heads)


@pytest.fixture(scope="session")
def exported() -> Exported:
    """Judged with mirror images, and with a temperature."""
    pytest.importorskip("onnxscript", reason="the exporter is not installed")
    network, recipe, card = new_network(), new_recipe(flip=True), new_card()
    return Exported(network, recipe, HEADS, TEMPERATURES, card, onnx_bytes(network, recipe, HEADS, TEMPERATURES, card))


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """(70, 3, P, P) float32, normalised; dark, bright and coloured ones."""
    rng = np.random.default_rng(5)
    tint = rng.uniform(-1, 1, (70, 3, 1, 1))
    return np.clip(tint + rng.normal(0, 0.3, (70, 3, PX, PX)), -1, 1).astype(np.float32)
