"""A network's weights as a file that holds nothing else, and a run's network back from it."""

import io
from pathlib import Path

from torch import nn

from closeup.core.errors import InputError
from closeup.learning.pytorch import torch
from closeup.workbench.recipes.heads import ResolvedHead, settled_head
from closeup.workbench.recipes.recipe import Recipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml
from closeup.workbench.training.network import Network, build_network
from closeup.workbench.training.start_weights import read_state

FILE = "weights.pt"


def state_bytes(network: nn.Module) -> bytes:
    """The tensors by name, as torch.save writes them; `read_state` reads them."""
    buffer = io.BytesIO()
    torch.save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}, buffer)
    return buffer.getvalue()


def load_network(run: Path) -> tuple[Network, Recipe, tuple[ResolvedHead, ...]]:
    """The network of a finished run, in evaluation mode, with its recipe and heads.

    Raises:
        InputError: If the folder holds no finished run.
    """
    if not (run / FILE).is_file():
        raise InputError(f"{run} holds no finished training run: there is no {FILE}.", code="runs.list")
    recipe = recipe_from_toml((run / "recipe.toml").read_text("utf-8"))
    heads = tuple(settled_head(head) for head in recipe.heads)
    network = build_network(recipe.model, heads)
    network.load_state_dict(read_state(run / FILE))
    return network.eval(), recipe, heads
