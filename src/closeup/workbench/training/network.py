"""The network of a recipe: a backbone of timm's or our plain one, pooled, with a linear layer for each head."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from closeup.core.errors import InputError
from closeup.learning.pytorch import torch
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.recipes.recipe import ModelRecipe
from closeup.workbench.training.libraries import timm
from closeup.workbench.training.plain import WIDTHS, PlainNetwork


class Network(nn.Module):
    """A backbone with heads.

    Attributes:
        backbone: Pictures (B, 3, P, P), normalised, to pooled features (B, D).
        heads: By key, features (B, D) to raw numbers (B, K).
        head_keys: Name of each head to its key.
    """

    def __init__(self, backbone: nn.Module, features: int, heads: Sequence[ResolvedHead], drop_rate: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.drop_rate = drop_rate
        self.head_keys = {head.name: _key(head.name) for head in heads}
        self.heads = nn.ModuleDict({self.head_keys[head.name]: _head_layer(features, head) for head in heads})

    def features(self, pictures: Tensor) -> Tensor:
        """Pooled features (B, D) of pictures (B, 3, P, P)."""
        features: Tensor = self.backbone(pictures)
        return features

    def from_features(self, features: Tensor) -> dict[str, Tensor]:
        """Raw numbers (B, K) of every head from features (B, D)."""
        dropped = functional.dropout(features, self.drop_rate, self.training)
        return {name: self.heads[key](dropped) for name, key in self.head_keys.items()}

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Raw numbers (B, K) of every head for pictures (B, 3, P, P)."""
        return self.from_features(self.features(pictures))


def _key(name: str) -> str:
    """Where a head's layer is kept: modules cannot be called what `ModuleDict` calls its own, nor have a dot."""
    key = name.replace(".", "_")
    return f"{key}_" if hasattr(nn.ModuleDict, key) else key


def _head_layer(features: int, head: ResolvedHead) -> nn.Linear:
    layer = nn.Linear(features, head.outputs)
    # Small, so that an untrained head does not shake the weights that the backbone starts with.
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer


def activated(head: ResolvedHead, raw: Tensor) -> Tensor:
    """What a head says: probabilities (B, K) that sum to 1, or values (B, 1) within its bounds, from raw (B, K)."""
    if not head.is_value:
        return raw.softmax(1)
    if head.steps:
        return raw.softmax(1) @ raw.new_tensor(head.steps)[:, None]
    low, high = head.recipe.low, head.recipe.high
    return ((low + high) / 2 + raw * (high - low) / 2).clamp(low, high)


def build_network(recipe: ModelRecipe, heads: Sequence[ResolvedHead]) -> Network:
    """Make the network with weights by chance (torch's seed); `load_start` brings others.

    Raises:
        InputError: If timm does not know the architecture; names the nearest.
    """
    backbone = new_backbone(recipe.architecture, recipe.drop_path_rate, recipe.input_px)
    return Network(backbone, feature_count(backbone), heads, recipe.drop_rate)


def feature_count(backbone: nn.Module) -> int:
    """How many features D a backbone gives; some networks have a wider layer between their pooling and their end."""
    described: Any = backbone
    return int(getattr(described, "head_hidden_size", None) or described.num_features)


def new_backbone(architecture: str, drop_path_rate: float = 0.0, input_px: int = 224) -> nn.Module:
    """A network without its own classifier, timm's or a plain one: pictures (B, 3, P, P) to pooled features (B, D).

    Raises:
        InputError: If nobody knows the architecture; names the nearest.
    """
    if architecture in WIDTHS:
        if drop_path_rate:
            raise _cannot_drop(architecture)
        return PlainNetwork(WIDTHS[architecture])
    if not timm.is_model(architecture):
        near = _nearest(architecture)
        raise InputError(
            f"timm knows no architecture {architecture!r}.",
            f"Did you mean {', '.join(near)}?"
            if near
            else "See the names: python -c 'import timm; print(*timm.list_models())'",
        )
    options: dict[str, Any] = {"drop_path_rate": drop_path_rate} if drop_path_rate else {}
    sizes: tuple[dict[str, Any], ...] = ({"img_size": input_px}, {})
    for sized in sizes:  # transformers have a size of their own, and others do not know the word
        try:
            return timm.create_model(architecture, pretrained=False, num_classes=0, **options, **sized)
        except TypeError as error:
            if not sized and drop_path_rate:
                raise _cannot_drop(architecture) from error
            if not sized:
                raise
        except (AssertionError, RuntimeError, ValueError) as error:
            raise _wrong_size(architecture, input_px, error) from error
    raise AssertionError("unreachable")


def _cannot_drop(architecture: str) -> InputError:
    return InputError(f"The architecture {architecture} cannot drop residual blocks.", "Set model.drop_path_rate = 0.")


def check_size(network: Network, architecture: str, input_px: int) -> None:
    """Make sure that a network can look at pictures of a size, before anything is learnt.

    Raises:
        InputError: If it cannot.
    """
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval()(torch.zeros(1, 3, input_px, input_px))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise _wrong_size(architecture, input_px, error) from error
    finally:
        network.train(was_training)


def _wrong_size(architecture: str, input_px: int, error: Exception) -> InputError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return InputError(
        f"The architecture {architecture} cannot look at pictures of {input_px} x {input_px} pixels ({reason}).",
        "Choose another size: most transformers take multiples of 32, and one size in all stages.",
        code="recipe.set",
        setting="model.input_px=224",
    )


def _nearest(architecture: str) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(architecture, [*WIDTHS, *timm.list_models()], n=3, cutoff=0.5)


def trainable_names(network: Network, train: str) -> set[str]:
    """Names of the parameters that move.

    Args:
        train: "all", "heads", or "last-N": the heads and the last N layers of the backbone as timm counts them.
    """
    names = {name for name, _ in network.named_parameters()}
    if train == "all":
        return names
    heads = {name for name in names if name.startswith("heads.")}
    if train == "heads":
        return heads
    backbone = network.backbone
    layers: Mapping[str, int] = timm.models.group_parameters(
        backbone,
        backbone.group_matcher(coarse=False),  # type: ignore[operator]
        reverse=True,
    )
    moving = set(sorted(set(layers.values()))[-int(train.removeprefix("last-")) :])
    return heads | {f"backbone.{name}" for name, layer in layers.items() if layer in moving}


def predict_batches(network: Network, batches: Iterable[Tensor], *, flip: bool) -> dict[str, np.ndarray]:
    """Raw numbers (N, K) float32 of every head, over batches of pictures (B, 3, P, P) or features (B, D).

    Args:
        network: Put into evaluation mode here.
        batches: In order.
        flip: Take the mean with the mirror image of each picture.
    """
    network.eval()
    parts: dict[str, list[Tensor]] = {name: [] for name in network.head_keys}
    with torch.inference_mode():
        for batch in batches:
            raw = network(batch) if batch.ndim == 4 else network.from_features(batch)
            if flip and batch.ndim == 4:
                mirrored = network(batch.flip(3))
                raw = {name: (raw[name] + mirrored[name]) / 2 for name in raw}
            for name, values in raw.items():
                parts[name].append(values.float().cpu())
    return {name: torch.cat(values).numpy() for name, values in parts.items()}
